"""When runs begin, end and are told of: real threads, and a clock of the test's."""

from functools import partial
from typing import Any

import pytest

from imagestore import metrics
from imagestore.controller.run_tasks import MOST_RUNS, TURN
from imagestore.controller.runs import SHOWN_EVERY
from imagestore.core.fencing import Fenced
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import RunReport, RunsState
from imagestore.reconcile.shared.runs import JobEnd, RunTrouble
from tests.k8s.staged_runs import SOON, Stage, becomes, job, key


def test_a_run_begins_at_once_and_then_at_its_interval(stage: Stage) -> None:
    stage.gate.set()
    assert stage.of("a").ask(job()).last is None
    becomes(lambda: stage.told == ["a"], "it is told of")
    state = stage.of("a").ask(job())
    assert state.last == RunReport(1000.0, 1000.0, complete=True, listed=1000.0)
    stage.later(299.0)
    assert stage.names() == ["a"]
    stage.later(1.0)
    becomes(lambda: stage.told == ["a", "a"], "the next one")


def test_other_ends_are_another_job_of_which_nothing_is_known(stage: Stage) -> None:
    stage.gate.set()
    stage.of("a").ask(job())
    becomes(lambda: stage.told == ["a"], "it is told of")
    assert stage.of("a").ask(job("b")) == RunsState(1000.0)
    becomes(lambda: stage.told == ["a", "a"], "the other job has run")


def test_an_approval_is_acted_on_at_once(stage: Stage) -> None:
    stage.gate.set()
    stage.of("a").ask(job())
    becomes(lambda: stage.told == ["a"], "it is told of")
    stage.of("a").ask(job(approved=frozenset({"tok"})))
    becomes(lambda: len(stage.begun) == 2, "it runs again")
    assert stage.begun[1][1].approved == {"tok"}


@pytest.mark.parametrize(
    "edit",
    [
        {"approved": frozenset({"tok"})},
        {"held_by": "ContentLost is True"},
        {"max_deletes": 0},
        {"max_delete_percent": 1},
    ],
)
def test_what_decides_about_deletes_reaches_the_run_that_goes_on(stage: Stage, edit: dict[str, Any]) -> None:
    """The source's content was lost and the status held the deletes, and the run that had begun before made them."""
    stage.of("a").ask(job())
    becomes(lambda: len(stage.begun) == 1, "it runs")
    stage.of("a").ask(job(**edit))
    becomes(lambda: stage.stopped == ["a"], "it ends at its next step")
    becomes(lambda: len(stage.begun) == 2, "and goes on")
    assert stage.begun[1][1] == job(**edit)
    stage.gate.set()
    becomes(lambda: stage.told == ["a"], "its end is told of")
    assert len(stage.begun) == 2, "and then it runs at its interval"


def test_a_run_that_ends_before_it_is_stopped_is_repeated_at_once(stage: Stage) -> None:
    """It waited for the next interval: the run that did not know of the approval said when the next one is due."""
    stage.of("a").ask(job())
    becomes(lambda: len(stage.begun) == 1, "it runs")
    stage.deaf = True
    stage.of("a").ask(job(approved=frozenset({"tok"})))
    stage.gate.set()
    becomes(lambda: stage.told == ["a", "a"], "both are told of")
    assert stage.begun[1][1].approved == {"tok"}
    assert len(stage.begun) == 2, "and then it runs at its interval"


def test_a_failure_is_tried_again_before_the_interval_and_ever_later(stage: Stage) -> None:
    stage.failing = RunTrouble("source", Reason.UNAVAILABLE, "no answer")
    stage.gate.set()
    stage.of("a").ask(job())
    for number, pause in enumerate((15.0, 30.0, 60.0), start=1):
        becomes(partial(stage.has, told=number), "it is told of")
        stage.later(pause - 1.0)
        assert len(stage.begun) == number
        stage.later(1.0)
        becomes(partial(stage.has, begun=number + 1), "it is tried again")


