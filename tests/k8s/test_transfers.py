"""When runs begin, end and are told of: real threads, and a clock of the test's."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from dev.wait import eventually
from imagestore.controller.state.objects import Key
from imagestore.controller.transfers import MOST_RUNS, SHOWN_EVERY, TURN, RunControl, Transfers
from imagestore.core.fencing import Fenced
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import JobEnd, ReplicationJob, RunReport, RunsState, RunTrouble

SOON = 10.0


def key(name: str) -> Key:
    return Key("ReplicationPolicy", "shop", name)


def job(name: str = "a", **more: Any) -> ReplicationJob:
    made = ReplicationJob(name, JobEnd(f"from-{name}", "a", ""), JobEnd(f"to-{name}", "b", ""), 300.0)
    return replace(made, **more)


@dataclass
class Stage:
    """Runs that wait until the test lets them end; ``failing``: what the next ones meet."""

    now: float = 1000.0
    begun: list[tuple[str, ReplicationJob]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    failing: RunTrouble | None = None
    raising: Exception | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    going: int = 0
    moved: int = 0  # objects that each run has copied so far
    most: int = 0
    busy: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.transfers = Transfers(
            lambda: self.now, lambda: self.busy, lambda k: self.told.append(k.name), self.run
        )

    def run(self, key: Key, job: ReplicationJob, control: RunControl) -> RunReport | None:
        began = self.now
        with self.lock:
            self.begun.append((key.name, job))
            self.going += 1
            self.most = max(self.most, self.going)
        try:
            while not self.gate.wait(0.01):
                if self.moved:
                    control.copied(self.moved, 10 * self.moved)
                if control.stop():
                    self.stopped.append(key.name)
                    return None
            if self.raising is not None:
                raise self.raising
            return RunReport(began, self.now, self.failing is None, began, trouble=self.failing)
        finally:
            with self.lock:
                self.going -= 1

    def names(self) -> list[str]:
        return [name for name, _ in self.begun]

    def has(self, told: int = -1, begun: int = -1) -> bool:
        """Whether as many were told of, or have begun."""
        return len(self.told) == told or len(self.begun) == begun

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.transfers.wake_at(key("nothing"), 0.0)
        with self.transfers._turn:  # as the clock of the process would wake it
            self.transfers._turn.notify_all()


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.transfers.close()
    assert made.transfers.drain(SOON) == 0


def becomes(what: Callable[[], bool], says: str) -> None:
    eventually(what, SOON, says)


def test_a_run_begins_at_once_and_then_at_its_interval(stage: Stage) -> None:
    stage.gate.set()
    assert stage.transfers.ask(key("a"), job()).last is None
    becomes(lambda: stage.told == ["a"], "it is told of")
    state = stage.transfers.ask(key("a"), job())
    assert state.last == RunReport(1000.0, 1000.0, complete=True, listed=1000.0)
    stage.later(299.0)
    assert stage.names() == ["a"]
    stage.later(1.0)
    becomes(lambda: stage.told == ["a", "a"], "the next one")


def test_other_ends_are_another_job_of_which_nothing_is_known(stage: Stage) -> None:
    stage.gate.set()
    stage.transfers.ask(key("a"), job())
    becomes(lambda: stage.told == ["a"], "it is told of")
    assert stage.transfers.ask(key("a"), job("b")) == RunsState(1000.0)
    becomes(lambda: stage.told == ["a", "a"], "the other job has run")


def test_an_approval_is_acted_on_at_once(stage: Stage) -> None:
    stage.gate.set()
    stage.transfers.ask(key("a"), job())
    becomes(lambda: stage.told == ["a"], "it is told of")
    stage.transfers.ask(key("a"), job(approved=frozenset({"tok"})))
    becomes(lambda: len(stage.begun) == 2, "it runs again")
    assert stage.begun[1][1].approved == {"tok"}


def test_an_approval_during_a_run_is_acted_on_when_it_has_ended(stage: Stage) -> None:
    """It waited for the next interval: the run that did not know of it said when the next one is due."""
    stage.transfers.ask(key("a"), job())
    becomes(lambda: len(stage.begun) == 1, "it runs")
    stage.transfers.ask(key("a"), job(approved=frozenset({"tok"})))
    stage.gate.set()
    becomes(lambda: len(stage.begun) == 2, "it runs again")
    assert stage.begun[1][1].approved == {"tok"}
    becomes(lambda: stage.told == ["a", "a"], "both are told of")
    assert len(stage.begun) == 2, "and then at its interval"


def test_a_failure_is_tried_again_before_the_interval_and_ever_later(stage: Stage) -> None:
    stage.failing = RunTrouble("source", Reason.UNAVAILABLE, "no answer")
    stage.gate.set()
    stage.transfers.ask(key("a"), job())
    for number, pause in enumerate((15.0, 30.0, 60.0), start=1):
        becomes(partial(stage.has, told=number), "it is told of")
        stage.later(pause - 1.0)
        assert len(stage.begun) == number
        stage.later(1.0)
        becomes(partial(stage.has, begun=number + 1), "it is tried again")


def test_one_backend_is_asked_by_one_run_at_a_time(stage: Stage) -> None:
    for name in ("a", "b", "c"):
        stage.transfers.ask(key(name), job(name, source=JobEnd("shared", name, "")))
    becomes(lambda: len(stage.begun) == 1, "the first begins")
    stage.gate.set()
    becomes(lambda: sorted(stage.told) == ["a", "b", "c"], "all have run")
    assert stage.most == 1
    assert stage.names() == ["a", "b", "c"]


def test_a_few_run_at_once(stage: Stage) -> None:
    names = [f"p{n}" for n in range(MOST_RUNS + 2)]
    for name in names:
        stage.transfers.ask(key(name), job(name))
    becomes(lambda: stage.going == MOST_RUNS, "as many as may")
    stage.gate.set()
    becomes(lambda: sorted(stage.told) == names, "all have run")
    assert stage.most == MOST_RUNS


def test_a_long_run_gives_its_place_and_goes_on_later(stage: Stage) -> None:
    stage.transfers.ask(key("long"), job("a"))
    becomes(lambda: stage.going == 1, "it runs")
    stage.transfers.ask(key("short"), job("b", source=JobEnd("to-a", "a", "")))
    stage.later(TURN)
    becomes(lambda: stage.stopped == ["long"], "it is stopped")
    becomes(lambda: stage.names() == ["long", "short"], "the other one runs")
    stage.gate.set()
    becomes(lambda: stage.told == ["short", "long"], "then it goes on")
    assert stage.names() == ["long", "short", "long"]


def test_a_long_run_that_nothing_waits_for_goes_on(stage: Stage) -> None:
    stage.transfers.ask(key("long"), job("a", interval=86400.0))
    becomes(lambda: stage.going == 1, "it runs")
    stage.later(2 * TURN)
    stage.gate.set()
    becomes(lambda: stage.told == ["long"], "it ends")
    assert stage.stopped == []


def test_what_is_dropped_ends_and_is_not_told_of(stage: Stage) -> None:
    stage.transfers.ask(key("a"), job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.transfers.forget(key("a"))
    becomes(lambda: stage.stopped == ["a"], "it is stopped")
    becomes(lambda: stage.going == 0, "it has ended")
    assert (stage.told, list(stage.transfers.samples())) == ([], [])


def test_at_the_end_what_runs_is_stopped_and_waited_for(stage: Stage) -> None:
    stage.transfers.ask(key("a"), job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.transfers.close()
    assert stage.transfers.drain(SOON) == 0
    assert (stage.stopped, stage.going) == (["a"], 0)
    stage.transfers.ask(key("b"), job("b"))
    assert stage.names() == ["a"], "nothing begins any more"


def test_a_moment_is_told_though_all_places_are_taken(stage: Stage) -> None:
    """WithinObjective has to become False in time while every run hangs."""
    for n in range(MOST_RUNS):
        stage.transfers.ask(key(f"p{n}"), job(f"p{n}"))
    becomes(lambda: stage.going == MOST_RUNS, "all places are taken")
    stage.transfers.ask(key("waits"), job("waits"))
    stage.transfers.wake_at(key("waits"), 1900.0)
    stage.later(899.0)
    assert stage.told == []
    stage.later(1.0)
    becomes(lambda: stage.told == ["waits"], "told at its moment")
    stage.gate.set()


def test_a_bug_is_told_and_not_repeated_at_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.raising = ValueError("bug")
    stage.gate.set()
    stage.transfers.ask(key("a"), job())
    becomes(lambda: stage.told == ["a"], "it is told of")
    last = stage.transfers.ask(key("a"), job()).last
    assert last is not None
    assert last.trouble is not None
    assert (last.complete, last.trouble.reason) == (False, Reason.INTERNAL_ERROR)
    assert "ValueError: bug" in caplog.text
    assert len(stage.begun) == 1


def test_a_fenced_run_is_not_told_of(stage: Stage) -> None:
    """Another replica writes the status."""
    stage.raising = Fenced()
    stage.gate.set()
    stage.transfers.ask(key("a"), job())
    becomes(lambda: len(stage.begun) == 1, "it has begun")
    stage.transfers.close()
    assert stage.transfers.drain(SOON) == 0
    assert stage.told == []


def test_the_lag_grows_from_what_was_proven(stage: Stage) -> None:
    stage.gate.set()
    stage.transfers.ask(key("a"), job())
    becomes(lambda: stage.told == ["a"], "it is told of")
    stage.now += 40.0
    lags = {labels: value for family, labels, value in stage.transfers.samples() if "lag" in family.name}
    assert lags == {("shop", "a"): 40.0}


def test_a_run_that_goes_on_is_told_of_now_and_then(stage: Stage) -> None:
    stage.transfers.ask(key("a"), job())
    becomes(lambda: stage.going == 1, "it runs")
    stage.moved = 7
    becomes(lambda: stage.transfers.ask(key("a"), job()).copied == (7, 70), "it is known")
    assert stage.told == []
    stage.later(SHOWN_EVERY)
    becomes(lambda: stage.told == ["a"], "it is told of")
    stage.gate.set()
