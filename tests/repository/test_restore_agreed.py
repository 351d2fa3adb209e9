"""What an Overwrite restore may overwrite where nothing keeps versions: what was there when a person agreed, and nothing newer."""

from dataclasses import replace
from typing import cast

import pytest

from imagestore.backends.memory_content import MemoryContent
from imagestore.controller.opening import RunParts
from imagestore.controller.restoring import RestoreRun
from imagestore.core.objects import ObjectAttributes
from imagestore.reconcile.restore.runs import RestoreFound, RestoreJob
from imagestore.repository.format.names import LARGE_BYTES
from tests.repository.test_kept_in_order import PLACE, Control
from tests.repository.test_restore_runs import BACK, KEY, LIST, AskedBack, OpenedAll, stopped_at
from tests.repository.world import Killed, StoreClock, World

OVERWRITE = RestoreJob("uid", BACK, PLACE, conflict="Overwrite")


def run(world: World, job: RestoreJob, control: Control | None = None) -> RestoreFound | None:
    return RestoreRun(cast("RunParts", OpenedAll(world)))(KEY, job, control or Control())


def found(world: World, job: RestoreJob) -> RestoreFound:
    reported = run(world, job)
    assert reported is not None
    assert reported.trouble is None
    return reported


def written(world: World, key: str, data: bytes) -> None:
    """An application writes at the destination."""
    world.target_server.put("restored", key, data, ObjectAttributes())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A backup of twenty objects; the destination has three of their keys."""
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 5)
    world = World()
    for n in range(20):
        world.put(f"p{n:02}", b"original %d" % n)
    world.back_up()
    for n in (1, 10, 11):
        written(world, f"p{n:02}", b"old")
    return world


def approved(world: World) -> RestoreJob:
    """A restore of which exactly what is there now was approved."""
    held = found(world, OVERWRITE)
    assert (held.held != "", held.unapproved) == (True, None)
    return replace(OVERWRITE, approved=frozenset({held.held}))


def paused(world: World, job: RestoreJob) -> None:
    """It is suspended after two batches."""
    assert run(world, job, AskedBack(answers=stopped_at(3))) is None
    assert b"original 9" in world.restored().values()
    assert b"original 15" not in world.restored().values()


def test_what_came_while_a_restore_was_paused_is_counted_again_and_held(world: World) -> None:
    job = approved(world)
    paused(world, job)
    written(world, "p12", b"newer")
    written(world, "p10", b"newer than what was approved")
    before = world.restored()
    held = found(world, job)
    assert held.held not in ("", *job.approved)
    assert (held.unapproved, held.counts.restored, held.counts.failed) == (2, 10, 0)
    assert world.restored() == before, "nothing was overwritten"
    assert found(world, job).held == held.held, "the token stays while nothing changes"
    written(world, "p13", b"newer")
    other = found(world, replace(job, approved=job.approved | {held.held}))
    assert (other.unapproved, other.held == held.held) == (3, False), "it is good for what was counted"
    ended = found(world, replace(job, approved=frozenset({other.held})))
    assert (ended.succeeded, ended.counts.restored) == (True, 20)
    run(world, replace(job, tidy=True))
    assert world.restored() == world.content()


def test_what_was_counted_again_is_not_asked_for_twice(world: World) -> None:
    paused(world, job := approved(world))
    written(world, "p12", b"newer")
    job = replace(job, approved=frozenset({found(world, job).held}))
    assert run(world, job, AskedBack(answers=stopped_at(2))) is None
    ended = found(world, job)
    assert (ended.held, ended.succeeded, ended.counts.restored) == ("", True, 20)


def test_a_restore_that_nothing_was_in_the_way_of_is_held_for_what_came_later(world: World) -> None:
    world.target_server.buckets["restored"].keys.clear()
    assert run(world, OVERWRITE, AskedBack(answers=stopped_at(3))) is None
    written(world, "p19", b"newer")
    assert found(world, OVERWRITE).unapproved == 1
    assert world.restored()["p19"] == b"newer"


def test_an_approval_that_is_withdrawn_in_a_pause_counts_for_nothing(world: World) -> None:
    paused(world, approved(world))
    held = found(world, OVERWRITE)
    assert (held.held != "", held.unapproved, held.counts.restored) == (True, 2, 10)
    assert world.restored()["p10"] == b"old"


def test_what_is_approved_is_what_was_there_when_it_was_counted(world: World) -> None:
    """The numbers were the same, and what an application had written since was overwritten."""
    job = approved(world)
    written(world, "p10", b"newer")
    held = found(world, job)
    assert held.held not in ("", *job.approved)
    assert (held.unapproved, world.restored()["p10"]) == (None, b"newer")


def test_what_comes_while_it_is_restored_stays_and_is_told(world: World) -> None:
    job = approved(world)

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Put" and key == "p00":
            world.target_server.fault = None
            written(world, "p15", b"newer")

    world.target_server.fault = fault
    ended = found(world, job)
    assert (ended.succeeded, ended.failed, ended.counts.restored) == (False, {"Changed": 1}, 19)
    assert world.restored()["p15"] == b"newer"
    assert b"p15" in world.restored()[ended.report]


def is_whole(world: World) -> bool:
    return world.content().items() <= world.restored().items()


@pytest.mark.parametrize("large", [False, True])
def test_what_a_killed_run_wrote_itself_asks_for_no_approval(
    monkeypatch: pytest.MonkeyPatch, world: World, *, large: bool
) -> None:
    """Also where an ETag does not tell it: that of an object in parts is that of no content."""
    if large:
        world.put("p00", bytes(LARGE_BYTES * 2 + 1))
        world.back_up()
    job = approved(world)
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 2000)

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Put" and key.endswith("/checkpoint.json") and is_whole(world):
            raise Killed

    world.target_server.fault = fault
    with pytest.raises(Killed):
        run(world, job)
    world.target_server.fault = None
    assert ("-" in world.target_server.buckets["restored"].keys["p00"][-1].etag) is large
    ended = found(world, job)
    assert (ended.held, ended.succeeded) == ("", True)
    run(world, replace(job, tidy=True))
    assert world.restored() == world.content()


def test_a_destination_that_keeps_versions_loses_nothing(world: World) -> None:
    world.target_server.buckets["restored"].versioned = True
    assert run(world, OVERWRITE, AskedBack(answers=stopped_at(3))) is None
    written(world, "p12", b"newer")
    assert found(world, OVERWRITE).succeeded
    again = replace(OVERWRITE, uid="again")
    assert run(world, again, AskedBack(answers=stopped_at(3))) is None
    written(world, "p12", b"newer")
    world.target_server.buckets["restored"].versioned = False
    held = found(world, again)
    assert (held.held != "", held.unapproved) == (True, 1), "none was approved while versions were kept"
    assert world.restored()["p12"] == b"newer"


def test_versions_that_are_restored_overwrite_nothing_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 5)
    world = World()
    world.source_server.buckets |= {"photos": MemoryContent(versioned=True), "restored": MemoryContent()}
    world.target, world.target_server = replace(world.end, bucket="restored"), world.source_server
    for n in range(20):
        world.put(f"p{n:02}", b"original %d" % n)
    clock = world.source_server.clock
    assert isinstance(clock, StoreClock)
    clock.pass_hours(1)
    job = RestoreJob("uid", BACK, None, LIST[0], as_of=clock.now, wanted="Versions", conflict="Overwrite")
    written(world, "p10", b"old")
    job = replace(job, approved=frozenset({found(world, job).held}))
    assert run(world, job, AskedBack(answers=stopped_at(3))) is None
    written(world, "p10", b"newer")
    written(world, "p12", b"newer")
    held = found(world, job)
    assert (held.unapproved, world.restored()["p12"]) == (2, b"newer")
    assert found(world, replace(job, approved=frozenset({held.held}))).succeeded
