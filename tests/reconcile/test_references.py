"""A setting that names another bucket: what it leads to is applied, and what leads nowhere says how to mend it."""

from typing import Any

import pytest

from imagestore.core.references import BucketRef
from imagestore.facets.inventory import Inventory
from imagestore.facets.logging import Logging
from imagestore.reconcile.bucket.situation import Referenced
from tests.reconcile.world import BUCKET, World

AUDIT = Referenced("memory", "shop--audit", made=True)
LOGS: dict[str, Any] = {"logging": {"targetBucketRef": {"name": "audit"}, "prefix": "photos/"}}
TEAM: dict[str, Any] = {"tags": {"team": "shop"}}


def lists(*names: str) -> dict[str, Any]:
    """An inventory into each of these."""
    return {
        "inventory": {
            "configurations": [
                {
                    "name": f"into-{name}",
                    "schedule": "Daily",
                    "includedVersions": "All",
                    "destination": {"bucketRef": {"name": name}, "format": "CSV"},
                }
                for name in names
            ]
        }
    }


def target(world: World) -> str | None:
    """Where the logs go."""
    held = world.bucket.facets.get("logging")
    assert held is None or isinstance(held, Logging)
    return held.target_bucket_ref.bucket if held and held.target_bucket_ref else None


def message(world: World) -> str:
    ready = world.condition("Ready")
    assert ready is not None
    return ready.message


def test_the_store_is_given_the_buckets_own_name() -> None:
    world = World(others={"audit": AUDIT}).apply(**LOGS, **lists("audit")).settle()
    assert world.ready == ("True", "InSync")
    assert target(world) == "shop--audit"
    held = world.bucket.facets["inventory"]
    assert isinstance(held, Inventory)
    assert held.configurations[0].destination.bucket_ref == BucketRef(bucket="shop--audit")


def test_a_look_at_what_is_in_order_writes_nothing() -> None:
    world = World(others={"audit": AUDIT}).apply(**LOGS, **lists("audit")).settle()
    writes = world.writes
    assert not [c for c in world.calls(world.later().step) if c.startswith(("Put", "Delete"))]
    assert world.writes == writes


ASTRAY: list[tuple[dict[str, Referenced], str, str, str, str]] = [
    ({}, "Pending", "ReferenceNotFound", "there is no ImageBucket audit in this namespace; create it", "Reconciling"),
    ({"audit": Referenced("memory", "shop--audit", made=False)},
     "Pending", "ReferenceNotReady", "waits for the bucket of ImageBucket audit", "Reconciling"),
    ({"audit": Referenced("ceph", "shop--audit", made=True)},
     "Held", "ReferenceElsewhere", "audit is on the backend ceph; name one on memory", "Stalled"),
    ({"audit": Referenced("memory", "shop--audit", made=True, deleting=True)},
     "Held", "ReferenceDeleting", "is being deleted; name another one, or remove the setting", "Stalled"),
    ({"audit": Referenced("memory", BUCKET, made=True)},
     "Held", "ReferenceToItself", "the store would log each log that it writes", "Stalled"),
]  # fmt: skip


@pytest.mark.parametrize(("others", "state", "reason", "says", "kind"), ASTRAY, ids=[a[2] for a in ASTRAY])
def test_what_leads_nowhere_says_the_fix_and_nothing_else_waits_for_it(
    others: dict[str, Referenced], state: str, reason: str, says: str, kind: str
) -> None:
    world = World(others=others).apply(**LOGS, **TEAM).settle()
    assert world.ready == ("False", reason)
    assert world.condition(kind) is not None
    assert "logging: logging.targetBucketRef: " in message(world)
    assert says in message(world)
    assert world.facet("logging")["state"] == state
    assert world.facet("tags")["state"] == "InSync"
    assert world.bucket.tags["team"] == "shop", "and the bucket was created without it"
    assert target(world) is None


def test_its_own_name_is_refused_whoever_wrote_it() -> None:
    spec = {"logging": {"targetBucketRef": {"name": "photos"}}}
    world = World().apply(**spec).settle()
    assert world.ready == ("False", "ReferenceToItself")


def test_what_comes_later_needs_no_edit() -> None:
    world = World().apply(**LOGS).settle()
    assert world.ready == ("False", "ReferenceNotFound")
    world.others["audit"] = Referenced("memory", "shop--audit", made=False)
    world.settle()
    assert world.ready == ("False", "ReferenceNotReady")
    world.others["audit"] = AUDIT
    world.settle()
    assert world.ready == ("True", "InSync")
    assert target(world) == "shop--audit"
    assert "DriftDetected" not in world.reasons(), "nobody changed anything behind our back"


