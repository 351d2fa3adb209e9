"""What Restores leave in a bucket that are deleted before they end, or before their folders are emptied."""

from dataclasses import replace

import pytest

from imagestore.controller.restore_leftovers import MOST_EMPTIED
from imagestore.core.objects import ObjectAttributes
from imagestore.reconcile.restore.runs import RestoreJob
from imagestore.repository.format.names import LARGE_BYTES
from tests.repository.test_kept_in_order import PLACE
from tests.repository.test_restore_runs import BACK, AskedBack, run, stopped_at
from tests.repository.world import Killed, StoreClock, World

SKIP = RestoreJob("gone", BACK, PLACE, conflict="Skip")
LAST = replace(SKIP, uid="last", tidy=True, known=frozenset({"last", "paused"}))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 5)
    world = World()
    for n in range(20):
        world.put(f"p{n:02}", b"%d" % n)
    world.back_up()
    return world


def kept(world: World) -> set[str]:
    """What is below the folders of all Restores."""
    below = ".imagestore/restore/"
    return {k.removeprefix(below) for k in world.restored() if k.startswith(below)}


def hours_later(world: World) -> None:
    clock = world.target_server.clock
    assert isinstance(clock, StoreClock)
    clock.pass_hours(2)


def paused(world: World, uid: str) -> None:
    assert run(world, replace(SKIP, uid=uid), AskedBack(answers=stopped_at(3))) is None


def test_the_next_restore_that_ends_empties_the_folders_of_deleted_ones(world: World) -> None:
    for uid in ("gone", "paused"):
        paused(world, uid)
    foreign = {"notes.txt", "gone/notes.txt", "gone/failed.jsonl", "mine/photo.png"}
    for name in foreign:
        world.target_server.put("restored", f".imagestore/restore/{name}", b"", ObjectAttributes())
    hours_later(world)
    paused(world, "new")
    run(world, replace(SKIP, uid="last"))
    before = kept(world)
    assert {"gone/chosen.json", "gone/checkpoint.json", "last/ended.json"} <= before
    calls = world.count(world.target_server, lambda: run(world, LAST))
    assert calls["ListObjects"] < 20
    stays = {name for name in before if name.startswith(("paused/", "new/"))}
    assert stays, "one that is there, and one of which the operator may not know yet"
    assert kept(world) == foreign | stays
    assert world.restored().keys() >= world.content().keys(), "what they had restored stays"


def test_what_a_deleted_restore_had_begun_to_upload_is_aborted(world: World) -> None:
    world.put("p00", bytes(LARGE_BYTES * 2 + 1))
    world.back_up()

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation in ("Part", "Abort"):
            raise Killed

    world.target_server.fault = fault
    with pytest.raises(Killed):
        run(world, SKIP)
    world.target_server.fault = None
    uploads = world.target_server.buckets["restored"].uploads
    (begun,) = uploads
    uploads["foreign"] = replace(uploads[begun])
    hours_later(world)
    run(world, LAST)
    assert (set(uploads), kept(world)) == ({"foreign"}, set())


def test_many_are_emptied_by_and_by(world: World) -> None:
    for n in range(MOST_EMPTIED + 5):
        world.target_server.put(
            "restored", f".imagestore/restore/u{n:02}/ended.json", b"", ObjectAttributes()
        )
    hours_later(world)
    run(world, LAST)
    assert len(kept(world)) == 5
    run(world, LAST)
    assert kept(world) == set()
