"""Runs of several kinds beside each other: jobs that run once, purposes, lanes, moments."""

from imagestore.controller.run_tasks import MOST_RUNS, TURN
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import RunReport
from imagestore.reconcile.shared.runs import RunLane, RunTrouble
from tests.k8s.staged_runs import Once, Stage, becomes, job, key


def test_a_job_that_runs_once_is_not_run_again(stage: Stage) -> None:
    stage.gate.set()
    stage.of("a").ask(Once())
    becomes(lambda: stage.told == ["a", "a"], "its begin and its end are told of")
    stage.later(1e6)
    state = stage.of("a").ask(Once())
    assert (state.done, state.last, len(stage.begun)) == (
        True,
        RunReport(1000.0, 1000.0, complete=True, listed=1000.0),
        1,
    )
    stage.of("a").ask(Once(digest="2"))
    becomes(lambda: len(stage.begun) == 2, "another job is run")


def test_a_job_that_runs_once_is_tried_again_until_nothing_can_help(stage: Stage) -> None:
    stage.failing = RunTrouble("repository", Reason.WRONG_KEY, "another key")
    stage.gate.set()
    stage.of("a").ask(Once())
    becomes(lambda: stage.told == ["a", "a"], "it is told of")
    state = stage.of("a").ask(Once())
    assert (state.done, state.failures) == (False, 1)
    stage.failing = RunTrouble("repository", Reason.OTHER_SOURCE, "another bucket's", final=True)
    stage.later(15.0)
    becomes(lambda: stage.told == ["a"] * 4, "it is tried again")
    assert stage.of("a").ask(Once()).done
    stage.later(1e6)
    assert len(stage.begun) == 2


def test_each_purpose_of_an_object_has_a_run_of_its_own(stage: Stage) -> None:
    for purpose, backend in (("verify", "a"), ("drill", "b")):
        stage.runs.of(key("a"), purpose).ask(Once(backend))
    becomes(lambda: stage.going == 2, "both go on")
    stage.runs.of(key("a"), "verify").drop()
    becomes(lambda: stage.going == 1, "one is stopped")
    stage.runs.forget(key("a"))
    becomes(lambda: stage.going == 0, "the object is gone")


def test_lanes_share_a_backend_and_each_has_a_place(stage: Stage) -> None:
    """A restore does not wait until the mirrors of a day have ended."""
    for n in range(MOST_RUNS + 1):
        stage.of(f"p{n}").ask(job(f"p{n}"))
    becomes(lambda: stage.going == MOST_RUNS, "all places are taken")
    for name in ("first", "second"):
        stage.of(name).ask(Once("to-p0", lane=RunLane.RESTORE))
    becomes(lambda: stage.going == MOST_RUNS + 1, "a restore has a place")
    stage.gate.set()
    becomes(lambda: len(stage.told) == MOST_RUNS + 1 + 2 * 2, "all have run")
    assert stage.most == MOST_RUNS + 1


def test_checks_have_no_checkpoint_and_end_before_the_next_one_begins(stage: Stage) -> None:
    """Two schedules of one backend stopped each other's checks, which began anew from their first row for ever."""
    for name in ("first", "second"):
        stage.of(name).ask(Once(lane=RunLane.MAINTENANCE))
    becomes(lambda: stage.names() == ["first"], "the first begins")
    stage.later(2 * TURN)
    stage.moved = 1
    becomes(lambda: stage.of("first").ask(Once(lane=RunLane.MAINTENANCE)).progress.objects == 1, "it goes on")
    assert stage.stopped == []
    stage.gate.set()
    becomes(lambda: len(stage.begun) == 2 and stage.going == 0, "both have run")
    assert stage.names() == ["first", "second"]


def test_checks_end_when_they_are_not_wanted_any_more(stage: Stage) -> None:
    stage.of("a").ask(Once(lane=RunLane.MAINTENANCE))
    becomes(lambda: stage.going == 1, "it runs")
    stage.of("a").drop()
    becomes(lambda: stage.stopped == ["a"], "it is stopped")


def test_a_moment_is_told_of_an_object_without_a_job(stage: Stage) -> None:
    """A schedule waits for its next time."""
    stage.of("nightly").wake_at(1100.0)
    stage.of("nightly").wake_at(1200.0)
    stage.later(199.0)
    assert stage.told == []
    stage.later(1.0)
    becomes(lambda: stage.told == ["nightly"], "told at its moment")
