"""docs/backups.md: its commands, word for word, on real stores."""

import re
import shlex
from pathlib import Path

import pytest

from dev.stores import Store
from tests.buckets import own_buckets
from tests.cli.world import imagestore
from tests.repository.stores import manifests
from tests.repository.test_on_stores import filled_bucket, held

PAGE = Path(__file__).resolve().parents[2] / "docs" / "backups.md"


def commands(heading: str) -> list[list[str]]:
    """The commands below a heading of the page."""
    chapter = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", chapter, re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line.strip()]


def test_your_bucket_was_emptied(
    minio_store: Store,
    seaweedfs_store: Store,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with own_buckets((minio_store, "shop--photos"), (seaweedfs_store, "shop-backups")):
        filled_bucket(minio_store.s3(), "shop--photos")
        follow_the_page(minio_store, seaweedfs_store, capsys, tmp_path, monkeypatch)


def follow_the_page(
    minio_store: Store,
    seaweedfs_store: Store,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3 = minio_store.s3()
    manifests(tmp_path, eu=minio_store, us=seaweedfs_store)
    monkeypatch.chdir(tmp_path)

    def follow(heading: str) -> str:
        out = ""
        for program, *words in commands(heading):
            if program == "openssl":
                (tmp_path / words[-1]).write_text("kept-in-another-place-" + words[-1])
                continue
            assert program == "imagestore"
            said = imagestore(capsys, *words)
            assert said.code == 0, said.out + said.err
            out += said.out
        return out

    assert "ISR1-" in follow("Make the first backup")
    assert "passed" in follow("Prove that it restores")
    before = held(s3, "shop--photos")
    for key in before:
        s3.delete_object(Bucket="shop--photos", Key=key)
    assert "Succeeded: 36 objects restored" in follow("Your bucket was emptied")
    assert held(s3, "shop--photos") == before
    assert (tmp_path / "failed.jsonl").read_text() == ""
    assert "the newest that succeeded" in follow("Forget and delete")
    assert "slot secret is removed" in follow("Change the key")
