"""Restores by ``imagestore apply``, between real stores: what is at the destination afterwards, and what is told of it."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.stores import Store
from tests.cli.world import imagestore
from tests.local.pair import RESERVED, Pair, events, keys, object_of
from tests.repository.test_on_stores import held, picture
from tests.repository.test_rewind_on_stores import between_seconds

VERSIONED = {"versioning": {"state": "Enabled"}}
Json = dict[str, Any]


class Restores(Pair):
    """``photos`` on MinIO, whose backups are in ``copy`` on SeaweedFS."""

    def begin(self, **photos: Any) -> tuple[Any, str]:
        """Both buckets are there, and the first one has pictures with attributes."""
        near, far = self.buckets(photos)
        assert self.apply().code == 0
        s3 = self.source.s3()
        for n in range(8):
            told = {"ContentType": "image/png", "CacheControl": "max-age=60", "Metadata": {"artist": f"a{n}"}}
            s3.put_object(Bucket=near, Key=f"shop/{n:03}.png", Body=picture(n), Tagging="team=web", **told)
        s3.put_object(Bucket=near, Key="thumbs/é 1.png", Body=picture(99))
        self.near, self.far = near, far
        return s3, near

    def back_up(self) -> str:
        """Make a backup; return its name."""
        words = ("create", f"far/{self.far}/photos", f"near/{self.near}", "--init", "--format", "json")
        given = ("-f", self.path, "--offline")
        said = imagestore(self.capsys, "backup", *words, *given)
        assert said.code == 0, said.err
        return str(said.json["name"])

    def restore(self, name: str = "back", to: str = "photos", **spec: Any) -> None:
        """The Restore, of the repository unless the spec says another."""
        of: Json = {"repository": {"bucketRef": {"name": "copy"}, "prefix": "photos/"}}
        if {"versionsOf", "backupRef", "latestOf"} & set(spec):
            of = {}
        destination = {"bucketRef": {"name": to}, **spec.pop("destination", {})}
        self.write(name, object_of("Restore", name, {**of, "destination": destination, **spec}))

    def told(self, name: str = "back") -> Json:
        """The Restore's status in the state folder."""
        found: Json = yaml.safe_load((self.path / f".imagestore/restores/shop/{name}.yaml").read_text())
        return dict(found["status"])

    def killed(self) -> None:
        """Apply, and be killed in an upload."""
        words = ("tests.local.killed_in_a_part", "apply", "-f", str(self.path), "--installation", "shed")
        ended = subprocess.run([sys.executable, "-m", *words], capture_output=True, timeout=120, check=False)
        assert ended.returncode == -9, ended.stderr

    def ready(self, name: str = "back") -> tuple[str, str, str]:
        found: Json = next(c for c in self.told(name)["conditions"] if c["type"] == "Ready")
        return found["status"], found["reason"], found["message"]


@pytest.fixture
def shop(
    tmp_path: Path, minio_store: Store, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str]
) -> Restores:
    return Restores(tmp_path / "manifests", minio_store, seaweedfs_store, capsys)


def emptied(s3: Any, bucket: str) -> None:
    for key in keys(s3, bucket):
        s3.delete_object(Bucket=bucket, Key=key)


def test_an_emptied_bucket_comes_back_from_a_repository_that_no_object_describes(shop: Restores) -> None:
    s3, bucket = shop.begin()
    before, made = held(s3, bucket), shop.back_up()
    emptied(s3, bucket)
    shop.restore(priorities=["thumbs/"], readBackPercent=100)
    said = shop.apply()
    assert said.code == 0, said
    assert held(s3, bucket) == before, "bytes, headers, metadata and tags; nothing else is left in the bucket"
    status = shop.told()
    assert (status["phase"], status["source"], status["backup"]) == ("Succeeded", "Repository", made)
    assert (status["objects"], status["verified"]) == (9, 9)
    assert status["plan"] == {"objects": 9, "bytes": status["bytes"], "present": 0}
    assert shop.ready()[:2] == ("True", "Restored")
    assert events(said, "shop/back")[-1] == "Restored"
    assert not any(key in str(status) for key in before), "keys are in no status"
    s3.put_object(Bucket=bucket, Key="shop/000.png", Body=b"later")
    assert shop.apply().code == 0
    assert s3.get_object(Bucket=bucket, Key="shop/000.png")["Body"].read() == b"later", "it is over"


def test_a_missing_pack_is_failed_with_counts_and_the_keys_are_in_the_report(shop: Restores) -> None:
    s3, bucket = shop.begin()
    shop.back_up()
    emptied(s3, bucket)
    far = shop.destination.s3()
    (pack,) = (k for k in keys(far, shop.far) if "/packs/" in k)
    far.delete_object(Bucket=shop.far, Key=pack)
    shop.restore()
    said = shop.apply()
    assert said.code != 0
    status = shop.told()
    assert (status["phase"], status["failed"]["count"], status["objects"]) == ("Failed", 9, 0)
    assert status["failed"]["byReason"] == [{"reason": "Damaged", "objects": 9}]
    assert shop.ready()[:2] == ("False", "NotRestored")
    report = s3.get_object(Bucket=bucket, Key=status["failed"]["report"])["Body"].read()
    lines = [json.loads(line) for line in report.splitlines()]
    assert {line["key"] for line in lines} == {*(f"shop/{n:03}.png" for n in range(8)), "thumbs/é 1.png"}
    assert all(line["why"].startswith("Damaged: packs/") for line in lines)
    left = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert left == [status["failed"]["report"]]


