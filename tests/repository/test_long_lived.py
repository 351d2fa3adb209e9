"""A repository that lives for long: lists end, and a run that was frozen for days does not count."""

import pytest

from imagestore.repository.errors import RunLost
from imagestore.repository.store.runs import known_runs
from imagestore.repository.store.view import backups, condemned
from tests.repository.histories import changed_world, listed_restore, small
from tests.repository.world import WRITES


@pytest.mark.parametrize("versioned", [False, True])
def test_what_each_command_reads_does_not_grow_with_the_nights(*, versioned: bool) -> None:
    """Where versions are kept, deleted lists were read through their markers for ever: a GET for each removal that there ever was."""
    world, expected = small(versioned=versioned), {}
    for night in range(30):
        world.put(f"{night % 12:02}", world.random(1000))
        expected[world.back_up().name] = world.content()
        world.prune(last=2)
        world.clock.pass_hours(24)
    repository = world.opened()
    calls = world.count(world.server, lambda: condemned(repository))
    assert calls["Get"] < 30
    calls = world.count(world.server, lambda: known_runs(repository))
    assert calls["Get"] < 30, "60 runs that are over"
    assert len(listed_restore(world, expected)) == 2
    for _ in range(3):
        world.prune(last=1)
        world.clock.pass_hours(49)
    assert len(listed_restore(world, expected)) == 1


@pytest.mark.parametrize("hours", [20, 49])
def test_a_run_frozen_before_its_root_counts_or_says_that_it_does_not(hours: int) -> None:
    """A removal may have looked while it was frozen, and may mark it dead later: then a backup was told as made, and lost its files."""
    world, expected = changed_world()
    old = set(expected)
    content = world.content()

    def freeze(operation: str, _bucket: str, key: str) -> None:
        if operation in WRITES and "/backups/" in key:
            world.clock.pass_hours(hours)

    world.server.fault = freeze
    if hours < 24:
        expected[world.back_up().name] = content
    else:
        with pytest.raises(RunLost, match="was silent for 49 hours"):
            world.back_up()
    world.server.fault = None
    assert set(listed_restore(world, expected)) == set(expected)
    assert all("declared dead" in why for why in backups(world.opened()).rejected.values())
    assert (set(expected) == old) is (hours > 24)
    world.back_up()
    world.prune_fully()
    assert len(backups(world.opened()).roots) == 1


def test_a_run_that_was_frozen_behind_a_beat_and_removed_meanwhile_is_lost() -> None:
    """The kill sweep behind every call found it: it ended as a damaged repository, and its Job was not tried again."""
    world, _ = changed_world()
    beats = list[str]()

    def freeze(operation: str, _bucket: str, key: str) -> None:
        if operation == "Get" and "/runs/" in key and not beats:
            beats.append(key)
            world.server.fault = None
            world.clock.pass_hours(49)
            world.prune_fully()
            assert key not in world.server.current("backup")

    world.server.fault = freeze
    with pytest.raises(RunLost, match="was removed, because it had been silent for too long"):
        world.back_up()
    assert beats
    assert world.back_up() in backups(world.opened()).roots, "the next one counts"
