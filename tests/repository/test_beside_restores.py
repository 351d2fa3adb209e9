"""A removal beside a long restore, and keys that are asked for and are not there."""

import pytest

from imagestore.core.errors import Denied
from imagestore.repository.removing.options import PruneOptions
from imagestore.repository.removing.prune import prune
from imagestore.repository.removing.retention import Forgetting, RetentionRules
from imagestore.repository.restoring.options import RestoreProgress, RestoreState
from imagestore.repository.restoring.selection import RestoreSelection
from imagestore.repository.store.view import backups
from tests.repository.histories import changed_world
from tests.repository.world import World


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> World:
    """A restore of small batches, during which days pass."""
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 2)
    return changed_world(step=1)[0]


def a_day_passes(world: World) -> None:
    """With a removal, which would keep the newest backup alone."""
    world.clock.pass_hours(20)
    options = PruneOptions(Forgetting(RetentionRules(last=1, most_share=1.0)), repack_below=20.0)
    prune(world.opened(), options)


def test_a_removal_deletes_nothing_that_a_restore_is_reading(slow: World) -> None:
    """It takes five days. Retention forgot its backup, and the grace time ended."""
    first, second = slow.back_up(), slow.back_up()
    content = slow.content()
    for n in range(12):
        slow.put(f"{n:02}", slow.random(1000))
    slow.back_up()
    lost: dict[str, str] = {}

    def meanwhile(_progress: RestoreProgress) -> None:
        a_day_passes(slow)

    beating = iter(range(0, 10**9, 1000)).__next__
    report = slow.restore(second, told=meanwhile, clock=beating, problem=lost.__setitem__)
    assert (report.state, lost) == (RestoreState.SUCCEEDED, {})
    assert slow.restored() == content
    assert first.name not in {r.name for r in backups(slow.opened()).roots}, (
        "another backup was forgotten meanwhile"
    )
    a_day_passes(slow)
    assert second.name not in {r.name for r in backups(slow.opened()).roots}, "and this one when it was over"


def test_a_restore_with_read_only_credentials_works_as_well(slow: World) -> None:
    root = slow.back_up()

    def refuse(operation: str, _bucket: str, _key: str) -> None:
        if operation in ("Put", "Delete", "Begin"):
            raise Denied("no", code="AccessDenied")

    slow.server.fault = refuse
    before = slow.stored()
    assert slow.restore(root).state is RestoreState.SUCCEEDED
    slow.server.fault = None
    assert slow.restored() == slow.content()
    assert slow.stored() == before


def test_a_key_that_is_asked_for_and_is_not_there_is_no_success() -> None:
    world, _ = changed_world()
    root, lost = world.back_up(), dict[str, str]()
    wanted = RestoreSelection(keys=frozenset({"03", "30", "typing error"}), first=("3",))
    report = world.restore(root, selection=wanted, problem=lost.__setitem__)
    assert (report.state, report.counts.restored, report.counts.failed) == (RestoreState.FAILED, 1, 2)
    assert set(lost) == {"30", "typing error"}
    assert "has no object of this key" in lost["30"]
