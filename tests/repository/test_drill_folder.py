"""Where a drill restores to is its own, is no content of the bucket, and can be emptied again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from imagestore.backends.memory_content import MemoryBody
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.keys import is_reserved
from imagestore.core.objects import ObjectAttributes, ObjectLockState
from imagestore.repository.checking.drill import DrillOptions, DrillReport, drill
from imagestore.repository.checking.scratch import ABANDONED, DRILL_FOLDER, ScratchLocks, drill_name
from imagestore.repository.format.roots import BackupRoot
from imagestore.transfer.job import TransferEnd
from tests.repository.world import HOUR, START, Killed, StoreClock, World, killed_after

LOCK = ObjectLockState("COMPLIANCE", START + 1000 * HOUR, hold=True)


def pictures() -> tuple[World, BackupRoot]:
    world = World()
    for n in range(20):
        world.put(f"{n:02}", world.random(100))
    return world, world.back_up()


def drilled(world: World, root: BackupRoot, name: str, prefix: str = "photos/") -> DrillReport:
    scratch = TransferEnd(world.target.store, world.target.bucket, prefix)
    return drill(world.opened(), root, scratch, DrillOptions(10, name=name))


def folders(world: World) -> set[str]:
    return {key.rpartition("/")[0].rpartition("/")[2] for key in world.restored()}


def test_what_a_drill_restores_is_no_content_wherever_that_is() -> None:
    """The sample of a drill below a prefix of a source was backed up, and copied to a destination where it stayed."""
    below = ("", "photos/", ".imagestore/drill/")
    assert all(is_reserved(f"{prefix}{DRILL_FOLDER}0a/a.png") for prefix in below)
    assert not is_reserved("photos/.imagestore-drill.png")


def test_a_drill_finds_again_what_it_restored_there() -> None:
    world, root = pictures()
    found = drilled(world, root, "one")
    assert (found.sampled, found.failed, found.left) == (10, 0, 0)


def test_two_drills_below_one_prefix_leave_each_other_alone() -> None:
    """Two schedules drilled into one bucket: the second emptied the folder before it began, and the first one found nothing there."""
    world, root = pictures()
    meanwhile: list[DrillReport] = []

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation == "Get" and not meanwhile:
            world.target_server.fault = None
            assert folders(world) == {"one"}
            meanwhile.append(drilled(world, root, "two"))
            assert folders(world) == {"one"}, "only the other one's is deleted"

    world.target_server.fault = fault
    first = drilled(world, root, "one")
    assert [(r.sampled, r.failed, r.left) for r in (first, *meanwhile)] == [(10, 0, 0), (10, 0, 0)]
    assert world.restored() == {}


def killed(world: World, root: BackupRoot, name: str) -> None:
    killed_after(5, world.target_server)
    with pytest.raises(Killed):
        drilled(world, root, name)
    world.target_server.fault = None


def test_a_drill_that_was_killed_finds_its_leftovers_and_another_one_only_old_ones() -> None:
    world, root = pictures()
    clock = StoreClock()
    world.target_server.clock = clock
    mine = {"photos/a.png": b"mine", f"photos/{DRILL_FOLDER}note.txt": b"mine"}
    for key, data in mine.items():
        world.target_server.put("restored", key, data, ObjectAttributes())
    for name in ("one", "two"):
        killed(world, root, name)
    left = {name: {k for k in world.restored() if f"/{name}/" in k} for name in ("one", "two")}
    assert all(left.values())
    drilled(world, root, "one")
    assert set(world.restored()) == left["two"] | set(mine), "it may go on"
    clock.now += ABANDONED - HOUR
    drilled(world, root, "three")
    assert set(world.restored()) == left["two"] | set(mine)
    clock.now += 2 * HOUR
    drilled(world, root, "three")
    assert world.restored() == mine


def test_a_drill_has_a_folder_of_its_own_where_none_is_named() -> None:
    assert len({DrillOptions().name for _ in range(20)}) == 20
    assert drill_name("uid-1", "photos") == drill_name("uid-1", "photos") != drill_name("uid-1", "scans")
    assert len(drill_name("u" * 36, "b" * 63)) == 16, "it is a part of each key, which may have 1024 bytes"


class Locked(MemoryObjectStore):
    """A source whose objects tell that they are locked."""

    @contextmanager
    def read(self, bucket: str, key: str, **options: Any) -> Iterator[MemoryBody]:
        with super().read(bucket, key, **options) as body:
            attributes = replace(body.head.attributes, lock=LOCK)
            yield replace(body, head=replace(body.head, attributes=attributes))


def test_a_drill_writes_no_lock_and_no_legal_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies that were locked for ten years stayed for ten years."""
    world, _ = pictures()
    world.end = replace(world.end, store=Locked(world.source_server, "eu"))
    root = world.back_up(full=True)
    found: set[ObjectLockState | None] = set()
    written = world.target_server.put

    def put(bucket: str, key: str, data: bytes, attributes: ObjectAttributes, etag: str = "") -> Any:
        found.add(attributes.lock)
        return written(bucket, key, data, attributes, etag)

    monkeypatch.setattr(world.target_server, "put", put)
    assert drilled(world, root, "one").passed
    assert found == {None}
    world.restore(root)
    assert found == {None, LOCK}, "a restore brings them back"


@pytest.mark.parametrize("prefix", ["photos/", ".imagestore/drill/"])
def test_a_drill_writes_nothing_where_the_bucket_locks_what_is_written(prefix: str) -> None:
    world, root = pictures()
    held = world.target_server.buckets["restored"]
    world.target_server.buckets["restored"] = replace(held, versioned=True, locks=True)
    world.target_server.calls.clear()
    with pytest.raises(ScratchLocks, match="give the drill another bucket"):
        drilled(world, root, "one", prefix)
    assert {operation for operation, _, _ in world.target_server.calls} == {"GetObjectLockConfiguration"}
