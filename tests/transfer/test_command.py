"""``imagestore transfer`` between MinIO and SeaweedFS, as a person types it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.world import Said, imagestore
from tests.transfer.stores import Pair, pair
from tests.transfer.test_killed_process import ends, manifests
from tests.transfer.world import body


@pytest.fixture
def both(request: pytest.FixtureRequest) -> Pair:
    p = pair(request, ("MinIO", "SeaweedFS"))
    for key in ("a/b", "a-b", "é", "gone"):
        p.near.put(key, body(key))
    return p


class Typed:
    """Commands with the manifests of both stores."""

    def __init__(self, p: Pair, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.ends, self._capsys, self._file = ends(p), capsys, folder / "stores.yaml"
        self._file.write_text(manifests(p))

    def __call__(self, command: str, *more: object, one: bool = False) -> Said:
        chosen = self.ends[:1] if one else self.ends
        return imagestore(self._capsys, "transfer", command, *chosen, "-f", self._file, "--offline", *more)


@pytest.fixture
def typed(both: Pair, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    return Typed(both, capsys, tmp_path)


def lines(said: Said) -> list[Any]:
    return [json.loads(line) for line in said.out.splitlines()]


def test_list_diff_copy_verify(both: Pair, typed: Typed) -> None:
    listed = typed("list", one=True)
    assert (listed.code, [line.split()[-1] for line in listed.out.splitlines()]) == (
        0,
        ["a-b", "a/b", "gone", "é"],
    )
    assert [i["key"] for i in lines(typed("list", "--format", "json", one=True))] == [
        "a-b",
        "a/b",
        "gone",
        "é",
    ]
    diff = typed("diff")
    assert (diff.code, diff.out) == (2, "+ a-b\n+ a/b\n+ gone\n+ é\n")
    assert typed("copy", "--dry-run").code == 2
    assert both.far.held() == {}
    copied = typed("copy")
    assert copied.code == 0, copied.err
    assert "copied 4 objects" in copied.out
    assert both.far.held() == both.near.held()
    assert (typed("diff").code, typed("copy").code, typed("verify").code) == (0, 0, 0)
    both.far.put("é", b"rotten")
    rotten = typed("verify")
    assert (rotten.code, rotten.out) == (2, "Different  é\n")
    assert lines(typed("verify", "--format", "json")) == [{"key": "é", "verdict": "Different"}]
    assert typed("copy", "--prefix", "a").code == 0
    assert both.far.held()["é"] == b"rotten"


def test_deletes_are_held_until_they_are_approved(both: Pair, typed: Typed) -> None:
    typed("copy", "--deletes", "Mirror")
    both.near.remove("gone")
    assert typed("copy").code == 0
    assert "gone" in both.far.held()  # nothing is deleted unless it is asked for
    assert "- gone" in typed("diff", "--deletes", "Mirror").out
    held = typed("copy", "--deletes", "mirror")
    assert held.code == 2
    assert "1 deletes (25 %) are held: TooMany; to let exactly these go: --approve " in held.out
    digest = held.out.split("--approve ")[1].split()[0]
    assert typed("copy", "--deletes", "Mirror", "--approve", digest).code == 0
    assert both.far.held() == both.near.held()


def test_what_cannot_be_is_said(both: Pair, typed: Typed) -> None:
    typed.ends = [typed.ends[0], typed.ends[0] + "/below/"]
    same = typed("copy")
    assert (same.code, "both ends are in bucket" in same.err) == (64, True)
    typed.ends = ["near", typed.ends[0]]
    assert "write BACKEND/BUCKET" in typed("diff").err
    typed.ends = ["other/bucket", f"far/{both.far.bucket}"]
    assert "there is no StorageBackend other (the manifests have near, far)" in typed("diff").err
    typed.ends = ["near/there-is-none", f"far/{both.far.bucket}"]
    missing = typed("copy")
    assert (missing.code, "the run ended early at the source" in missing.out) == (1, True)
    assert "the source could not be read" in typed("diff").err


def test_a_copy_in_shards(both: Pair, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SeaweedFS lists in another order, so there is one shard; the description says which ends, and no secret."""
    said = typed("split", "--shards", 3, "--deletes", "Markers")
    description = tmp_path / "run.json"
    description.write_text(said.out)
    assert both.near.server.secret_key not in said.out
    assert json.loads(said.out)["boundaries"] == []
    ends, typed.ends = typed.ends, []
    given = ("--run", description)
    assert typed("run", *given).code == 64  # which shard?
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    assert typed("run", *given).code == 65
    assert typed("finish", *given).code == 1
    assert typed("run", *given, "--shard", 0).code == 0
    finished = typed("finish", *given)
    assert finished.code == 0, finished.out
    assert both.far.held() == both.near.held()
    both.near.put("came-later", b"x")
    typed.ends = ends
    description.write_text(typed("split", "--shards", 3, "--deletes", "Markers").out)
    typed.ends = []
    assert typed("run", *given, "--shard", 0).code == 0
    typed.ends = ends
    assert typed("copy").code == 0
    typed.ends = []
    late = typed("finish", *given)
    assert (late.code, "another run of this job has ended since these shards were split" in late.err) == (
        1,
        True,
    )
    description.write_text(said.out[:40])
    assert typed("run", *given, "--shard", 0).code == 65
