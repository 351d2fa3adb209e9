"""What a restore selects, keeps, overwrites, resumes and reports."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from imagestore.backends.memory_content import MemoryBody
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.errors import Denied, Rejected, StoreError
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.format.leaves import LeafRef
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.restoring.checkpoint import OtherCheckpoint, RestoreCheckpoint
from imagestore.repository.restoring.estimate import estimates
from imagestore.repository.restoring.options import (
    PassCount,
    RestoreOptions,
    RestorePoint,
    RestoreProgress,
    RestoreState,
)
from imagestore.repository.restoring.planning import PlannedPass
from imagestore.repository.restoring.restore import plan_restore
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection, selected_rows
from imagestore.repository.store.view import backups, rows_of
from imagestore.transfer.job import TransferEnd
from tests.repository.pictures import attributes, filled
from tests.repository.world import Killed, World, killed_after


def test_prefixes_keys_and_priorities() -> None:
    world = filled()
    root = world.back_up()
    world.restore(root, selection=RestoreSelection(prefixes=("shop/1",), keys=frozenset({"empty"})))
    assert set(world.restored()) == {k for k in world.content() if k.startswith("shop/1")} | {"empty"}
    world.target_server.buckets["restored"].keys.clear()
    world.target_server.calls.clear()
    world.restore(root, selection=RestoreSelection(first=("shop/2", "large/")))
    order = [k for o, _, k in world.target_server.calls if o in ("Put", "Begin")]
    ranks = [0 if k.startswith("shop/2") else 1 if k.startswith("large/") else 2 for k in order]
    assert ranks == sorted(ranks)
    assert world.restored() == world.content()


@pytest.mark.parametrize(
    ("after", "read"), [("", ["a", "h", "p"]), ("g", ["a", "h", "p"]), ("h", ["h", "p"]), ("z", ["p"])]
)
def test_leaves_that_end_before_the_key_are_not_read_again(after: str, read: list[str]) -> None:
    leaves = tuple(LeafRef(first, 1, first) for first in "ahp")
    root = replace(World().back_up(), leaves=leaves)
    asked: list[str] = []

    def leaf(name: str) -> Iterator[BackupRow]:
        asked.append(name)
        return iter([BackupRow(name, 0, "", 0, "")])

    rows = list(selected_rows(root, RestoreSelection(), 0, leaf, after))
    assert asked == read
    assert [row.key for row in rows if isinstance(row, BackupRow)] == [key for key in read if key > after]


def test_skip_overwrite_and_fail() -> None:
    world = filled()
    root = world.back_up()
    world.target_server.put("restored", "shop/11.png", b"mine", ObjectAttributes())
    refused = world.restore(root, existing=ExistingPolicy.FAIL)
    assert (refused.state, refused.counts.restored) == (RestoreState.FAILED, 0)
    assert "1 objects are at the destination already" in refused.why
    assert world.restored() == {"shop/11.png": b"mine"}
    kept = world.restore(root, existing=ExistingPolicy.SKIP)
    assert (kept.state, kept.counts.kept) == (RestoreState.SUCCEEDED, 1)
    assert world.restored() == {**world.content(), "shop/11.png": b"mine"}
    world.restore(root, existing=ExistingPolicy.OVERWRITE)
    assert world.restored() == world.content()
    assert attributes(world, "restored") == attributes(world, "photos")


def test_below_another_prefix() -> None:
    world = filled()
    root = world.back_up()
    world.target = TransferEnd(world.target.store, "restored", "old/")
    world.restore(root)
    assert world.restored() == {f"old/{k}": v for k, v in world.content().items()}


def test_a_restore_goes_on_where_it_was_killed() -> None:
    world = filled()
    root = world.back_up()
    points: list[RestorePoint] = []
    world.restore(root, save=points.append, selection=RestoreSelection(first=("shop/",)))
    assert [p.number for p in points] == [0, 0, 1, 1, 2]
    world.target_server.buckets["restored"].keys.clear()
    world.restore(root, point=points[2], selection=RestoreSelection(first=("shop/",)))
    assert world.restored() == {k: v for k, v in world.content().items() if not k.startswith("shop/")}


def test_a_row_without_its_pack_fails_the_restore_and_names_the_keys() -> None:
    world = filled()
    root = world.back_up()
    lost: dict[str, str] = {}
    gone = next(k for k in world.server.current("backup") if "/packs/" in k)
    rows = {r.key: r for r in rows_of(world.opened(), root)}
    world.server.remove("backup", gone)
    report = world.restore(root, problem=lost.__setitem__)
    assert report.state is RestoreState.FAILED
    wanted = {k for k, r in rows.items() if r.pack and gone.endswith(r.pack)}
    assert set(lost) == wanted
    assert report.counts.failed == len(wanted)
    assert world.restored() == {k: v for k, v in world.content().items() if k not in wanted}


def test_a_restore_killed_at_every_write_goes_on_and_ends_whole() -> None:
    """Also with Fail: what it wrote itself is not in its way."""
    world = filled(large=True)
    root = world.back_up()
    for number in range(0, 80, 7):
        world.target_server.buckets["restored"].keys.clear()
        points = [RestorePoint()]
        killed_after(number, world.target_server)
        try:
            world.restore(root, save=points.append)
            killed = False
        except Killed:
            killed = True
        world.target_server.fault = None
        wrong = {k: v for k, v in world.restored().items() if world.content()[k] != v}
        assert wrong == {}, "nothing half-written is ever visible"
        report = world.restore(root, point=points[-1])
        assert (report.state, world.restored()) == (RestoreState.SUCCEEDED, world.content())
        assert attributes(world, "restored") == attributes(world, "photos")
        if not killed:
            return
    raise AssertionError("a restore has fewer writes")


@pytest.mark.parametrize("error", [Denied("no", code="AccessDenied"), Rejected("full", code="QuotaExceeded")])
def test_a_destination_that_takes_nothing_fails_and_names_every_key(error: StoreError) -> None:
    world = filled()
    root = world.back_up()
    world.target_server.fault = _raising(error)
    lost: dict[str, str] = {}
    report = world.restore(root, problem=lost.__setitem__)
    assert (report.state, report.counts.restored) == (RestoreState.FAILED, 0)
    assert set(lost) == set(world.content())
    assert set(lost.values()) == {f"{error.reason} {error.code}"}


def _raising(error: StoreError) -> Callable[[str, str, str], None]:
    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation == "Put":
            raise error

    return fault


def test_a_repository_that_is_full_makes_no_backup_and_harms_none() -> None:
    world = filled()
    kept, content = world.back_up(), world.content()
    world.put("new", world.random(100_000))
    world.server.fault = lambda operation, _b, key: (
        _raising(Rejected("full", code="QuotaExceeded"))(operation, _b, key) if "/packs/" in key else None
    )
    with pytest.raises(Rejected):
        world.back_up()
    world.server.fault = None
    assert [r.name for r in backups(world.opened()).roots] == [kept.name]
    world.assert_restores(kept, content)


def test_a_store_that_loses_what_it_was_given_is_found_by_the_listing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It answers 200 with the right ETag and keeps nothing."""
    world = filled()
    root = world.back_up()
    put = world.target_server.put

    def losing(bucket: str, key: str, *rest: Any) -> Any:
        held = put(bucket, key, *rest)
        if key in ("shop/07.png", "empty"):
            del world.target_server.content(bucket).keys[key]
        return held

    monkeypatch.setattr(world.target_server, "put", losing)
    lost: dict[str, str] = {}
    report = world.restore(root, problem=lost.__setitem__)
    assert report.state is RestoreState.FAILED
    assert set(lost) == {"shop/07.png", "empty"}


