"""Runs that move data, in threads of their own: no reconcile waits for one, and each object has one of a purpose at a time.

A run begins at its interval, and earlier after a failure. A few go on at once, those of one lane one by one where they share a
backend: the earliest due goes first, and a run that takes long gives its place to others that are due and goes on later from its
checkpoint; checks and drills have none, and end first. What is known of runs is in memory only; their checkpoints are in the stores.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import inf
from time import sleep
from typing import TypeVar, cast

from imagestore import metrics
from imagestore.backends.guard.call import NAMESPACE
from imagestore.controller.carrying import Carriers
from imagestore.controller.run_samples import run_samples
from imagestore.controller.run_tasks import (
    BUG,
    NEXT_STEP,
    RETRY_PAUSES,
    Dropped,
    Lingering,
    RunId,
    RunTask,
    is_full,
    kept_nowhere,
    may_begin,
    nothing_lingers,
)
from imagestore.controller.state.objects import Key
from imagestore.controller.work.context import OBJECT
from imagestore.core.fencing import Fenced
from imagestore.reconcile.shared.runs import Begins, JobState, RunJob, RunProgress, RunResult

S = TypeVar("S", bound=JobState)
log = logging.getLogger(__name__)
SHOWN_EVERY = 30.0  # seconds between two statuses of a run that goes on
_LINGERS = "lingers"  # whose alarm it is
_COURTESY = 0.5  # seconds that a step waits at most while objects wait to be reconciled


@dataclass(frozen=True)
class RunsOfOne:
    """The runs of one object for one purpose, as its reconcile sees them: see ``RunsOfObject``."""

    runs: "Runs"
    id: RunId

    def ask(self, job: Begins[S]) -> S:
        """See ``RunsOfObject``."""
        return self.runs.ask(self.id, job)

    def wake_at(self, moment: float) -> None:
        """See ``RunsOfObject``."""
        self.runs.wake_at(self.id, moment)

    def drop(self) -> None:
        """See ``RunsOfObject``."""
        self.runs.drop(self.id)


class Runs:
    """Asked from worker threads, ended from the event loop.

    ``busy``: whether objects wait to be reconciled. ``told``: called from a thread for each object whose run has ended, or whose
    moment has come. ``dropped``: called, and does not block, when what was asked for is not wanted any more: a run may go on
    outside of this process. ``lingering``: whether one of an object may that is of another digest; it does not block either.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        busy: Callable[[], bool],
        told: Callable[[Key], None],
        carriers: Carriers,
        dropped: Dropped = kept_nowhere,
        lingering: Lingering = nothing_lingers,
    ) -> None:
        self._clock, self._busy, self._told, self._carriers = clock, busy, told, carriers
        self._dropped, self._lingering = dropped, lingering
        self._turn = threading.Condition()
        self._tasks: dict[RunId, RunTask] = {}
        self._running: dict[RunId, RunTask] = {}
        self._alarms: dict[RunId, float] = {}
        self._scheduler: threading.Thread | None = None
        self._ended = threading.Event()

    def of(self, key: Key, purpose: str = "") -> RunsOfOne:
        """For one object's reconcile."""
        return RunsOfOne(self, (key, purpose))

    def ask(self, id_: RunId, job: Begins[S]) -> S:
        """Have a job run, in the place of any other of this object and purpose, and tell what is known of its runs."""
        with self._turn:
            task, now = self._tasks.get(id_), self._clock()
            if task is None or type(task.job) is not type(job) or task.job.digest != job.digest:
                first = job.first(now, task and task.job, task and task.state)
                self._end(id_)
                if task is not None:
                    self._dropped(*id_)
                task = self._tasks[id_] = RunTask(id_, job, first, now)
            elif task.job != job:
                self._edit(task, job, now)
            self._start()
            self._turn.notify_all()
            running = self._running.get(id_)
            goes_on = running is task
            stopping = NEXT_STEP if running not in (None, task) else self._lingers(task)
            began = task.began if goes_on else None
            seen = task.state.seen(running=goes_on, stopping=stopping, began=began, progress=task.progress)
            return cast("S", seen)

    def _lingers(self, task: RunTask) -> str:
        """Why an earlier run may go on outside of this process. Nothing tells of its end, so the object is told of again."""
        found = None if task.id[1] else self._lingering(task.key, task.job.digest)
        if found is None:
            return ""
        self._alarms[task.key, _LINGERS] = self._clock() + found.again
        return found.why

    def wake_at(self, id_: RunId, moment: float) -> None:
        """Tell of an object at this moment of the clock; a later call replaces an earlier one."""
        with self._turn:
            self._alarms[id_] = moment
            self._start()
            self._turn.notify_all()

    def hasten(self, id_: RunId, keys: Iterable[str]) -> None:
        """A store tells of changed objects: begin the next run soon, and let it look at these ``keys``."""
        with self._turn:
            if (task := self._tasks.get(id_)) is not None:
                task.hint(keys, self._clock(), running=id_ in self._running)
                self._turn.notify_all()

    def drop(self, id_: RunId) -> None:
        """Nothing is to be run for this object and purpose. What runs ends at its next step."""
        with self._turn:
            self._alarms.pop(id_, None)
            self._end(id_)
        self._dropped(*id_)  # also what was begun before a restart

    def forget(self, key: Key) -> None:
        """The object is gone: nothing is to be run for it."""
        with self._turn:
            for id_ in [i for i in (*self._tasks, *self._alarms) if i[0] == key]:
                self._alarms.pop(id_, None)
                self._end(id_)
        self._dropped(key, "")

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
        """The lag of each policy, and how many runs go on and wait, by lane and the backend that they write to."""
        with self._turn:
            now, tasks, running = self._clock(), list(self._tasks.values()), list(self._running.values())
        return run_samples(now, tasks, running)

    def _edit(self, task: RunTask, job: RunJob, now: float) -> None:
        """The same job, asked for in another way."""
        before, task.job = task.job, job
        if job.at_once(before):
            task.due, task.again = now, task.id in self._running
        elif task.last_began is not None and job.interval is not None and not task.failures:
            task.due = min(task.due, task.last_began + job.interval)

    def _end(self, id_: RunId) -> None:
        task = self._tasks.pop(id_, None)
        if task is not None:
            task.dropped = True
            self._turn.notify_all()

    def _start(self) -> None:
        if self._scheduler is None and not self._ended.is_set():
            self._scheduler = threading.Thread(target=self._schedule, name="runs", daemon=True)
            self._scheduler.start()

    def _schedule(self) -> None:
        with self._turn:
            while not self._ended.is_set():
                now = self._clock()
                self._ring(now)
                while (first := self._first(now)) is not None:
                    self._begin(first)
                moments = [*self._alarms.values()]
                moments += [t.due for t in self._tasks.values() if now < t.due < inf]
                self._turn.wait(max(0.0, min(moments) - now) if moments else None)

    def _ring(self, now: float) -> None:
        for id_ in [i for i, moment in self._alarms.items() if moment <= now]:
            del self._alarms[id_]
            self._told(id_[0])

    def _first(self, now: float) -> RunTask | None:
        """The task that has been due longest, of those that may begin."""
        free = [t for t in self._due(now) if may_begin(t, self._running.values())]
        return min(free, key=lambda t: t.due, default=None)

    def _due(self, now: float) -> list[RunTask]:
        return [t for t in self._tasks.values() if t.due <= now and t.id not in self._running]

    def _begin(self, task: RunTask) -> None:
        self._running[task.id] = task
        # Daemons: a store that does not answer must not keep the process from ending. A checkpoint makes any end a good one.
        thread = threading.Thread(target=self._work, args=(task,), name=f"run {task.key}", daemon=True)
        thread.start()

    def _work(self, task: RunTask) -> None:
        began = task.begin(self._clock())
        NAMESPACE.set(task.key.namespace)  # its calls are its namespace's share of the backends' limits
        OBJECT.set(str(task.key))
        control, pause, job = _Control(self, task, self._clock), 0.0, task.job
        report: RunResult | None
        if job.interval is None:  # its object says that it runs now
            self._told(task.key)
        try:
            report = self._carriers[type(job)](task.key, job, control)
        except Fenced:  # the replica that has the Lease runs it
            report, pause = None, RETRY_PAUSES[0]
        except Exception:  # a bug must neither end the schedule nor be repeated at once
            log.exception("unexpected error in a run of %s (bug)", task.key)
            report = job.failed(began, self._clock(), BUG)
        self._after(task, began, report, pause)

    def _after(self, task: RunTask, began: float, report: RunResult | None, pause: float) -> None:
        """``pause``: seconds until a run that found nothing goes on."""
        with self._turn:
            del self._running[task.id]
            now = self._clock()
            if report is None:
                task.gave_way(now)
                task.due = now + pause  # behind those that are due already
            else:
                task.state = task.state.after(report)
                task.failures = 0 if report.trouble is None else task.failures + 1
                task.due = now if task.again else task.next_due(began, now, report.trouble)
                task.due = min(task.due, task.hints.ended(began, now, whole=report.trouble is None))
            task.again, task.began = False, None
            self._turn.notify_all()
            # Dropped: another job waits for its end.
            if task.id in self._tasks and (task.dropped or report is not None):
                self._told(task.key)

    def stopped(self, task: RunTask) -> bool:
        """Whether a run has to end now: it is over, not wanted any more or wanted in another way, or it had its turn."""
        if task.dropped or task.again or self._ended.is_set():
            return True
        if not task.had_turn(self._clock()):
            return False
        with self._turn:
            full = is_full(self._running.values())
            return any(full or t.shares(task) for t in self._due(self._clock()))

    def progressed(self, task: RunTask, progress: RunProgress) -> None:
        """Tell of a run that goes on, now and then."""
        with self._turn:
            now = self._clock()
            if (task.told(progress, now) or now - task.shown >= SHOWN_EVERY) and not task.dropped:
                task.shown = now
                self._told(task.key)

    def give_way(self) -> None:
        """Wait while objects wait to be reconciled, but not for ever."""
        until = self._clock() + _COURTESY
        while self._busy() and self._clock() < until and not self._ended.is_set():
            sleep(0.02)


@dataclass(frozen=True)
class _Control:
    runs: Runs
    task: RunTask
    clock: Callable[[], float]

    def stop(self) -> bool:
        return self.runs.stopped(self.task)

    def ready(self) -> None:
        self.task.ready(self.clock())

    def give_way(self) -> None:
        self.runs.give_way()

    def named(self) -> frozenset[str]:
        return frozenset(self.task.hints.named)

    def tell(self, progress: RunProgress) -> None:
        self.runs.progressed(self.task, progress)
