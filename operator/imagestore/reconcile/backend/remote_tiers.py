"""Remote tiers: created where they are missing, given new credentials, otherwise only compared.

A remote tier holds the data of objects. So none is ever deleted, and one that differs in place from the spec is not changed:
moved, its data would be out of reach.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imagestore.api.storagebackend import StorageBackendSpec, StorageBackendStatus
from imagestore.api.tiers import Remote, TierClass, TierPlace, TierState, TierStatus
from imagestore.backends.base import HeldTier, Remotes
from imagestore.core.conditions import Condition, condition
from imagestore.core.errors import StoreError
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.situation import Store

NOT_READY = Reason.TIER_NOT_READY  # the condition of a backend, too
TIER_REASONS: Mapping[TierState, Reason] = {
    "Missing": Reason.TIER_MISSING,
    "Differs": Reason.TIER_DIFFERS,
    "Stale": Reason.TIER_STALE,
}
TIER_EVENTS = {"Added": Reason.TIER_ADDED, "Renewed": Reason.TIER_RENEWED}


@dataclass(frozen=True)
class TierOutcome:
    """The ``tiers`` for the status; the condition, while one is not ready; Events for what was done."""

    tiers: tuple[TierStatus, ...] = ()
    trouble: tuple[Condition, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class _Tier:
    """One tier as it is desired, as the store has it, and as the last status has it."""

    wish: TierClass
    remote: Remote
    remotes: Remotes
    held: HeldTier | None
    known: TierStatus | None

    @property
    def name(self) -> str:
        return self.wish.storage_class

    def status(self, state: TierState, message: str = "", credentials: str | None = None) -> TierStatus:
        place = self.held.place if self.held else None
        said = message or None
        return TierStatus(
            storage_class=self.name, state=state, message=said, place=place, credentials=credentials
        )


def ensure_tiers(store: Store, before: StorageBackendStatus) -> TierOutcome:
    """Create or renew remote tiers. One call if nothing is to do, none if the spec has no remote tiers."""
    remotes = store.backend.remotes if store.backend else None
    if store.spec is None or remotes is None:
        return TierOutcome()
    known = {t.storage_class: t for t in before.tiers}
    try:
        held = remotes.held()
    except StoreError as error:
        said = condition(NOT_READY, error.reason, f"the remote tiers cannot be read: {error}")
        return TierOutcome(before.tiers, (said,))
    tiers = [
        _Tier(wish, remote, remotes, held.get(wish.storage_class), known.get(wish.storage_class))
        for wish, remote in remote_tiers(store.spec)
    ]
    done = [_settle(t) for t in tiers]
    after = tuple(status for status, _ in done)
    return TierOutcome(after, tuple(_trouble(after)), tuple(note for _, note in done if note))


def remote_tiers(spec: StorageBackendSpec) -> Iterator[tuple[TierClass, Remote]]:
    """The tiers that the operator creates."""
    return ((t, t.remote) for t in spec.tiers or () if t.remote is not None)


def _settle(tier: _Tier) -> tuple[TierStatus, Event | None]:
    """The status of one tier, and the Event for what was done. An error of one does not stop the others."""
    try:
        return _settled(tier)
    except StoreError as error:
        if tier.held is None:
            return tier.status("Missing", str(error)), None
        credentials = tier.known.credentials if tier.known else None
        return tier.status("Stale", str(error), credentials), None


def _settled(tier: _Tier) -> tuple[TierStatus, Event | None]:
    if tier.held is not None and (why := tier_differences(tier.wish, tier.remote, tier.held.place)):
        return tier.status("Differs", why), None
    credentials = tier.remotes.fingerprint(tier.name)
    if tier.held is None:
        tier.remotes.add(tier.name, tier.remote)
        return _read_back(tier, credentials, "Added")
    if tier.known and tier.known.credentials == credentials and _current(tier, tier.held):
        return tier.status("InSync", credentials=credentials), None
    tier.remotes.renew(tier.name)
    return _read_back(tier, credentials, "Renewed")


def _current(tier: _Tier, held: HeldTier) -> bool:
    return held.access_key == tier.remotes.access_key(tier.name)


def _read_back(tier: _Tier, credentials: str, did: str) -> tuple[TierStatus, Event | None]:
    """A tier exists only when the store lists it."""
    held = tier.remotes.held().get(tier.name)
    after = _Tier(tier.wish, tier.remote, tier.remotes, held, tier.known)
    if held is None:
        return after.status("Missing", "the store accepted it, and does not list it"), None
    if why := tier_differences(tier.wish, tier.remote, held.place):
        return after.status("Differs", why), None
    if not _current(tier, held):
        return after.status("Stale", "the store accepted the credentials, and lists others"), None
    note = Event(TIER_EVENTS[did], f"{tier.name}: {where(held.place)}", "Tiers")
    return after.status("InSync", credentials=credentials), note


def tier_differences(wish: TierClass, remote: Remote, place: TierPlace) -> str:
    """How an existing tier differs from the desired one, and what to do; empty: it does not. Region and class if given."""
    desired = {
        "type": remote.type,
        "endpoint": remote.endpoint.rstrip("/"),
        "bucket": remote.bucket,
        "prefix": remote.prefix,
        "region": remote.region or place.region,
        "storageClass": remote.storage_class or place.storage_class,
    }
    seen = place.to_json()
    wrong = [
        f"{n} is {seen.get(n) or 'absent'}, not {w or 'absent'}"
        for n, w in desired.items()
        if w != seen.get(n)
    ]
    if not wrong:
        return ""
    return (
        f"{', '.join(wrong)}; an existing tier cannot be moved without losing its data: correct"
        f" spec.tiers[tier={wish.tier}].remote, or give the new place a storageClass of its own"
    )


def where(place: TierPlace) -> str:
    """A place in a few words."""
    return f"{place.type} {place.endpoint}, bucket {'/'.join(filter(None, (place.bucket, place.prefix)))}"


def _trouble(tiers: tuple[TierStatus, ...]) -> Iterator[Condition]:
    """One condition for all; its reason is of the first."""
    wrong = [t for t in tiers if t.state != "InSync"]
    if wrong:
        said = "; ".join(f"{t.storage_class}: {t.message}" for t in wrong)
        yield condition(NOT_READY, TIER_REASONS[wrong[0].state], said)


def unready(spec: StorageBackendSpec, status: StorageBackendStatus) -> dict[str, str]:
    """The tiers to which nothing may move yet, and why, by what was read back."""
    known = {t.storage_class: t for t in status.tiers}
    asked = ((wish, _unready(wish, remote, known)) for wish, remote in remote_tiers(spec))
    return {wish.tier: f"{wish.storage_class}: {why}" for wish, why in asked if why}


def _unready(wish: TierClass, remote: Remote, known: Mapping[str, TierStatus]) -> str:
    tier = known.get(wish.storage_class)
    if tier is None or tier.place is None:
        return (tier.message if tier else None) or "it does not exist yet"
    return tier_differences(wish, remote, tier.place)
