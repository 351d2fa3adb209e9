"""The command line on real stores: MinIO is backed up to Ceph and to SeaweedFS."""

import hashlib
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dev.stores import Store
from tests.cli.world import Said, imagestore
from tests.repository.stores import manifests

REPOSITORIES = ("ceph", "seaweedfs")


def picture(number: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 40), (number % 256, 7, 9)).save(data, "PNG")
    return data.getvalue() + number.to_bytes(4, "big")


def filled_bucket(s3: Any, bucket: str) -> None:
    """Thirty pictures with attributes, a large one, one in parts, an empty object and odd keys."""
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=bucket)
    for n in range(30):
        s3.put_object(
            Bucket=bucket,
            Key=f"shop/{n:03}.png",
            Body=picture(n),
            ContentType="image/png",
            CacheControl="max-age=60",
            Metadata={"artist": f"a{n}"},
            **({"Tagging": "team=web&n=1"} if n % 2 else {}),
        )
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    s3.put_object(Bucket=bucket, Key="large.tif", Body=bytes(9 * 1024**2) + b"end")
    s3.put_object(
        Bucket=bucket, Key="huge.tif", Body=b"0123456789abcdef" * (20 * 65536), ContentType="image/tiff"
    )
    for key in ("a b+c%d", "é", "thumbs/\U0001f600.png"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


def held(s3: Any, bucket: str) -> dict[str, Any]:
    """Everything that a bucket holds, with attributes."""
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for listed in page.get("Contents", ()):
            key = listed["Key"]
            got = s3.get_object(Bucket=bucket, Key=key)
            tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
            found[key] = (
                hashlib.sha256(got["Body"].read()).hexdigest(),
                got["ContentType"],
                got.get("CacheControl"),
                got["Metadata"],
                sorted((t["Key"], t["Value"]) for t in tags),
            )
    return found


class Commands:
    """``imagestore backup`` with the manifests and the key of one test."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path, *key: str, **stores: Store) -> None:
        self._capsys, self._key = capsys, key
        self._files = manifests(folder, **stores)

    def __call__(self, *words: object, code: int = 0) -> Said:
        said = imagestore(self._capsys, "backup", *words, "-f", self._files, "--offline", *self._key)
        assert said.code == code, said.out + said.err
        return said


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("place", REPOSITORIES)
def test_backed_up_verified_drilled_emptied_restored(
    place: str,
    *,
    encrypted: bool,
    minio_store: Store,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Your bucket was emptied: every byte and attribute comes back."""
    store: Store = request.getfixturevalue(f"{place}_store")
    name = f"{place}-{encrypted}".lower()
    source, target, s3 = f"photos-{name}", f"back-{name}", minio_store.s3()
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef\n")
    store.s3().create_bucket(Bucket=f"backup-{name}")
    filled_bucket(s3, source)
    key = ("--key-file", str(tmp_path / "key")) if encrypted else ()
    backup = Commands(capsys, tmp_path, *key, eu=minio_store, us=store)
    repository = f"us/backup-{name}/shop"
    before = held(s3, source)
    made = backup("create", repository, f"eu/{source}", "--init", "--format", "json").json
    assert (made["counts"]["objects"], made["counts"]["failed"]) == (36, 0)
    again = backup("create", repository, f"eu/{source}", "--reread", "0", "--format", "json").json
    assert (again["counts"]["unchanged"], again["counts"]["read"]) == (36, 0)
    for level in ("quick", "tables", "full"):
        assert "no damage was found" in backup("verify", repository, "--level", level).out
    drilled = backup("drill", repository, f"eu/{source}", "--sample", "20").out
    assert "20 objects restored and hashed" in drilled
    assert held(s3, source) == before, "the drill left nothing"

    for listed in before:
        s3.delete_object(Bucket=source, Key=listed)
    s3.create_bucket(Bucket=target)
    back = backup("restore", repository, f"eu/{target}", "--first", "thumbs/", "--format", "json").json
    assert (back["state"], back["restored"], back["failed"], back["problems"]) == ("Succeeded", 36, 0, {})
    assert held(s3, target) == before
    equal = backup("restore", repository, f"eu/{target}", "--existing", "overwrite", "--format", "json").json
    assert equal["equal"] >= 35, "all but what went up in parts"
    refused = backup("restore", repository, f"eu/{target}", code=2)
    assert "36 objects are at the destination already; nothing was written" in refused.out


def test_removal_on_real_stores_waits_and_forgets(
    minio_store: Store, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    s3 = minio_store.s3()
    seaweedfs_store.s3().create_bucket(Bucket="backup-prune")
    filled_bucket(s3, "photos-prune")
    backup = Commands(capsys, tmp_path, eu=minio_store, us=seaweedfs_store)
    repository = "us/backup-prune/shop"
    names = []
    for n in range(3):
        s3.put_object(Bucket="photos-prune", Key="shop/001.png", Body=picture(1000 + n))
        made = backup("create", repository, "eu/photos-prune", "--init", "--format", "json").json
        names.append(made["name"])
    told = backup("prune", repository, "--keep-last", "2", "--dry-run").out
    assert f"{names[0]}  is forgotten" in told
    assert len(backup("list", repository).out.splitlines()) == 3
    done = backup("prune", repository, "--keep-last", "2", "--format", "json").json
    assert (done["held"], done["deleted"]["files"], done["condemned"]["files"] > 0) == (None, 0, True)
    assert [line.split()[0] for line in backup("list", repository).out.splitlines()] == names[1:]
    assert backup("diff", repository, names[1], "latest", code=2).out == "~ shop/001.png\n"
    held_back = backup("prune", repository, "--keep-daily", "1", "--min-age", "1").out
    assert "younger than 1 days" in held_back
    shown = backup("show", repository).out
    assert "objects        36" in shown


def test_keys_rotate_and_the_recovery_key_opens(
    minio_store: Store, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    s3 = minio_store.s3()
    s3.create_bucket(Bucket="photos-keys")
    s3.put_object(Bucket="photos-keys", Key="a.png", Body=picture(1))
    seaweedfs_store.s3().create_bucket(Bucket="backup-keys")
    (tmp_path / "old").write_text("old-old-old-old-old-old-old-old-")
    (tmp_path / "new").write_text("new-new-new-new-new-new-new-new-")
    repository, stores = "us/backup-keys", {"eu": minio_store, "us": seaweedfs_store}
    old = Commands(capsys, tmp_path, "--key-file", str(tmp_path / "old"), **stores)
    old("create", repository, "eu/photos-keys", "--init")
    paper = old("key", "recovery", repository).out.strip()
    old("key", "add", repository, "2027", "--new-key-file", tmp_path / "new")
    new = Commands(capsys, tmp_path, "--key-file", str(tmp_path / "new"), **stores)
    new("key", "remove", repository, "secret")
    assert "no slot of us/backup-keys opens with this key" in old("list", repository, code=1).err
    assert "no slot" in Commands(capsys, tmp_path, **stores)("list", repository, code=1).err
    (tmp_path / "paper").write_text(paper)
    recovered = Commands(capsys, tmp_path, "--recovery-key-file", str(tmp_path / "paper"), **stores)
    assert len(recovered("list", repository).out.splitlines()) == 1
    assert sorted(recovered("key", "list", repository).out.split()) == ["2027", "recovery"]
    (tmp_path / "paper").write_text(paper[:-1] + ("A" if paper[-1] != "A" else "B"))
    assert "typing error" in recovered("list", repository, code=1).err


def test_bad_input_is_told(
    minio_store: Store, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    s3 = minio_store.s3()
    for name in ("photos-bad", "other-bad"):
        s3.create_bucket(Bucket=name)
    seaweedfs_store.s3().create_bucket(Bucket="backup-bad")
    backup = Commands(capsys, tmp_path, eu=minio_store, alias=minio_store, us=seaweedfs_store)
    assert "create it with --init" in backup("create", "us/backup-bad", "eu/photos-bad", code=1).err
    assert (
        "lies in the bucket that it backs up"
        in backup("create", "alias/photos-bad/backups", "eu/photos-bad", "--init", code=1).err
    )
    backup("create", "us/backup-bad", "eu/photos-bad", "--init")
    assert (
        "holds the backups of eu/photos-bad, not of eu/other-bad"
        in backup("create", "us/backup-bad", "eu/other-bad", code=1).err
    )
    assert "there is no time zone" in backup(
        "prune", "us/backup-bad", "--zone", "Mars/Base", code=64
    ).err.replace("no such", "no")
    assert "there is no backup nope" in backup("show", "us/backup-bad", "--backup", "nope", code=1).err
    assert "shorter than 16 bytes" in _short(capsys, tmp_path, minio_store)


def _short(capsys: pytest.CaptureFixture[str], folder: Path, store: Store) -> str:
    (folder / "short").write_text("abc")
    return Commands(capsys, folder, "--key-file", str(folder / "short"), eu=store)("list", "eu/x", code=1).err
