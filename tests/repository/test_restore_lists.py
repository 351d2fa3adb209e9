"""A Restore of the keys that an object lists: others can write the list, so what was chosen and approved is the list as it was."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from imagestore.reconcile.restore.runs import RestoreJob
from tests.repository.test_kept_in_order import PLACE
from tests.repository.test_restore_agreed import found, run, written
from tests.repository.test_restore_runs import BACK, LIST, AskedBack, stopped_at
from tests.repository.world import World

FIRST = [*range(9), 19]  # the newest object of the destination is one of them
LISTED = RestoreJob("uid", BACK, PLACE, keys=LIST, conflict="Overwrite")


def lists(world: World, numbers: Iterable[int]) -> None:
    """An application writes the list."""
    world.put("list", "\n".join(f"p{n:02}" for n in numbers).encode())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A backup of twenty objects, all of which the destination has with other bytes; ten of them are listed."""
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 3)
    world = World()
    for n in range(20):
        world.put(f"p{n:02}", b"original %02d" % n)
        written(world, f"p{n:02}", b"precious")
    world.back_up()
    lists(world, FIRST)
    return world


def approved(world: World) -> RestoreJob:
    return replace(LISTED, approved=frozenset({found(world, LISTED).held}))


def lost(world: World) -> list[int]:
    """Which objects of the destination were overwritten."""
    there = world.restored()
    return [n for n in range(20) if there[f"p{n:02}"] != b"precious"]


def test_keys_that_are_listed_after_the_first_run_are_not_restored(world: World) -> None:
    """What anybody appended to the list was overwritten with the approval of less, and the restore had succeeded."""
    job = approved(world)
    assert run(world, job, AskedBack(answers=stopped_at(3))) is None
    assert 0 < len(lost(world)) < 10
    lists(world, range(20))
    ended = found(world, job)
    assert (ended.succeeded, ended.counts.restored, lost(world)) == (True, 10, FIRST)
    assert ended.totals is not None
    assert ended.totals.objects == 10


def test_a_token_is_good_for_one_list_of_keys(world: World) -> None:
    """As many other keys of the same sizes had the same token."""
    job = approved(world)
    lists(world, [*range(9, 18), 19])
    held = found(world, job)
    assert (held.held not in ("", *job.approved), lost(world)) == (True, [])


def test_a_list_that_is_deleted_once_it_is_chosen_is_not_needed(world: World) -> None:
    job = approved(world)
    assert run(world, job, AskedBack(answers=stopped_at(3))) is None
    world.source_server.buckets["photos"].keys.pop("list")
    assert (found(world, job).succeeded, lost(world)) == (True, FIRST)
    run(world, replace(job, tidy=True))
    assert not [key for key in world.restored() if "/restore/" in key], "the folder is empty"


def test_a_kept_list_that_was_altered_is_chosen_and_counted_anew(world: World) -> None:
    job = approved(world)
    assert run(world, job, AskedBack(answers=stopped_at(3))) is None
    before = lost(world)
    lists(world, range(20))
    written(world, ".imagestore/restore/uid/keys.txt", world.content()["list"])
    held = found(world, job)
    assert (held.held not in ("", *job.approved), lost(world)) == (True, before)


def test_a_token_is_good_for_the_objects_that_were_there(world: World) -> None:
    """A store whose times are whole seconds: another object of the same second has its own ETag."""
    clock = world.target_server.clock
    world.target_server.clock = lambda: 0
    try:
        for n in range(20):
            written(world, f"p{n:02}", b"precious")
        job = approved(world)
        written(world, "p05", b"precious, too")
        held = found(world, job)
    finally:
        world.target_server.clock = clock
    assert (held.held not in ("", *job.approved), lost(world)) == (True, [5])
