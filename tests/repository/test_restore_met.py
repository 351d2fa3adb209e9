"""What a restore meets at a key that was not there when it listed."""

from dataclasses import replace

import pytest

from imagestore.backends.memory_content import CAPABLE
from imagestore.core.errors import Conflict
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.restoring.options import RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy
from tests.repository.pictures import filled


@pytest.mark.parametrize("other", [False, True])
def test_what_a_killed_run_wrote_late_is_not_in_the_way(*, other: bool) -> None:
    """CI saw it on SeaweedFS: the last call of an upload took effect after the next run had listed."""
    world = filled(large=True)
    root = world.back_up()
    world.restore(root)
    there = world.target_server.buckets["restored"].keys
    late = dict(there)
    there.clear()
    if other:
        for held in late.values():
            held[-1] = replace(held[-1], attributes=ObjectAttributes(metadata={"by": "another program"}))

    def arrives(operation: str, _bucket: str, key: str) -> None:
        if operation in ("Put", "Begin") and key in late:
            there.setdefault(key, late[key])

    world.target_server.fault = arrives
    report = world.restore(root, existing=ExistingPolicy.FAIL)
    assert report.counts.failed == (len(late) if other else 0)
    assert (report.state is RestoreState.SUCCEEDED) is not other
    assert there == late, "nothing was written twice or over another program's object"


@pytest.mark.parametrize(("refusals", "failed"), [(1, 0), (2, 0), (3, 1)])
@pytest.mark.parametrize("large", [False, True])
def test_what_a_killed_run_began_and_its_store_withdrew_is_written(
    *, large: bool, refusals: int, failed: int
) -> None:
    """CI saw it on SeaweedFS: 412 though nothing was at the key. The store had not yet thrown away what the killed run sent last."""
    world = filled(large=True)
    root = world.back_up()
    key, call = ("large/18m.tif", "Begin") if large else ("shop/39.png", "Put")
    calls: list[str] = []

    def withdrawn(operation: str, _bucket: str, written: str) -> None:
        if (operation, written) == (call, key):
            calls.append(written)
            if len(calls) <= refusals:
                raise Conflict("", code="PreconditionFailed")

    world.target_server.fault = withdrawn
    report = world.restore(root, existing=ExistingPolicy.FAIL)
    assert (report.counts.failed, len(calls)) == (failed, min(refusals + 1, 3))
    assert set(world.content()) - set(world.restored()) == ({key} if failed else set())


@pytest.mark.parametrize("existing", [ExistingPolicy.SKIP, ExistingPolicy.FAIL])
def test_what_came_meanwhile_stays_where_the_store_takes_no_condition(existing: ExistingPolicy) -> None:
    """The destination is listed once, hours before the last object's turn."""
    world = filled()
    world.target_server.traits = replace(CAPABLE, put_absent=False, put_absent_versioned=False)
    root = world.back_up()

    def meanwhile(operation: str, _bucket: str, _key: str) -> None:
        if operation == "Put" and "shop/39.png" not in world.restored():
            world.target_server.put("restored", "shop/39.png", b"mine", ObjectAttributes())

    world.target_server.fault = meanwhile
    report = world.restore(root, existing=existing)
    assert world.restored() == {**world.content(), "shop/39.png": b"mine"}
    assert (report.counts.kept, report.counts.failed) == (
        (1, 0) if existing is ExistingPolicy.SKIP else (0, 1)
    )