def test_what_would_be_overwritten_is_counted_and_waits_for_its_token(shop: Restores) -> None:
    s3, bucket = shop.begin()
    before = held(s3, bucket)
    shop.back_up()
    for n in range(3):
        s3.put_object(Bucket=bucket, Key=f"shop/{n:03}.png", Body=b"ransom")
    changed = held(s3, bucket)
    shop.restore(conflict="Overwrite")
    shop.apply()
    status = shop.told()
    assert (status["phase"], status["plan"]["objects"], status["plan"]["present"]) == ("Held", 9, 9)
    assert shop.ready()[:2] == ("False", "OverwriteHeld")
    assert held(s3, bucket) == changed, "nothing was written"
    shop.restore(conflict="Overwrite", approve=["other"])
    shop.apply()
    assert shop.told()["phase"] == "Held"
    shop.restore(conflict="Overwrite", approve=[status["plan"]["token"]])
    assert shop.apply().code == 0
    assert held(s3, bucket) == before
    status = shop.told()
    assert (status["phase"], status["objects"], status["equal"]) == ("Succeeded", 3, 6)
    assert "token" not in status["plan"]


def test_a_restore_fails_or_skips_where_objects_are_and_a_drill_leaves_nothing(shop: Restores) -> None:
    s3, bucket = shop.begin()
    shop.back_up()
    s3.put_object(Bucket=bucket, Key="shop/001.png", Body=b"mine")
    s3.delete_object(Bucket=bucket, Key="shop/002.png")
    mine = held(s3, bucket)
    shop.restore("careful")
    shop.restore("drill", drill={"sample": 5, "decodeImages": True})
    shop.apply()
    assert shop.ready("careful")[1] == "NotRestored"
    assert "8 objects are at the destination already; nothing was written" in shop.ready("careful")[2]
    drilled = shop.told("drill")
    assert (drilled["phase"], drilled["verified"], drilled["drill"]["sampled"]) == ("Succeeded", 5, 5)
    assert drilled["drill"]["decoded"] == 5
    assert held(s3, bucket) == mine
    lists = {"bucketRef": {"name": "photos"}, "key": "list.txt"}
    s3.put_object(Bucket=bucket, Key="list.txt", Body=b"shop/001.png\nshop/002.png\n")
    shop.restore("some", conflict="Skip", filter={"keysFrom": lists})
    assert shop.apply().code != 0, "careful has failed"
    some = shop.told("some")
    assert (some["phase"], some["objects"], some["kept"]) == ("Succeeded", 1, 1)


def test_a_moment_is_restored_from_the_buckets_own_versions(shop: Restores) -> None:
    s3, bucket = shop.begin(**VERSIONED)
    before, moment = held(s3, bucket), between_seconds(s3, bucket)
    shop.back_up()
    s3.put_object(Bucket=bucket, Key="shop/001.png", Body=b"ransom")
    emptied(s3, bucket)
    shop.restore(asOf=moment.replace("+00:00", "Z"), conflict="Overwrite")
    shop.restore(
        "alone",
        versionsOf={"bucketRef": {"name": "photos"}},
        asOf=moment.replace("+00:00", "Z"),
        destination={"prefix": "then/"},
    )
    assert shop.apply().code == 0
    status = shop.told()
    assert (status["phase"], status["source"], status["objects"]) == ("Succeeded", "Versions", 9)
    assert "reach back to this moment" in status["sourceReason"]
    assert "backup" not in status
    after = held(s3, bucket)
    assert {k: after[k] for k in before} == before
    assert shop.told("alone")["source"] == "Versions"
    assert {k.removeprefix("then/"): v for k, v in after.items() if k.startswith("then/")} == before
    assert datetime.fromisoformat(moment)


def test_a_killed_restore_goes_on_and_leaves_no_upload(shop: Restores) -> None:
    s3, bucket = shop.begin()
    s3.put_object(Bucket=bucket, Key="huge.tif", Body=bytes(range(256)) * 80_000, ContentType="image/tiff")
    before = held(s3, bucket)
    shop.back_up()
    emptied(s3, bucket)
    foreign = s3.create_multipart_upload(Bucket=bucket, Key="huge.tif")["UploadId"]
    shop.restore(readBackPercent=100)
    shop.killed()
    assert len(s3.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 2
    assert shop.apply().code == 0
    assert held(s3, bucket) == before
    (left,) = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert left["UploadId"] == foreign, "only its own upload was aborted"
    assert shop.told()["phase"] == "Succeeded"
    assert not [k for k in before if k.startswith(RESERVED)]


def test_what_an_application_writes_before_a_killed_restore_goes_on_is_not_overwritten(
    shop: Restores,
) -> None:
    s3, bucket = shop.begin()
    s3.put_object(Bucket=bucket, Key="a.tif", Body=bytes(range(256)) * 80_000, ContentType="image/tiff")
    before = held(s3, bucket)
    shop.back_up()
    emptied(s3, bucket)
    shop.restore(conflict="Overwrite")
    shop.killed()
    s3.put_object(Bucket=bucket, Key="shop/007.png", Body=b"newer")
    shop.apply()
    status, (_, reason, message) = shop.told(), shop.ready()
    assert (status["phase"], reason, status["plan"]["unapproved"]) == ("Held", "OverwriteHeld", 1)
    assert "nothing was written" not in message
    assert s3.get_object(Bucket=bucket, Key="shop/007.png")["Body"].read() == b"newer"
    shop.restore(conflict="Overwrite", approve=[status["plan"]["token"]])
    assert shop.apply().code == 0
    assert (held(s3, bucket), shop.told()["phase"]) == (before, "Succeeded")
