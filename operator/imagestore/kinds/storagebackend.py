"""StorageBackend: one object store, and what namespaces may ask of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from sys import intern

from imagestore import metrics
from imagestore.api.kinds import IMAGE_BUCKET, STORAGE_BACKEND
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.controller.runtime import SECRET, Cause, KindRuntime, Pass, Wake
from imagestore.controller.services import Services
from imagestore.controller.state.cache import ObjectChange
from imagestore.controller.state.index import Edge
from imagestore.controller.state.objects import Key, Stored, lenient
from imagestore.controller.state.raw import Json, RawObject, mapping, mappings, states
from imagestore.controller.work.queue import Lane, Priority
from imagestore.controller.work.triggers import share
from imagestore.kinds.parts.inputs import meta
from imagestore.kinds.parts.relations import buckets_of, replicating_into, served, unsettled
from imagestore.kinds.parts.samples import of_backends
from imagestore.kinds.parts.tokens import approval_token
from imagestore.reconcile.backend.reconcile import reconcile
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.shared.situation import SPREAD


@dataclass(frozen=True, slots=True)
class BackendFacts:
    """What is remembered of a StorageBackend besides the envelope."""

    secrets: tuple[str, ...]  # that it refers to
    tiers: tuple[tuple[str, str], ...]  # its remote tiers by state
    holds: str  # why nothing is made there, as its status has it


StoredBackend = Stored[BackendFacts]


def _facts(raw: RawObject) -> BackendFacts:
    return BackendFacts(
        secrets=tuple(sorted(set(_secrets(raw.spec)))),
        tiers=states(raw.status.get("tiers"), "storageClass"),
        holds=_holds(raw.status),
    )


def _holds(status: Json) -> str:
    """Another store answers, or many buckets are missing and no administrator has agreed."""
    if "another" in status:
        return "another"
    missing = mapping(status.get("missing"))
    return "missing" if missing and not missing.get("agreed") else ""


def _secrets(spec: Json) -> list[str]:
    """The names of all Secrets that a spec refers to, wherever it does."""
    found = []
    for name, value in spec.items():
        if name.lower().endswith("secretref") and isinstance(value, dict):
            found.append(intern(str(value.get("name", ""))))
        else:
            inside = [value] if isinstance(value, dict) else mappings(value)
            found += [secret for each in inside for secret in _secrets(each)]
    return found


def _edges(obj: StoredBackend) -> Iterator[Edge]:
    return (Edge(SECRET, Key("Secret", "", name)) for name in obj.extra.secrets)


class _Inputs:
    def __init__(self, services: Services) -> None:
        self._services = services

    def of(self, obj: StoredBackend, this: Pass) -> Callable[[], BackendSituation]:
        known, name = self._services, obj.key.name
        named, serves = known.stores.named(name), served(known, name)
        all_known = IMAGE_BUCKET.name not in known.cache.unknown
        return lambda: BackendSituation(
            meta=meta(known, obj),
            status=lenient(StorageBackendStatus, obj.status),
            store=known.stores.store(named),
            settings=known.settings,
            now=known.now(),
            token=approval_token,
            served=serves,
            all_known=all_known,
            doubts=this.subjects,
        )

    def forget(self, key: Key) -> None:
        pass


def _affects(services: Services, change: ObjectChange, cause: Cause) -> Iterator[Wake]:
    before, after = change.before, change.after
    if after is None:
        assert before is not None, "something has changed"  # noqa: S101
        yield from map(Wake, buckets_of(services.cache, before.key.name))
    elif before is None:
        yield from map(Wake, unsettled(services.cache, buckets_of(services.cache, after.key.name)))
    else:
        if cause is not Cause.WRITTEN and before.spec != after.spec:
            yield from map(Wake, buckets_of(services.cache, after.key.name))
            yield from map(Wake, replicating_into(services.cache, after.key.name))
        yield from _recovered(services, before, after)


def _recovered(services: Services, before: StoredBackend, after: StoredBackend) -> Iterator[Wake]:
    """A backend that answers again, or whose tiers are others: what waited for it need not wait longer.

    What is being worked on does not wait: a backend's first Ready made every bucket that was just being created
    check itself once more.
    """
    buckets = buckets_of(services.cache, after.key.name)
    if before.ready != "True" and after.ready == "True":
        waiting = unsettled(services.cache, buckets)
        yield from (Wake(key) for key in waiting if not services.is_running(key))
    if before.ready == "True" and after.ready == "False":
        yield from _silenced(services, buckets)
    if before.extra.tiers != after.extra.tiers:
        yield from map(Wake, buckets)
    if before.extra.holds != after.extra.holds:
        yield from _held(services, buckets, before.extra.holds, after.extra.holds)


def _held(services: Services, buckets: tuple[Key, ...], before: str, after: str) -> Iterator[Wake]:
    """Another store concerns every bucket. Of missing ones only an end is news, also for what runs.

    An approval edits the backend, which makes all of them check: they met the hold before its end was written.
    """
    if "another" in (before, after):
        yield from map(Wake, buckets)
    elif not after:
        yield from map(Wake, unsettled(services.cache, buckets))
        yield from map(Wake, filter(services.is_running, buckets))


def _silenced(services: Services, buckets: tuple[Key, ...]) -> Iterator[Wake]:
    """A backend that answers no more: what its buckets' statuses say is not known any longer, before their next check."""
    for obj in services.cache.found(buckets):
        yield Wake(obj.key, share(obj.uid) * SPREAD, Priority.LOOK)


def _secret_changed(services: Services, obj: StoredBackend) -> Iterator[Wake]:
    services.stores.drop(obj.key.name)
    yield from map(Wake, buckets_of(services.cache, obj.key.name))
    yield from map(Wake, replicating_into(services.cache, obj.key.name))


def _gone(services: Services, key: Key) -> None:
    """Else an open circuit of a deleted backend is told, and its alert fires, for as long as the process lives."""
    services.stores.drop(key.name)
    services.surveyor.forget_backend(key.name)
    metrics.StoreMetrics(key.name).forget()


STORAGE_BACKENDS = KindRuntime(
    kind=STORAGE_BACKEND,
    finalizer="imagestore.dev/backend",
    remember=_facts,
    edges=_edges,
    # Probing a backend waits for none of its buckets, nor for a dead store.
    lane=lambda _, key: (Lane(key.kind, key.name), 1),
    needs=lambda obj: (IMAGE_BUCKET.name,) if obj.deleting else (),
    inputs=_Inputs,
    reconcile=reconcile,
    affects=_affects,
    secret_changed=_secret_changed,
    gone=_gone,
    # A store that answers, and may be another one, is not silent.
    silent=lambda obj: obj.ready == "False" and not obj.extra.holds,
    backend=lambda obj: obj.key.name,
    samples=of_backends,
)
