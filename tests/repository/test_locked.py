"""Object lock on the repository, on real stores: every file has its date, and no credentials delete a version before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dev.stores import Store
from tests.repository.test_on_stores import Commands, picture

STORES = ("minio", "seaweedfs", "ceph")


def locked_bucket(s3: Any, name: str) -> None:
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)


@pytest.mark.parametrize("place", STORES)
def test_every_file_is_locked_and_a_removal_says_until_when(
    place: str,
    seaweedfs_store: Store,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """kopia#3253: not all files had a date."""
    store: Store = request.getfixturevalue(f"{place}_store")
    s3, source = store.s3(), seaweedfs_store.s3()
    bucket, photos = f"locked-{place}", f"photos-locked-{place}"
    locked_bucket(s3, bucket)
    source.create_bucket(Bucket=photos)
    for n in range(3):
        source.put_object(Bucket=photos, Key=f"{n}.png", Body=picture(n))
    backup = Commands(capsys, tmp_path, eu=seaweedfs_store, us=store)
    repository = f"us/{bucket}/shop"
    lock = ("--lock-days", "1", "--lock-mode", "governance")
    first = backup("create", repository, f"eu/{photos}", "--init", *lock, "--format", "json").json
    source.put_object(Bucket=photos, Key="0.png", Body=picture(99))
    backup("create", repository, f"eu/{photos}")
    files = [
        v
        for v in s3.list_object_versions(Bucket=bucket, Prefix="shop/")["Versions"]
        if "/runs/" not in v["Key"]
    ]
    kinds = {v["Key"].split("/")[1] for v in files}
    assert {"packs", "leaves", "backups", "index", "keys", "format.json"} <= kinds
    assert [v["Key"] for v in files if not _until(s3, bucket, v)] == []
    root = next(v for v in files if v["Key"].endswith(first["name"]))
    with pytest.raises(ClientError, match=r"AccessDenied|InvalidRequest|WORM|locked"):
        s3.delete_object(Bucket=bucket, Key=root["Key"], VersionId=root["VersionId"])

    s3.delete_object(Bucket=bucket, Key=root["Key"])
    assert len(backup("list", repository).out.splitlines()) == 2, "a delete marker hides no backup"
    backup("prune", repository, "--forget", first["name"])
    assert len(backup("list", repository).out.splitlines()) == 1, (
        "a backup that was forgotten stays forgotten"
    )


def _until(s3: Any, bucket: str, version: Any) -> Any:
    try:
        found = s3.get_object_retention(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    except ClientError:
        return None
    return found["Retention"]["RetainUntilDate"]


def test_a_bucket_without_object_lock_is_refused_at_the_beginning(
    minio_store: Store, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    minio_store.s3().create_bucket(Bucket="not-locked")
    seaweedfs_store.s3().create_bucket(Bucket="photos-not-locked")
    backup = Commands(capsys, tmp_path, eu=seaweedfs_store, us=minio_store)
    said = backup("create", "us/not-locked", "eu/photos-not-locked", "--init", "--lock-days", "1", code=1).err
    assert "takes no locked objects" in said
    assert "Contents" not in minio_store.s3().list_objects_v2(Bucket="not-locked")


def test_a_drill_leaves_no_locked_copy(
    minio_store: Store, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The copies had the retention and the hold of what was backed up, or the bucket's default, and could not be removed for years."""
    s3 = minio_store.s3()
    for bucket in ("photos-held", "scratch-held"):
        locked_bucket(s3, bucket)
    seaweedfs_store.s3().create_bucket(Bucket="backups-held")
    for n in range(3):
        until = {
            "ObjectLockMode": "GOVERNANCE",
            "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=1),
        }
        s3.put_object(
            Bucket="photos-held", Key=f"{n}.png", Body=picture(n), ObjectLockLegalHoldStatus="ON", **until
        )
    backup = Commands(capsys, tmp_path, eu=minio_store, us=seaweedfs_store)
    backup("create", "us/backups-held/shop", "eu/photos-held", "--init")
    found = backup("drill", "us/backups-held/shop", "eu/scratch-held", "--format", "json").json
    assert (found["passed"], found["sampled"], found["left"]) == (True, 3, 0)
    assert "Versions" not in s3.list_object_versions(Bucket="scratch-held")
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    locking = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket="scratch-held", ObjectLockConfiguration=locking)
    said = backup("drill", "us/backups-held/shop", "eu/scratch-held", code=1).err
    assert "the bucket scratch-held locks each object that is written to it" in said
    assert "Versions" not in s3.list_object_versions(Bucket="scratch-held")
