"""Jobs that the operator may no longer look at: it copies by itself only when none of their pods can."""

from itertools import count

import pytest

from imagestore.controller.by_process import without_jobs
from imagestore.controller.jobs import JobsUnusable
from imagestore.controller.watching import JobTrouble
from imagestore.core.reasons import Reason
from imagestore.transfer.sharded import PODS_LAST, SHARDS_LAST
from tests.k8s.carried import KEYS, Stage, grown_stage, stopping
from tests.transfer.world import Clock


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return grown_stage(monkeypatch)


@pytest.mark.parametrize("jobs", [True, False])
def test_without_the_right_nothing_is_copied_beside_pods_that_may_go_on(stage: Stage, jobs: bool) -> None:  # noqa: FBT001
    """Both copied at once, and the Job's old listing was taken up again when the right was back."""
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    stage.board.unusable = JobsUnusable("the operator cannot list Jobs: 403", refused=True)
    if not jobs:
        stage.by = without_jobs
    with pytest.raises(
        JobTrouble, match=r"cannot see whether its pods still copy; let it list and delete Jobs"
    ) as found:
        stage.run()
    assert found.value.trouble.reason == Reason.CONFLICT
    assert len(stage.w.held()) == len(KEYS)


def test_what_is_left_of_shards_is_removed_before_the_operator_copies(stage: Stage) -> None:
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    stage.by, long_ago = without_jobs, stage.w.clock
    stage.w.clock = Clock(count(next(long_ago.ticks) + SHARDS_LAST + 2 * PODS_LAST, 10))
    found = stage.run()
    assert found is not None
    assert found.complete
    assert stage.left() == []
    assert stage.equal()


def test_where_no_jobs_are_made_any_more_the_last_one_ends_before_the_operator_copies(stage: Stage) -> None:
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    stage.board.makes, stage.board.ending = False, 3
    found = stage.run()
    assert found is not None
    assert (found.complete, len(stage.board.begun), stage.board.all()) == (True, 1, [])
    assert stage.left() == []
    assert stage.equal()
