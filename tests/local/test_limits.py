"""Limits of backups, restores and checks, on a real MinIO: they take as long as the limit says, whoever carries them out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from dev.stores import Store
from tests.cli.world import imagestore
from tests.local.pair import content, fill, object_of
from tests.local.shelved import Shelf

RATE = "256Ki"
"""A second's worth may be spent at once: 768 KiB take two seconds, and not a quarter of one."""
PICTURES = {f"originals/{n:02}.jpg": bytes([n]) * 64 * 1024 for n in range(12)}


@pytest.fixture
def shelf(tmp_path: Path, minio_store: Store, capsys: pytest.CaptureFixture[str]) -> Shelf:
    """From MinIO to MinIO, with pictures."""
    shelf = Shelf(tmp_path / "manifests", minio_store, minio_store, capsys)
    near, _ = shelf.buckets()
    assert shelf.apply().code == 0
    fill(minio_store.s3(), near, PICTURES)
    return shelf


@contextmanager
def limited(parts: float = 1.0) -> Iterator[None]:
    """What is done within it moves all of the pictures, or some of them twice, at the limit."""
    began = monotonic()
    yield
    assert monotonic() - began >= 3 * parts - 1


def test_the_operator_keeps_to_the_limits_of_a_backup_and_of_a_restore(shelf: Shelf) -> None:
    shelf.backup("first", encrypted=False, limits={"bytesPerSecond": RATE})
    with limited():
        assert shelf.apply().code == 0
    assert shelf.made("first")["objects"] == 12
    restored = shelf.bucket("restored", "far")
    assert shelf.apply().code == 0
    of = {"backupRef": {"name": "first"}, "destination": {"bucketRef": {"name": "restored"}}}
    shelf.write(
        "back", object_of("Restore", "back", {**of, "readBackPercent": 0, "limits": {"bytesPerSecond": RATE}})
    )
    with limited():
        assert shelf.apply().code == 0
    assert content(shelf.source.s3(), restored) == PICTURES


def test_the_commands_keep_to_their_limits(shelf: Shelf) -> None:
    near, limits = f"near/shop--photos-{shelf.name}", ("--bytes-per-second", RATE, "--workers", "4")
    with limited():
        assert shelf.command("create", near, "--init", *limits).json["counts"]["objects"] == 12
    with limited():
        assert shelf.command("verify", "--level", "full", *limits[:2]).json["read"] == 12
    with limited(2):  # what was restored is read back
        assert shelf.command("drill", f"{near}/drill", "--sample", "12", *limits).json["passed"]
    with limited():
        assert shelf.command("restore", f"{near}/back", "--read-back", "0", *limits).json["restored"] == 12


def test_the_pod_of_a_job_keeps_to_the_limits_of_its_description(shelf: Shelf) -> None:
    """Requests: a GET for each picture, and some for the repository."""
    near, far = f"shop--photos-{shelf.name}", f"shop--copy-{shelf.name}"
    shelf.backup("first", encrypted=False, filter={"prefixes": ["none/"]})
    assert shelf.apply().code == 0, "the repository is there"
    told = {
        "form": 2,
        "run": "r1",
        "source": {"backend": "near", "bucket": near, "prefix": ""},
        "repository": {"backend": "far", "bucket": far, "prefix": "photos/"},
        "include": [],
        "exclude": [],
        "scheduled": None,
        "full": False,
        "label": "uid-1",
        "decode": False,
        "limits": {"bytes_per_second": None, "requests_per_second": 10, "workers": 2},
    }
    (shelf.path.parent / "run.json").write_text(json.dumps(told))
    began = monotonic()
    said = imagestore(
        shelf.capsys, "backup", "run", "--run", shelf.path.parent / "run.json", "-f", shelf.path, "--offline"
    )
    assert (said.code, said.out) == (0, "backed up 12 objects\n")
    assert monotonic() - began >= 1.0, "at least twenty requests"
