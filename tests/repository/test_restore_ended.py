"""A Restore whose run ended, or was ended, before its status was written: it goes on, and tells the same again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import cast

import pytest

from imagestore.controller.opening import RunParts
from imagestore.controller.restore_folder import ChosenRestore, RestoreFolder
from imagestore.controller.restoring import RestoreRun
from imagestore.controller.state.objects import Key
from imagestore.core.errors import Denied
from imagestore.core.objects import ObjectAttributes
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.runs import RestoreFound, RestoreJob
from imagestore.reconcile.shared.runs import JobEnd
from imagestore.repository.history.choosing import MomentSource
from imagestore.repository.restoring.planning import PlannedPass
from tests.repository.test_kept_in_order import PLACE, Control, Opened
from tests.repository.world import World

KEY = Key("Restore", "shop", "back")
BACK = RestoreJob("uid", JobEnd("eu2", "restored", "shop/restored", ""), PLACE)


@dataclass
class StoppedOnce(Control):
    """Stops at the third question."""

    answers: Iterator[bool] = field(default_factory=lambda: chain([False, False], repeat(True)))

    def stop(self) -> bool:
        return next(self.answers)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 5)
    world = World(versioned=True)
    for n in range(20):
        world.put(f"originals/{n:02}.png", bytes(8000 + n))
    world.back_up()
    return world


def run(world: World, job: RestoreJob = BACK, control: Control | None = None) -> RestoreFound | None:
    return RestoreRun(cast("RunParts", Opened(world)))(KEY, job, control or Control())


def kept(world: World) -> dict[str, bytes]:
    """What the Restore keeps at the destination."""
    return {k: v for k, v in world.restored().items() if k.startswith(".imagestore/")}


def test_a_run_whose_status_was_lost_reports_the_same_again(world: World) -> None:
    first = run(world)
    assert first is not None
    assert (first.succeeded, first.counts.restored) == (True, 20)
    writes = len(world.target_server.calls)
    world.server.calls.clear()
    again = run(world)
    assert again is not None
    assert (again.succeeded, again.counts, again.totals) == (True, first.counts, first.totals)
    assert (again.backup, again.source, again.source_reason) == (
        first.backup, first.source, first.source_reason,
    )  # fmt: skip
    assert world.server.calls == [], "the repository is not asked"
    assert [c for c in world.target_server.calls[writes:] if c[0].startswith("Put")] == []
    assert run(world, replace(BACK, tidy=True)) is not None
    assert world.restored() == world.content(), "nothing else is left in the bucket"


def test_the_report_of_what_failed_stays(world: World) -> None:
    (pack,) = (k for k in world.server.current("backup") if "/packs/" in k)
    world.server.buckets["backup"].keys.pop(pack)
    first, again = run(world), run(world)
    assert first is not None
    assert again is not None
    assert (first.counts.failed, first.failed) == (20, {"Damaged": 20})
    assert (again.counts, again.failed, again.report) == (first.counts, first.failed, first.report)
    run(world, replace(BACK, tidy=True))
    assert list(kept(world)) == [first.report]
    assert len(kept(world)[first.report].splitlines()) == 20


def test_what_was_chosen_holds_though_the_job_is_another_and_a_backup_is_newer(world: World) -> None:
    asked = replace(BACK, versions=JobEnd("eu", "photos", "shop/photos"))
    before = world.content()
    assert run(world, asked, StoppedOnce()) is None
    assert 0 < len(world.restored().keys() & before.keys()) < 20
    world.put("originals/00.png", b"encrypted")
    world.put("originals/20.png", b"ransom note")
    world.back_up()
    found = run(world)  # the source's backend cannot be used now
    assert found is not None
    assert (found.succeeded, found.counts.restored, found.why) == (True, 20, "")
    run(world, replace(BACK, tidy=True))
    assert world.restored() == before


def test_what_was_begun_from_versions_does_not_go_on_from_a_backup(world: World) -> None:
    folder = RestoreFolder(world.target, "uid", "run")
    folder.choose(ChosenRestore(MomentSource.VERSIONS, "they tell all", "", (PlannedPass(""),)))
    found = run(world)
    assert found is not None
    assert found.trouble is not None
    assert (found.trouble.reason, found.trouble.final) == (Reason.BUCKET_NOT_READY, False)
    assert world.restored().keys() == kept(world).keys()


def test_a_restore_of_a_backup_of_which_objects_failed_says_how_many(world: World) -> None:
    world.put("originals/00.png", b"edited")
    world.put("new.png", b"new")

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Get" and key in ("originals/00.png", "new.png"):
            raise Denied("no", code="AccessDenied")

    world.source_server.fault = fault
    world.back_up()
    found, again = run(world), run(world, replace(BACK, conflict="Skip"))
    assert found is not None
    assert (found.succeeded, found.unread, found.counts.stale) == (True, 2, 1)
    assert again is not None
    assert (again.unread, again.counts.stale) == (2, 1), "also where its status was lost"
    world.target_server.buckets["restored"].versioned = True
    equal = run(world, replace(BACK, uid="equal", conflict="Overwrite"))
    assert equal is not None
    assert (equal.counts.equal, equal.counts.stale) == (20, 1)


PLAN = [{"first": "", "objects": 20, "bytes": 1, "present": 0, "newest": 0, "digest": ""}]
CHOICE = {"source": "Repository", "why": "", "backup": "", "plan": PLAN, "keys": "", "token": "", "until": 0}
POINT = {
    "restore": "uid",
    "pass": 0,
    "after": "",
    "checked": True,
    "counts": {},
    "done": [[0, 0]],
    "uploads": [],
}
OTHERS = [
    ("failed/zz.jsonl", b'no json\n[1]\n{"why": 7}\n'),
    ("chosen.json", b"[" * 100_000),
    ("chosen.json", CHOICE | {"plan": [PLAN[0] | {"objects": "x"}]}),
    ("chosen.json", CHOICE | {"plan": [PLAN[0] | {"objects": -1}]}),
    ("chosen.json", CHOICE | {"plan": PLAN * 3}),
    ("chosen.json", CHOICE | {"plan": [["first", ""]]}),
    ("checkpoint.json", POINT | {"pass": "0"}),
    ("checkpoint.json", POINT | {"after": 7}),
    ("checkpoint.json", POINT | {"done": [[0, 0]] * 5}),
    ("checkpoint.json", POINT | {"counts": {"failed": "many"}}),
    ("ended.json", {"counts": {"restored": "20"}, "totals": None}),
    ("ended.json", [1]),
]


@pytest.mark.parametrize(("name", "content"), OTHERS)
def test_what_another_program_writes_in_its_folder_does_not_stop_it(
    world: World, name: str, content: object
) -> None:
    """Each of these ended every run as a bug of the operator, and the restore never ended."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    world.target_server.put("restored", f".imagestore/restore/uid/{name}", data, ObjectAttributes())
    found = run(world)
    assert found is not None
    assert (found.trouble, found.succeeded, found.counts.restored, found.failed) == (None, True, 20, {})
