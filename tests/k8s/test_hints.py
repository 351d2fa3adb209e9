"""Notifications bring runs forward, and nothing else: real threads, and a clock of the test's."""

from functools import partial

from imagestore.controller import hints
from imagestore.controller.hints import MOST_NAMED, Hints
from imagestore.controller.run_tasks import TURN
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.runs import JobEnd, RunTrouble
from tests.k8s.staged_runs import Stage, becomes, job, key

A = (key("a"), "")


def ran(stage: Stage, *, told: int = 1) -> None:
    """A run that lasts no time has ended."""
    stage.gate.set()
    stage.of("a").ask(job())
    becomes(partial(stage.has, told=told), "it has run")


def test_many_notifications_are_one_run_a_second_after_the_first(stage: Stage) -> None:
    ran(stage)
    for n in range(5):
        stage.runs.hasten(A, [f"k{n}"])
        stage.later(0.19)
    assert stage.names() == ["a"]
    stage.later(0.05)
    becomes(lambda: stage.told == ["a", "a"], "the next run")
    assert stage.named == [set(), {f"k{n}" for n in range(5)}]
    stage.later(hints.SOON)
    assert len(stage.begun) == 2
    stage.later(299.0)
    becomes(lambda: len(stage.begun) == 3, "and then at its interval")
    assert stage.named[2] == set()


def test_what_is_told_during_a_run_is_for_the_next_one(stage: Stage) -> None:
    """The run may have passed by already."""
    stage.of("a").ask(job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.now += 0.5
    stage.runs.hasten(A, ["late"])
    stage.gate.set()
    becomes(lambda: stage.told == ["a"], "it has ended")
    stage.later(2.5)
    becomes(lambda: stage.told == ["a", "a"], "another one")
    assert stage.named == [set(), {"late"}]


def test_runs_rest_four_times_as_long_as_they_take(stage: Stage) -> None:
    """Else a busy bucket of a million keys was listed without a pause."""
    stage.of("a").ask(job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.now += 20.0
    stage.gate.set()
    becomes(lambda: stage.told == ["a"], "it has ended")
    stage.runs.hasten(A, [])
    stage.later(79.0)
    assert len(stage.begun) == 1
    stage.later(1.0)
    becomes(lambda: len(stage.begun) == 2, "it has rested")


def test_what_fails_is_tried_at_its_own_pace_and_forgets_nothing(stage: Stage) -> None:
    stage.failing = RunTrouble("source", Reason.UNAVAILABLE, "no answer")
    ran(stage)
    stage.runs.hasten(A, ["a.jpg"])
    stage.later(14.0)
    assert len(stage.begun) == 1
    stage.later(1.0)
    becomes(lambda: stage.told == ["a", "a"], "tried again, and failed")
    stage.failing = None
    stage.later(30.0)
    becomes(lambda: stage.told == ["a", "a", "a"], "it has run")
    assert stage.named == [set(), {"a.jpg"}, {"a.jpg"}]
    stage.later(300.0)
    becomes(lambda: stage.told == ["a"] * 4, "the next one")
    assert stage.named[3] == set()


def test_a_run_that_was_interrupted_may_have_passed_by_what_is_named_meanwhile(stage: Stage) -> None:
    """It goes on from its checkpoint, behind the key; the run after it begins at the first key."""
    stage.of("a").ask(job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.runs.of(key("short")).ask(job("b", source=JobEnd("to-a", "a", "")))
    stage.later(1.0)
    stage.runs.hasten(A, ["early.jpg"])
    stage.later(TURN)
    becomes(lambda: stage.stopped == ["a"], "it gave its place")
    stage.gate.set()
    becomes(lambda: stage.told == ["short", "a"], "it went on, and ended")
    stage.later(5 * TURN)
    becomes(lambda: len(stage.begun) > 3, "the next one")
    named = [n for (name, _), n in zip(stage.begun, stage.named, strict=True) if name == "a"]
    assert named[:3] == [set(), {"early.jpg"}, {"early.jpg"}]


def test_an_object_without_runs_is_not_concerned(stage: Stage) -> None:
    stage.runs.hasten(A, ["a.jpg"])
    ran(stage)
    assert stage.named == [set()]


def test_what_is_named_is_bounded() -> None:
    told = Hints()
    told.note((str(n) for n in range(MOST_NAMED + 5)), 1.0)
    told.note(["0"], 2.0)
    assert len(told.named) == MOST_NAMED
    assert told.named["0"] == 2.0
