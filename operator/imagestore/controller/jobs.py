"""Runs that are carried out by a Job: what is asked of the place where Jobs are made, and what is seen of them.

A Job is found again by the object's uid and the job's digest, whichever replica made it. It is never edited: it ends, or it is
deleted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from imagestore import metrics
from imagestore.api.kinds import kind_of
from imagestore.api.limits import Limits
from imagestore.api.providers import PROVIDERS
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import JOBS_SHARE
from imagestore.reconcile.shared.pods import AS_THE_CHART, PodChoices

FOLDER = "/run/imagestore"  # where a Job's files are
SECRETS_IN = "operator"  # the namespace that the Secrets among a Job's files name


class JobsUnusable(Exception):
    """A Job cannot be made, seen or deleted. ``refused``: trying again soon does not help."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True)
class JobOrder:
    """What a Job is to do. ``digest``: of the job, for which it is found again. ``run``: the id that its processes share.

    ``arguments`` of ``imagestore``; ``files`` are at FOLDER. ``backends``: StorageBackends that it uses.
    """

    key: Key
    uid: str
    digest: str
    run: str
    indexes: int
    arguments: tuple[str, ...]
    files: Mapping[str, bytes] = field(repr=False)
    pod: PodChoices = AS_THE_CHART
    backends: frozenset[str] = frozenset()


@dataclass(frozen=True)
class JobSeen:
    """A Job as the API server has it. ``failed``: indexes that are not tried again. ``ready``: pods that run now.

    ``age`` in seconds. ``going``: it is being deleted, and its pods may still run. ``why``: it failed. ``run``: see ``JobOrder``.
    """

    name: str
    key: Key
    uid: str
    digest: str
    indexes: int
    backends: frozenset[str] = frozenset()
    completed: int = 0
    failed: tuple[int, ...] = ()
    ready: int = 0
    age: float = 0.0
    complete: bool = False
    ended: bool = False
    going: bool = False
    why: str = ""
    run: str = ""


class Lingers(NamedTuple):
    """``why`` something may still write that is not wanted any more, and after how many seconds it is worth another look."""

    why: str
    again: float


class JobBoard(Protocol):
    """Asked from threads of runs. Raises JobsUnusable, and Fenced."""

    @property
    def makes(self) -> bool:
        """Whether Jobs are made. False: those that are there are seen and ended."""

    def all(self) -> list[JobSeen]:
        """All Jobs of this installation."""

    def tell_used(self, used: Callable[[frozenset[str]], None]) -> None:
        """Call ``used`` with the StorageBackends that pods of Jobs use, whenever these may have changed."""

    def samples(self) -> Iterator[metrics.MetricSample]:
        """What metrics tell of the Jobs, as they were seen last. From any thread."""

    def begin(self, order: JobOrder) -> None:
        """Make the Job and its Secret. Where a Job of this uid and digest is there, nothing is made but a missing Secret."""

    def end(self, name: str) -> None:
        """Delete a Job, its pods and its Secret; it is ``going`` until the pods have ended."""

    def drop(self, key: Key, purpose: str) -> None:
        """Delete the Jobs of an object for a purpose some time soon. Does not block, from any thread."""

    def lingering(self, key: Key, digest: str) -> Lingers | None:
        """A Job of this object, but not of this digest, may still write; None: none can. Such Jobs are deleted.

        While Jobs cannot be seen, there may be one. Does not block, from any thread.
        """


def unmade(_key: Key, _purpose: str) -> None:
    """The ``drop`` of a controller that makes no Jobs."""


class NoIdentity(Exception):
    """A pod of a Job cannot log in at a store as the operator does."""


def backends_file(
    specs: Mapping[str, StorageBackendSpec],
    secret: Callable[[str], Mapping[str, bytes] | None],
    shared_by: int,
) -> list[dict[str, Any]]:
    """The StorageBackends and the keys that a pod needs, as manifests. The pods share a part of the backends' limits.

    What a copy does not need is left out: tenancy, admin API, remote tiers, keys for other stores. Raises NoIdentity.
    """
    made = [_backend(name, spec, shared_by) for name, spec in sorted(specs.items())]
    return made + [_secret(name, keys, secret(name) or {}) for name, keys in sorted(_needed(specs).items())]


def _backend(name: str, spec: StorageBackendSpec, shared_by: int) -> dict[str, Any]:
    kind, reduced = kind_of(StorageBackendSpec), _reduced(spec, shared_by)
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": name}, "spec": reduced}


def _secret(name: str, keys: set[str], data: Mapping[str, bytes]) -> dict[str, Any]:
    held = {key: data[key].decode("utf-8", "replace") for key in sorted(keys) if key in data}
    metadata = {"name": name, "namespace": SECRETS_IN}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": held}


def _reduced(spec: StorageBackendSpec, shared_by: int) -> dict[str, Any]:
    told: dict[str, Any] = spec.to_json()
    limits: dict[str, Any] = (spec.limits or Limits()).to_json()
    rates = {k: max(1, int(limits[k] * JOBS_SHARE) // shared_by) for k in ("requestsPerSecond", "burst")}
    kept = {k: v for k, v in told.items() if k in ("provider", "s3", "credentials", "tls")}
    return {**kept, "limits": {"concurrency": limits["concurrency"], **rates}}


def _needed(specs: Mapping[str, StorageBackendSpec]) -> dict[str, set[str]]:
    """By Secret, the keys in it."""
    found: dict[str, set[str]] = {}
    for name, spec in specs.items():
        if spec.credentials.secret_ref is None:
            raise NoIdentity(
                f"the StorageBackend {name} has ambient credentials, which only the operator's pod has"
            )
        keys = PROVIDERS[spec.provider].credentials
        found.setdefault(spec.credentials.secret_ref.name, set()).update((*keys.required, *keys.optional))
        if spec.tls is not None:
            found.setdefault(spec.tls.ca_secret_ref.name, set()).add("ca.crt")
    return found


def running_job(board: JobBoard, mine: Iterable[JobSeen], digest: str) -> JobSeen | None:
    """The one of an object's Jobs that is to go on; None: there is none, or no Jobs are made any more."""
    wanted = (s for s in mine if s.digest == digest and not s.going)
    return next(wanted, None) if board.makes else None


def job_samples(seen: Iterable[JobSeen]) -> Iterator[metrics.MetricSample]:
    """The shards of each Job that goes on, by state."""
    for job in (s for s in seen if not s.ended and not s.going):
        waiting = max(0, job.indexes - job.completed - len(job.failed) - job.ready)
        states = {"done": job.completed, "failed": len(job.failed), "running": job.ready, "waiting": waiting}
        yield from ((metrics.JOB_SHARDS, (*job.key, state), float(n)) for state, n in states.items())


def most_pods(specs: Iterable[StorageBackendSpec]) -> int:
    """How many pods can share these StorageBackends: each makes at least one request a second."""
    limits = ((spec.limits or Limits()).requests_per_second for spec in specs)
    return min((int(rate * JOBS_SHARE) for rate in limits), default=0)


def others(seen: Iterable[JobSeen], uid: str, backends: frozenset[str]) -> bool:
    """Whether a Job of another object uses one of these backends now."""
    return any(s.uid != uid and not s.ended and not s.backends.isdisjoint(backends) for s in seen)
