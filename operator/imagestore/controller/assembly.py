"""The controller put together. What it works on, and what tells it of changes, is the caller's: a cluster or a folder."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from time import monotonic
from typing import Any, TypeVar

from imagestore import metrics
from imagestore.backends.notices import ObjectNotice
from imagestore.controller import samples
from imagestore.controller.contributions import Contributions
from imagestore.controller.edges import EventRecorder, ObjectApi, Withdrawals
from imagestore.controller.jobs import JobBoard, unmade
from imagestore.controller.keys import FetchSecret, no_secrets
from imagestore.controller.making import MadeObjects
from imagestore.controller.opening import RunParts
from imagestore.controller.run_tasks import nothing_lingers
from imagestore.controller.runs import Runs
from imagestore.controller.runtime import Inputs, Kinds
from imagestore.controller.services import Services, in_step
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.mirrors import NamespaceMirror, SecretMirror
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import BackendConnections, Connecting
from imagestore.controller.surveyor import Surveyor, threadsafe
from imagestore.controller.work.dispatcher import Dispatcher
from imagestore.controller.work.queue import Lane, Priority, WorkQueue
from imagestore.controller.work.triggers import Triggers
from imagestore.controller.work.worker import Ended, Worker, WorkerParts, unheard
from imagestore.controller.writer import Writer
from imagestore.core.fencing import Permit, permitted
from imagestore.reconcile.replication.situation import Publish, unpublished
from imagestore.reconcile.shared.situation import Settings

T = TypeVar("T")
_PATIENCE = 30.0  # seconds; a loop that has ended does not answer


@dataclass(frozen=True)
class Brain:
    """What decides: the records of all kinds, or a test's own, and how a store is connected."""

    kinds: Kinds
    connecting: Connecting


@dataclass(frozen=True)
class Surface:
    """Where the controller meets the world.

    ``permit`` is asked before each write to a store. ``ended`` hears how each reconcile ended. ``jobs``: where large runs are
    carried out; None: by this process. ``publish``, ``secret`` and ``ahead`` are called from threads. ``ahead``: see ``Services``.
    """

    objects: ObjectApi
    recorder: EventRecorder
    withdrawals: Callable[[Cache], Withdrawals]
    permit: Permit = permitted
    ended: Ended = unheard
    jobs: JobBoard | None = None
    publish: Publish = unpublished
    secret: FetchSecret = no_secrets
    ahead: Callable[[], float] = in_step


@dataclass(frozen=True)
class Controller:
    """Everything that lives as long as it does. None of it is running yet."""

    kinds: Kinds
    cache: Cache
    queue: WorkQueue
    services: Services
    triggers: Triggers
    writer: Writer
    dispatcher: Dispatcher
    secrets: SecretMirror
    namespaces: NamespaceMirror
    pool: ThreadPoolExecutor
    jobs: JobBoard | None = None

    async def drain(self, seconds: float) -> int:
        """Take nothing more, and wait for what runs. Return how many reconciles and runs have not ended."""
        until = monotonic() + seconds
        left = await self.dispatcher.drain(seconds)
        return left + await asyncio.to_thread(self.services.runs.drain, max(0.0, until - monotonic()))

    def heard(self, backend: str, told: Sequence[ObjectNotice]) -> bool:
        """Act on what the store of a backend tells of objects; whether it means anything."""
        heard = [record.heard(self.services, backend, told) for record in self.kinds]  # every one of them
        return any(heard)

    def snapshot(self) -> None:
        """Objects and queue as they are now, for the scrape that follows in another thread."""
        objects, loads, delayed = self.cache.all(), self.queue.loads(), self.queue.delayed
        metrics.LIVE.serve(
            lambda: samples.of_objects(self.kinds, objects),
            lambda: samples.of_queue(loads, delayed),
            self.services.surveyor.samples,
            self.services.runs.samples,
            *((self.jobs.samples,) if self.jobs is not None else ()),
        )


def controller(brain: Brain, settings: Settings, workers: int, surface: Surface) -> Controller:
    """``workers``: how many objects are worked on at once, one more for each lane. Called in the event loop."""
    return _Assembly(brain, settings, workers, surface, asyncio.get_running_loop()).controller()


