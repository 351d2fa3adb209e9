"""The controller put together. What it works on, and what tells it of changes, is the caller's: a cluster or a folder."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TypeVar

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
from imagestore.controller.runtime import Kinds
from imagestore.controller.services import Services, in_step
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.mirrors import NamespaceMirror, SecretMirror
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import BackendConnections, Connecting
from imagestore.controller.surveyor import Surveyor, threadsafe
from imagestore.controller.work.dispatcher import Dispatcher
from imagestore.controller.work.queue import Priority, WorkQueue
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
    """``workers``: how many objects are worked on at once, one more for each lane."""
    kinds, wake = brain.kinds, asyncio.Event()
    cache = kinds.cache()
    secrets = SecretMirror(lambda name: _count(triggers.secret(name)))
    namespaces = NamespaceMirror(lambda *change: triggers.namespace(*change))
    stores = BackendConnections(cache, kinds.store, secrets.get, brain.connecting, surface.permit)
    queue = WorkQueue(monotonic, lambda key: kinds[key.kind].lane(services, key), workers, wake.set)
    loop = asyncio.get_running_loop()
    counted = threadsafe(loop, lambda key, awaited: triggers.counted(key, awaited=awaited))
    asking = Asking(loop)
    parts = RunParts(
        stores,
        asking,
        settings.installation,
        surface.permit,
        monotonic,
        surface.secret,
        surface.jobs,
        secrets.get,
    )
    if surface.jobs is not None:
        surface.jobs.tell_used(stores.share)
    dropped = unmade if surface.jobs is None else surface.jobs.drop
    lingering = nothing_lingers if surface.jobs is None else surface.jobs.lingering
    ran = threadsafe(loop, lambda key: queue.add(key, Priority.RETRY))
    services = Services(
        cache,
        stores,
        Contributions(cache, kinds.contributors),
        Surveyor(monotonic, lambda: queue.ready > 0, counted),
        Runs(monotonic, lambda: queue.ready > 0, ran, kinds.carriers(parts), dropped, lingering),
        namespaces,
        settings,
        lambda: datetime.now(UTC),
        monotonic,
        queue.is_running,
        asking,
        surface.publish,
        MadeObjects(
            surface.objects, lambda *seen: triggers.event(*seen), lambda key: writer.refresh(key), loop
        ),
        surface.ahead,
    )
    inputs = {record.kind.name: record.inputs(services) for record in kinds}
    forget: list[Callable[[Key], None]] = [*(i.forget for i in inputs.values()), services.surveyor.forget]

    def forgotten(key: Key) -> None:
        for each in forget:
            each(key)

    triggers = Triggers(kinds, services, queue, forgotten)
    writer = Writer(kinds, surface.objects, cache, triggers)
    # The queue bounds what runs; idle threads are reused before a new one is started.
    pool = ThreadPoolExecutor(max_workers=workers + 1024, thread_name_prefix="reconcile")
    withdrawals = surface.withdrawals(cache)
    working = WorkerParts(
        kinds, inputs, services, queue, writer, surface.recorder, withdrawals, pool, surface.ended
    )
    worker = Worker(working)
    forget += [writer.forget, worker.forget, withdrawals.forget]
    dispatcher = Dispatcher(queue, worker, wake, monotonic)
    return Controller(
        kinds, cache, queue, services, triggers, writer, dispatcher, secrets, namespaces, pool, surface.jobs
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
