"""The parts of the operator put together; what is not ours comes in as parameters."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

from imagestore.controller.assembly import Brain, Controller, Surface, controller
from imagestore.controller.state.mirrors import SECRET_PARAMS
from imagestore.core.fencing import Permit, permitted
from imagestore.k8s.api.audit import Audit
from imagestore.k8s.api.client import Client
from imagestore.k8s.api.listing import Listing
from imagestore.k8s.api.resources import NAMESPACES, SECRETS
from imagestore.k8s.api.watch import Subject, Watch
from imagestore.k8s.jobs.board import ApiJobs
from imagestore.k8s.jobs.template import PodTemplate
from imagestore.k8s.life.lease import LeaseTerms
from imagestore.k8s.life.withdrawal import Withdrawal, asking
from imagestore.k8s.sink.objects import ApiObjects
from imagestore.k8s.sink.publisher import ApiPublisher
from imagestore.k8s.sink.recorder import ApiRecorder
from imagestore.k8s.source.secret_reader import ApiSecrets
from imagestore.reconcile.shared.situation import Settings


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    settings: Settings
    namespace: str
    identity: str
    listen: str = "0.0.0.0:8080"
    notifications: str | None = None  # where they are received
    notifications_secret: str = "imagestore-notifications"  # noqa: S105  its name
    lease: str | None = "imagestore"
    workers: int = 64
    audit_interval: float = 720.0
    drain: float = 15.0  # seconds for what runs when it is asked to stop; then kopf takes up to five
    terms: LeaseTerms = field(default_factory=LeaseTerms)
    jobs: PodTemplate | None = None  # None: the operator carries out all runs by itself


@dataclass
class OperatorParts:
    """Everything that lives as long as the operator."""

    controller: Controller
    client: Client
    recorder: ApiRecorder
    watches: tuple[Watch, ...]
    audit: Audit
    listing: Listing
    anew: list[Callable[[], None]]  # how everything that is watched is listed once more
    jobs: ApiJobs


def assemble(client: Client, options: Options, brain: Brain, permit: Permit = permitted) -> OperatorParts:
    """All parts, none of them running yet. ``permit`` is asked before each write to a store."""
    kinds = brain.kinds
    recorder = ApiRecorder(kinds, client, options.identity, monotonic)
    jobs = _jobs(client, options)
    surface = _surface(brain, client, recorder, jobs, permit)
    made = controller(brain, options.settings, options.workers, surface)
    watches = _watches(client, options, made)
    anew: list[Callable[[], None]] = [watch.again for watch in watches]
    audit = Audit(
        *(kinds, client, made.cache, made.writer, monotonic),
        interval=options.audit_interval,
        went_back=lambda: _all(anew),
    )
    listing = Listing(kinds, client, made.cache, made.triggers)
    return OperatorParts(made, client, recorder, watches, audit, listing, anew, jobs)


def _surface(brain: Brain, client: Client, recorder: ApiRecorder, jobs: ApiJobs, permit: Permit) -> Surface:
    loop = asyncio.get_running_loop()
    return Surface(
        ApiObjects(client),
        recorder,
        lambda cache: Withdrawal(brain.kinds, asking(client), cache),
        permit,
        publish=ApiPublisher(client, loop),
        jobs=jobs,
        secret=ApiSecrets(client, loop),
        ahead=lambda: client.clock.ahead,
    )


def _watches(client: Client, options: Options, made: Controller) -> tuple[Watch, ...]:
    """Of what is no kind of ours."""
    secrets = Subject(SECRETS, options.namespace, params=SECRET_PARAMS)
    return (
        Watch(client, secrets, made.secrets, monotonic),
        Watch(client, Subject(NAMESPACES, metadata=True), made.namespaces, monotonic),
    )


def _jobs(client: Client, options: Options) -> ApiJobs:
    """Also where no Jobs are to be made: those of before may still write."""
    loop, installation = asyncio.get_running_loop(), options.settings.installation
    return ApiJobs(client, loop, options.namespace, installation, options.jobs, lambda: datetime.now(UTC))


def _all(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()