def test_a_share_is_read_back_and_other_bytes_fail_the_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that answers well, lists well and gives other bytes."""
    world = filled()
    root = world.back_up()
    some = world.restore(root, read_back=0.01)
    assert 1 <= some.counts.verified < 5
    read = MemoryObjectStore.read

    @contextmanager
    def rotten(store: MemoryObjectStore, bucket: str, key: str, **how: Any) -> Iterator[MemoryBody]:
        with read(store, bucket, key, **how) as body:
            bad = key == "shop/07.png" and bucket == "restored"
            yield replace(body, data=b"rot") if bad else body

    monkeypatch.setattr(MemoryObjectStore, "read", rotten)
    lost: dict[str, str] = {}
    report = world.restore(root, existing=ExistingPolicy.OVERWRITE, read_back=1.0, problem=lost.__setitem__)
    assert (report.state, report.counts.mismatched, report.counts.failed) == (RestoreState.SUCCEEDED, 0, 0), (
        "all equal"
    )
    world.target_server.buckets["restored"].keys.clear()
    report = world.restore(root, read_back=1.0, problem=lost.__setitem__)
    assert (report.state, report.counts.mismatched, report.counts.failed) == (RestoreState.FAILED, 1, 1)
    assert lost == {"shop/07.png": "Mismatched: it was read back with other bytes than were written"}
    assert report.counts.verified == report.counts.restored == len(world.content()) - 1


def test_uploads_of_a_killed_restore_are_aborted_and_no_others() -> None:
    world = World()
    world.put("large", bytes(40 * 1024**2))
    root, held = world.back_up(), list[bytes]()
    foreign = world.target.store.begin("restored", "large", ObjectAttributes())
    kept = RestoreCheckpoint("digest", None, held.append)
    parts = [2]

    def killing(operation: str, _bucket: str, _key: str) -> None:
        if operation == "Abort":
            raise Killed
        if operation == "Part":
            parts[0] -= 1
            if parts[0] < 0:
                raise Killed

    world.target_server.fault = killing
    with pytest.raises(Killed):
        world.restore(root, save=kept.save, uploads=kept)
    world.target_server.fault = None
    uploads = world.target_server.content("restored").uploads
    assert len(uploads) == 2, "the killed one's and another program's"
    again = RestoreCheckpoint("digest", held[-1], held.append)
    assert again.abort_uploads(world.target) == 0
    assert list(uploads) == [foreign]
    report = world.restore(root, save=again.save, uploads=again, point=again.point)
    assert (report.state, world.restored()) == (RestoreState.SUCCEEDED, world.content())
    assert list(uploads) == [foreign]
    with pytest.raises(OtherCheckpoint):
        RestoreCheckpoint("of another restore", held[-1], held.append)
    with pytest.raises(OtherCheckpoint):
        RestoreCheckpoint("digest", b"{", held.append)


def test_counts_and_priorities_go_on_after_a_kill_and_the_time_left_is_told() -> None:
    world = filled()
    root, held, told = world.back_up(), list[bytes](), list[RestoreProgress]()
    selection = RestoreSelection(first=("shop/1", "shop/"))
    plan = plan_restore(world.opened(), root, world.target, RestoreOptions(selection))
    assert [p.first for p in plan] == ["shop/1", "shop/", ""]
    assert sum(p.objects for p in plan) == len(world.content())
    assert sum(p.bytes for p in plan) == sum(map(len, world.content().values()))
    kept = RestoreCheckpoint("d", None, held.append)
    stops = iter([False, False, True, True])
    stopped = world.restore(root, selection=selection, save=kept.save, stop=lambda: next(stops))
    assert (stopped.state, stopped.counts.restored) == (RestoreState.STOPPED, plan[0].objects)
    again = RestoreCheckpoint("d", held[-1], held.append)
    begun = again.point.done
    report = world.restore(root, selection=selection, point=again.point, save=again.save, told=told.append)
    assert report.counts.restored == len(world.content()), "of both runs"
    assert [d.objects for d in told[-1].done] == [p.objects for p in plan]
    first, second, rest = estimates(plan, begun, (PassCount(), *begun[1:]), 10.0)
    assert first.seconds == 0.0
    assert second.seconds is not None
    assert rest.seconds is not None
    assert 0 < second.seconds <= rest.seconds
    assert estimates(plan, begun, begun, 10.0)[1].seconds is None, "nothing is measured yet"


def test_objects_without_a_byte_take_their_share_of_the_time() -> None:
    plan = [PlannedPass("", 12, 0, 0)]
    assert estimates(plan, [PassCount(8, 0)], [PassCount()], 10.0)[0].seconds == 5.0
