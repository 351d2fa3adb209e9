"""Backups and removals beside one another, frozen and killed at every write: no listed backup ever lacks a byte."""

from functools import partial
from itertools import count
from typing import Any

import pytest

from dev.testing.examples import each_call
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format.roots import BackupCounts, BackupFilter, BackupRoot
from tests.repository.histories import (
    assert_written_once,
    changed_world,
    frozen_at,
    in_thread,
    listed_restore,
    small,
)
from tests.repository.world import Killed, killed_after


@pytest.mark.parametrize("hours", [0, 49])
def test_a_backup_frozen_at_every_write_while_removal_runs_to_its_end(hours: int) -> None:
    """rustic docs#144, duplicacy#323: its packs were removed under it. With 49 hours it was declared dead; its root must not count."""
    for number in each_call(40):
        world, expected = changed_world()
        content, results = world.content(), list[Any]()
        with frozen_at(number, world) as (frozen, go_on):
            thread = in_thread(world.back_up, results)
            while not frozen.wait(0.01) and thread.is_alive():
                pass
            reached = frozen.is_set()
            if reached:
                world.clock.pass_hours(hours)
                for _ in range(3):
                    world.prune()
                    world.clock.pass_hours(hours)
            go_on.set()
            thread.join()
        if isinstance(results[0], BackupRoot):
            expected[results[0].name] = content
        else:
            assert isinstance(results[0], RepositoryProblem), results
        listed = listed_restore(world, expected)
        assert isinstance(results[0], BackupRoot) == any(n not in list(expected)[:2] for n in listed)
        last, held = world.back_up(), world.content()
        world.prune_fully()
        world.assert_restores(last, held)
        if not reached:
            return
    raise AssertionError("a backup has fewer writes")


@pytest.mark.parametrize("repack_below", [0.0, 20.0])
def test_a_removal_frozen_at_every_write_while_others_go_on(repack_below: float) -> None:
    """Without repacking by the others, the pack into which the frozen one moved contents is removed under it."""
    for number in each_call(40):
        world, expected = changed_world()
        world.prune()
        world.clock.pass_hours(49)
        results: list[Any] = []
        with frozen_at(number, world, whole=False) as (frozen, go_on):
            thread = in_thread(partial(world.prune, repack_below=20.0), results)
            while not frozen.wait(0.01) and thread.is_alive():
                pass
            reached = frozen.is_set()
            for _ in range(3 if reached else 0):
                world.put("during", world.random(1000))
                expected[world.back_up().name] = world.content()
                world.prune(repack_below=repack_below)
                world.clock.pass_hours(49)
            go_on.set()
            thread.join()
        listed_restore(world, expected)
        for _ in range(3):
            world.prune(repack_below=0.0)
            world.clock.pass_hours(49)
        listed_restore(world, expected)
        assert_written_once(world)
        if not reached:
            return
    raise AssertionError("a removal has fewer writes")


@pytest.mark.parametrize("condemned_before", [False, True])
def test_contents_found_in_packs_that_are_about_to_go(
    *, condemned_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that lasts longer than the grace time refers to packs that were condemned after it began: they wait for it. A run that
    began later refers to none of them, though they are still there."""
    monkeypatch.setattr("imagestore.repository.making.backup.WINDOW_OBJECTS", 1)
    monkeypatch.setattr("imagestore.repository.making.recording.TOLD_AFTER", 1)
    world, expected = changed_world(step=1)
    if condemned_before:
        world.prune()
        world.clock.pass_hours(49)

    def between(counts: BackupCounts) -> None:
        world.clock.pass_hours(10)
        if counts.objects > 6:
            world.prune()

    root = world.back_up(beat=0.0, clock=count().__next__, told=between)
    assert (root.counts.duplicates > 0) is not condemned_before
    assert root.finished - root.started > 2 * world.repository.grace
    expected[root.name] = world.content()
    listed_restore(world, expected)


def test_a_leaf_that_comes_back_has_another_name() -> None:
    world = small()
    for exclude in ((), ("05",), (), ("05",), ()):
        world.back_up(filter=BackupFilter(exclude=exclude))
    assert_written_once(world)


def test_a_removal_killed_at_every_call_leaves_every_listed_backup_whole() -> None:
    """duplicacy#686: packs went before the roots that named them."""
    for number in each_call(60):
        world, expected = changed_world()
        expected[world.back_up().name] = world.content()
        world.prune()
        world.clock.pass_hours(49)
        killed_after(number, world.server)
        try:
            world.prune(repack_below=20.0)
            killed = False
        except Killed:
            killed = True
        world.server.fault = None
        listed_restore(world, expected)
        world.prune_fully()
        listed_restore(world, expected)
        if not killed:
            return
    raise AssertionError("a removal has fewer writes")


def test_two_backups_and_a_removal_at_once() -> None:
    world, expected = changed_world()
    content, results = world.content(), list[Any]()
    world.prune()
    world.clock.pass_hours(49)
    threads = [
        in_thread(action, results) for action in (world.back_up, world.prune, world.back_up, world.prune)
    ]
    for thread in threads:
        thread.join()
    made = [r for r in results if isinstance(r, BackupRoot)]
    assert len(made) == 2, results
    for root in made:
        expected[root.name] = content
    listed_restore(world, expected)
    world.prune_fully()
    listed_restore(world, expected)