@pytest.mark.parametrize("edited", [False, True])
def test_a_run_that_takes_long_to_fail_rests_as_well(stage: Stage, *, edited: bool) -> None:
    """The pause counted from its beginning: a backup that failed after eleven minutes was tried again at once, for ever."""
    stage.failing = RunTrouble("source", Reason.UNAVAILABLE, "no answer")
    for number, pause in enumerate((15.0, 30.0, 60.0), start=1):
        stage.gate.clear()
        stage.of("a").ask(job())
        becomes(lambda: stage.names().count("a") == number, "it runs")  # noqa: B023
        stage.later(700.0)
        stage.gate.set()
        becomes(lambda: stage.told.count("a") == number, "it is told of")  # noqa: B023
        if edited:  # as a reconcile does that takes over what the run found
            stage.of("a").ask(job(sample_due=float(number)))
        stage.later(pause - 1.0)
        stage.of(f"other-{number}").ask(job(f"other-{number}"))
        becomes(lambda: f"other-{number}" in stage.names(), "what is due later has begun")  # noqa: B023
        assert stage.names().count("a") == number
        stage.later(1.0)


def test_one_backend_is_asked_by_one_run_at_a_time(stage: Stage) -> None:
    for name in ("a", "b", "c"):
        stage.of(name).ask(job(name, source=JobEnd("shared", name, "")))
    becomes(lambda: len(stage.begun) == 1, "the first begins")
    stage.gate.set()
    becomes(lambda: sorted(stage.told) == ["a", "b", "c"], "all have run")
    assert stage.most == 1
    assert stage.names() == ["a", "b", "c"]


def test_a_few_run_at_once(stage: Stage) -> None:
    names = [f"p{n}" for n in range(MOST_RUNS + 2)]
    for name in names:
        stage.of(name).ask(job(name))
    becomes(lambda: stage.going == MOST_RUNS, "as many as may")
    stage.gate.set()
    becomes(lambda: sorted(stage.told) == names, "all have run")
    assert stage.most == MOST_RUNS


def test_a_long_run_gives_its_place_and_goes_on_later(stage: Stage) -> None:
    stage.of("long").ask(job("a"))
    becomes(lambda: stage.going == 1, "it runs")
    stage.of("short").ask(job("b", source=JobEnd("to-a", "a", "")))
    stage.later(TURN)
    becomes(lambda: stage.stopped == ["long"], "it is stopped")
    becomes(lambda: stage.names() == ["long", "short"], "the other one runs")
    stage.gate.set()
    becomes(lambda: stage.told == ["short", "long"], "then it goes on")
    assert stage.names() == ["long", "short", "long"]


def test_the_turn_of_a_run_begins_when_its_steps_count(stage: Stage) -> None:
    """Two policies whose listing took longer than a turn stopped each other for ever, and neither copied an object."""
    stage.deaf = True
    for name in ("a", "b"):
        stage.of(name).ask(job(name, source=JobEnd("shared", name, "")))
    becomes(lambda: stage.names() == ["a"], "the first begins")
    stage.later(3 * TURN)
    stage.ready = True
    becomes(lambda: not stage.deaf, "it has listed all")
    stage.later(2 * TURN)
    assert (stage.stopped, stage.names()) == ([], ["a"]), "it goes on as long as it has taken"
    stage.later(TURN)
    becomes(lambda: stage.stopped == ["a"], "it gives its place")
    becomes(lambda: stage.names() == ["a", "b"], "the other one begins")


def test_a_long_run_that_nothing_waits_for_goes_on(stage: Stage) -> None:
    stage.of("long").ask(job("a", interval=86400.0))
    becomes(lambda: stage.going == 1, "it runs")
    stage.later(2 * TURN)
    stage.gate.set()
    becomes(lambda: stage.told == ["long"], "it ends")
    assert stage.stopped == []


