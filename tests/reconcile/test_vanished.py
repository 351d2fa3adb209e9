"""Known buckets that are not there: one was removed, or this is another store than the one that had them."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendSpec, StorageBackendStatus
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.core.conditions import find, violations
from imagestore.core.errors import Denied, Unavailable
from imagestore.core.outcome import Note
from imagestore.reconcile.doubts import standing
from imagestore.reconcile.situation import BackendSituation, Meta, Served, Settings, Store
from imagestore.reconcile.storagebackend import reconcile
from tests.reconcile.world import START, World, backend_spec


@dataclass
class Fleet:
    """Buckets on one backend, and that backend's own reconcile: what the k8s layer ties together."""

    size: int
    store: MemoryStore = field(default_factory=MemoryStore)
    status: StorageBackendStatus = field(default_factory=StorageBackendStatus)
    spec: StorageBackendSpec = field(default_factory=backend_spec)
    now: datetime = START
    worlds: list[World] = field(default_factory=list)
    doubts: tuple[str, ...] = ()
    notes: list[Note] = field(default_factory=list)
    tokens: int = 0

    def __post_init__(self) -> None:
        self.worlds = [World().apply(bucketName=f"shop--b{n:03}") for n in range(self.size)]
        self.probe()
        for world in self.worlds:
            self.tie(world).settle()

    def tie(self, world: World) -> World:
        """What a bucket is told of its surroundings now."""
        world.store, world.now, world.standing = self.store, self.now, standing(self.status)
        world.served, world.backend_spec = self.served, self.spec
        return world

    @property
    def served(self) -> tuple[Served, ...]:
        return tuple(
            Served(f"shop/{n}", n, "created" in w.status, w.status.get("endpoint", ""))
            for w in self.worlds
            for n in [w.spec["bucketName"]]
        )

    def probe(self) -> StorageBackendStatus:
        """One reconcile of the backend."""
        meta, backend = Meta("", "eu", "uid", 1, START, finalized=True), MemoryBackend(self.store, FACETS)
        store = Store(self.spec, backend)
        s = BackendSituation(
            meta, self.status, store, Settings("prod"), self.now, self._token, self.served, self.doubts
        )
        outcome, self.doubts = reconcile(s), ()
        assert outcome.status is not None
        assert not violations(outcome.status.conditions, 1, outcome.status.observed_generation)
        self.status = StorageBackendStatus.model_validate_json(outcome.status.model_dump_json())
        self.notes += outcome.notes
        return self.status

    def _token(self) -> str:
        self.tokens += 1
        return f"backend{self.tokens}"

    def look(self, rounds: int = 1, **delta: float) -> "Fleet":
        """Every bucket looks; a doubt is judged by the backend at once."""
        self.now += timedelta(**(delta or {"minutes": 10}))
        for _ in range(rounds):
            for world in self.worlds:
                outcome = self.tie(world).step()
                if outcome.doubts:
                    self.doubts = outcome.doubts
                    self.probe()
            self.now += timedelta(seconds=20)
        return self

    def swap(self, store: MemoryStore) -> "Fleet":
        """The same address, another store behind it."""
        self.store = store
        return self

    def approve(self, *tokens: str) -> "Fleet":
        self.spec = self.spec.model_copy(update={"approve": tokens})
        return self

    def lost(self) -> int:
        """ImageBuckets that say ContentLost."""
        return sum(w.condition("ContentLost") is not None for w in self.worlds)

    def events(self) -> list[str]:
        """All of the buckets' Events since they were made."""
        return [r for w in self.worlds for r in w.reasons() if r not in ("Created", "Ready")]

    @property
    def ready(self) -> tuple[str, str]:
        found = find(self.status.conditions, "Ready")
        assert found is not None
        return found.status, found.reason


def test_an_empty_store_is_one_trouble_of_the_backend() -> None:
    fleet = Fleet(30)
    real, empty = fleet.store, MemoryStore()
    fleet.swap(empty).look(3)
    assert empty.buckets == {}, "nothing is made there"
    assert fleet.ready == ("False", "BucketsMissing")
    assert (fleet.lost(), fleet.events()) == (0, [])
    assert [n.reason for n in fleet.notes if n.warning] == ["BucketsMissing"], "one Event"
    assert {w.ready for w in fleet.worlds} == {("False", "HeldByBackend")}
    fleet.swap(real).probe()
    assert fleet.ready == ("True", "Answered"), "it ends by itself"
    fleet.look()
    assert {w.ready[0] for w in fleet.worlds} == {"True"}
    assert (fleet.lost(), fleet.status.missing) == (0, None)


