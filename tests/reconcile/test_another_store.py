"""Another account or server answers than the one that a StorageBackend has proven."""

from datetime import timedelta

import pytest

from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.reconcile.shared.situation import StoreStanding
from tests.reconcile.fleet import Fleet
from tests.reconcile.world import World


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
    assert fleet.told() == []
    fleet.swap(one).probe()
    assert fleet.ready == ("True", "Answered"), "the value is back"
    fleet.swap(two).approve(first).probe()
    assert fleet.ready == ("False", "AnotherStore"), "the first hold's token is not good for the second"
    assert fleet.status.another is not None
    fleet.approve(fleet.status.another.token).probe()
    assert (fleet.ready[0], fleet.status.identity) == ("True", "account two")
    assert [n.reason for n in fleet.events if n.warning] == ["AnotherStore", "AnotherStore"]


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


def test_a_deletion_that_misses_its_bucket_asks_anew() -> None:
    """Led to the empty second site since the last probe, it let the finalizer go, and the bucket was an orphan."""
    fleet = Fleet(1, MemoryStore(identity="account one"))
    world, store = fleet.worlds[0].edit(deletionPolicy="DeleteIfEmpty").delete(), fleet.store

    def led_elsewhere(operation: str, bucket: str) -> None:
        if operation == "Check":
            store.identity = "account two"
            store.buckets.clear()

    store.fault = led_elsewhere
    world.step()
    assert (world.gone, world.ready[1]) == (False, "AnotherStore")
    store.identity, store.fault = "account one", None
    fleet.look()
    assert world.gone, "it is gone at the right store, too"


def test_a_store_that_tells_nothing_any_more_keeps_what_is_known() -> None:
    fleet = Fleet(1, MemoryStore(identity="account one"))
    fleet.store.identity = None
    assert fleet.probe().identity == "account one"
    assert fleet.ready[0] == "True"


def test_no_setting_is_written_before_the_first_probe_of_a_new_connection() -> None:
    """A copy of the store, marks and all: the second site of a replicated one."""
    fleet = Fleet(1, MemoryStore(identity="account one"))
    fleet.swap(identified(fleet, "account two"))
    fleet.worlds[0].edit(versioning={"state": "Enabled"})
    fleet.now += timedelta(minutes=10)
    outcome = fleet.tie(fleet.worlds[0]).step()
    assert [s.subjects for s in outcome.signals] == [("shop--b000",)]
    assert fleet.worlds[0].ready == ("Unknown", "AnotherStore")
    assert "versioning" not in fleet.store.buckets["shop--b000"].facets
    world = fleet.worlds[0].edit(deletionPolicy="DeleteIfEmpty").delete()
    fleet.tie(world).step()
    assert (world.gone, world.ready[1]) == (False, "AnotherStore")


def test_until_the_backend_has_judged_a_bucket_comes_again_ever_later() -> None:
    fleet = Fleet(1, MemoryStore(identity="account one"))
    fleet.swap(identified(fleet, "account two"))
    fleet.now += timedelta(minutes=10)
    waits = [fleet.tie(fleet.worlds[0]).stepped() for _ in range(4)]
    assert waits == [15.0, 30.0, 60.0, 120.0]


def test_a_bucket_that_is_missing_is_only_gone_if_its_store_is_asked_who_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last answer may be a minute old: at an empty second site since then, every bucket looked deleted."""
    world = (
        World(standing=StoreStanding(identity="account one")).apply(deletionPolicy="DeleteIfEmpty").settle()
    )
    world.store.buckets.clear()
    monkeypatch.setattr(
        MemoryBackend, "identity", lambda _, anew=False: "account two" if anew else "account one"
    )
    world.delete().settle()
    assert "Deleted" not in world.reasons()
