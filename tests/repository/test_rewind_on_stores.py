"""``imagestore backup rewind`` on real stores: a versioned bucket is emptied and overwritten, and comes back without a backup."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dev.stores import Store
from tests.buckets import own_buckets
from tests.repository.test_on_stores import Commands, held, picture


def between_seconds(s3: Any, bucket: str) -> str:
    """A moment of the store's clock, behind all that was written and before all that comes: listings may tell whole seconds."""
    told = s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]["date"]
    begun = datetime.strptime(told, "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)
    time.sleep(2.1)
    return datetime.fromtimestamp(begun.timestamp() + 1, UTC).isoformat()


def few_pictures(s3: Any, bucket: str) -> None:
    for n in range(6):
        told = {"ContentType": "image/png", "CacheControl": "max-age=60", "Metadata": {"artist": f"a{n}"}}
        s3.put_object(Bucket=bucket, Key=f"shop/{n:03}.png", Body=picture(n), Tagging="team=web", **told)
    for key in ("large.tif", "a b+c%d", "é"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode() * 500_000, ContentType="image/tiff")


@pytest.mark.parametrize("place", ["minio", "ceph", "seaweedfs"])
def test_an_emptied_and_overwritten_bucket_is_rewound(
    place: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store: Store = request.getfixturevalue(f"{place}_store")
    s3, bucket, other = store.s3(), f"rewound-{place}", f"elsewhere-{place}"
    with own_buckets((store, bucket), (store, other)):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        few_pictures(s3, bucket)
        s3.put_object(Bucket=bucket, Key="gone-before", Body=b"x")
        s3.delete_object(Bucket=bucket, Key="gone-before")
        before, moment = held(s3, bucket), between_seconds(s3, bucket)
        s3.put_object(Bucket=bucket, Key="shop/001.png", Body=b"ransom", ContentType="text/plain")
        s3.put_object(Bucket=bucket, Key="created-later", Body=picture(7))
        for key in before:
            if key != "shop/001.png":
                s3.delete_object(Bucket=bucket, Key=key)
        backup = Commands(capsys, tmp_path, eu=store)
        whole = place != "seaweedfs"  # its listing of versions may leave keys out, which is said
        code = 0 if whole else 2
        shown = backup(
            "rewind", f"eu/{bucket}", "--as-of", moment, "--dry-run", "--first", "shop/", code=code
        ).out
        assert ("reach back to this moment" if whole else "may leave keys out") in shown
        assert "shop/: 6 objects" in shown
        options = ("--as-of", moment, "--existing", "overwrite", "--read-back", "100", "--format", "json")
        done = backup("rewind", f"eu/{bucket}", *options, code=code).json
        assert (done["state"], done["failed"]) == ("Succeeded" if whole else "Failed", 0), done
        assert (done["restored"], done["verified"]) == (9, 9)
        after = held(s3, bucket)
        assert "created-later" in after, "what came later stays"
        assert {key: after[key] for key in before} == before
        if place == "minio":
            there = backup("rewind", f"eu/{bucket}", f"eu/{other}", *options).json
            assert there["failed"] == 0
            assert held(s3, other) == before


def test_auto_says_which_source_it_takes(
    minio_store: Store, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A key whose versions were deleted for good is only in the backup."""
    s3 = minio_store.s3()
    with own_buckets(
        (minio_store, "auto-photos"), (minio_store, "auto-back"), (seaweedfs_store, "auto-backups")
    ):
        s3.put_bucket_versioning(Bucket="auto-photos", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="auto-photos", Key="a.png", Body=picture(1), ContentType="image/png")
        s3.put_object(Bucket="auto-photos", Key="b.png", Body=picture(2))
        backup = Commands(capsys, tmp_path, eu=minio_store, us=seaweedfs_store)
        backup("create", "us/auto-backups", "eu/auto-photos", "--init")
        moment = between_seconds(s3, "auto-photos")
        s3.delete_object(Bucket="auto-photos", Key="a.png")
        asked = ("restore", "us/auto-backups", "eu/auto-back", "--as-of", moment, "--from", "auto")
        told = backup(*asked, "--format", "json")
        assert "source: Versions, because the bucket's versions reach back to this moment" in told.err
        assert (told.json["state"], told.json["restored"]) == ("Succeeded", 2)
        (listed,) = s3.list_object_versions(Bucket="auto-photos", Prefix="a")["Versions"]
        s3.delete_object(Bucket="auto-photos", Key="a.png", VersionId=listed["VersionId"])
        told = backup(*asked, "--existing", "overwrite", "--format", "json")
        assert "source: Repository, because of 1 keys no version is as old as that" in told.err
        assert (told.json["state"], told.json["equal"]) == ("Succeeded", 2)
        assert s3.get_object(Bucket="auto-back", Key="a.png")["Body"].read() == picture(1)
