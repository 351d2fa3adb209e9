"""What a restore selects, keeps, overwrites, resumes and reports."""

from imagestore.core.objects import ObjectAttributes
from imagestore.repository.making.sources import BucketEnd
from imagestore.repository.restoring.options import RestorePoint, RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection
from imagestore.repository.store.view import rows_of
from tests.repository.pictures import attributes, filled


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
    world.target = BucketEnd(world.target.store, "restored", "old/")
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
