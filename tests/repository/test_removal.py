"""Removal: what goes, when, and what holds it."""

from typing import Any

import pytest

from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.history.choosing import backup_before
from imagestore.repository.removing.options import PruneOptions
from imagestore.repository.removing.prune import prune
from imagestore.repository.removing.retention import Forgetting
from imagestore.repository.restoring.selection import ExistingPolicy
from imagestore.repository.store.view import backups
from tests.repository.histories import changed_world, listed_restore, named_files, small
from tests.repository.world import HOUR, Killed, World, killed_after


def test_what_only_a_forgotten_backup_needs_goes_after_the_grace_time_and_not_before() -> None:
    world = small()
    world.back_up()
    for n in range(12):
        world.put(f"{n:02}", world.random(1000))
    kept, content = world.back_up(), world.content()
    packs = {n for n in world.stored() if n.startswith("packs/")}
    first = world.prune()
    assert [d.backup.name for d in first.retention.decisions if not d.stays] != []
    assert first.deleted.files == 0 < first.condemned.files
    world.clock.pass_hours(47)
    assert world.prune().deleted.files == 0
    assert packs <= set(world.stored())
    world.clock.pass_hours(1)
    assert world.prune().deleted.files > 0
    assert {n for n in world.stored() if n.startswith("packs/")} < packs
    world.assert_restores(kept, content)
    world.prune_fully()
    assert {n for n in world.stored() if n.startswith(("packs/", "leaves/", "moved/"))} == named_files(world)


def test_a_dry_run_writes_nothing_and_tells_the_same() -> None:
    world = small()
    world.back_up()
    for n in range(12):
        world.put(f"{n:02}", world.random(1000))
    world.back_up()
    before = world.stored()
    told = world.prune(dry_run=True)
    assert world.stored() == before
    done = world.prune()
    assert (told.condemned, len(told.retention.forgotten)) == (done.condemned, len(done.retention.forgotten))


def test_packs_below_half_alive_are_repacked_and_every_backup_still_restores() -> None:
    world = small()
    world.back_up()
    for n in range(12):
        if n % 3:
            world.source_server.remove("photos", f"{n:02}")
    kept, content = world.back_up(), world.content()
    world.pack_bytes = 16 * 1024**2
    assert world.prune(repack_below=20.0).repacked > 0  # pages of 16 KiB are coarse for packs of 3 kB
    world.assert_restores(kept, content)
    world.clock.pass_hours(49)
    assert world.prune().deleted.files > 0
    world.assert_restores(kept, content)
    after = world.back_up()
    assert after.counts.read == 0
    world.prune_fully(last=1)
    world.assert_restores(after, content)
    assert {n for n in world.stored() if n.startswith(("packs/", "leaves/", "moved/"))} == named_files(world)


@pytest.mark.parametrize("hours", [-48, 48])
def test_the_hosts_clock_decides_nothing(hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """borg#9870, icechunk#2310: a host two days ahead found everything old enough."""
    import time

    world, expected = changed_world()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + hours * 3600)
    expected[world.back_up().name] = world.content()
    world.prune()
    assert world.prune().deleted.files == 0
    listed_restore(world, expected)
    world.clock.pass_hours(49)
    assert world.prune().deleted.files > 0
    listed_restore(world, expected)


def test_a_store_whose_clock_was_set_back_holds_the_removal() -> None:
    world, _ = changed_world()
    world.back_up()
    world.clock.pass_hours(-48)
    report = world.prune()
    assert "the store's clock was set back" in report.held
    assert (report.deleted.files, report.condemned.files) == (0, 0)


def test_a_probe_that_is_not_read_back_fresh_ends_the_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Garage answered with an old object for a while (keiretsu-labs/kubernetes-manifests#2746)."""
    world, expected = changed_world()
    world.prune()
    world.clock.pass_hours(49)
    put = world.server.put

    def stale(bucket: str, key: str, *rest: Any) -> Any:
        held = world.server.content(bucket).current(key)
        return held if held is not None and "/runs/" in key else put(bucket, key, *rest)

    monkeypatch.setattr(world.server, "put", stale)
    with pytest.raises(RepositoryProblem, match="is not read back as it was written"):
        world.prune()
    listed_restore(world, expected)


def test_a_dead_run_needs_nobody_and_its_late_root_does_not_count() -> None:
    """keelhaven#27, volsync#1042: a stale lock made backups green and removal dead."""
    world, _ = changed_world()
    killed_after(3, world.server)
    with pytest.raises(Killed):
        world.back_up()
    world.server.fault = None
    done = world.back_up()
    assert world.prune().dead_runs == ()
    world.clock.pass_hours(49)
    assert len(world.prune().dead_runs) == 1
    world.clock.pass_hours(49)
    assert world.prune().deleted.files > 0
    world.assert_restores(done, world.content())


def test_a_damaged_leaf_holds_the_removal() -> None:
    world, _ = changed_world()
    world.back_up()
    leaf = next(n for n in world.stored() if n.startswith("leaves/"))
    world.server.remove("backup", f"shop/{leaf}")
    report = world.prune(last=3)
    assert "is not in the repository" in report.held
    assert report.condemned.files == 0


def test_a_named_backup_is_forgotten_but_never_the_newest() -> None:
    world, expected = changed_world()
    old, new = list(expected)
    with pytest.raises(RepositoryProblem, match="is the newest backup"):
        prune(world.opened(), PruneOptions(Forgetting(names=frozenset({new}))))
    prune(world.opened(), PruneOptions(Forgetting(names=frozenset({old}))))
    assert listed_restore(world, expected) == [new]


def test_a_backup_with_a_scheduled_time_far_ahead_is_not_the_newest_for_ever() -> None:
    """Restores of the newest brought its old objects back, each backup read all that changed since, and it could not be forgotten."""
    world = World()
    world.put("a", b"old")
    ahead = world.back_up(scheduled=world.clock.now + 87_600 * HOUR)
    world.clock.pass_hours(24)
    world.put("a", b"new")
    new = world.back_up(scheduled=world.clock.now)
    world.clock.pass_hours(24)
    last = world.back_up(scheduled=world.clock.now)
    assert last.base == new.name
    assert backup_before(world.opened(), None).name == last.name
    prune(world.opened(), PruneOptions(Forgetting(names=frozenset({ahead.name}))))
    assert [root.name for root in backups(world.opened()).roots] == [new.name, last.name]
    with pytest.raises(RepositoryProblem, match="is the newest backup"):
        prune(world.opened(), PruneOptions(Forgetting(names=frozenset({last.name}))))


def test_overwriting_restore_of_an_old_backup_after_all_that() -> None:
    world, expected = changed_world()
    first = backups(world.opened()).roots[0]
    world.prune(last=2)
    world.clock.pass_hours(49)
    world.prune(last=2)
    world.restore(first, existing=ExistingPolicy.OVERWRITE)
    assert world.restored() == expected[first.name]
