"""Backups by ``imagestore apply``, between real stores: what is in the repository afterwards, and what is told of it."""

from pathlib import Path
from typing import Any

import pytest

from dev.stores import Store
from tests.local.pair import content, fill
from tests.local.shelved import Shelf
from tests.local.world import told, writes

PICTURES = {f"originals/{n:02}.jpg": bytes([n]) * 1000 for n in range(20)} | {
    "ä ö/ü+%.png": b"odd",
    "empty": b"",
}


@pytest.fixture
def shelf(tmp_path: Path, minio_store: Store, ceph_store: Store, capsys: pytest.CaptureFixture[str]) -> Shelf:
    """From MinIO to Ceph."""
    return Shelf(tmp_path / "manifests", minio_store, ceph_store, capsys)


def filled(shelf: Shelf) -> tuple[Any, str]:
    """Both buckets are there, and the source has pictures."""
    near, _ = shelf.buckets()
    assert shelf.apply().code == 0
    fill(shelf.source.s3(), near, PICTURES)
    return shelf.source.s3(), near


def test_an_encrypted_backup_is_made_once_and_restores_by_the_key_alone(shelf: Shelf) -> None:
    s3, near = filled(shelf)
    s3.put_object(
        Bucket=near, Key="typed.svg", Body=b"<svg/>", ContentType="image/svg+xml", Metadata={"c": "x"}
    )
    shelf.key()
    shelf.backup("first")
    said = shelf.apply()
    assert said.code == 0, said
    assert shelf.says("first") == ("Succeeded", "BackedUp")
    status = shelf.made("first")
    assert (status["objects"], status["newObjects"]) == (23, 23)
    assert status["bytes"] == sum(map(len, PICTURES.values())) + 6
    assert [e["reason"] for e in told(said, "shop/first")["events"]][-1] == "BackedUp"
    assert not any(key in str(status) or key in said.out for key in PICTURES if len(key) > 5), (
        "keys are in no status"
    )
    stored = content(shelf.destination.s3(), f"shop--copy-{shelf.name}")
    assert all(name.startswith("photos/") for name in stored)
    assert not any(b"originals" in data for data in stored.values()), "it is encrypted"
    before = writes()
    assert shelf.apply().code == 0
    assert writes() == before, "what is over costs nothing"
    listed = shelf.command("list").json["backups"]
    assert [b["name"] for b in listed] == [status["backup"]]
    fill(s3, near, {"originals/00.jpg": b"overwritten"})
    s3.delete_object(Bucket=near, Key="originals/01.jpg")
    assert shelf.command("restore", f"near/{near}", "--existing", "overwrite").code == 0
    assert content(s3, near) == {**PICTURES, "typed.svg": b"<svg/>"}


def test_the_next_backup_reads_what_changed_and_a_full_one_everything(shelf: Shelf) -> None:
    s3, near = filled(shelf)
    shelf.backup("first", encrypted=False)
    shelf.apply()
    fill(s3, near, {"new.jpg": b"new", "originals/00.jpg": b"changed"})
    shelf.backup("second", encrypted=False)
    shelf.backup(
        "chosen",
        encrypted=False,
        prefix="chosen/",
        filter={"prefixes": ["originals/"], "exclude": ["originals/0"]},
    )
    assert shelf.apply().code == 0
    second = shelf.made("second")
    assert (second["objects"], second["newObjects"], second["base"]) == (23, 2, shelf.made("first")["backup"])
    assert shelf.made("chosen")["objects"] == 10
    shelf.backup("full", encrypted=False, kind="Full")
    assert shelf.apply().code == 0
    assert (shelf.made("full")["objects"], shelf.made("full")["newObjects"]) == (23, 23)
    for name in ("first", "second", "full", "chosen"):
        (shelf.path / f"{name}.yaml").unlink()
    assert shelf.apply("--prune").code == 0
    assert not list((shelf.path / ".imagestore/backups").rglob("*.yaml"))
    left = shelf.command("list", encrypted=False).json["backups"]
    assert len(left) == 3, "deleting a Backup deletes nothing in the repository"


def test_what_a_person_has_to_mend_is_said_and_then_it_goes_on(shelf: Shelf) -> None:
    filled(shelf)
    shelf.backup("first")
    assert shelf.apply().code == 1
    assert shelf.says("first") == ("Pending", "SecretNotFound")
    assert "there is no Secret backup-key" in shelf.message("first")
    shelf.key("short")
    shelf.apply()
    assert shelf.says("first") == ("Pending", "SecretUnusable")
    shelf.key()
    assert shelf.apply().code == 0
    assert shelf.says("first") == ("Succeeded", "BackedUp")
    shelf.key("another key of thirty-two letters")
    shelf.backup("second")
    assert shelf.apply().code == 1
    assert shelf.says("second") == ("Pending", "WrongKey")
    assert "another key" not in str(shelf.made("second"))
    shelf.key()
    assert shelf.apply().code == 0
    assert shelf.says("second") == ("Succeeded", "BackedUp")


def test_a_repository_has_the_backups_of_one_source(shelf: Shelf) -> None:
    """Two schedules shared a prefix: each took the other's objects for deleted ones."""
    filled(shelf)
    shelf.bucket("press", "near")
    shelf.backup("first", encrypted=False)
    shelf.apply()
    made = shelf.made("first")
    shelf.forget("first")
    assert shelf.apply().code == 0
    assert shelf.made("first")["backup"] == made["backup"], "what was made is made once"
    shelf.backup("second", encrypted=False, source={"bucketRef": {"name": "press"}})
    assert shelf.apply().code == 1
    assert shelf.says("second") == ("Failed", "OtherSource")
    assert "give another prefix" in shelf.message("second")
    shelf.backup("within", encrypted=False, repository={"bucketRef": {"name": "photos"}})
    said = shelf.apply()
    assert "would be lost with it" in said.out