def test_what_is_dropped_ends_and_is_not_told_of(stage: Stage) -> None:
    stage.of("a").ask(job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.runs.forget(key("a"))
    becomes(lambda: stage.stopped == ["a"], "it is stopped")
    becomes(lambda: stage.going == 0, "it has ended")
    assert (stage.told, list(stage.runs.samples())) == ([], [])


def test_at_the_end_what_runs_is_stopped_and_waited_for(stage: Stage) -> None:
    stage.of("a").ask(job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.runs.close()
    assert stage.runs.drain(SOON) == 0
    assert (stage.stopped, stage.going) == (["a"], 0)
    stage.of("b").ask(job("b"))
    assert stage.names() == ["a"], "nothing begins any more"


def test_a_moment_is_told_though_all_places_are_taken(stage: Stage) -> None:
    """WithinObjective has to become False in time while every run hangs."""
    for n in range(MOST_RUNS):
        stage.of(f"p{n}").ask(job(f"p{n}"))
    becomes(lambda: stage.going == MOST_RUNS, "all places are taken")
    stage.of("waits").ask(job("waits"))
    stage.of("waits").wake_at(1900.0)
    stage.later(899.0)
    assert stage.told == []
    stage.later(1.0)
    becomes(lambda: stage.told == ["waits"], "told at its moment")
    stage.gate.set()


def test_a_bug_is_told_and_not_repeated_at_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.raising = ValueError("bug")
    stage.gate.set()
    stage.of("a").ask(job())
    becomes(lambda: stage.told == ["a"], "it is told of")
    last = stage.of("a").ask(job()).last
    assert last is not None
    assert last.trouble is not None
    assert (last.complete, last.trouble.reason) == (False, Reason.INTERNAL_ERROR)
    assert "ValueError: bug" in caplog.text
    assert len(stage.begun) == 1


def test_a_fenced_run_is_not_told_of(stage: Stage) -> None:
    """Another replica writes the status."""
    stage.raising = Fenced()
    stage.gate.set()
    stage.of("a").ask(job())
    becomes(lambda: len(stage.begun) == 1, "it has begun")
    stage.runs.close()
    assert stage.runs.drain(SOON) == 0
    assert stage.told == []


def test_the_lag_grows_from_what_was_proven(stage: Stage) -> None:
    stage.gate.set()
    stage.of("a").ask(job())
    becomes(lambda: stage.told == ["a"], "it is told of")
    stage.now += 40.0
    lags = {labels: value for family, labels, value in stage.runs.samples() if "lag" in family.name}
    assert lags == {("shop", "a"): 40.0}


def test_what_waits_for_a_run_to_look_first_hears_of_it_at_once(stage: Stage) -> None:
    """A policy whose store replicates by itself has no rules until then, and a first listing may take hours."""
    stage.of("a").ask(job())
    becomes(lambda: stage.going == 1, "it runs")
    assert not stage.of("a").ask(job()).admitted
    stage.admitted = True
    becomes(lambda: stage.told == ["a"], "it is told of, once")
    assert stage.of("a").ask(job()).admitted
    stage.gate.set()


def test_since_when_a_run_does_not_go_on(stage: Stage) -> None:
    """A Job whose pods hang was told of by nothing."""

    def stalled() -> list[float]:
        return [v for f, labels, v in stage.runs.samples() if f is metrics.RUN_STALLED and labels == key("a")]

    stage.of("a").ask(job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.now += 60.0
    assert stalled() == [60.0]
    stage.moved = 1
    becomes(lambda: stalled() == [0.0], "it has copied an object")
    stage.now += 30.0
    assert stalled() == [30.0]
    stage.gate.set()
    becomes(lambda: stalled() == [], "it has ended")


def test_a_run_that_goes_on_is_told_of_now_and_then(stage: Stage) -> None:
    stage.of("a").ask(job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.moved = 7
    becomes(lambda: stage.of("a").ask(job()).copied == (7, 70), "it is known")
    assert stage.told == []
    stage.later(SHOWN_EVERY)
    becomes(lambda: stage.told == ["a"], "it is told of")
    stage.gate.set()
