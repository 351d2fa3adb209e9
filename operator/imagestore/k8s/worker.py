"""One object from the queue to its outcome, and what becomes of it when something goes wrong."""

import asyncio
import contextvars
import logging
import random
import secrets
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from imagestore import metrics
from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.lifecyclepolicy import LifecyclePolicyStatus
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.backends.guard.call import NAMESPACE
from imagestore.core.fencing import Fenced
from imagestore.core.outcome import Continue, Event, Finalizer, OnChange, Outcome, Requeue, Signal, Then
from imagestore.core.reasons import Reason
from imagestore.k8s import logs
from imagestore.k8s.cache import Cache
from imagestore.k8s.client import ApiError
from imagestore.k8s.failing import internal_error, keeps_its_bucket, not_understood
from imagestore.k8s.objects import (
    IMAGE_BUCKET,
    STORAGE_BACKEND,
    Key,
    NotUnderstood,
    Stored,
)
from imagestore.k8s.queue import Priority, Taken, WorkQueue
from imagestore.k8s.recorder import Recorder
from imagestore.k8s.situations import Situations
from imagestore.k8s.stores import Stores
from imagestore.k8s.withdrawal import Withdrawal
from imagestore.k8s.writer import Gone, Writer
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.lifecycle import reconcile as lifecyclepolicy
from imagestore.reconcile.lifecycle.reconcile import PolicySituation

log = logging.getLogger(__name__)
T = TypeVar("T")
_LOOK = 120.0  # a pause as long as this is a periodic look, which nobody waits for
_LONGEST = 600.0


Bucket = Callable[[BucketSituation], Outcome[ImageBucketStatus]]
Backend = Callable[[BackendSituation], Outcome[StorageBackendStatus]]

Policy = Callable[[PolicySituation], Outcome[LifecyclePolicyStatus]]


@dataclass(frozen=True)
class Reconcilers:
    """The decisions, blocking; bound to the real ones (``reconcile.bucket`` and so on) in one place."""

    bucket: Bucket
    backend: Backend
    policy: Policy = lifecyclepolicy.reconcile  # asks no store: a test has none of its own


@dataclass(frozen=True)
class Desk:
    """All that a worker needs."""

    cache: Cache
    queue: WorkQueue
    stores: Stores
    situations: Situations
    writer: Writer
    recorder: Recorder
    withdrawal: Withdrawal
    reconcilers: Reconcilers
    pool: ThreadPoolExecutor
    clock: Callable[[], float]


