"""One object from the queue to its outcome, and what becomes of it when something goes wrong."""

import asyncio
import contextvars
import logging
import random
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from imagestore import metrics
from imagestore.backends.guard.call import NAMESPACE
from imagestore.controller.edges import EventRecorder, Gone, StatusSink, Withdrawals, WriteRefused
from imagestore.controller.runtime import Inputs, Kinds, Pass
from imagestore.controller.services import Services
from imagestore.controller.state.objects import Key, NotUnderstood, Stored
from imagestore.controller.work.context import OBJECT, RECONCILE
from imagestore.controller.work.failing import internal_error, not_understood
from imagestore.controller.work.memories import Memories
from imagestore.controller.work.queue import Priority, Taken, WorkQueue
from imagestore.core.fencing import Fenced
from imagestore.core.outcome import Continue, Event, Finalizer, OnChange, Outcome, Requeue, Signal, Then

log = logging.getLogger(__name__)
T = TypeVar("T")
Ended = Callable[[Key, Then, int], None]
"""Hears how a reconcile of an object ended: what comes then, and in how many writes it was carried out."""
_LOOK = 120.0  # seconds; a pause as long as this is a periodic check, and no user waits for it
_LONGEST = 600.0


def unheard(_key: Key, _then: Then, _writes: int) -> None:
    """Where it matters to none."""


@dataclass(frozen=True)
class WorkerParts:
    """All that a worker needs. ``inputs``: by kind."""

    kinds: Kinds
    inputs: dict[str, Inputs[Any]]
    services: Services
    queue: WorkQueue
    sink: StatusSink
    recorder: EventRecorder
    withdrawal: Withdrawals
    pool: ThreadPoolExecutor
    ended: Ended = unheard


