"""Listings of large buckets, in threads of their own: no reconcile waits for one, and each keeps its place.

What fits into a page is counted by the reconcile that asks. Everything else goes on here, one bucket of a backend at a time
and a slice of each by turns, through the backend's own limits; a store that fails is asked again later, from where it was. Only
what was asked last is kept, bounded, in memory: it goes with its object, and with the process.
"""

import asyncio
import contextlib
import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ParamSpec

from imagestore import metrics
from imagestore.backends.base import Backend
from imagestore.backends.guard.call import NAMESPACE
from imagestore.controller.state.objects import Key
from imagestore.core.errors import StoreError
from imagestore.forecast.tally import Counted
from imagestore.reconcile.shared.survey import Purpose, Survey, SurveyAnswer, SurveyQuestion, unanswered

P = ParamSpec("P")
log = logging.getLogger(__name__)
THREADS = 2
SLICE = 100  # steps until another bucket of the same backend has its turn
STEP_TAGS = 20  # keys of which tags are asked in one step
MOST_ANSWERS = 20_000  # answers that are kept
_PATIENCE = (5.0, 300.0)  # seconds until a store that failed is asked again: at first, and at most
_COURTESY = 0.5  # seconds that a step waits at most while objects wait to be worked on


@dataclass(eq=False)
class _Task:
    """One survey of one bucket, or what came of it."""

    key: Key
    question: SurveyQuestion
    backend: Backend
    survey: Survey | None = None
    counted: Counted | None = None
    finished: float = 0.0
    trouble: SurveyAnswer | None = None
    failures: int = 0
    due: float = 0.0
    dropped: bool = False
    awaited: bool = False  # a change waits for it

    def answer(self) -> SurveyAnswer:
        """Of a survey that is not finished."""
        keys = self.survey.keys if self.survey else 0
        return SurveyAnswer(keys=keys) if self.trouble is None else self.trouble


@dataclass(frozen=True)
class ObjectSurveys:
    """The surveys of one object, as its reconcile sees them."""

    surveyor: "Surveyor"
    key: Key

    def ask(
        self, purpose: Purpose, question: SurveyQuestion, backend: Backend, today: date, age: float
    ) -> SurveyAnswer:
        """See ``Surveys``."""
        return self.surveyor.ask(self.key, purpose, question, backend, today, age)

    def drop(self, purpose: Purpose) -> None:
        """See ``Surveys``."""
        self.surveyor.drop(self.key, purpose)


