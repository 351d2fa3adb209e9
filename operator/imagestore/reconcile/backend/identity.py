"""What a StorageBackend holds because its store may be another one: see ``shared.store_identity``."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from imagestore.api.backendholds import AnotherStore, ManyMissing
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.backends.base import Backend, ServerInfo
from imagestore.core.conditions import Condition, stalled
from imagestore.core.errors import Transient
from imagestore.core.reasons import Reason
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.shared.situation import Served, StoreStanding
from imagestore.reconcile.shared.store_identity import Roll, roll_call, sample

AGREED = timedelta(hours=1)  # how long buckets are recreated, one by one, after a person approved
_NAMED = 10


@dataclass(frozen=True)
class Doubts:
    """What status records of the store's identity, and the conditions that replace Ready."""

    identity: str | None = None
    another: AnotherStore | None = None
    missing: ManyMissing | None = None
    conditions: tuple[Condition, ...] = ()


def store_standing(status: StorageBackendStatus) -> StoreStanding:
    """What the reconcile of a bucket has to know of its backend's status."""
    missing = status.missing
    state: Literal["", "Held", "Agreed"] = "" if missing is None else "Agreed" if missing.agreed else "Held"
    return StoreStanding(status.identity, status.another is not None, state)


def judge_store(s: BackendSituation, backend: Backend, server: ServerInfo) -> Doubts:
    """Judge the identity of a store that answered the probe, and its missing buckets."""
    identity, other = _identity(s, server.identity)
    if other is not None:
        return Doubts(identity, other, s.status.missing, _identity_changed(identity, other))
    try:
        missing = _missing(s, backend)
    except Transient:
        missing = s.status.missing
    return Doubts(identity, None, missing, _many(missing) if missing and not missing.agreed else ())


def _identity(s: BackendSituation, told: str | None) -> tuple[str | None, AnotherStore | None]:
    """The identity to remember, and the one that waits for an approval. An answer without identity changes neither."""
    known, waiting = s.status.identity, s.status.another
    told = told or (waiting.identity if waiting else None)
    if told is None or known is None or told == known:
        return told or known, None
    held = waiting if waiting and waiting.identity == told else AnotherStore(identity=told, token=s.token())
    return (told, None) if held.token in _approved(s) else (known, held)


def _missing(s: BackendSituation, backend: Backend) -> ManyMissing | None:
    before, made = s.status.missing, {b.bucket: b for b in s.served if b.made}
    if before is None:
        roll = roll_call(backend, [made[name] for name in s.doubts if name in made])
        return _hold(s, roll) if roll.alarming(s.store.spec) else None
    if before.agreed is not None:
        return before if abs(s.now - before.agreed) < AGREED else None
    if before.token in _approved(s):
        return before.model_copy(update={"agreed": s.now})
    return before if _still(s, backend, [made[n] for n in before.buckets if n in made]) else None


def _still(s: BackendSituation, backend: Backend, known: list[Served]) -> bool:
    """Whether one of those that were missing still is, or others are: a lucky sample ends nothing."""
    if roll_call(backend, known).missing:
        return True
    return roll_call(backend, sample(s.served, s.now.isoformat())).alarming(s.store.spec)


def _hold(s: BackendSituation, roll: Roll) -> ManyMissing:
    return ManyMissing(since=s.now, token=s.token(), buckets=tuple(sorted(roll.missing)[:_NAMED]))


def _approved(s: BackendSituation) -> tuple[str, ...]:
    return s.store.spec.approve if s.store.spec else ()


def _identity_changed(known: str | None, other: AnotherStore) -> tuple[Condition, ...]:
    message = (
        f"the store identifies itself as {other.identity}, before as {known}; the operator changes and creates nothing"
        f" there; correct the credentials or the endpoint, or, if this is intended, add {other.token} to spec.approve"
    )
    return tuple(stalled(Reason.ANOTHER_STORE, message))


def _many(missing: ManyMissing) -> tuple[Condition, ...]:
    message = (
        f"many known buckets are missing at once, such as {', '.join(missing.buckets[:5])}: this may be another store"
        " than before, so the operator recreates none; correct the credentials or the endpoint, and it resumes by itself"
        f" once they are back; or, if they are lost, add {missing.token} to spec.approve, and it recreates them empty"
    )
    return tuple(stalled(Reason.BUCKETS_MISSING, message))