def test_a_person_agrees_and_they_are_made_again() -> None:
    fleet = Fleet(12)
    fleet.swap(MemoryStore()).look()
    assert fleet.status.missing is not None
    fleet.approve(fleet.status.missing.token).probe()
    assert fleet.ready == ("True", "Answered")
    fleet.look(3, seconds=5)
    assert len(fleet.store.buckets) == 12
    assert fleet.lost() == 12, "then each says so"
    fleet.now += timedelta(hours=2)
    assert fleet.probe().missing is None, "the agreement is over"
    fleet.swap(MemoryStore()).look()
    assert fleet.status.missing is not None
    assert fleet.ready == ("False", "BucketsMissing"), "the token was good for one hold"
    assert fleet.store.buckets == {}


def test_one_that_was_removed_is_made_again_at_once() -> None:
    fleet = Fleet(20)
    del fleet.store.buckets["shop--b003"]
    fleet.look(2, seconds=5)
    assert "shop--b003" in fleet.store.buckets
    assert (fleet.lost(), fleet.ready[0]) == (1, "True")


def test_the_cost_of_one_loss_is_bounded() -> None:
    fleet = Fleet(40)
    del fleet.store.buckets["shop--b003"]
    before = len(fleet.store.calls)
    fleet.tie(fleet.worlds[3]).step()
    calls = [operation for operation, _ in fleet.store.calls[before:]]
    assert calls.count("Look") == 2 + 10, "twice for itself, once for each of ten others"
    before = len(fleet.store.calls)
    fleet.tie(fleet.worlds[4]).step()
    assert not [b for _, b in fleet.store.calls[before:] if b != "shop--b004"], "of one that is there, none"


@pytest.mark.parametrize(
    ("limits", "gone", "held"),
    [
        (None, 1, False),
        (None, 2, True),
        ({"atLeast": 3, "percent": 20}, 2, False),
        ({"atLeast": 2, "percent": 60}, 3, False),
        ({"atLeast": 2, "percent": 60}, 4, True),
        ({"atLeast": 1, "percent": 100}, 6, False),
        ({"atLeast": 1, "percent": 10}, 1, True),
    ],
)
def test_how_many_are_too_many(*, limits: dict[str, Any] | None, gone: int, held: bool) -> None:
    fleet = Fleet(6)
    if limits:
        said = fleet.spec.to_json() | {"limits": {"missingBuckets": limits}}
        fleet.spec = StorageBackendSpec.model_validate(said)
    for n in range(gone):
        del fleet.store.buckets[f"shop--b{n:03}"]
    fleet.look(2, seconds=5)
    assert (fleet.status.missing is not None) is held
    assert len(fleet.store.buckets) == (6 - gone if held else 6)


def test_a_lucky_sample_ends_nothing() -> None:
    """Half of a hundred are missing; those that are named stay missing whoever else is found."""
    fleet = Fleet(100)
    for n in range(0, 100, 2):
        fleet.store.buckets.pop(f"shop--b{n:03}", None)
    fleet.look()
    assert fleet.status.missing is not None
    named = fleet.status.missing.buckets
    for name in {f"shop--b{n:03}" for n in range(100)} - set(named):
        fleet.store.buckets.setdefault(name, replace(fleet.store.buckets["shop--b001"]))
    assert fleet.probe().missing is not None


def test_new_buckets_wait_as_well_and_those_that_are_there_go_on() -> None:
    fleet = Fleet(6)
    for n in range(4):
        del fleet.store.buckets[f"shop--b{n:03}"]
    fleet.look()
    assert fleet.status.missing is not None
    new = World().apply(bucketName="shop--new")
    fleet.worlds.append(new)
    fleet.worlds[5].edit(versioning={"state": "Enabled"})
    fleet.look(3, seconds=5)
    assert "shop--new" not in fleet.store.buckets
    assert new.ready == ("False", "HeldByBackend")
    assert fleet.worlds[5].ready[0] == "True"
    assert fleet.store.buckets["shop--b005"].facets["versioning"].to_json() == {"state": "Enabled"}