class Surveyor:
    """Asked from worker threads, ended from the event loop.

    ``busy``: whether objects wait to be worked on. ``finished``: told, from a thread, of each object that was counted here, and
    whether a change of it waits for that.
    """

    def __init__(
        self, clock: Callable[[], float], busy: Callable[[], bool], finished: Callable[[Key, bool], None]
    ) -> None:
        self._clock, self._busy, self._finished = clock, busy, finished
        self._turn = threading.Condition()
        self._slots: OrderedDict[tuple[Key, Purpose], _Task] = OrderedDict()
        self._queue: list[_Task] = []
        self._running: dict[str, _Task] = {}  # by backend
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()

    def of(self, key: Key) -> ObjectSurveys:
        """For one object's reconcile."""
        return ObjectSurveys(self, key)

    def ask(
        self, key: Key, purpose: Purpose, question: SurveyQuestion, backend: Backend, today: date, age: float
    ) -> SurveyAnswer:
        """What is known, if it is not too old; otherwise it is counted here and now, as far as a page goes, or in its turn."""
        with self._turn:
            task = self._task(key, purpose, question, backend)
            task.awaited |= purpose is Purpose.REMOVAL
            if task.counted is not None and self._clock() - task.finished <= age:
                return SurveyAnswer(task.counted)
            begins = task.survey is None
            if begins:
                task.survey = Survey(question, backend, today)
        if begins and purpose is Purpose.REMOVAL and self._step(task, tags=0):
            return SurveyAnswer(task.counted)
        with self._turn:
            if begins:
                self._enqueue(task)
            return task.answer()

    def known(self, key: Key) -> tuple[SurveyQuestion, SurveyAnswer] | None:
        """The last answer for a preview, however old, and to what."""
        with self._turn:
            task = self._slots.get((key, Purpose.PREVIEW))
            if task is None:
                return None
            return task.question, SurveyAnswer(task.counted) if task.counted else task.answer()

    def drop(self, key: Key, purpose: Purpose) -> None:
        """Nobody wants to know any more."""
        with self._turn:
            self._discard((key, purpose))

    def forget(self, key: Key) -> None:
        """The object is gone."""
        with self._turn:
            for purpose in Purpose:
                self._discard((key, purpose))

    def forget_backend(self, name: str) -> None:
        """A backend is gone. Without it no bucket of it is listed on."""
        with self._turn:
            for slot in [slot for slot, task in self._slots.items() if task.question.backend == name]:
                self._discard(slot)

    def close(self) -> None:
        """Begin no further step."""
        with self._turn:
            self._ended.set()
            self._turn.notify_all()

    def samples(self) -> Iterator[metrics.MetricSample]:
        """How many surveys run and wait, by backend."""
        with self._turn:
            waiting = Counter(t.question.backend for t in self._queue)
            running = list(self._running)
        yield from ((metrics.SURVEYS, (name, "waiting"), float(n)) for name, n in waiting.items())
        yield from ((metrics.SURVEYS, (name, "running"), 1.0) for name in running)

    def _task(self, key: Key, purpose: Purpose, question: SurveyQuestion, backend: Backend) -> _Task:
        """The task for this very question, for either purpose, or a new one in the place of the last question."""
        mine = [self._slots.get((key, p)) for p in (purpose, *(p for p in Purpose if p is not purpose))]
        task = next((t for t in mine if t is not None and t.question.digest == question.digest), None)
        task = task or _Task(key, question, backend)
        if task is not mine[0]:
            self._discard((key, purpose))
            self._slots[key, purpose] = task
        self._slots.move_to_end((key, purpose))
        task.question = question if purpose is Purpose.PREVIEW else task.question
        if task.backend is not backend:
            task.backend = backend
            if task.survey is not None:
                task.survey.use(backend)
        while len(self._slots) > MOST_ANSWERS:
            self._discard(next(iter(self._slots)))
        return task

    def _discard(self, slot: tuple[Key, Purpose]) -> None:
        task = self._slots.pop(slot, None)
        if task is None or any(self._slots.get((slot[0], p)) is task for p in Purpose):
            return
        task.dropped = True
        if task in self._queue:
            self._queue.remove(task)

    def _enqueue(self, task: _Task) -> None:
        if task.dropped or self._ended.is_set():
            return
        if task.survey is not None:
            task.survey.rest()
        self._queue.append(task)
        while len(self._threads) < THREADS:
            number = len(self._threads)
            # A listing that hangs must not keep the process from ending: it only reads.
            thread = threading.Thread(target=self._work, name=f"survey-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._turn.notify_all()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            NAMESPACE.set(task.key.namespace)  # its calls are its namespace's share of the backend's limit
            done = self._slice(task)
            with self._turn:
                del self._running[task.question.backend]
                awaited, task.awaited = task.awaited, task.awaited and not done
                if not done:
                    self._enqueue(task)
                self._turn.notify_all()
            if done and not task.dropped:
                self._finished(task.key, awaited)

    def _next(self) -> _Task | None:
        """The first that is due and whose backend no other one lists; None: it is over."""
        with self._turn:
            while not self._ended.is_set():
                now = self._clock()
                free = [t for t in self._queue if t.question.backend not in self._running]
                if (task := next((t for t in free if t.due <= now), None)) is not None:
                    self._queue.remove(task)
                    self._running[task.question.backend] = task
                    return task
                self._turn.wait(min((t.due - now for t in free), default=None))
        return None

    def _slice(self, task: _Task) -> bool:
        """Some steps of it; whether it is finished."""
        for _ in range(SLICE):
            self._give_way()
            if task.dropped or self._ended.is_set():
                return False
            if self._step(task, STEP_TAGS):
                return True
            if task.trouble is not None:
                return False
        return False

    def _give_way(self) -> None:
        """Wait while objects wait to be reconciled, but not for ever."""
        until = self._clock() + _COURTESY
        while self._busy() and self._clock() < until and not self._ended.wait(0.02):
            pass

    def _step(self, task: _Task, tags: int) -> bool:
        """One call or a few; whether all is known now."""
        survey, began, keys = task.survey, self._clock(), task.survey.keys if task.survey else 0
        if survey is None:
            return True
        try:
            counted = survey.step(tags)
        except StoreError as error:
            self._failed(task, unanswered(survey, error), error.retry_after)
            return False
        except Exception:  # a bug must neither end the thread nor be asked again at once
            log.exception("unexpected error in counting %s (bug)", task.key)
            self._failed(
                task,
                SurveyAnswer(
                    keys=survey.keys, trouble="an error that the operator does not know; its log has it"
                ),
            )
            return False
        finally:
            self._measure(task, survey.keys - keys, self._clock() - began)
        with self._turn:
            task.trouble, task.failures = None, 0
            if counted is not None:
                task.counted, task.finished, task.survey = counted, self._clock(), None
        return counted is not None

    def _measure(self, task: _Task, keys: int, seconds: float) -> None:
        """Nothing of what was dropped meanwhile: the series of a backend that is gone would come back."""
        if not task.dropped:
            metrics.SURVEY_KEYS.labels(task.question.backend).inc(keys)
            metrics.SURVEY_DURATION.labels(task.question.backend).inc(seconds)

    def _failed(self, task: _Task, answer: SurveyAnswer, retry_after: float | None = None) -> None:
        first, longest = _PATIENCE
        with self._turn:
            news = task.trouble is None or task.trouble.trouble != answer.trouble
            task.trouble = answer
            pause = max(min(longest, first * 2.0 ** min(task.failures, 10)), retry_after or 0.0)
            task.failures += 1
            task.due = self._clock() + pause
        if news:
            log.warning("counting %s waits: %s", task.key, answer.trouble)


def threadsafe(loop: asyncio.AbstractEventLoop, told: Callable[P, None]) -> Callable[P, None]:
    """What a thread calls so that ``told`` runs in the event loop; after the loop's end, nothing."""

    def finished(*args: P.args, **kwargs: P.kwargs) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(partial(told, *args, **kwargs))

    return finished
