"""What stops a reconcile before the store is called, and what status keeps meanwhile."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.backends.memory import MemoryBackend, MemoryBucket
from imagestore.core.errors import Denied
from imagestore.reconcile.shared.situation import StoreStanding
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.test_ownership_and_deletion import GRANT
from tests.reconcile.test_waits import failing
from tests.reconcile.world import BUCKET, World, backend_spec


def ready(world: World) -> str:
    found = world.condition("Ready")
    assert found is not None
    return found.message


def stopped(world: World) -> World:
    """It was not called, is not waited for, and is looked at every ten minutes."""
    assert world.calls(world.step) == []
    assert world.wait == 600
    return world


def test_without_a_backend_it_says_which_one_is_missing() -> None:
    world = stopped(World(backend_spec=None).apply(**ON))
    assert world.ready == ("False", "BackendNotFound")
    assert ready(world) == ("there is no StorageBackend memory; ask the administrator, or correct backendRef")
    assert world.condition("Reconciling") is not None


def test_a_backend_that_cannot_be_used_says_why() -> None:
    world = stopped(World(usable=False).apply(**ON))
    assert (world.ready, ready(world)) == (("Unknown", "BackendUnusable"), "Secret eu is missing")


def test_a_backend_without_a_reason_is_waited_for() -> None:
    world = World(usable=False).apply(**ON)
    situation = world.situation
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "situation", lambda _: _untroubled(situation()))
        stopped(world)
    assert ready(world) == "the backend cannot be used yet"


def _untroubled(situation: Any) -> Any:
    return replace(situation, store=replace(situation.store, trouble=""))


def test_all_that_a_namespace_may_not_is_said_together() -> None:
    world = stopped(
        World(backend_spec=backend_spec(maxBuckets=1), earlier=1).apply(
            bucketName="press--x", deletionPolicy="DeleteAll"
        )
    )
    assert world.ready == ("False", "NameNotAllowed")
    assert ready(world) == (
        "bucketName must match shop--*, or the administrator must grant it; this namespace may have 1 buckets on this"
        " backend; deletionPolicy DeleteAll is not allowed here; use Retain or DeleteIfEmpty"
    )
    assert world.condition("Stalled") is not None


@pytest.mark.parametrize(
    ("rival", "whom"),
    [("shop/first", "the ImageBucket first"), ("press/first", "an ImageBucket of another namespace")],
)
def test_a_younger_claim_is_told_what_to_do(rival: str, whom: str) -> None:
    world = stopped(World(rival=rival).apply(**ON))
    assert (
        ready(world) == f"{whom} claimed this bucket first; delete this object, or choose another bucketName"
    )


def test_a_name_that_the_store_refuses_is_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryBackend, "name_refusal", lambda _, bucket: f"no {bucket}")
    world = stopped(World().apply(**ON))
    assert (world.ready, ready(world)) == (("False", "NameNotAllowed"), f"no {BUCKET}")


def test_at_another_store_nothing_is_done() -> None:
    world = made()
    world.standing = StoreStanding(identity="one", another=True)
    stopped(world)
    assert world.ready == ("Unknown", "AnotherStore")


@pytest.mark.parametrize(("created", "finalized"), [(False, False), (True, True)])
def test_only_what_may_have_a_bucket_has_a_finalizer(*, created: bool, finalized: bool) -> None:
    world = made() if created else World().apply(**ON)
    world.rival = "shop/first"
    stopped(world)
    assert world.finalized is finalized


def suspended(world: World) -> World:
    """Suspended, and looked at twice."""
    stopped(world.edit(suspend=True))
    stopped(world.later())
    found = world.condition("Suspended")
    assert found is not None
    assert found.message == "spec.suspend is true; the operator neither checks nor changes the bucket"
    return world


def test_a_suspended_bucket_keeps_its_last_verdict() -> None:
    assert suspended(made()).ready == ("True", "InSync")
    world = failing(made(deletionPolicy=None).later(), Denied("no"))
    world.step()
    assert suspended(world).ready == ("False", "AccessDenied"), "without any setting as well"
    assert world.condition("Stalled") is not None


def test_a_suspended_bucket_that_was_being_created_is_not_any_more() -> None:
    world = World().apply(**ON)
    world.step()
    assert world.condition("Reconciling") is not None
    suspended(world)
    assert world.condition("Reconciling") is None
    assert world.ready == ("False", "Creating"), "some of it was recorded"


def test_a_bucket_that_was_suspended_before_its_first_check_has_no_verdict() -> None:
    world = suspended(World().apply(**ON))
    assert (world.condition("Ready"), world.condition("Stalled")) == (None, None)
    refused = World(rival="shop/first").apply(**ON)
    refused.step()
    assert refused.condition("Stalled") is not None
    suspended(refused)
    assert (refused.condition("Ready"), refused.condition("Stalled")) == (None, None)


def test_a_bucket_that_was_only_observed_keeps_its_verdict() -> None:
    """It is not this object's, and nothing of it is managed; but it was checked."""
    world = World(backend_spec=backend_spec(**GRANT)).apply(adoption="Granted", mode="Observe")
    world.store.buckets[BUCKET] = MemoryBucket(versions={"a.jpg": ""})
    world.settle()
    assert world.ready == ("True", "Observed")
    assert "created" not in world.status
    assert suspended(world).ready == ("True", "Observed")


def test_a_loss_is_told_while_suspended_too() -> None:
    world = made()
    world.store.buckets.clear()
    world.later().settle()
    suspended(world)
    assert world.condition("ContentLost") is not None
    suspended(world.edit(suspend=None).settle())