@dataclass
class _Assembly:
    """Each part by its name, made when it is first asked for. Parts that need each other reach the other one through this."""

    brain: Brain
    settings: Settings
    workers: int
    surface: Surface
    loop: asyncio.AbstractEventLoop

    def __post_init__(self) -> None:
        self.kinds, self.wake = self.brain.kinds, asyncio.Event()
        self.cache, self.asking = self.kinds.cache(), Asking(self.loop)
        self.secrets = SecretMirror(lambda name: _count(self.triggers.secret(name)))
        self.namespaces = NamespaceMirror(lambda *change: self.triggers.namespace(*change))
        # The queue bounds what runs; idle threads are reused before a new one is started.
        self.pool = ThreadPoolExecutor(max_workers=self.workers + 1024, thread_name_prefix="reconcile")

    def controller(self) -> Controller:
        """All of it."""
        dispatcher = Dispatcher(self.queue, self.worker, self.wake, monotonic)
        seen = (self.secrets, self.namespaces)
        acting = (self.services, self.triggers, self.writer, dispatcher)
        return Controller(self.kinds, self.cache, self.queue, *acting, *seen, self.pool, self.surface.jobs)

    @cached_property
    def queue(self) -> WorkQueue:
        def lane(key: Key) -> tuple[Lane, int]:
            return self.kinds[key.kind].lane(self.services, key)

        return WorkQueue(monotonic, lane, self.workers, self.wake.set)

    @cached_property
    def stores(self) -> BackendConnections:
        connecting, permit = self.brain.connecting, self.surface.permit
        return BackendConnections(self.cache, self.kinds.store, self.secrets.get, connecting, permit)

    @cached_property
    def runs(self) -> Runs:
        jobs = self.surface.jobs
        if jobs is not None:
            jobs.tell_used(self.stores.share)
        return Runs(
            monotonic,
            self._is_busy,
            threadsafe(self.loop, lambda key: self.queue.add(key, Priority.RETRY)),
            self.kinds.carriers(self._run_parts()),
            unmade if jobs is None else jobs.drop,
            nothing_lingers if jobs is None else jobs.lingering,
        )

    def _run_parts(self) -> RunParts:
        made, permit = self.surface, self.surface.permit
        where = (self.stores, self.asking, self.settings.installation)
        return RunParts(*where, permit, monotonic, made.secret, made.jobs, self.secrets.get)

    def _is_busy(self) -> bool:
        return self.queue.ready > 0

    @cached_property
    def surveyor(self) -> Surveyor:
        counted = threadsafe(self.loop, lambda key, awaited: self.triggers.counted(key, awaited=awaited))
        return Surveyor(monotonic, self._is_busy, counted)

    @cached_property
    def services(self) -> Services:
        return Services(
            self.cache,
            self.stores,
            Contributions(self.cache, self.kinds.contributors),
            self.surveyor,
            self.runs,
            self.namespaces,
            self.settings,
            lambda: datetime.now(UTC),
            monotonic,
            self.queue.is_running,
            self.asking,
            self.surface.publish,
            self._made_objects(),
            self.surface.ahead,
        )

    def _made_objects(self) -> MadeObjects:
        return MadeObjects(
            self.surface.objects,
            lambda *seen: self.triggers.event(*seen),
            lambda key: self.writer.refresh(key),
            self.loop,
        )

    @cached_property
    def triggers(self) -> Triggers:
        return Triggers(self.kinds, self.services, self.queue, self._forget)

    def _forget(self, key: Key) -> None:
        for inputs in self.inputs.values():
            inputs.forget(key)
        for part in (self.surveyor, self.writer, self.worker, self.withdrawals):
            part.forget(key)

    @cached_property
    def inputs(self) -> dict[str, Inputs[Any]]:
        return {record.kind.name: record.inputs(self.services) for record in self.kinds}

    @cached_property
    def writer(self) -> Writer:
        return Writer(self.kinds, self.surface.objects, self.cache, self.triggers)

    @cached_property
    def withdrawals(self) -> Withdrawals:
        return self.surface.withdrawals(self.cache)

    @cached_property
    def worker(self) -> Worker:
        outward = (self.writer, self.surface.recorder, self.withdrawals)
        return Worker(
            WorkerParts(
                *(self.kinds, self.inputs, self.services, self.queue), *outward, self.pool, self.surface.ended
            )
        )


class Asking:
    """How a thread asks the event loop ``loop``."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __call__(self, what: Callable[[], T]) -> T:
        """The answer. Raises what ``what`` raises, and TimeoutError."""
        answer: Future[T] = Future()

        def tell() -> None:
            try:
                answer.set_result(what())
            except Exception as error:  # noqa: BLE001  the thread that waits must hear of it
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(tell)
        return answer.result(_PATIENCE)


def _count(used: object) -> None:
    if used:
        metrics.SECRET_CHANGES.inc()
