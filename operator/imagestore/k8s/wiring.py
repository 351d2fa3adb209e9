"""The parts of the operator put together; what is not ours comes in as parameters."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

from imagestore import metrics
from imagestore.core.fencing import Permit, permitted
from imagestore.k8s import facts
from imagestore.k8s.audit import Audit
from imagestore.k8s.cache import Cache
from imagestore.k8s.client import Client
from imagestore.k8s.dispatcher import Dispatcher
from imagestore.k8s.lease import Terms
from imagestore.k8s.listing import Listing
from imagestore.k8s.mirrors import SECRET_PARAMS, Namespaces, Secrets
from imagestore.k8s.objects import LIFECYCLE_POLICY, STORAGE_BACKEND, Key
from imagestore.k8s.queue import Lane, WorkQueue
from imagestore.k8s.recorder import Recorder
from imagestore.k8s.resources import NAMESPACES, SECRETS
from imagestore.k8s.situations import Situations
from imagestore.k8s.stores import Connecting, Stores
from imagestore.k8s.surveyor import Surveyor, threadsafe
from imagestore.k8s.triggers import Triggers
from imagestore.k8s.watch import Subject, Watch
from imagestore.k8s.withdrawal import Withdrawal, asking
from imagestore.k8s.worker import Desk, Reconcilers, Worker
from imagestore.k8s.writer import Writer
from imagestore.reconcile.shared.situation import Settings

_CONCURRENCY = 8  # as the schema has it for a backend that says nothing
_POLICIES = 8  # worked on at once: what they wait for is the API server's answer to a status


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
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True)
class Brain:
    """What decides: the real reconciles, or a test's own."""

    reconcilers: Reconcilers
    connecting: Connecting


@dataclass
class Parts:
    """Everything that lives as long as the operator."""

    client: Client
    cache: Cache
    queue: WorkQueue
    stores: Stores
    triggers: Triggers
    recorder: Recorder
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
            lambda: facts.of_objects(objects),
            lambda: facts.of_queue(loads, delayed),
            self.surveyor.samples,
        )


def assemble(client: Client, options: Options, brain: Brain, permit: Permit = permitted) -> Parts:
    """All parts, none of them running yet. ``permit`` is asked before each write to a store."""
    cache, wake = Cache(), asyncio.Event()
    secrets = Secrets(lambda name: _count(triggers.secret(name)))
    namespaces = Namespaces(lambda *change: triggers.namespace(*change))
    stores = Stores(cache, secrets.get, brain.connecting, permit)
    queue = WorkQueue(monotonic, _lanes(cache, stores), options.workers, wake.set)
    loop = asyncio.get_running_loop()
    counted = threadsafe(loop, lambda key, awaited: triggers.counted(key, awaited=awaited))
    surveyor = Surveyor(monotonic, lambda: queue.ready > 0, counted)
    situations = Situations(
        cache, stores, namespaces, options.settings, lambda: datetime.now(UTC), surveyor, loop=loop
    )
    forget: list[Callable[[Key], None]] = [situations.forget, surveyor.forget]

    def forgotten(key: Key) -> None:
        for each in forget:
            each(key)

    triggers = Triggers(cache, queue, stores, options.settings.default_interval, forgotten)
    writer = Writer(client, cache, triggers)
    recorder = Recorder(client, options.identity, monotonic)
    # The queue bounds what runs; idle threads are reused before a new one is started.
    pool = ThreadPoolExecutor(max_workers=options.workers + 1024, thread_name_prefix="reconcile")
    withdrawal = Withdrawal(asking(client), cache)
    desk = Desk(
        cache, queue, stores, situations, writer, recorder, withdrawal, brain.reconcilers, pool, monotonic
    )
    worker = Worker(desk)
    forget += [writer.forget, worker.forget, withdrawal.forget, _forget_calls]
    watches = (
        Watch(client, Subject(SECRETS, options.namespace, params=SECRET_PARAMS), secrets, monotonic),
        Watch(client, Subject(NAMESPACES, metadata=True), namespaces, monotonic),
    )
    anew: list[Callable[[], None]] = [watch.again for watch in watches]
    audit = Audit(
        client, cache, writer, monotonic, interval=options.audit_interval, went_back=lambda: _all(anew)
    )
    dispatcher = Dispatcher(queue, worker, wake, monotonic)
    listing = Listing(client, cache, triggers)
    return Parts(
        client,
        cache,
        queue,
        stores,
        triggers,
        recorder,
        dispatcher,
        watches,
        audit,
        pool,
        surveyor,
        listing,
        anew,
    )


def _all(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()


def _count(used: object) -> None:
    if used:
        metrics.SECRET_CHANGES.inc()


def _forget_calls(key: Key) -> None:
    """Else an open circuit of a deleted backend is told, and its alert fires, for as long as the process lives."""
    if key.kind == STORAGE_BACKEND.name:
        metrics.StoreMetrics(key.name).forget()


def _lanes(cache: Cache, stores: Stores) -> Callable[[Key], tuple[Lane, int]]:
    """A bucket waits in its backend's lane; probing a backend waits for none of its buckets, nor for a dead store.

    Policies ask no store, so they share one lane: with one each, 1500 were worked on at once.
    """

    def lane(key: Key) -> tuple[Lane, int]:
        if key.kind == LIFECYCLE_POLICY.name:
            return Lane(key.kind), _POLICIES
        if key.kind == STORAGE_BACKEND.name:
            return Lane(key.kind, key.name), 1
        obj = cache.get(key)
        backend = obj.backend if obj else ""
        spec = stores.spec(backend)
        limits = spec.limits if spec else None
        return Lane(key.kind, backend), limits.concurrency if limits else _CONCURRENCY

    return lane
