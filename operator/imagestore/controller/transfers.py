"""Runs that move data, in threads of their own: no reconcile waits for one, and each policy has one at a time.

A run begins at its interval, and earlier after a failure. A few go on at once, one by one where they share a backend: the
earliest due goes first, and a run that takes long gives its place to others that are due and goes on later from its checkpoint.
What is known of runs is in memory only; their checkpoints are in the stores.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import sleep
from typing import Protocol

from imagestore import metrics
from imagestore.backends.guard.call import NAMESPACE
from imagestore.controller.state.objects import Key
from imagestore.controller.work.context import OBJECT
from imagestore.core.fencing import Fenced
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import ReplicationJob, RunReport, RunsState, RunTrouble

log = logging.getLogger(__name__)
MOST_RUNS = 4  # at once
SHOWN_EVERY = 30.0  # seconds between two statuses of a run that goes on
TURN = 600.0  # seconds of a run until others that are due have their turn
_PATIENCE = (15.0, 600.0)  # seconds until a run that failed is tried again: at first, and at most
_COURTESY = 0.5  # seconds that a step waits at most while objects wait to be reconciled


class RunControl(Protocol):
    """What a run asks while it goes on."""

    def stop(self) -> bool:
        """Whether to save the checkpoint and end."""

    def give_way(self) -> None:
        """Wait while objects wait to be reconciled, but not for ever."""

    def copied(self, objects: int, size: int) -> None:
        """Tell how much has been copied so far."""


class RunJob(Protocol):
    """Does one run. Blocking. None: it was stopped, and is to go on later. Raises Fenced."""

    def __call__(self, key: Key, job: ReplicationJob, control: RunControl) -> RunReport | None:
        """Return what the run found; an error of a store is in the report."""


@dataclass(eq=False)
class _Task:
    """The runs of one object."""

    key: Key
    job: ReplicationJob
    state: RunsState
    due: float
    alarm: float | None = None
    failures: int = 0
    dropped: bool = False
    again: bool = False  # the run that goes on does not know of what is to be acted on at once
    copied: tuple[int, int] = (0, 0)  # by the run that goes on
    shown: float = 0.0  # when that was last told of

    @property
    def backends(self) -> frozenset[str]:
        return frozenset({self.job.source.backend, self.job.destination.backend})


@dataclass(frozen=True)
class RunsOfOne:
    """The runs of one policy, as its reconcile sees them: see ``PolicyRuns``."""

    transfers: "Transfers"
    key: Key

    def ask(self, job: ReplicationJob) -> RunsState:
        """See ``PolicyRuns``."""
        return self.transfers.ask(self.key, job)

    def wake_at(self, moment: float) -> None:
        """See ``PolicyRuns``."""
        self.transfers.wake_at(self.key, moment)

    def drop(self) -> None:
        """See ``PolicyRuns``."""
        self.transfers.forget(self.key)


class Transfers:
    """Asked from worker threads, ended from the event loop.

    ``busy``: whether objects wait to be reconciled. ``told``: called from a thread for each object whose run has ended, or whose
    moment has come.
    """

    def __init__(
        self, clock: Callable[[], float], busy: Callable[[], bool], told: Callable[[Key], None], run: RunJob
    ) -> None:
        self._clock, self._busy, self._told, self._run = clock, busy, told, run
        self._turn = threading.Condition()
        self._tasks: dict[Key, _Task] = {}
        self._running: dict[Key, _Task] = {}
        self._scheduler: threading.Thread | None = None
        self._ended = threading.Event()

    def of(self, key: Key) -> RunsOfOne:
        """For one object's reconcile."""
        return RunsOfOne(self, key)

    def ask(self, key: Key, job: ReplicationJob) -> RunsState:
        """Have a job run at its interval, in the place of any other of this object, and tell what is known of its runs."""
        with self._turn:
            task, now = self._tasks.get(key), self._clock()
            if task is None or task.job.digest != job.digest:
                known = task.state.proven if task is not None and task.job.pair == job.pair else None
                self._drop(key)
                task = self._tasks[key] = _Task(key, job, RunsState(now, proven=known), now)
            elif task.job != job:
                self._edit(task, job, now)
            self._start()
            self._turn.notify_all()
            running = self._running.get(key)
            now_running, stopping = running is task, running not in (None, task)
            return replace(task.state, running=now_running, stopping=stopping, copied=task.copied)

    def wake_at(self, key: Key, moment: float) -> None:
        """Tell of an object at this moment of the clock; a later call replaces an earlier one."""
        with self._turn:
            if (task := self._tasks.get(key)) is not None:
                task.alarm = moment
                self._turn.notify_all()

    def forget(self, key: Key) -> None:
        """Nothing is to be run for this object. What runs ends at its next step."""
        with self._turn:
            self._drop(key)

    def close(self) -> None:
        """Begin nothing more. What runs saves its checkpoint and ends; ``drain`` waits for that."""
        with self._turn:
            self._ended.set()
            self._turn.notify_all()

    def drain(self, seconds: float) -> int:
        """Wait until the runs have ended. Return how many have not."""
        with self._turn:
            self._turn.wait_for(lambda: not self._running, seconds)
            return len(self._running)

    def samples(self) -> Iterator[metrics.MetricSample]:
        """The lag of each policy, and how many runs go on and wait, by backend of the destination."""
        with self._turn:
            now, tasks, running = self._clock(), list(self._tasks.values()), list(self._running.values())
        for task in tasks:
            proven = task.state.proven
            if proven is not None and proven.covered is not None:
                yield metrics.REPLICATION_LAG, (task.key.namespace, task.key.name), now - proven.covered
        counts = Counter((t.job.destination.backend, "running") for t in running)
        counts.update((t.job.destination.backend, "due") for t in tasks if t.due <= now and t not in running)
        yield from ((metrics.REPLICATION_RUNS, labels, float(n)) for labels, n in counts.items())

    def _edit(self, task: _Task, job: ReplicationJob, now: float) -> None:
        """The same ends, asked for in another way: an approval, or the end of a hold, is acted on at once."""
        at_once = job.approved - task.job.approved or job.held_by != task.job.held_by
        last, task.job = task.state.last, job
        if at_once:
            task.due, task.again = now, task.key in self._running
        elif last is not None:
            task.due = min(task.due, last.began + job.interval)

    def _drop(self, key: Key) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            task.dropped = True
            self._turn.notify_all()

    def _start(self) -> None:
        if self._scheduler is None and not self._ended.is_set():
            self._scheduler = threading.Thread(target=self._schedule, name="transfers", daemon=True)
            self._scheduler.start()

    def _schedule(self) -> None:
        with self._turn:
            while not self._ended.is_set():
                now = self._clock()
                self._ring(now)
                while (first := self._first(now)) is not None:
                    self._begin(first)
                moments = [t.alarm for t in self._tasks.values() if t.alarm is not None]
                moments += [t.due for t in self._tasks.values() if t.due > now]
                self._turn.wait(max(0.0, min(moments) - now) if moments else None)

    def _ring(self, now: float) -> None:
        for task in self._tasks.values():
            if task.alarm is not None and task.alarm <= now:
                task.alarm = None
                self._told(task.key)

    def _first(self, now: float) -> _Task | None:
        """The task that has been due longest, of those that may begin."""
        if len(self._running) >= MOST_RUNS:
            return None
        taken = {b for t in self._running.values() for b in t.backends}
        free = [t for t in self._due(now) if taken.isdisjoint(t.backends)]
        return min(free, key=lambda t: t.due, default=None)

    def _due(self, now: float) -> list[_Task]:
        return [t for t in self._tasks.values() if t.due <= now and t.key not in self._running]

    def _begin(self, task: _Task) -> None:
        self._running[task.key] = task
        # Daemons: a store that does not answer must not keep the process from ending. A checkpoint makes any end a good one.
        thread = threading.Thread(target=self._work, args=(task,), name=f"transfer {task.key}", daemon=True)
        thread.start()

    def _work(self, task: _Task) -> None:
        began = task.shown = self._clock()
        task.copied = (0, 0)
        NAMESPACE.set(task.key.namespace)  # its calls are its namespace's share of the backends' limits
        OBJECT.set(str(task.key))
        control, pause = _Control(self, task, began), 0.0
        try:
            report = self._run(task.key, task.job, control)
        except Fenced:  # the replica that has the Lease runs it
            report, pause = None, _PATIENCE[0]
        except Exception:  # a bug must neither end the schedule nor be repeated at once
            log.exception("unexpected error in a run of %s (bug)", task.key)
            report = RunReport(began, self._clock(), complete=False, listed=began, trouble=_BUG)
        self._after(task, began, report, pause)

    def _after(self, task: _Task, began: float, report: RunReport | None, pause: float) -> None:
        """``pause``: seconds until a run that found nothing goes on."""
        with self._turn:
            del self._running[task.key]
            now = self._clock()
            if report is None:
                task.due = now + pause  # behind those that are due already
            else:
                task.state = task.state.after(report)
                task.failures = 0 if report.trouble is None else task.failures + 1
                task.due = now if task.again else max(now, began + self._pause(task))
            task.again = False
            self._turn.notify_all()
            if task.key in self._tasks and (
                task.dropped or report is not None
            ):  # another job waits for its end
                self._told(task.key)

    def _pause(self, task: _Task) -> float:
        if not task.failures:
            return task.job.interval
        first, longest = _PATIENCE
        return min(task.job.interval, longest, first * 2.0 ** min(task.failures - 1, 10))

    def stopped(self, task: _Task, began: float) -> bool:
        """Whether a run has to end now: it is over, it is not wanted any more, or others are due and it had its turn."""
        if task.dropped or self._ended.is_set():
            return True
        if self._clock() - began < TURN:
            return False
        with self._turn:
            full = len(self._running) >= MOST_RUNS
            return any(full or not t.backends.isdisjoint(task.backends) for t in self._due(self._clock()))

    def progressed(self, task: _Task, copied: tuple[int, int]) -> None:
        """Tell of a run that goes on, now and then."""
        with self._turn:
            task.copied, now = copied, self._clock()
            if not task.dropped and now - task.shown >= SHOWN_EVERY:
                task.shown = now
                self._told(task.key)

    def give_way(self) -> None:
        """Wait while objects wait to be reconciled, but not for ever."""
        until = self._clock() + _COURTESY
        while self._busy() and self._clock() < until and not self._ended.is_set():
            sleep(0.02)


_BUG = RunTrouble(None, Reason.INTERNAL_ERROR, "an error that the operator does not know; its log has it")


@dataclass(frozen=True)
class _Control:
    transfers: Transfers
    task: _Task
    began: float

    def stop(self) -> bool:
        return self.transfers.stopped(self.task, self.began)

    def give_way(self) -> None:
        self.transfers.give_way()

    def copied(self, objects: int, size: int) -> None:
        self.transfers.progressed(self.task, (objects, size))
