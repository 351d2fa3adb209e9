"""How a bucket is created and recreated: what is asked of the store, what status says meanwhile."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from imagestore.backends.base import HeldUsage, Observation
from imagestore.backends.memory import MemoryBackend, MemoryBucket
from imagestore.core.errors import BucketTaken, Denied, Rejected
from imagestore.core.facet import Facet
from imagestore.facets.object_lock import ObjectLock
from imagestore.facets.versioning import Versioning
from imagestore.reconcile.shared.situation import Served, StoreStanding
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.test_waits import failing
from tests.reconcile.world import BUCKET, World, backend_spec


def ready(world: World) -> str:
    found = world.condition("Ready")
    assert found is not None
    return found.message


def test_before_it_exists_status_says_that_it_is_being_created() -> None:
    world = World().apply(**ON)
    world.step()
    assert world.ready == ("False", "Creating")
    assert world.condition("Reconciling") is not None
    assert "created" not in world.status
    assert {f["name"]: (f["state"], f["reason"]) for f in world.status["facets"]} == {
        "tags": ("Pending", "Writing")
    }, "what would stay in the store if the operator were killed now"
    assert world.store.buckets == {}


def test_a_lock_is_set_with_the_creation() -> None:
    """Most stores take it at no other time."""
    world = failing(World().apply(**ON, objectLock={}), Rejected("no"), "Put:objectLock")
    world.step()
    world.step()
    assert world.bucket.facets["objectLock"] == ObjectLock()
    world = failing(World().apply(**ON), Rejected("no"), "Put:versioning")
    world.step()
    world.step()
    assert "versioning" not in world.bucket.facets, "what can be set later is set later"


def test_a_store_is_told_what_is_known_of_the_bucket_when_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client that expects the bucket asks for its tags at once; one that has just created it asks again on a 404."""
    check, told = MemoryBackend.check, []

    def asked(self: MemoryBackend, bucket: str, *, expected: bool = True, made: bool = False) -> Any:
        told.append((expected, made))
        return check(self, bucket, expected=expected, made=made)

    monkeypatch.setattr(MemoryBackend, "check", asked)
    world = World().apply(**ON).settle()
    assert told == [(False, False), (True, True)]
    world.later().settle()
    assert told[2:] == [(True, False)]


def taken(monkeypatch: pytest.MonkeyPatch, *, ours: bool) -> None:
    def create(self: MemoryBackend, bucket: str, at_creation: Mapping[str, Facet]) -> bool:
        raise BucketTaken("taken", ours=ours)

    monkeypatch.setattr(MemoryBackend, "create", create)


def test_a_name_of_another_account_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken(monkeypatch, ours=False)
    world = World().apply(**ON).settle()
    assert world.ready == ("False", "BucketTaken")
    assert ready(world) == f"the name {BUCKET} is taken; choose another bucketName"
    assert "intent" not in world.status
    assert world.condition("Stalled") is not None


def test_a_name_whose_bucket_may_not_be_looked_at_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken(monkeypatch, ours=False)
    world = World().apply(**ON)
    world.step()
    assert failing(world, Denied("403"), "Check").step().status is not None
    assert world.ready == ("False", "BucketTaken")


@pytest.mark.parametrize("ours", [True, False])
def test_a_name_that_is_taken_by_a_bucket_of_this_account_is_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, *, ours: bool
) -> None:
    """The answer to a create was lost, and its repetition is refused."""
    taken(monkeypatch, ours=ours)
    world = World().apply(**ON)
    world.step()
    world.store.buckets[BUCKET] = MemoryBucket()
    assert world.step().status is None
    assert "intent" in world.status
    world.settle()
    assert world.ready == ("True", "InSync")


def test_a_name_that_the_store_says_is_ours_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    taken(monkeypatch, ours=True)
    world = World().apply(**ON)
    world.step()
    assert world.step().status is None
    assert world.ready == ("False", "Creating")


def lost(**spec: Any) -> World:
    """The first reconcile that misses a bucket."""
    world = made(**(spec or ON))
    world.bucket.facets["versioning"] = Versioning(state="Suspended")
    world.later().settle()
    world.store.usages[BUCKET] = HeldUsage(7, 7)
    world.later(hours=2).settle()
    assert world.status["usage"]["objects"] == 7
    assert world.status["drift"]["history"]
    world.store.buckets.clear()
    world.store.usages.clear()
    world.later().step()
    return world


