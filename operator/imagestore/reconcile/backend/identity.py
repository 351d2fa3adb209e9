"""What a StorageBackend holds because its store may be another one: who answers, and what is missing. See ``vanished``."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from imagestore.api.backendholds import AnotherStore, Missing
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.backends.base import Backend, ServerInfo
from imagestore.core.conditions import Condition, stalled
from imagestore.core.errors import Transient
from imagestore.core.reasons import Reason
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.shared.situation import Served, Standing
from imagestore.reconcile.shared.store_identity import Roll, roll_call, sample

AGREED = timedelta(hours=1)  # how long buckets are made again, one by one, after a person agreed
NAMED = 10


@dataclass(frozen=True)
class Doubts:
    """What goes into status, and the conditions that take Ready's place."""

    identity: str | None = None
    another: AnotherStore | None = None
    missing: Missing | None = None
    conditions: tuple[Condition, ...] = ()


def standing(status: StorageBackendStatus) -> Standing:
    """What a bucket has to know of it."""
    missing = status.missing
    state: Literal["", "Held", "Agreed"] = "" if missing is None else "Agreed" if missing.agreed else "Held"
    return Standing(status.identity, status.another is not None, state)


def judged(s: BackendSituation, backend: Backend, server: ServerInfo) -> Doubts:
    """After a probe that was answered."""
    identity, other = _who(s, server.identity)
    if other is not None:
        return Doubts(identity, other, s.status.missing, _stranger(identity, other))
    try:
        missing = _missing(s, backend)
    except Transient:
        missing = s.status.missing
    return Doubts(identity, None, missing, _many(missing) if missing and not missing.agreed else ())


def _who(s: BackendSituation, told: str | None) -> tuple[str | None, AnotherStore | None]:
    """The identity to remember, and the one that waits for a person. What is not told changes neither."""
    known, waiting = s.status.identity, s.status.another
    told = told or (waiting.identity if waiting else None)
    if told is None or known is None or told == known:
        return told or known, None
    held = waiting if waiting and waiting.identity == told else AnotherStore(identity=told, token=s.token())
    return (told, None) if held.token in _approved(s) else (known, held)


def _missing(s: BackendSituation, backend: Backend) -> Missing | None:
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
    """Whether one of those that were missing is, or others are: a lucky sample ends nothing."""
    if roll_call(backend, known).missing:
        return True
    return roll_call(backend, sample(s.served, s.now.isoformat())).alarming(s.store.spec)


def _hold(s: BackendSituation, roll: Roll) -> Missing:
    return Missing(since=s.now, token=s.token(), buckets=tuple(sorted(roll.missing)[:NAMED]))


def _approved(s: BackendSituation) -> tuple[str, ...]:
    return s.store.spec.approve if s.store.spec else ()


def _stranger(known: str | None, other: AnotherStore) -> tuple[Condition, ...]:
    message = (
        f"the store says that it is {other.identity}, and was {known}; its buckets are left alone and none is made."
        f" Put the credentials or the address right, or, if this is meant, add {other.token} to spec.approve"
    )
    return tuple(stalled(Reason.ANOTHER_STORE, message))


def _many(missing: Missing) -> tuple[Condition, ...]:
    message = (
        f"known buckets are missing, many at once, such as {', '.join(missing.buckets[:5])}: this may be another store"
        " than before, so none is made again. Put the credentials or the address right, and this ends by itself once"
        f" they are back; or, if they are lost, add {missing.token} to spec.approve, and they are made again, empty"
    )
    return tuple(stalled(Reason.BUCKETS_MISSING, message))
