"""A versioned bucket is brought back to a moment by its own versions, and they are believed only as far as they tell all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.backends.memory_content import CAPABLE, MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.errors import Conflict
from imagestore.core.objects import ObjectAttributes, ObjectTraits
from imagestore.repository.history.choosing import MomentSource, chosen_source, with_witness
from imagestore.repository.history.listing import BucketHistory
from imagestore.repository.history.moments import (
    KeyState,
    VersionRemoval,
)
from imagestore.repository.history.restore import plan_history, restore_history
from imagestore.repository.restoring.options import RestoreOptions, RestorePoint, RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection
from imagestore.transfer.job import TransferEnd
from tests.repository.world import START, StoreClock, World

ALL = RestoreSelection()
STORE = replace(CAPABLE, carries=CAPABLE.carries | {"headers"})


class Bucket:
    """A versioned bucket in memory, whose clock goes on with each call."""

    def __init__(self, traits: ObjectTraits = STORE) -> None:
        self.clock = StoreClock()
        held = {"photos": MemoryContent(versioned=True), "other": MemoryContent()}
        self.server = MemoryObjectServer(held, traits=traits, clock=self.clock)
        self.end = TransferEnd(MemoryObjectStore(self.server, "eu"), "photos")

    def put(self, key: str, data: bytes, **attributes: object) -> None:
        self.server.put("photos", key, data, ObjectAttributes(**attributes))  # type: ignore[arg-type]

    def history(self, moment: int, *removals: VersionRemoval) -> BucketHistory:
        return BucketHistory(self.end, moment, removals)

    def current(self, bucket: str = "photos") -> dict[str, bytes]:
        return self.server.current(bucket)


def emptied() -> tuple[Bucket, int, dict[str, bytes]]:
    """Pictures, of which some were overwritten and all were deleted, some of them before the moment."""
    bucket = Bucket()
    for number in range(40):
        bucket.put(
            f"shop/{number:02}", b"old%d" % number, headers={"content-type": "image/png"}, tags={"n": "1"}
        )
    for number in range(10):
        bucket.put(f"shop/{number:02}", b"new%d" % number, metadata={"edited": "yes"})
    bucket.server.remove("photos", "shop/39")
    moment, then = bucket.clock.now, bucket.current()
    bucket.put("shop/05", b"after")
    bucket.put("later", b"later")
    for key in list(bucket.current()):
        bucket.server.remove("photos", key)
    return bucket, moment, then


def test_an_emptied_bucket_comes_back_inside_the_store_with_all_attributes() -> None:
    bucket, moment, then = emptied()
    assert bucket.current() == {}
    bucket.server.calls.clear()
    report = restore_history(bucket.history(moment), bucket.end, RestoreOptions(existing=ExistingPolicy.SKIP))
    assert (report.state, report.why, report.counts.restored) == (RestoreState.SUCCEEDED, "", len(then))
    assert bucket.current() == then
    assert "Get" not in {operation for operation, _, _ in bucket.server.calls}, "the store copied by itself"
    held = bucket.server.content("photos")
    kept = {k: v for k in then if (v := held.current(k)) is not None}
    assert kept["shop/20"].attributes.headers == {"content-type": "image/png"}
    assert kept["shop/20"].attributes.tags == {"n": "1"}
    assert kept["shop/03"].attributes.metadata == {"edited": "yes"}
    again = restore_history(
        bucket.history(moment), bucket.end, RestoreOptions(existing=ExistingPolicy.OVERWRITE)
    )
    assert (again.counts.restored, again.counts.equal) == (0, len(then)), "equal objects are left as they are"


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("pd"), st.integers(0, 4)), max_size=30),
    st.integers(0, 30),
)
def test_what_the_bucket_held_after_each_change_is_told_by_the_versions(
    changes: list[tuple[str, str, int]], at: int
) -> None:
    """Beside a copy of the bucket that was kept after each change."""
    bucket, copies, moments = Bucket(), [dict[str, bytes]()], [START]
    for key, action, content in changes:
        if action == "p":
            bucket.put(key, b"%d" % content)
        else:
            bucket.server.remove("photos", key)
        copies.append(bucket.current())
        moments.append(bucket.clock.now)
    at = min(at, len(changes))
    found = {
        k.key: bucket.server.content("photos").keys[k.key]
        for k in bucket.history(moments[at]).keys(ALL)
        if k.state is KeyState.PRESENT
    }
    assert set(found) == set(copies[at])
    told = {k.key: k.version for k in bucket.history(moments[at]).keys(ALL) if k.version is not None}
    assert {
        key: next(v.data for v in found[key] if v.version == w.version) for key, w in told.items()
    } == copies[at]


def test_what_a_killed_run_copied_late_is_not_in_the_way() -> None:
    bucket = Bucket()
    bucket.put("a", b"good", metadata={"by": "us"})
    moment, other = bucket.clock.now, TransferEnd(bucket.end.store, "other")
    restore_history(bucket.history(moment), other, RestoreOptions())
    there = bucket.server.buckets["other"].keys
    late = dict(there)
    there.clear()

    def arrives(operation: str, name: str, key: str) -> None:
        if (operation, name) == ("Head", "other"):  # the copy's last look at its destination
            there.setdefault(key, late[key])

    bucket.server.fault = arrives
    report = restore_history(bucket.history(moment), other, RestoreOptions(existing=ExistingPolicy.FAIL))
    assert (report.state, report.counts.equal, there) == (RestoreState.SUCCEEDED, 1, late)


@pytest.mark.parametrize(("refusals", "failed"), [(1, 0), (3, 1)])
@pytest.mark.parametrize("existing", [ExistingPolicy.SKIP, ExistingPolicy.FAIL])
def test_a_copy_that_its_store_refuses_though_nothing_is_there_is_made_once_more(
    existing: ExistingPolicy, refusals: int, failed: int
) -> None:
    """As ``test_restore_met.py`` has it of backups."""
    bucket = Bucket()
    bucket.put("a", b"good")
    elsewhere, copies = MemoryObjectServer({"other": MemoryContent()}, traits=STORE), list[str]()

    def withdrawn(operation: str, _name: str, key: str) -> None:
        if operation == "Put":
            copies.append(key)
            if len(copies) <= refusals:
                raise Conflict("", code="PreconditionFailed")

    elsewhere.fault = withdrawn
    other = TransferEnd(MemoryObjectStore(elsewhere, "us", "another account"), "other")
    report = restore_history(bucket.history(bucket.clock.now), other, RestoreOptions(existing=existing))
    assert (report.counts.failed, report.counts.kept, len(copies)) == (failed, 0, min(refusals + 1, 3))
    assert elsewhere.current("other") == ({} if failed else {"a": b"good"})


def test_overwritten_objects_are_kept_or_overwritten_as_it_is_asked() -> None:
    bucket = Bucket()
    bucket.put("a", b"good")
    moment = bucket.clock.now
    bucket.put("a", b"ransom")
    bucket.put("b", b"later")
    refused = restore_history(bucket.history(moment), bucket.end, RestoreOptions())
    assert (refused.state, refused.why) == (
        RestoreState.FAILED,
        "1 objects are at the destination already; nothing was written",
    )
    kept = restore_history(bucket.history(moment), bucket.end, RestoreOptions(existing=ExistingPolicy.SKIP))
    assert (kept.counts.kept, bucket.current()) == (1, {"a": b"ransom", "b": b"later"})
    (planned,) = plan_history(bucket.history(moment), bucket.end, RestoreOptions())
    assert (planned.objects, planned.present) == (1, 1)
    restore_history(bucket.history(moment), bucket.end, RestoreOptions(existing=ExistingPolicy.OVERWRITE))
    assert bucket.current() == {"a": b"good", "b": b"later"}, "what came later stays"


def test_to_another_store_as_a_stream_and_read_back() -> None:
    bucket, moment, then = emptied()
    there = MemoryObjectServer({"restored": MemoryContent()}, clock=StoreClock())
    target = TransferEnd(MemoryObjectStore(there, "us", "another account"), "restored", "old/")
    report = restore_history(bucket.history(moment), target, RestoreOptions(read_back=1.0))
    assert (report.state, report.counts.verified) == (RestoreState.SUCCEEDED, len(then))
    assert there.current("restored") == {f"old/{k}": v for k, v in then.items()}


def test_a_copy_whose_etag_proves_nothing_is_read_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that copies other bytes and gives them an ETag of its own."""
    bucket, moment, then = emptied()
    put = bucket.server.put

    def losing(name: str, key: str, data: bytes, attributes: ObjectAttributes, etag: str = "") -> object:
        return put(name, key, b"broken" if key == "shop/07" else data, attributes, "opaque")

    monkeypatch.setattr(bucket.server, "put", losing)
    lost: dict[str, str] = {}
    options = RestoreOptions(existing=ExistingPolicy.SKIP, problem=lost.__setitem__)
    report = restore_history(bucket.history(moment), bucket.end, options)
    assert (report.state, report.counts.restored) == (RestoreState.FAILED, len(then) - 1)
    assert list(lost) == ["shop/07"]
    assert lost["shop/07"].startswith("Mismatched: ")


