"""A backup that is killed at any write."""

from itertools import count

import pytest

from imagestore.repository.format.roots import BackupCounts
from imagestore.repository.making.packing import IN_FLIGHT
from imagestore.repository.store.view import backups
from tests.repository.pictures import filled
from tests.repository.world import Killed, World, killed_after


def test_a_backup_killed_at_any_write_leaves_a_repository_that_opens_and_the_next_one_is_whole() -> None:
    world = filled()
    kept = world.back_up()
    before = world.content()
    for n in range(0, 40, 4):
        world.put(f"shop/{n:02}.png", world.random(2000))
    world.put("large/new", world.random(8) * (18 * 1024**2 // 8))
    for number in range(100):
        killed_after(number, world.server)
        try:
            done = world.back_up(beat=20.0, clock=count().__next__)
        except Killed:
            pass
        else:
            break
        finally:
            world.server.fault = None
        for root in backups(world.opened()).roots:
            world.assert_restores(root, before if root == kept else world.content())
    assert number > 5
    world.assert_restores(done, world.content())
    world.assert_restores(kept, before)


def test_a_killed_run_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a run that is killed itself: what both read is not read again."""
    monkeypatch.setattr("imagestore.repository.making.backup.WINDOW_OBJECTS", 1)
    monkeypatch.setattr("imagestore.repository.making.recording.TOLD_AFTER", 1)
    world = World(pack_bytes=10_000)
    for n in range(150):
        world.put(f"{n:03}", world.random(1000))

    for last in (60, 110):

        def kill(counts: BackupCounts, last: int = last) -> None:
            if counts.objects >= last:
                raise Killed

        with pytest.raises(Killed):
            world.back_up(beat=0.0, told=kill)
    root = world.back_up()
    lost = (IN_FLIGHT + 2) * 10  # at most: the packs that were being written, and the open one
    assert root.counts.read < 150 - 110 + lost < 150 - 60, "more is left of both than the first one had read"
    assert root.counts.unchanged + root.counts.read == 150
    world.assert_restores(root, world.content())
