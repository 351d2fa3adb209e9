"""Known buckets that are not there: one was removed, or this is another store than the one that had them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from imagestore.api.storagebackend import StorageBackendSpec, StorageBackendStatus
from imagestore.backends.memory import MemoryStore
from imagestore.core.errors import Denied, Unavailable
from tests.reconcile.fleet import Fleet
from tests.reconcile.world import World


def test_an_empty_store_is_one_trouble_of_the_backend() -> None:
    fleet = Fleet(30)
    real, empty = fleet.store, MemoryStore()
    fleet.swap(empty).look(3)
    assert empty.buckets == {}, "nothing is made there"
    assert fleet.ready == ("False", "BucketsMissing")
    assert (fleet.lost(), fleet.told()) == (0, [])
    assert [n.reason for n in fleet.events if n.warning] == ["BucketsMissing"], "one Event"
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
    assert fleet.worlds[3].ready[0] == "True", "the mark on the one that is gone is not waited for"


def test_the_cost_of_one_loss_is_bounded() -> None:
    fleet = Fleet(40)
    del fleet.store.buckets["shop--b003"]
    before = len(fleet.store.calls)
    fleet.tie(fleet.worlds[3]).step()
    calls = [operation for operation, _ in fleet.store.calls[before:]]
    assert calls.count("Check") == 2 + 10, "twice for itself, once for each of ten others"
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


def test_new_buckets_are_made_meanwhile_and_those_that_are_there_go_on() -> None:
    fleet = Fleet(6)
    for n in range(4):
        del fleet.store.buckets[f"shop--b{n:03}"]
    fleet.look()
    assert fleet.status.missing is not None
    new = World().apply(bucketName="shop--new")
    fleet.worlds.append(new)
    fleet.worlds[5].edit(versioning={"state": "Enabled"})
    fleet.look(3, seconds=5)
    assert "shop--new" in fleet.store.buckets, "one tenant's lost buckets stop no other's first one"
    assert new.ready == ("True", "InSync")
    assert "shop--b000" not in fleet.store.buckets
    assert fleet.worlds[5].ready[0] == "True"
    assert fleet.store.buckets["shop--b005"].facets["versioning"].to_json() == {"state": "Enabled"}


def test_what_cannot_be_judged_counts_neither_way() -> None:
    fleet = Fleet(6)

    def fault(operation: str, bucket: str) -> None:
        if operation == "Check" and bucket > "shop--b000":
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


def test_until_the_backend_has_judged_a_bucket_comes_again_ever_later() -> None:
    """Its backend may not be able to judge for hours, and each visit has ten others looked for."""
    fleet = Fleet(6)
    for n in range(3):
        del fleet.store.buckets[f"shop--b{n:03}"]
    waits = [fleet.tie(fleet.worlds[0]).stepped() for _ in range(4)]
    assert waits == [15.0, 30.0, 60.0, 120.0]
