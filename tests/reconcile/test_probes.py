"""When a StorageBackend is probed again, what its Events are, and what a probe leaves as it was."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from imagestore.api.backendholds import ManyMissing
from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.api.tiers import Remote
from imagestore.backends.base import HeldTier
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.core.conditions import find
from imagestore.core.errors import Denied, Rejected, StoreError, Unavailable
from imagestore.core.outcome import Finalizer, Outcome, Requeue
from imagestore.core.reading import Level, Support
from imagestore.reconcile.backend.identity import store_standing
from imagestore.reconcile.backend.reconcile import reconcile
from imagestore.reconcile.shared.situation import Meta, Served, Settings, Store, StoreStanding
from tests.reconcile.fleet import Fleet
from tests.reconcile.test_storagebackend import NOW, failing, situation
from tests.reconcile.test_tiers import MemoryRemotes, place
from tests.reconcile.test_tiers import spec as with_tiers
from tests.reconcile.world import START

META = Meta("", "eu", "uid", 1, NOW, finalized=True)
STATUS = StorageBackendStatus()


def backend(error: StoreError | None = None, **more: Any) -> MemoryBackend:
    return MemoryBackend(MemoryStore(fault=failing(error) if error else None), FACETS, **more)


def probed(
    store: Store, before: StorageBackendStatus = STATUS, *, deleting: bool = False, **more: Any
) -> Outcome[StorageBackendStatus]:
    settings = more.pop("settings", Settings("prod"))
    s = situation(replace(META, deleting=deleting), before, store, **more)
    return reconcile(replace(s, settings=settings))


def message(outcome: Outcome[StorageBackendStatus], type_: str = "Ready") -> str:
    assert outcome.status is not None
    found = find(outcome.status.conditions, type_)
    return found.message if found else ""


@pytest.mark.parametrize(
    ("error", "settings", "seconds"),
    [
        (None, Settings("prod"), 60),
        (None, Settings("prod", pulse=20), 20),
        (None, Settings("prod", default_interval=45), 45),
        (Unavailable("no"), Settings("prod"), 30),
        (Unavailable("no"), Settings("prod", retry=1), 2),
        (Denied("no"), Settings("prod"), 60),
        (Denied("no"), Settings("prod", retry=1), 4),
    ],
)
def test_it_is_probed_again(error: StoreError | None, settings: Settings, seconds: float) -> None:
    """A store that does not answer soon, one that refuses later, and one in order at each pulse."""
    assert probed(Store(backend=backend(error)), settings=settings).then == Requeue(seconds)


def test_without_a_backend_it_waits_for_what_is_missing() -> None:
    """What it waits for, a Secret, has it reconciled when it comes."""
    assert probed(Store(trouble="Secret eu is missing")).then == Requeue(600)


def test_tiers_in_trouble_and_another_store_are_looked_at_again_as_soon_as_failures() -> None:
    quick = Settings("prod", retry=1)
    tiers = Store(with_tiers(), backend(remotes=MemoryRemotes(forgets=True)))
    assert probed(tiers, settings=quick).then == Requeue(4)
    assert probed(Store(with_tiers(), backend(remotes=MemoryRemotes())), settings=quick).then == Requeue(60)
    other = Store(backend=MemoryBackend(MemoryStore(identity="two"), FACETS))
    assert probed(other, StorageBackendStatus(identity="one"), settings=quick).then == Requeue(4)


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (None, ("Answered", "Probe", False)),
        (Unavailable("no"), ("StoreUnreachable", "Probe", True)),
        (Denied("no"), ("Denied", "Probe", True)),
    ],
)
def test_a_verdict_is_one_event_until_it_changes(
    error: StoreError | None, event: tuple[str, str, bool]
) -> None:
    first = probed(Store(backend=backend(error)))
    assert [(e.reason, e.action, e.warning) for e in first.events] == [event]
    assert first.status is not None
    assert probed(Store(backend=backend(error)), first.status).events == ()
    changed = None if error else Rejected("no")
    assert len(probed(Store(backend=backend(changed)), first.status).events) == 1


def test_a_store_that_does_not_answer_leaves_what_was_read_as_it_was() -> None:
    first = probed(Store(with_tiers(), backend(remotes=MemoryRemotes(forgets=True)))).status
    assert first is not None
    silent = probed(Store(with_tiers(), backend(Unavailable("no"), remotes=MemoryRemotes()))).status
    assert silent is not None
    assert (silent.server, silent.tiers) == (None, ())
    kept = probed(Store(with_tiers(), backend(Unavailable("no"), remotes=MemoryRemotes())), first)
    assert kept.status is not None
    assert (kept.status.server, kept.status.tiers) == (first.server, first.tiers)
    assert [e.reason for e in kept.events] == ["StoreUnreachable"], "the tiers' trouble was told before"


def test_nothing_is_created_at_another_store() -> None:
    remotes = MemoryRemotes()
    store = Store(with_tiers(), MemoryBackend(MemoryStore(identity="two"), FACETS, remotes=remotes))
    assert probed(store, StorageBackendStatus(identity="one")).status is not None
    assert remotes.told == []
    probed(store, StorageBackendStatus(identity="two"))
    assert remotes.told == ["add WARM"]


def test_the_trouble_of_tiers_is_told_when_it_begins_and_when_it_changes() -> None:
    def look(remotes: MemoryRemotes, before: StorageBackendStatus = STATUS) -> Outcome[StorageBackendStatus]:
        return probed(Store(with_tiers("WARM", "ICE"), backend(remotes=remotes)), before)

    missing = look(MemoryRemotes(forgets=True))
    told = [(e.reason, e.action, e.warning) for e in missing.events]
    assert told == [("Answered", "Probe", False), ("TierMissing", "Tiers", True)]
    assert missing.status is not None
    assert look(MemoryRemotes(forgets=True), missing.status).events == ()
    there = MemoryRemotes(tiers={"WARM": HeldTier(place(bucket="x"), "key")}, forgets=True)
    assert [e.reason for e in look(there, missing.status).events] == ["TierDiffers"]


def test_a_new_tier_is_told_with_its_place() -> None:
    plain = probed(Store(with_tiers(), backend(remotes=MemoryRemotes())))
    assert [(e.reason, e.action, e.message) for e in plain.events[1:]] == [
        ("TierAdded", "Tiers", "WARM: MinIO http://cold.example:9000, bucket cold")
    ]
    below = probed(Store(with_tiers("ICE"), backend(remotes=MemoryRemotes())))
    assert below.events[1].message == "ICE: MinIO http://cold.example:9000, bucket cold/ice"


@dataclass
class Forgetful(MemoryRemotes):
    """A store that takes new credentials and goes on with the old ones."""

    def add(self, name: str, remote: Remote) -> None:
        super().add(name, remote)
        self.tiers[name] = HeldTier(self.tiers[name].place, "old")


def test_credentials_that_the_store_does_not_list_afterwards_are_not_in_force() -> None:
    outcome = probed(Store(with_tiers(), backend(remotes=Forgetful())))
    assert outcome.status is not None
    assert [t.state for t in outcome.status.tiers] == ["Stale"]
    assert message(outcome, "TierNotReady") == "WARM: the store accepted the credentials, and lists others"


def test_tiers_that_cannot_be_read_stay_as_they_were_told() -> None:
    before = probed(Store(with_tiers(), backend(remotes=MemoryRemotes()))).status
    assert before is not None
    outcome = probed(Store(with_tiers(), backend(remotes=MemoryRemotes(silent=True))), before)
    assert outcome.status is not None
    assert outcome.status.tiers == before.tiers
    assert message(outcome, "TierNotReady") == "the remote tiers cannot be read: no answer"


@pytest.mark.parametrize(
    ("support", "reason"),
    [
        (Support(Level.NONE, "501"), "501"),
        (Support(Level.PARTIAL, "drops", weak=("a", "b")), "drops"),
        (Support(Level.FULL, weak=("a", "b")), "a; b"),
        (Support(Level.FULL), None),
    ],
)
def test_a_capability_says_why_it_is_less(support: Support, reason: str | None) -> None:
    status = probed(Store(backend=MemoryBackend(MemoryStore(), FACETS, {"cors": support}))).status
    assert status is not None
    assert next(c.reason for c in status.capabilities if c.facet == "cors") == reason
    assert [c.facet for c in status.capabilities] == sorted(FACETS)


@pytest.mark.parametrize(
    ("buckets", "words"),
    [
        (1, "still serves 1 ImageBuckets: shop/b0; delete"),
        (5, "still serves 5 ImageBuckets: shop/b0, shop/b1, shop/b2, shop/b3, shop/b4; delete"),
        (6, "still serves 6 ImageBuckets: shop/b0, shop/b1, shop/b2, shop/b3, shop/b4 and 1 more; delete"),
    ],
)
def test_a_backend_that_serves_is_not_released(buckets: int, words: str) -> None:
    outcome = probed(Store(), deleting=True, buckets=buckets)
    assert words in message(outcome)
    assert outcome.status is not None
    assert outcome.status.buckets == buckets
    assert (outcome.finalizer, outcome.then) == (Finalizer.HOLD, Requeue(60))
    assert [(e.reason, e.warning) for e in outcome.events] == [("InUse", True)]


def test_buckets_that_may_not_be_listed_count_as_before() -> None:
    """Without the right to list ImageBuckets a backend in use looked unused."""
    known = StorageBackendStatus(buckets=3)
    blind = probed(Store(), known, deleting=True, all_known=False)
    assert "still serves 3 ImageBuckets; delete" in message(blind)
    assert probed(Store(), STATUS, deleting=True, all_known=False).finalizer is Finalizer.RELEASE
    assert probed(Store(), known, deleting=True).finalizer is Finalizer.RELEASE, "all were listed"


def test_a_backend_without_our_finalizer_is_left_as_it_is() -> None:
    s = situation(replace(META, deleting=True, finalized=False), STATUS, Store())
    assert reconcile(s).finalizer is Finalizer.LEAVE


@pytest.mark.parametrize(("minutes", "over"), [(59, False), (60, True), (-59, False), (-60, True)])
def test_an_agreement_to_recreate_is_valid_for_an_hour_by_any_clock(minutes: int, *, over: bool) -> None:
    agreed = ManyMissing(since=NOW, token="t", agreed=NOW)
    before = StorageBackendStatus(missing=agreed)
    after = probed(Store(backend=backend()), before, now=NOW + timedelta(minutes=minutes)).status
    assert after is not None
    assert (after.missing is None) is over


@pytest.mark.parametrize(
    ("missing", "state"),
    [
        (None, ""),
        (ManyMissing(since=NOW, token="t"), "Held"),
        (ManyMissing(since=NOW, token="t", agreed=NOW), "Agreed"),
    ],
)
def test_a_bucket_is_told_how_its_backend_stands(missing: ManyMissing | None, state: str) -> None:
    standing = store_standing(StorageBackendStatus(identity="one", missing=missing))
    assert (standing.identity, standing.another, standing.missing) == ("one", False, state)
    assert store_standing(STATUS) == StoreStanding()


def test_buckets_that_are_served_no_more_end_a_hold_and_ten_are_named() -> None:
    fleet = Fleet(30)
    fleet.swap(MemoryStore()).look()
    assert fleet.status.missing is not None
    assert len(fleet.status.missing.buckets) == 10
    assert fleet.status.missing.since >= START
    assert message_of(fleet).count("shop--b") == 5
    fleet.worlds = fleet.worlds[:1]
    fleet.worlds[0].status.pop("created")
    assert fleet.probe().missing is None


def message_of(fleet: Fleet) -> str:
    found = find(fleet.status.conditions, "Ready")
    return found.message if found else ""


def test_a_doubt_about_a_bucket_that_never_existed_is_none() -> None:
    empty = Store(backend=backend())
    served = tuple(Served(f"shop/b{n}", f"shop--b{n}", made=n > 0) for n in range(4))
    doubts = ("shop--b0", "shop--b9")
    after = probed(empty, served=served, doubts=doubts).status
    assert after is not None
    assert after.missing is None
    after = probed(empty, served=served, doubts=("shop--b1", "shop--b2")).status
    assert after is not None
    assert after.missing is not None
    assert after.missing.buckets == ("shop--b1", "shop--b2")