def test_what_goes_leaves_the_setting_as_it_is_and_says_so() -> None:
    world = World(others={"audit": AUDIT}).apply(**LOGS).settle()
    world.others.clear()
    world.settle()
    assert world.ready == ("False", "ReferenceNotFound")
    assert target(world) == "shop--audit", "whatever was written stays until somebody says otherwise"
    world.others["audit"] = AUDIT
    world.settle()
    assert world.ready == ("True", "InSync")


def test_a_name_that_leads_elsewhere_now_is_an_edit_and_no_drift() -> None:
    world = World(others={"audit": AUDIT}).apply(**LOGS).settle()
    world.others["audit"] = Referenced("memory", "shop--audit-2", made=True)
    world.later().step()
    assert target(world) == "shop--audit-2", "at once, without a second look"
    assert "DriftDetected" not in world.reasons()


def test_what_somebody_turned_elsewhere_is_drift_and_is_turned_back() -> None:
    world = World(others={"audit": AUDIT}).apply(**LOGS).settle()
    world.bucket.facets["logging"] = Logging(target_bucket_ref=BucketRef(bucket="evil"), prefix="photos/")
    world.later().settle()
    assert target(world) == "shop--audit"
    history = world.status["drift"]["history"][0]
    assert history["paths"] == ["logging.targetBucketRef.bucket"]


def test_an_empty_wish_stops_what_is_there() -> None:
    world = World(others={"audit": AUDIT}).apply(**LOGS).settle()
    world.edit(logging={}).settle()
    assert world.ready == ("True", "InSync")
    assert target(world) is None


def test_no_longer_mentioned_is_cleared_even_if_the_other_bucket_is_gone() -> None:
    world = World(others={"audit": AUDIT}).apply(**LOGS, **lists("audit")).settle()
    world.others.clear()
    world.edit(logging=None, inventory=None).settle()
    assert world.ready == ("True", "InSync")
    assert not {"logging", "inventory"} & set(world.bucket.facets)


def test_one_of_two_that_leads_nowhere_keeps_both_and_is_named() -> None:
    world = World(others={"audit": AUDIT}).apply(**lists("audit", "lost")).settle()
    assert world.ready == ("False", "ReferenceNotFound")
    assert "inventory.configurations[name=into-lost].destination.bucketRef" in message(world)
    assert "into-audit" not in message(world)
    assert "inventory" not in world.bucket.facets


def test_what_a_person_must_mend_comes_before_what_only_waits() -> None:
    elsewhere = Referenced("ceph", "shop--far", made=True)
    world = World(others={"far": elsewhere}).apply(**lists("lost", "far")).settle()
    assert world.ready == ("False", "ReferenceElsewhere")
    assert "into-lost" in message(world)


def test_two_buckets_that_log_into_each_other_are_refused() -> None:
    """Each log that is delivered into one would be logged into the other, for ever."""
    back = Referenced("memory", "shop--audit", made=True, references=(("logging", "photos"),))
    world = World(others={"audit": back}).apply(**LOGS).settle()
    assert world.ready == ("False", "ReferenceInCircles")
    assert "audit does the same with this bucket" in message(world)
    assert "name another ImageBucket in one of them" in message(world)
    assert target(world) is None


def test_a_circle_of_three_is_refused_and_told_step_by_step() -> None:
    there = {"audit": "second", "second": "third", "third": "photos"}
    others = {
        name: Referenced("memory", f"shop--{name}", made=True, references=(("logging", into),))
        for name, into in there.items()
    }
    world = World(others=others).apply(**LOGS).settle()
    assert world.ready == ("False", "ReferenceInCircles")
    steps = "audit does the same with second, second does the same with third, third does the same with this bucket"
    assert steps in message(world)
    assert target(world) is None


def test_a_circle_elsewhere_and_one_by_another_setting_are_not_this_buckets() -> None:
    references = {
        "audit": (("logging", "second"), ("inventory", "photos")),
        "second": (("logging", "audit"),),
    }
    others = {n: Referenced("memory", f"shop--{n}", made=True, references=r) for n, r in references.items()}
    world = World(others=others).apply(**LOGS).settle()
    assert world.ready == ("True", "InSync")
    assert target(world) == "shop--audit"


def test_two_buckets_may_name_each_other_by_different_settings() -> None:
    """Neither could be created first if a reference kept a bucket from being created."""
    unmade = Referenced("memory", "shop--audit", made=False, references=(("inventory", "photos"),))
    world = World(others={"audit": unmade}).apply(**LOGS).settle()
    assert world.ready == ("False", "ReferenceNotReady")
    assert BUCKET in world.store.buckets
    assert world.status["created"]
