"""The reconcile of a StorageBackend: reads prove endpoint, TLS, region and credentials.

It writes nothing but the remote tiers that the spec has (``tiers``). They have a condition of their own: Ready says
whether the store can be used, and for buckets without such a tier it can.
"""

from datetime import datetime

from imagestore.api.capabilities import Capability
from imagestore.api.storagebackend import Server, StorageBackendStatus
from imagestore.backends import base
from imagestore.core.conditions import Condition, find, settle
from imagestore.core.errors import StoreError, Transient
from imagestore.core.outcome import Finalizer, Note, Outcome
from imagestore.core.reading import Support
from imagestore.reconcile.report import condition, reconciling, stalled
from imagestore.reconcile.situation import Meta, Settings, Store
from imagestore.reconcile.tiers import NOT_READY, Looked, look_after

Result = Outcome[StorageBackendStatus]


def reconcile(
    meta: Meta,
    status: StorageBackendStatus,
    store: Store,
    buckets: int,
    now: datetime,
    settings: Settings,
) -> Result:
    """``buckets``: how many ImageBuckets name this backend. While it is not zero the backend stays."""
    if meta.deleting:
        return _deleting(meta, status, buckets, now)
    conditions, server, wait = _probe(store, settings)
    tiers = look_after(store, status) if server else _unseen(status)
    known = _capabilities(store.backend) if store.backend else status.capabilities
    after = _with(meta, status, [*conditions, *tiers.trouble], now).model_copy(
        update={
            "server": server or status.server,
            "capabilities": known,
            "buckets": buckets,
            "tiers": tiers.tiers,
        }
    )
    wait = min(wait, settings.retry * 4) if tiers.trouble else wait
    return Outcome(after, (*_notes(status, after), *tiers.notes), wait)


def _unseen(status: StorageBackendStatus) -> Looked:
    """What does not answer tells nothing of its tiers: what was said of them last still stands."""
    return Looked(status.tiers, tuple(c for c in status.conditions if c.type == NOT_READY))


def _probe(store: Store, settings: Settings) -> tuple[list[Condition], Server | None, float]:
    if store.backend is None:
        return stalled("BackendUnusable", store.trouble), None, settings.default_interval
    try:
        server = store.backend.probe()
    except Transient as error:
        return reconciling("StoreUnreachable", str(error)), None, settings.retry * 2
    except StoreError as error:
        return stalled(type(error).__name__, str(error)), None, settings.retry * 4
    ready = condition("Ready", "Answered", "endpoint, TLS, region and credentials were proven by reads")
    return (
        [ready],
        Server(product=server.product, version=server.version),
        min(settings.pulse, settings.default_interval),
    )


def _capabilities(backend: base.Backend) -> tuple[Capability, ...]:
    return tuple(_capability(n, support) for n, support in sorted(backend.support.items()))


def _capability(name: str, support: Support) -> Capability:
    reason = support.reason or "; ".join(support.weak) or None
    return Capability(facet=name, support=support.level.value, reason=reason, lost=support.lost)


def _deleting(meta: Meta, status: StorageBackendStatus, buckets: int, now: datetime) -> Result:
    if not buckets:
        return Outcome(None, finalizer=Finalizer.RELEASE if meta.finalized else Finalizer.LEAVE)
    message = (
        f"{buckets} ImageBuckets still use this backend; delete them first, or point them elsewhere anew"
    )
    after = _with(meta, status, stalled("InUse", message), now).model_copy(update={"buckets": buckets})
    return Outcome(after, _notes(status, after), None)


def _with(
    meta: Meta, status: StorageBackendStatus, conditions: list[Condition], now: datetime
) -> StorageBackendStatus:
    stamped = settle(now, meta.generation, conditions, status.conditions)
    return status.model_copy(update={"observed_generation": meta.generation, "conditions": stamped})


def _notes(before: StorageBackendStatus, after: StorageBackendStatus) -> tuple[Note, ...]:
    was, ready = find(before.conditions, "Ready"), find(after.conditions, "Ready")
    notes = []
    if ready is not None and (was is None or (was.status, was.reason) != (ready.status, ready.reason)):
        notes.append(Note(ready.reason, ready.message, "Probe", warning=ready.status != "True"))
    tiers = find(after.conditions, NOT_READY)
    told = find(before.conditions, NOT_READY) is not None and _states(before) == _states(after)
    if tiers is not None and not told:
        notes.append(Note(tiers.reason, tiers.message, "Tiers", warning=True))
    return tuple(notes)


def _states(status: StorageBackendStatus) -> list[tuple[str, str]]:
    return [(t.storage_class, t.state) for t in status.tiers]