def test_priorities_come_first_and_a_stopped_restore_goes_on() -> None:
    bucket, moment, then = emptied()
    selection = RestoreSelection(first=("shop/3", "shop/2"))
    bucket.server.calls.clear()
    points = list[RestorePoint]()
    stops = iter([False, False, True, True, True])
    stopped = restore_history(
        bucket.history(moment),
        bucket.end,
        RestoreOptions(selection, ExistingPolicy.SKIP, save=points.append, stop=lambda: next(stops)),
    )
    assert stopped.state is RestoreState.STOPPED
    assert set(bucket.current()) == {k for k in then if k.startswith("shop/3")}
    restore_history(
        bucket.history(moment), bucket.end, RestoreOptions(selection, ExistingPolicy.SKIP, points[-1])
    )
    order = [key for operation, _, key in bucket.server.calls if operation == "Copy"]
    ranks = [0 if k.startswith("shop/3") else 1 if k.startswith("shop/2") else 2 for k in order]
    assert (ranks, bucket.current()) == (sorted(ranks), then)


def test_auto_takes_the_repository_where_versions_were_deleted_and_says_why() -> None:
    """An attacker deleted a key's versions for good: without the backup nothing would tell that it was there."""
    world = World()
    world.source_server.buckets["photos"] = MemoryContent(versioned=True)
    for number in range(5):
        world.put(f"p{number}", b"%d" % number)
    world.back_up()
    clock = world.source_server.clock
    assert isinstance(clock, StoreClock)
    clock.pass_hours(1)  # the repository's store has a clock of its own
    moment = clock.now
    history = BucketHistory(world.end, moment)
    told = with_witness(history, world.opened())
    whole = chosen_source(MomentSource.AUTO, told, ALL)
    assert (whole.source, whole.survey and whole.survey.present) == (MomentSource.VERSIONS, 5)
    del world.source_server.buckets["photos"].keys["p3"]
    assert chosen_source(MomentSource.AUTO, history, ALL).source is MomentSource.VERSIONS, "it cannot be seen"
    found = chosen_source(MomentSource.AUTO, told, ALL)
    assert found.source is MomentSource.REPOSITORY
    assert "of 1 keys no version is as old as that" in found.why
    assert chosen_source(MomentSource.VERSIONS, told, ALL).source is MomentSource.VERSIONS
    assert chosen_source(MomentSource.REPOSITORY, told, ALL).survey is None