def test_what_cannot_be_judged_counts_neither_way() -> None:
    fleet = Fleet(6)

    def fault(operation: str, bucket: str) -> None:
        if operation == "Look" and bucket > "shop--b000":
            raise Denied("no")

    del fleet.store.buckets["shop--b000"]
    fleet.store.fault = fault
    fleet.now += timedelta(minutes=10)
    fleet.tie(fleet.worlds[0]).settle()
    assert "shop--b000" in fleet.store.buckets, "of it alone it is known"


def test_a_silent_store_is_no_verdict() -> None:
    fleet = Fleet(6)

    def fault(operation: str, bucket: str) -> None:
        if bucket > "shop--b000":
            raise Unavailable("no answer")

    del fleet.store.buckets["shop--b000"]
    fleet.store.fault = fault
    fleet.now += timedelta(minutes=10)
    for _ in range(3):
        fleet.tie(fleet.worlds[0]).step()
    assert "shop--b000" not in fleet.store.buckets, "not before others could be looked for"


def identified(fleet: Fleet, who: str) -> MemoryStore:
    """A copy of its store that says that it is somebody else."""
    return MemoryStore(dict(fleet.store.buckets), identity=who)


def test_another_account_is_not_touched_before_a_person_agrees() -> None:
    fleet = Fleet(4, MemoryStore(identity="account one"))
    assert fleet.status.identity == "account one"
    one, two = fleet.store, identified(fleet, "account two")
    fleet.swap(two).probe()
    assert fleet.ready == ("False", "AnotherStore")
    assert fleet.status.another is not None
    first = fleet.status.another.token
    fleet.worlds[0].edit(versioning={"state": "Enabled"})
    before = len(two.calls)
    fleet.look(2)
    assert two.calls[before:] == [], "not even looked at, though buckets of these names are there"
    assert {w.ready for w in fleet.worlds} == {("Unknown", "AnotherStore")}
    assert fleet.events() == []
    fleet.swap(one).probe()
    assert fleet.ready == ("True", "Answered"), "the value is back"
    fleet.swap(two).approve(first).probe()
    assert fleet.ready == ("False", "AnotherStore"), "the first hold's token is not good for the second"
    assert fleet.status.another is not None
    fleet.approve(fleet.status.another.token).probe()
    assert (fleet.ready[0], fleet.status.identity) == ("True", "account two")
    assert [n.reason for n in fleet.notes if n.warning] == ["AnotherStore", "AnotherStore"]


def test_a_bucket_that_is_first_to_see_the_other_account_makes_nothing() -> None:
    """Its visit may come before the backend's own probe."""
    fleet = Fleet(1, MemoryStore(identity="account one"))
    fleet.swap(MemoryStore(identity="account two")).look()
    assert (fleet.store.buckets, fleet.lost()) == ({}, 0)
    assert fleet.ready == ("False", "AnotherStore"), "it had the backend ask"
    new = World().apply(bucketName="shop--new")
    fleet.status = StorageBackendStatus(identity="account one")
    fleet.worlds.append(new)
    fleet.look(2)
    assert fleet.store.buckets == {}, "nor is a new one"


def test_a_deletion_waits_for_the_right_store_too() -> None:
    fleet = Fleet(1, MemoryStore(identity="account one"))
    fleet.swap(identified(fleet, "account two")).probe()
    world = fleet.worlds[0].edit(deletionPolicy="DeleteIfEmpty").delete()
    fleet.look()
    assert (world.gone, world.ready[1]) == (False, "AnotherStore")
    assert "shop--b000" in fleet.store.buckets
    world.edit(deletionPolicy="Retain")
    fleet.look()
    assert world.gone, "the way out that it names"


def test_a_store_that_tells_nothing_any_more_keeps_what_is_known() -> None:
    fleet = Fleet(1, MemoryStore(identity="account one"))
    fleet.store.identity = None
    assert fleet.probe().identity == "account one"
    assert fleet.ready[0] == "True"


def test_a_backend_made_anew_elsewhere_makes_nothing_of_one_bucket_either() -> None:
    """One of one is no share of many; but its status says where it was last seen."""
    fleet = Fleet(1)
    fleet.worlds[0].status["endpoint"] = "memory://before"
    fleet.status = StorageBackendStatus()
    fleet.swap(MemoryStore()).probe()
    fleet.look(2)
    assert fleet.store.buckets == {}
    assert (fleet.lost(), fleet.ready) == (0, ("False", "BucketsMissing"))
    assert fleet.status.missing is not None
    fleet.approve(fleet.status.missing.token).probe()
    fleet.look(2, seconds=5)
    assert (len(fleet.store.buckets), fleet.lost()) == (1, 1)
