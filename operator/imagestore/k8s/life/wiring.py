"""The parts of the operator put together; what is not ours comes in as parameters."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import TypeVar

from imagestore import metrics
from imagestore.controller import samples
from imagestore.controller.contributions import Contributions
from imagestore.controller.runtime import Kinds
from imagestore.controller.services import Services
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import BackendConnections, Connecting
from imagestore.controller.surveyor import Surveyor, threadsafe
from imagestore.controller.work.dispatcher import Dispatcher
from imagestore.controller.work.queue import WorkQueue
from imagestore.controller.work.triggers import Triggers
from imagestore.controller.work.worker import Worker, WorkerParts
from imagestore.core.fencing import Permit, permitted
from imagestore.k8s.api.audit import Audit
from imagestore.k8s.api.client import Client
from imagestore.k8s.api.listing import Listing
from imagestore.k8s.api.mirrors import SECRET_PARAMS, NamespaceMirror, SecretMirror
from imagestore.k8s.api.resources import NAMESPACES, SECRETS
from imagestore.k8s.api.watch import Subject, Watch
from imagestore.k8s.life.lease import LeaseTerms
from imagestore.k8s.life.withdrawal import Withdrawal, asking
from imagestore.k8s.sink.recorder import ApiRecorder
from imagestore.k8s.sink.writer import Writer
from imagestore.reconcile.shared.situation import Settings

T = TypeVar("T")
_PATIENCE = 30.0  # seconds; a loop that has ended does not answer


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    settings: Settings
    namespace: str
    identity: str
    listen: str = "0.0.0.0:8080"
    lease: str | None = "imagestore"
    workers: int = 64
    audit_interval: float = 720.0
    drain: float = 15.0  # seconds for what runs when it is asked to stop; then kopf takes up to five
    terms: LeaseTerms = field(default_factory=LeaseTerms)


@dataclass(frozen=True)
class Composition:
    """What decides: the records of all kinds, or a test's own, and how a store is connected."""

    kinds: Kinds
    connecting: Connecting


@dataclass
class OperatorParts:
    """Everything that lives as long as the operator."""

    kinds: Kinds
    client: Client
    cache: Cache
    queue: WorkQueue
    stores: BackendConnections
    triggers: Triggers
    recorder: ApiRecorder
    dispatcher: Dispatcher
    watches: tuple[Watch, ...]
    audit: Audit
    pool: ThreadPoolExecutor
    surveyor: Surveyor
    listing: Listing
    anew: list[Callable[[], None]]  # how everything that is watched is listed once more

    def snapshot(self) -> None:
        """Objects and queue as they are now, for the scrape that follows in another thread."""
        objects, loads, delayed = self.cache.all(), self.queue.loads(), self.queue.delayed
        metrics.LIVE.serve(
            lambda: samples.of_objects(self.kinds, objects),
            lambda: samples.of_queue(loads, delayed),
            self.surveyor.samples,
        )


def assemble(
    client: Client, options: Options, composition: Composition, permit: Permit = permitted
) -> OperatorParts:
    """All parts, none of them running yet. ``permit`` is asked before each write to a store."""
    kinds, wake = composition.kinds, asyncio.Event()
    cache = kinds.cache()
    secrets = SecretMirror(lambda name: _count(triggers.secret(name)))
    namespaces = NamespaceMirror(lambda *change: triggers.namespace(*change))
    stores = BackendConnections(cache, kinds.store, secrets.get, composition.connecting, permit)
    queue = WorkQueue(monotonic, lambda key: kinds[key.kind].lane(services, key), options.workers, wake.set)
    loop = asyncio.get_running_loop()
    counted = threadsafe(loop, lambda key, awaited: triggers.counted(key, awaited=awaited))
    services = Services(
        cache,
        stores,
        Contributions(cache, kinds.contributors),
        Surveyor(monotonic, lambda: queue.ready > 0, counted),
        namespaces,
        options.settings,
        lambda: datetime.now(UTC),
        monotonic,
        queue.is_running,
        Asking(loop),
    )
    inputs = {record.kind.name: record.inputs(services) for record in kinds}
    forget: list[Callable[[Key], None]] = [*(i.forget for i in inputs.values()), services.surveyor.forget]

    def forgotten(key: Key) -> None:
        for each in forget:
            each(key)

    triggers = Triggers(kinds, services, queue, forgotten)
    writer = Writer(kinds, client, cache, triggers)
    recorder = ApiRecorder(kinds, client, options.identity, monotonic)
    # The queue bounds what runs; idle threads are reused before a new one is started.
    pool = ThreadPoolExecutor(max_workers=options.workers + 1024, thread_name_prefix="reconcile")
    withdrawal = Withdrawal(kinds, asking(client), cache)
    worker = Worker(WorkerParts(kinds, inputs, services, queue, writer, recorder, withdrawal, pool))
    forget += [writer.forget, worker.forget, withdrawal.forget]
    watches = (
        Watch(client, Subject(SECRETS, options.namespace, params=SECRET_PARAMS), secrets, monotonic),
        Watch(client, Subject(NAMESPACES, metadata=True), namespaces, monotonic),
    )
    anew: list[Callable[[], None]] = [watch.again for watch in watches]
    audit = Audit(
        kinds, client, cache, writer, monotonic, interval=options.audit_interval, went_back=lambda: _all(anew)
    )
    return OperatorParts(
        kinds,
        client,
        cache,
        queue,
        stores,
        triggers,
        recorder,
        Dispatcher(queue, worker, wake, monotonic),
        watches,
        audit,
        pool,
        services.surveyor,
        Listing(kinds, client, cache, triggers),
        anew,
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


def _all(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()


def _count(used: object) -> None:
    if used:
        metrics.SECRET_CHANGES.inc()