class Worker:
    """Works on what was taken from the queue. Nothing that happens here ends it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._failures: defaultdict[Key, int] = defaultdict(int)

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._failures.pop(key, None)

    async def work(self, taken: Taken) -> None:
        """Reconcile one object, once. It is added again when a kind is known that it depends on."""
        obj = self._desk.cache.get(taken.key)
        if obj is None or self._desk.cache.unknown & _needed(obj):
            return
        logs.OBJECT.set(str(taken.key))
        logs.RECONCILE.set(secrets.token_hex(6))
        NAMESPACE.set(taken.key.namespace)
        started = self._desk.clock()
        try:
            outcome = await self._guarded(obj, taken)
        except Fenced:  # not even said: whoever works now says what there is to say
            log.warning("not finished: another replica may be at work")
            outcome = "fenced"
        metrics.RECONCILES.labels(taken.key.kind, outcome).inc()
        metrics.RECONCILE_DURATION.labels(taken.key.kind).observe(self._desk.clock() - started)

    async def _guarded(self, obj: Stored, taken: Taken) -> str:
        """What came of it, in one word."""
        try:
            return await self._reconcile(obj, taken)
        except Gone:
            return "gone"
        except ApiError as error:
            return await self._refused(obj, taken, error)
        except NotUnderstood as error:
            return await self._not_understood(obj, error)
        except Fenced:
            raise
        except Exception as error:  # a bug must not stop the others
            log.exception("this reconcile failed in a way that nobody has thought of")
            return await self._broken(obj, error)

    async def _reconcile(
        self, obj: Stored, taken: Taken, *, progress: object = None, further: bool = True
    ) -> str:
        """Decide and carry out. What goes on at once does so here, one time.

        At the end of a long queue the bucket that an intent was written for would wait until the answer "there
        is no such bucket" is too old to be believed, and none would be Ready before all were looked for.
        """
        withdrawn = await self._desk.withdrawal.concerns(obj)
        outcome = await self._in_thread(self._decision(obj, withdrawn=withdrawn, progress=progress))
        self._desk.situations.remember(obj, outcome.memo)
        writes = await self._desk.writer.carry_out(obj, outcome)
        for event in outcome.events:
            self._desk.recorder.note(obj, event)
        self._failures.pop(obj.key, None)
        self._signal(outcome.signals)
        now, then = self._desk.cache.get(obj.key), outcome.then
        if further and now is not None and isinstance(then, Continue) and not self._desk.queue.closed:
            return await self._reconcile(now, taken, progress=then.progress, further=False)
        self._again(obj.key, then, taken.priority)
        log.debug("done in %d API writes, then %s", writes, then)
        return "changed" if writes else "unchanged"

    def _decision(self, obj: Stored, *, withdrawn: str, progress: object) -> Callable[[], Outcome[Any]]:
        """What a thread is to do. All that is remembered is looked up before, here in the event loop."""
        desk = self._desk
        if obj.key.kind == IMAGE_BUCKET.name:
            situation = desk.situations.of_bucket(obj, progress)
            return lambda: desk.reconcilers.bucket(replace(situation(), withdrawn=withdrawn))
        if obj.key.kind == STORAGE_BACKEND.name:
            surroundings = desk.situations.of_backend(obj)
            return lambda: desk.reconcilers.backend(surroundings())
        policy = desk.situations.of_policy(obj)
        return lambda: desk.reconcilers.policy(policy())

    def _signal(self, signals: tuple[Signal, ...]) -> None:
        for signal in signals:
            self._desk.stores.doubt(signal.name, signal.subjects)
            self._desk.queue.add(Key(signal.kind, signal.namespace, signal.name), Priority.RETRY)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._desk.pool, lambda: context.run(call))

    def _again(self, key: Key, then: Then, priority: Priority) -> None:
        if key not in self._desk.cache:
            return
        match then:
            case Continue():
                self._desk.queue.add(key, priority)  # the same work goes on
            case Requeue(seconds) if seconds < _LOOK:
                self._desk.queue.add_after(key, _jitter(seconds, 0.05), Priority.RETRY)
            case Requeue(seconds):
                self._desk.queue.add_after(key, _jitter(seconds, 0.1), Priority.LOOK)
            case OnChange():
                pass

    async def _refused(self, obj: Stored, taken: Taken, error: ApiError) -> str:
        """The API server does not take a write: look at what there is now, and try again."""
        if error.status not in {404, 409}:
            log.warning("the API server refuses: %s", error)
            self._back_off(obj.key)
            return "refused"
        try:
            await self._desk.writer.refresh(obj.key)
        except ApiError:
            self._back_off(obj.key)
            return "refused"
        if obj.key in self._desk.cache:
            soon = self._failures[obj.key] < 3
            self._again(obj.key, Continue() if soon else Requeue(self._pause(obj.key)), taken.priority)
            self._failures[obj.key] += 1
        return "conflict" if error.status == 409 else "gone"

    async def _not_understood(self, obj: Stored, error: NotUnderstood) -> str:
        """A newer version's spec, or a foreign API server's: said, not crashed on."""
        told = error.error.errors(include_input=False, include_url=False)
        log.warning("the spec is not understood: %s", told)
        if obj.deleting and keeps_its_bucket(obj):  # else its namespace would never go (rook#16432)
            return await self._let_go(obj)
        await self._say(obj, not_understood(obj, error.error, self._desk.situations.now()))
        return "not-understood"

    async def _let_go(self, obj: Stored) -> str:
        """A bucket that is kept needs no understanding of its settings."""
        try:
            await self._desk.writer.carry_out(obj, Outcome(None, finalizer=Finalizer.RELEASE))
        except Gone:
            return "gone"
        except ApiError as error:
            log.warning("the finalizer is not removed: %s", error)
            self._back_off(obj.key)
            return "refused"
        kept = (
            f"bucket {obj.bucket} is retained, with everything in it; to delete it, use the store's own tools"
        )
        self._desk.recorder.note(obj, Event(Reason.RETAINED, kept, "Delete"))
        return "changed"

    async def _broken(self, obj: Stored, error: Exception) -> str:
        self._back_off(obj.key)
        await self._say(obj, internal_error(obj, error, self._desk.situations.now()))
        return "error"

    async def _say(self, obj: Stored, status: Any) -> None:
        try:
            await self._desk.writer.status(obj, status)
        except Gone:
            return
        except ApiError as error:
            log.warning("the status is not written: %s", error)
            self._back_off(obj.key)

    def _back_off(self, key: Key) -> None:
        self._failures[key] += 1
        self._desk.queue.add_after(key, self._pause(key), Priority.RETRY)

    def _pause(self, key: Key) -> float:
        return _jitter(min(_LONGEST, float(2 ** min(self._failures[key], 12))), 0.25)


def _needed(obj: Stored) -> set[str]:
    """The kinds of which all has to be known to decide about it. Of policies nothing need be: their rules then stay."""
    if obj.key.kind == STORAGE_BACKEND.name:
        return {IMAGE_BUCKET.name} if obj.deleting else set()
    return {STORAGE_BACKEND.name, IMAGE_BUCKET.name}


def _jitter(seconds: float, share: float) -> float:
    return seconds * random.uniform(1 - share, 1 + share)  # noqa: S311
