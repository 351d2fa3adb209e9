"""A scheduler of runs whose runs wait until the test lets them end: real threads, and a clock of the test's."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from dev.wait import eventually
from imagestore.controller.carrying import RunControl
from imagestore.controller.runs import Runs, RunsOfOne
from imagestore.controller.state.objects import Key
from imagestore.reconcile.replication.runs import ReplicationJob, RunReport
from imagestore.reconcile.shared.runs import JobEnd, OneRunJob, RunLane, RunProgress, RunTrouble

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
    begun: list[tuple[str, Any]] = field(default_factory=list)
    named: list[set[str]] = field(default_factory=list)  # what each run was told to look at
    stopped: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    failing: RunTrouble | None = None
    raising: Exception | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    going: int = 0
    moved: int = 0  # objects that each run has copied so far
    most: int = 0
    busy: bool = False
    deaf: bool = False  # a run does not ask whether it is to stop
    admitted: bool = False  # what each run was to find first does not stand against it
    ready: bool = False  # what a run does again when it goes on is done
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.runs = Runs(
            lambda: self.now,
            lambda: self.busy,
            lambda k: self.told.append(k.name),
            {ReplicationJob: self.run, Once: self.run},
        )

    def of(self, name: str) -> RunsOfOne:
        return self.runs.of(key(name))

    def run(self, key: Key, job: "ReplicationJob | Once", control: RunControl) -> RunReport | None:
        began = self.now
        with self.lock:
            self.begun.append((key.name, job))
            self.named.append(set(control.named()))
            self.going += 1
            self.most = max(self.most, self.going)
        try:
            while not self.gate.wait(0.01):
                if self.moved or self.admitted:
                    control.tell(
                        RunProgress(self.moved, 10 * self.moved, steps=self.moved, admitted=self.admitted)
                    )
                if self.ready:
                    control.ready()
                    self.deaf = False
                if control.stop() and not self.deaf:
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
        with self.runs._turn:  # as the clock of the process would wake it
            self.runs._turn.notify_all()


@dataclass(frozen=True)
class Once(OneRunJob[RunReport]):
    """A job that runs to its end."""

    backend: str = "a"
    digest: str = "1"
    lane: RunLane = RunLane.BACKUP

    @property
    def backends(self) -> frozenset[str]:
        return frozenset({self.backend})

    @property
    def into(self) -> str:
        return self.backend


def becomes(what: Callable[[], bool], says: str) -> None:
    eventually(what, SOON, says)
