"""What a killed restore wrote itself, and what it had not yet set behind the bytes, when it goes on."""

from dataclasses import replace

import pytest

from imagestore.backends.memory_content import CAPABLE, MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.objects import ObjectAttributes, ObjectLockState, WrittenObject
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.history.listing import BucketHistory
from imagestore.repository.history.restore import restore_history
from imagestore.repository.restoring.options import (
    RestoreCounts,
    RestoreOptions,
    RestorePoint,
    RestoreState,
)
from imagestore.repository.restoring.selection import ExistingPolicy
from imagestore.repository.store.view import backups
from imagestore.transfer.job import TransferEnd
from tests.repository.pictures import attributes, filled
from tests.repository.world import Killed, StoreClock, World

LARGE = "large/18m.tif"
LOCK = ObjectLockState("GOVERNANCE", 4_000_000_000_000)


def locked() -> World:
    """One large object has tags and a lock, which the store takes behind an upload in parts only."""
    world = filled()
    world.put(LARGE, world.random(8) * (18 * 1024**2 // 8), tags={"album": "2026"}, lock=LOCK)
    world.target_server.traits = replace(CAPABLE, tags_after=True)
    return world


def newest(world: World) -> BackupRoot:
    """The only backup."""
    return backups(world.opened()).roots[-1]


def killed_at(world: World, operation: str, existing: ExistingPolicy) -> RestorePoint:
    """Where a restore goes on that was killed right before this call for the large object, once it was there."""
    root, points, ended = world.back_up(), [RestorePoint()], list[bool]()

    def fault(called: str, _bucket: str, key: str) -> None:
        if ended or (called, key, LARGE in world.restored()) == (operation, LARGE, True):
            ended.append(True)
            raise Killed

    world.target_server.fault = fault
    with pytest.raises(Killed):
        world.restore(root, existing=existing, save=points.append)
    world.target_server.fault = None
    assert LARGE in world.restored()
    return points[-1]


@pytest.mark.parametrize("operation", ["PutTags", "PutLock"])
@pytest.mark.parametrize("existing", list(ExistingPolicy))
def test_tags_and_locks_that_a_killed_run_had_not_set_come_back(
    existing: ExistingPolicy, operation: str
) -> None:
    """With Skip the object was kept as it was: without its retention."""
    world = locked()
    point = killed_at(world, operation, existing)
    before = len(world.restored())
    report = world.restore(newest(world), existing=existing, point=point)
    assert report.state is RestoreState.SUCCEEDED
    assert attributes(world, "restored") == attributes(world, "photos")
    assert world.restored() == world.content()
    assert before > 1
    assert report.counts.kept == 0, "all that is there is its own"


@pytest.mark.parametrize("existing", [ExistingPolicy.SKIP, ExistingPolicy.FAIL])
def test_what_a_killed_run_finished_is_read_and_not_written_again(existing: ExistingPolicy) -> None:
    world = locked()
    point = killed_at(world, "Head", existing)  # the read-back, behind the lock
    world.target_server.calls.clear()
    report = world.restore(newest(world), existing=existing, point=point)
    assert report.state is RestoreState.SUCCEEDED
    written = [key for operation, _, key in world.target_server.calls if operation in ("Begin", "Put")]
    assert LARGE not in written
    assert report.counts == RestoreCounts(report.counts.restored, report.counts.bytes, report.counts.equal)
    assert report.counts.restored == len(written)
    assert world.restored() == world.content()
    assert attributes(world, "restored") == attributes(world, "photos")


def test_skip_keeps_what_others_wrote_before_and_since() -> None:
    """The same bytes count as restored; their attributes are those of the backup."""
    world = locked()
    mine = ObjectAttributes(metadata={"by": "another program"})
    world.target_server.put("restored", "shop/00.png", b"mine", mine)
    point = killed_at(world, "PutTags", ExistingPolicy.SKIP)
    world.target_server.put("restored", "shop/39.png", b"mine since", mine)
    world.target_server.calls.clear()
    report = world.restore(newest(world), existing=ExistingPolicy.SKIP, point=point)
    assert report.counts.kept == 2
    assert world.restored() == {**world.content(), "shop/00.png": b"mine", "shop/39.png": b"mine since"}
    asked = [key for operation, _, key in world.target_server.calls if operation in ("Head", "Get")]
    assert "shop/00.png" not in asked, "what was there before costs no request"


def test_without_a_checkpoint_skip_keeps_all_that_is_there() -> None:
    """Nothing tells what is its own."""
    world = locked()
    killed_at(world, "PutTags", ExistingPolicy.SKIP)
    there = world.restored()
    report = world.restore(newest(world), existing=ExistingPolicy.SKIP)
    assert report.counts.kept == len(there)


class AsCeph(MemoryObjectStore):
    """A copy loses its tags and its lock; both are set afterwards."""

    def copy(
        self,
        source: tuple[str, str, str],
        bucket: str,
        key: str,
        attributes: ObjectAttributes | None = None,
        *,
        source_etag: str = "",
    ) -> WrittenObject:
        """As any other store, without both."""
        kept = replace(attributes or ObjectAttributes(), tags={}, lock=None)
        return super().copy(source, bucket, key, kept, source_etag=source_etag)


@pytest.mark.parametrize("operation", ["PutTags", "PutLock"])
@pytest.mark.parametrize("existing", list(ExistingPolicy))
def test_tags_and_locks_that_a_killed_restore_of_versions_had_not_set_come_back(
    existing: ExistingPolicy, operation: str
) -> None:
    clock = StoreClock()
    held = {"photos": MemoryContent(versioned=True)}
    server = MemoryObjectServer(held, traits=replace(CAPABLE, tags_after=True), clock=clock)
    end = TransferEnd(AsCeph(server, "eu"), "photos")
    wanted = ObjectAttributes(tags={"album": "2026"}, lock=LOCK)
    server.put("photos", "a.tif", b"picture", wanted)
    history = BucketHistory(end, clock.now)
    server.remove("photos", "a.tif")
    points, ended = [RestorePoint()], list[bool]()

    def fault(called: str, _bucket: str, _key: str) -> None:
        if ended or called == operation:
            ended.append(True)
            raise Killed

    server.fault = fault
    with pytest.raises(Killed):
        restore_history(history, end, RestoreOptions(existing=existing, save=points.append))
    server.fault = None
    assert server.current("photos") == {"a.tif": b"picture"}
    report = restore_history(history, end, RestoreOptions(existing=existing, point=points[-1]))
    assert (report.state, report.counts.restored) == (RestoreState.SUCCEEDED, 1)
    newest = server.content("photos").current("a.tif")
    assert newest is not None
    assert (newest.data, newest.attributes) == (b"picture", wanted)
