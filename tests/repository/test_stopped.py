"""A backup that its caller stops, labels, or wants to read everything again."""

import pytest

from imagestore.core.errors import Unavailable
from imagestore.repository.errors import RunStopped, SourceUnlisted
from imagestore.repository.store.view import backups
from tests.repository.pictures import filled


def test_a_stopped_backup_goes_on_from_what_was_read() -> None:
    world = filled()
    with pytest.raises(RunStopped):
        world.back_up(stop=lambda: sum(op == "Get" for op, _, _ in world.source_server.calls) >= 40)
    assert backups(world.opened()).roots == ()
    root = world.back_up()
    assert 0 < root.counts.read < root.counts.objects, "some were read before it was stopped"
    assert root.counts.unchanged == root.counts.objects - root.counts.read
    world.assert_restores(root, world.content())


def test_a_full_backup_reads_everything_and_stores_nothing_twice() -> None:
    world = filled()
    first = world.back_up()
    second = world.back_up(full=True)
    assert (second.counts.read, second.counts.unchanged) == (first.counts.objects, 0)
    assert second.counts.stored_bytes == 0
    assert second.leaves == first.leaves or second.counts.bytes == first.counts.bytes
    world.assert_restores(second, world.content())


def test_a_root_says_what_asked_for_it() -> None:
    world = filled()
    world.back_up(label="uid-1")
    world.back_up()
    assert [root.label for root in backups(world.opened()).roots] == ["uid-1", ""]


def test_a_source_that_cannot_be_listed_is_told_apart_from_the_repository() -> None:
    world = filled()

    def failing(operation: str, _bucket: str, _key: str) -> None:
        if operation == "ListObjects":
            raise Unavailable("no answer")

    world.source_server.fault = failing
    with pytest.raises(SourceUnlisted, match="no answer"):
        world.back_up()
