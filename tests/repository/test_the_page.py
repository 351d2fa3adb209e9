"""The pages about backups: their commands, word for word, on real stores."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.stores import Store
from dev.wait import eventually
from tests.buckets import discard, own_buckets
from tests.repository.pages import Followed, at_store, keys_file
from tests.repository.stores import manifests
from tests.repository.test_on_stores import filled_bucket, held, picture

BUCKET = "shop--photos"


@pytest.fixture
def backed_up(
    minio_store: Store,
    seaweedfs_store: Store,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Followed]:
    """docs/backups.md, followed to its first backup."""
    monkeypatch.chdir(tmp_path)
    with own_buckets((minio_store, BUCKET), (seaweedfs_store, "shop-backups")):
        filled_bucket(minio_store.s3(), BUCKET)
        manifests(tmp_path, eu=minio_store, us=seaweedfs_store)
        page = Followed("backups.md", tmp_path, capsys)
        page.variables["recovery"] = page.follow("Make the first backup").strip().splitlines()[-1]
        yield page


def test_backups(backed_up: Followed) -> None:
    assert backed_up.variables["recovery"].startswith("ISR1-")
    assert "passed" in backed_up.follow("Prove that it restores")
    assert "the newest that succeeded" in backed_up.follow("Forget and delete")
    assert "slot secret is removed" in backed_up.follow("Change the key")


def test_your_bucket_was_emptied(backed_up: Followed, minio_store: Store, tmp_path: Path) -> None:
    """It is found after another night, so the latest backup is that of the emptied bucket; uploads have come since."""
    s3 = minio_store.s3()
    before = held(s3, BUCKET)
    for key in before:
        s3.delete_object(Bucket=BUCKET, Key=key)
    for key in ("new.png", "shop/005.png"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=picture(777), ContentType="image/png")
    since = held(s3, BUCKET)
    page = Followed("bucket-was-emptied.md", tmp_path, backed_up.capsys)
    page.follow("Go on")  # the next night's backup is the same command

    good, bad = (line.split() for line in _listed(page))
    assert (good[3], bad[3]) == ("36", "2"), "the number of objects tells which one is right"
    page.variables["GOOD"] = good[0]
    found = page.follow("Find the right backup", {"diff": 2})
    assert "- shop/006.png" in found
    assert "+ new.png" in found
    drilled = page.follow("Drill before you restore")
    assert "no damage was found" in drilled
    assert "passed" in drilled
    assert held(s3, BUCKET) == since, "nothing is restored yet"
    assert "Succeeded: 35 objects restored" in page.follow("Restore")
    assert held(s3, BUCKET) == before | since, "what was uploaded since the loss is kept"
    assert (tmp_path / "failed.jsonl").read_text() == ""
    page.follow("Go on")
    assert [line.split()[3] for line in _listed(page)] == ["36", "2", "37"]


def test_your_bucket_was_emptied_and_keeps_versions(
    minio_store: Store,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3 = minio_store.s3()
    monkeypatch.chdir(tmp_path)
    with own_buckets((minio_store, BUCKET)):
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        filled_bucket(s3, BUCKET)
        before, moment = held(s3, BUCKET), int(time.time()) + 1
        eventually(lambda: time.time() > moment + 1, 10, "the moment is over")
        for key in before:
            s3.delete_object(Bucket=BUCKET, Key=key)
        s3.put_object(Bucket=BUCKET, Key="new.png", Body=picture(777), ContentType="image/png")
        since = held(s3, BUCKET)
        manifests(tmp_path, eu=minio_store)
        page = Followed("bucket-was-emptied.md", tmp_path, capsys)
        page.variables["MOMENT"] = datetime.fromtimestamp(moment, UTC).isoformat()
        assert "Succeeded: 36 objects restored" in page.follow("If the bucket keeps versions")
        assert held(s3, BUCKET) == before | since


def _listed(page: Followed) -> list[str]:
    words = next(page.commands("Find the right backup"))
    return page.run(*words).out.splitlines()


def test_your_cluster_is_gone(
    backed_up: Followed,
    minio_store: Store,
    seaweedfs_store: Store,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So is the bucket, with all that was on the machine that made the backups. Left are the backups and what was in the safe."""
    before = held(minio_store.s3(), BUCKET)
    discard(minio_store.s3(), BUCKET)
    elsewhere = tmp_path_factory.mktemp("another-machine")
    monkeypatch.chdir(elsewhere)
    page = Followed("cluster-is-gone.md", elsewhere, capsys)
    written_down(page, minio_store, seaweedfs_store)
    (elsewhere / "recovery.key").write_text(backed_up.variables["recovery"] + "\n")

    seen = page.follow("See what there is")
    assert "36 objects" in seen
    assert f"eu/{BUCKET}" in seen
    assert "no damage was found" in seen
    assert "passed" in page.follow("Make the bucket, and drill")
    assert held(minio_store.s3(), BUCKET) == {}
    assert "Succeeded: 36 objects restored" in page.follow("Restore")
    assert held(minio_store.s3(), BUCKET) == before
    told = page.follow("Make the next backup")
    assert re.search(r"stored_bytes +[\d.]+ KiB", told), "29 MiB are stored once"
    assert "slot secret is removed" in told


def written_down(page: Followed, eu: Store, us: Store) -> None:
    """The page's manifests with the endpoints and keys of today."""
    backends, bucket, _keys = page.yaml("Write down what you have")
    folder = page.folder / "manifests"
    folder.mkdir()
    backends = at_store(backends, "https://minio.example.com:9000", eu)
    (folder / "backends.yaml").write_text(at_store(backends, "https://backups.example.org:8333", us))
    (folder / "photos.yaml").write_text(bucket)
    keys_file(page.folder / "keys.yaml", eu=eu, us=us)
