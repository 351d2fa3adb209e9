"""What a restore selects, keeps, overwrites, resumes and reports."""

from collections.abc import Callable
from typing import Any

import pytest

from imagestore.core.errors import Denied, Rejected, StoreError
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.restoring.options import RestorePoint, RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection
from imagestore.repository.store.view import backups, rows_of
from imagestore.transfer.job import TransferEnd
from tests.repository.pictures import attributes, filled
from tests.repository.world import Killed, killed_after


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