class Worker:
    """Works on what was taken from the queue. Nothing that happens here ends it."""

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts
        self._failures: defaultdict[Key, int] = defaultdict(int)
        self._memories = Memories()

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._failures.pop(key, None)
        self._memories.forget(key)

    async def work(self, taken: Taken) -> None:
        """Reconcile one object, once. It is added again when a kind is known that it depends on."""
        cache = self._parts.services.cache
        obj = cache.get(taken.key)
        if obj is None or not cache.unknown.isdisjoint(self._parts.kinds.of(obj).needs(obj)):
            return
        OBJECT.set(str(taken.key))
        RECONCILE.set(secrets.token_hex(6))
        NAMESPACE.set(taken.key.namespace)
        started = self._parts.services.clock()
        try:
            outcome = await self._guarded(obj, taken)
        except Fenced as why:  # no Event, no status: in a cluster the holder of the Lease writes them
            log.warning("not finished: %s", why)
            outcome = "fenced"
        metrics.RECONCILES.labels(taken.key.kind, outcome).inc()
        metrics.RECONCILE_DURATION.labels(taken.key.kind).observe(self._parts.services.clock() - started)

    async def _guarded(self, obj: Stored, taken: Taken) -> str:
        """What came of it, in one word."""
        try:
            return await self._reconcile(obj, taken)
        except Gone:
            return "gone"
        except WriteRefused as error:
            return await self._refused(obj, taken, error)
        except NotUnderstood as error:
            return await self._not_understood(obj, error)
        except Fenced:
            raise
        except Exception as error:  # a bug must not stop the others
            log.exception("unexpected error in reconcile (bug)")
            return await self._broken(obj, error)

    async def _reconcile(self, obj: Stored, taken: Taken, *, further: bool = True) -> str:
        """Decide and carry out. What goes on at once does so here, one time.

        At the end of a long queue the bucket that an intent was written for would wait until the answer "there
        is no such bucket" is too old to be believed, and no bucket would be Ready before all were checked.
        """
        withdrawn = await self._parts.withdrawal.concerns(obj)
        memories = self._memories
        this = Pass(withdrawn, memories.of(obj), memories.progress(obj), memories.subjects(obj.key))
        outcome = await self._in_thread(self._decision(obj, this))
        self._remember(obj, outcome)
        writes = await self._parts.sink.carry_out(obj, outcome)
        for event in outcome.events:
            self._parts.recorder.note(obj, event)
        self._failures.pop(obj.key, None)
        self._signal(outcome.signals)
        now, then = self._parts.services.cache.get(obj.key), outcome.then
        if isinstance(then, Continue) and now is not None:  # only now: after a 409 the store is asked again
            memories.advance(obj, then.progress)
            if further and not self._parts.queue.closed:
                return await self._reconcile(now, taken, further=False)
        self._again(obj.key, then, taken.priority)
        self._parts.ended(obj.key, then, writes)
        log.debug("done in %d writes, then %s", writes, then)
        return "changed" if writes else "unchanged"

    def _decision(self, obj: Stored, this: Pass) -> Callable[[], Outcome[Any]]:
        """What a thread is to run. All that is remembered is looked up before, here in the event loop."""
        reconcile = self._parts.kinds.of(obj).reconcile
        situation = self._parts.inputs[obj.key.kind].of(obj, this)
        return lambda: reconcile(situation())

    def _remember(self, obj: Stored, outcome: Outcome[Any]) -> None:
        now = self._parts.services.cache.get(obj.key)
        if outcome.memo is not None and now is not None and now.uid == obj.uid:
            self._memories.keep(obj, outcome.memo)

    def _signal(self, signals: Iterable[Signal]) -> None:
        """Another object judges, once for all that tell it."""
        for signal in signals:
            key = Key(signal.kind, signal.namespace, signal.name)
            self._memories.tell(key, signal.subjects)
            self._parts.queue.add(key, Priority.RETRY)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._parts.pool, lambda: context.run(call))

    def _again(self, key: Key, then: Then, priority: Priority) -> None:
        if key not in self._parts.services.cache:
            return
        match then:
            case Continue():
                self._parts.queue.add(key, priority)  # the same work goes on
            case Requeue(seconds) if seconds < _LOOK:
                self._parts.queue.add_after(key, _jitter(seconds, 0.05), Priority.RETRY)
            case Requeue(seconds):
                self._parts.queue.add_after(key, _jitter(seconds, 0.1), Priority.LOOK)
            case OnChange():
                pass

    async def _refused(self, obj: Stored, taken: Taken, error: WriteRefused) -> str:
        """A write is not taken: read the object again, and try again."""
        if error.status not in {404, 409}:
            log.warning("%s refuses: %s", error.by, error)
            self._back_off(obj.key)
            return "refused"
        try:
            await self._parts.sink.refresh(obj.key)
        except WriteRefused:
            self._back_off(obj.key)
            return "refused"
        if obj.key in self._parts.services.cache:
            soon = self._failures[obj.key] < 3
            self._again(obj.key, Continue() if soon else Requeue(self._pause(obj.key)), taken.priority)
            self._failures[obj.key] += 1
        return "conflict" if error.status == 409 else "gone"

    async def _not_understood(self, obj: Stored, error: NotUnderstood) -> str:
        """A newer version's spec, or a foreign API server's: said, not crashed on."""
        told = error.error.errors(include_input=False, include_url=False)
        log.warning("the spec is not understood: %s", told)
        said = self._parts.kinds.of(obj).released(obj) if obj.deleting else None
        if said is not None:
            return await self._release(obj, said)
        await self._say(obj, not_understood(obj, error.error, self._parts.services.now()))
        return "not-understood"

    async def _release(self, obj: Stored, said: Event) -> str:
        """What deletes nothing needs no understanding of its spec."""
        try:
            await self._parts.sink.carry_out(obj, Outcome(None, finalizer=Finalizer.RELEASE))
        except Gone:
            return "gone"
        except WriteRefused as error:
            log.warning("the finalizer is not removed: %s", error)
            self._back_off(obj.key)
            return "refused"
        self._parts.recorder.note(obj, said)
        return "changed"

    async def _broken(self, obj: Stored, error: Exception) -> str:
        self._back_off(obj.key)
        await self._say(obj, internal_error(obj, error, self._parts.services.now()))
        return "error"

    async def _say(self, obj: Stored, status: Any) -> None:
        try:
            await self._parts.sink.status(obj, status)
        except Gone:
            return
        except WriteRefused as error:
            log.warning("the status is not written: %s", error)
            self._back_off(obj.key)

    def _back_off(self, key: Key) -> None:
        self._failures[key] += 1
        self._parts.queue.add_after(key, self._pause(key), Priority.RETRY)

    def _pause(self, key: Key) -> float:
        return _jitter(min(_LONGEST, float(2 ** min(self._failures[key], 12))), 0.25)


def _jitter(seconds: float, share: float) -> float:
    return seconds * random.uniform(1 - share, 1 + share)  # noqa: S311
