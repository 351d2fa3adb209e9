"""The reconcile of a StorageBackend: reads prove endpoint, TLS, region and credentials.

It writes nothing but the remote tiers that the spec has (``tiers``). They have a condition of their own: Ready says
whether the store can be used, and for buckets without such a tier it can.
"""

from imagestore.api.capabilities import Capability
from imagestore.api.storagebackend import Server, StorageBackendStatus
from imagestore.backends import base
from imagestore.core.conditions import Condition, condition, find, reconciling, settle, stalled
from imagestore.core.errors import StoreError, Transient
from imagestore.core.outcome import Event, Finalizer, Outcome, Requeue
from imagestore.core.reading import Support
from imagestore.core.reasons import Reason
from imagestore.reconcile.backend.identity import Doubts, judge_store
from imagestore.reconcile.backend.remote_tiers import NOT_READY, TierOutcome, ensure_tiers
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.shared.situation import Settings, Store

BackendOutcome = Outcome[StorageBackendStatus]
_NAMED = 5


def reconcile(s: BackendSituation) -> BackendOutcome:
    """Probe the store. A backend that serves an ImageBucket is not released."""
    if s.meta.deleting:
        return _deleting(s)
    conditions, server, wait = _probe(s.store, s.settings)
    found = judge_store(s, s.store.backend, server) if server and s.store.backend else _as_before(s.status)
    tiers = ensure_tiers(s.store, s.status) if server and not found.another else _unseen(s.status)
    known = _capabilities(s.store.backend) if s.store.backend else s.status.capabilities
    said = [*(found.conditions or conditions), *tiers.trouble]
    after = _with(s, said).model_copy(
        update={
            "server": _server(server) if server else s.status.server,
            "identity": found.identity,
            "another": found.another,
            "missing": found.missing,
            "capabilities": known,
            "buckets": s.buckets,
            "tiers": tiers.tiers,
        }
    )
    wait = min(wait, s.settings.retry * 4) if tiers.trouble or found.conditions else wait
    return Outcome(after, (*_events(s.status, after), *tiers.events), Requeue(wait))


def _as_before(status: StorageBackendStatus) -> Doubts:
    """A store that does not answer tells no identity: what was held still is."""
    return Doubts(status.identity, status.another, status.missing)


def _server(server: base.ServerInfo) -> Server:
    return Server(product=server.product, version=server.version)


def _unseen(status: StorageBackendStatus) -> TierOutcome:
    """A store that does not answer tells nothing of its tiers: their last status stays."""
    return TierOutcome(status.tiers, tuple(c for c in status.conditions if c.type == NOT_READY))


def _probe(store: Store, settings: Settings) -> tuple[list[Condition], base.ServerInfo | None, float]:
    if store.backend is None:
        return stalled(Reason.BACKEND_UNUSABLE, store.trouble), None, settings.default_interval
    try:
        server = store.backend.probe()
    except Transient as error:
        return reconciling(Reason.STORE_UNREACHABLE, str(error)), None, settings.retry * 2
    except StoreError as error:
        return stalled(error.reason, str(error)), None, settings.retry * 4
    ready = condition("Ready", Reason.ANSWERED, "endpoint, TLS, region and credentials were proven by reads")
    return [ready], server, min(settings.pulse, settings.default_interval)


def _capabilities(backend: base.Backend) -> tuple[Capability, ...]:
    return tuple(_capability(n, support) for n, support in sorted(backend.support.items()))


def _capability(name: str, support: Support) -> Capability:
    reason = support.reason or "; ".join(support.weak) or None
    return Capability(facet=name, support=support.level.value, reason=reason, lost=support.lost)


def _deleting(s: BackendSituation) -> BackendOutcome:
    if not s.buckets:
        return Outcome(None, finalizer=Finalizer.RELEASE if s.meta.finalized else Finalizer.LEAVE)
    message = (
        f"it still serves {s.buckets} ImageBuckets{_few(s)}; delete them first. With deletionPolicy Retain, the default,"
        " their buckets stay in the store; or take their namespaces out of spec.namespaces"
    )
    after = _with(s, stalled(Reason.IN_USE, message)).model_copy(update={"buckets": s.buckets})
    # A namespace's label may end it, and a backend is not queued for that.
    return Outcome(after, _events(s.status, after), Requeue(s.settings.retry * 4))


def _few(s: BackendSituation) -> str:
    more = f" and {s.buckets - _NAMED} more" if s.buckets > _NAMED else ""
    return f": {', '.join(b.name for b in s.served[:_NAMED])}{more}" if s.served else ""


def _with(s: BackendSituation, conditions: list[Condition]) -> StorageBackendStatus:
    stamped = settle(s.now, s.meta.generation, conditions, s.status.conditions)
    return s.status.model_copy(update={"observed_generation": s.meta.generation, "conditions": stamped})


def _events(before: StorageBackendStatus, after: StorageBackendStatus) -> tuple[Event, ...]:
    was, ready = find(before.conditions, "Ready"), find(after.conditions, "Ready")
    events = []
    if ready is not None and (was is None or (was.status, was.reason) != (ready.status, ready.reason)):
        events.append(Event(ready.reason, ready.message, "Probe", warning=ready.status != "True"))
    tiers = find(after.conditions, NOT_READY)
    told = find(before.conditions, NOT_READY) is not None and _states(before) == _states(after)
    if tiers is not None and not told:
        events.append(Event(tiers.reason, tiers.message, "Tiers", warning=True))
    return tuple(events)


def _states(status: StorageBackendStatus) -> list[tuple[str, str]]:
    return [(t.storage_class, t.state) for t in status.tiers]