def test_a_lost_bucket_has_no_setting_in_sync_no_drift_and_no_usage() -> None:
    world = lost()
    assert world.ready == ("False", "Creating")
    assert {f["name"]: (f["state"], f["reason"]) for f in world.status["facets"]} == {
        "tags": ("Pending", "Writing"),
        "versioning": ("Pending", "Writing"),
    }
    assert "drift" not in world.status
    assert "usage" not in world.status
    message = world.condition("ContentLost")
    assert message is not None
    assert message.message == (
        f"the bucket was missing at {world.now:%Y-%m-%dT%H:%M:%SZ} and was recreated empty; restore its content, then"
        f" acknowledge the loss by adding {world.held()['content']} to spec.approve"
    )


def test_what_waited_for_approval_waits_beside_the_loss_until_the_bucket_is_new() -> None:
    world = made()
    world.edit(versioning={"state": "Suspended"}).settle()
    world.store.buckets.clear()
    world.later().step()
    assert set(world.held()) == {"content", "versioning"}


def test_a_bucket_that_was_lost_is_looked_for_twice() -> None:
    """The first 404 may be of one node that does not know it yet."""
    world = made().later()
    world.store.buckets.clear()
    assert world.calls(world.step) == ["Check", "Check"]
    new = World().apply(**ON)
    assert new.calls(new.step) == ["Check"], "a new one once"


def test_an_observing_object_creates_nothing_and_says_how_to() -> None:
    world = World().apply(**ON, mode="Observe").settle()
    assert ready(world) == (
        "the bucket does not exist, and mode Observe creates nothing; set mode: Enforce to create it"
    )
    assert world.stepped() == 600


def test_what_is_forbidden_keeps_a_bucket_from_being_created_and_not_from_being_recreated() -> None:
    spec = {**ON, "objectLock": {"mode": "Governance", "days": 31}}
    limit = {"maxObjectLock": {"mode": "Governance", "days": 30}}
    world = World(backend_spec=backend_spec(**limit)).apply(**spec).settle()
    assert world.ready == ("False", "LockNotAllowed")
    assert ready(world) == "objectLock may last 30 days here, not 31; shorten it"
    assert world.store.buckets == {}
    assert world.wait == 600
    world = World().apply(**spec).settle()
    world.backend_spec = backend_spec(**limit)
    world.store.buckets.clear()
    world.later().settle()
    assert BUCKET in world.store.buckets
    assert world.bucket.tags["team"] == "shop"


def held(**standing: Any) -> World:
    """A bucket that is missing while its backend stands like this."""
    world = made().later()
    world.store.buckets.clear()
    world.standing = StoreStanding(**standing)
    return world


def test_while_the_backend_holds_its_missing_buckets_no_other_is_asked_about() -> None:
    world = held(missing="Held")
    world.served = tuple(Served(f"shop/b{n}", f"shop--b{n}", made=True) for n in range(9))
    assert world.calls(world.step) == ["Check", "Check"]
    assert world.ready == ("False", "HeldByBackend")
    assert world.wait == 600
    assert world.store.buckets == {}


def test_once_a_person_agreed_no_other_is_asked_about_either() -> None:
    world = held(missing="Agreed")
    world.served = tuple(Served(f"shop/b{n}", f"shop--b{n}", made=True) for n in range(9))
    assert world.calls(world.step) == ["Check", "Check"]
    assert world.ready == ("False", "Creating")


def test_before_a_bucket_is_recreated_the_store_is_asked_anew_who_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = held(identity="one")
    monkeypatch.setattr(MemoryBackend, "identity", lambda _, anew=False: "two" if anew else "one")
    outcome = world.step()
    assert world.ready == ("False", "HeldByBackend")
    assert [s.subjects for s in outcome.signals] == [(BUCKET,)]
    assert world.wait == 15, "its backend has to judge first"


def test_a_bucket_is_created_in_the_moment_it_was_lost_at_the_earliest() -> None:
    """The wall clock was set back: a bucket of before its loss would count as one that is back."""
    world = lost()
    world.set_back = timedelta(hours=1)
    world.settle()
    assert world.status["created"] == world.status["lostAt"]
    found = world.condition("ContentLost")
    assert found is not None
    assert "was recreated empty" in found.message


def test_a_check_that_does_not_show_the_new_bucket_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    check = MemoryBackend.check

    def late(self: MemoryBackend, bucket: str, *, made: bool = False, **more: Any) -> Observation | None:
        return None if made else check(self, bucket, made=made, **more)

    monkeypatch.setattr(MemoryBackend, "check", late)
    world = World().apply(**ON)
    world.step()
    assert world.step().status is None
    assert "intent" in world.status
    world.settle()
    assert world.ready == ("True", "InSync")
