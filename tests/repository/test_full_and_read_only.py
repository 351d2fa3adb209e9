"""Destinations that are full, or that may only be read: nothing that is there suffers, and no command says more than it did."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from imagestore.core.errors import Denied, StoreError, Unavailable
from imagestore.repository.checking.drill import DrillOptions, drill
from imagestore.repository.checking.verify import VerifyLevel
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.restoring.options import RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy
from imagestore.repository.store.view import backups
from imagestore.transfer.job import TransferEnd
from tests.repository.histories import small
from tests.repository.pictures import filled
from tests.repository.test_checking import verified

REFUSALS: dict[str, StoreError] = {
    "full": Unavailable("no space is left", code="XMinioStorageFull"),
    "read-only": Denied("no", code="AccessDenied"),
}


def refusing(error: StoreError, after: int = 0) -> Callable[[str, str, str], None]:
    """Writes fail from the n-th one on; deletions too where nothing may be changed."""
    left = [after]

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation in ("Put", "Begin", "Part", "Complete") or (
            operation == "Delete" and isinstance(error, Denied)
        ):
            left[0] -= 1
            if left[0] < 0:
                raise error

    return fault


@pytest.mark.parametrize("how", REFUSALS)
def test_a_repository_that_takes_nothing_more_keeps_what_it_has(how: str) -> None:
    world = small()
    kept, content = world.back_up(), world.content()
    for n in range(12):
        world.put(f"{n:02}", world.random(1000))
    for after in range(4):
        world.server.fault = refusing(REFUSALS[how], after)
        with pytest.raises((StoreError, RepositoryProblem)):
            world.back_up()
        with suppress(StoreError, RepositoryProblem):
            world.prune()
        report, found = verified(world, VerifyLevel.FULL)
        assert (report.whole, found) == (True, [])
        world.assert_restores(kept, content)
        world.server.fault = None
    assert [r.name for r in backups(world.opened()).roots] == [kept.name]
    world.assert_restores(world.back_up(), world.content())


@pytest.mark.parametrize("how", REFUSALS)
def test_a_destination_that_takes_nothing_is_no_success(how: str) -> None:
    world = filled(large=True)
    root = world.back_up()
    for after in (0, 5, 30):
        world.target_server.fault = refusing(REFUSALS[how], after)
        lost: dict[str, str] = {}
        report = world.restore(root, existing=ExistingPolicy.OVERWRITE, problem=lost.__setitem__)
        assert report.state is RestoreState.FAILED
        assert report.counts.failed == len(lost) > 0
        assert {**dict.fromkeys(lost), **world.restored()}.keys() == world.content().keys()
        assert not set(lost) & set(world.restored())
        world.target_server.fault = None
        world.target_server.buckets["restored"].keys.clear()
    world.assert_restores(root, world.content())


def test_a_drill_into_a_full_destination_has_not_passed() -> None:
    world = filled()
    root = world.back_up()
    world.target_server.fault = refusing(REFUSALS["full"], 3)
    scratch = TransferEnd(world.target.store, "restored", "scratch/")
    report = drill(world.opened(), root, scratch, DrillOptions(0))
    assert (report.passed, report.failed) == (False, root.counts.objects - 3)
    assert world.restored() == {}


def test_a_drill_that_cannot_delete_what_it_wrote_says_so() -> None:
    world = filled()
    root = world.back_up()
    world.target_server.fault = refusing(REFUSALS["read-only"], 3)
    scratch = TransferEnd(world.target.store, "restored", "scratch/")
    report = drill(world.opened(), root, scratch, DrillOptions(0))
    assert (report.passed, report.left) == (False, 3)
    assert len(world.restored()) == 3
