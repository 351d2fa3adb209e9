"""Which labels of a namespace matter, and to whom."""

from typing import Any

import pytest

from imagestore.controller.work.queue import Priority
from tests.k8s.test_triggers import DONE, World

SELECTED: dict[str, Any] = {
    "namespaces": {"selector": {"matchLabels": {"images": "yes"}}},
    "s3": {"endpoint": "http://x", "region": "here"},
}


@pytest.fixture
def world() -> World:
    return World()


def test_only_a_verdict_of_a_namespaces_labels_makes_its_buckets_check(world: World) -> None:
    """Each change of a label did: a loop that labelled a namespace made all its buckets check, 110 calls a second."""
    world.backend("ADDED", **SELECTED)
    world.bucket("ADDED", status=DONE)
    list(world.taken())
    for number in range(100):
        world.triggers.namespace("shop", {"n": str(number)}, {"n": str(number + 1)})
    assert list(world.taken()) == []
    world.triggers.namespace("shop", {"n": "1"}, {"n": "1", "images": "yes"})
    assert list(world.taken()) == [("a", Priority.RETRY)]
    world.triggers.namespace("shop", {"images": "yes"}, {"images": "no"})
    assert list(world.taken()) == [("a", Priority.RETRY)]
    world.triggers.namespace("press", {}, {"images": "yes"})
    assert list(world.taken()) == []


def test_a_namespace_that_is_named_may_have_any_labels(world: World) -> None:
    world.backend("ADDED", **{**SELECTED, "namespaces": {"names": ["shop"], **SELECTED["namespaces"]}})
    world.bucket("ADDED", status=DONE)
    list(world.taken())
    world.triggers.namespace("shop", {}, {"images": "yes"})
    assert list(world.taken()) == []


def test_who_claims_what_a_namespace_may_no_longer_have_is_looked_at(world: World) -> None:
    """An older claim counts only of who may have the bucket: its rival waited until its next look."""
    world.backend("ADDED", **SELECTED)
    world.bucket("ADDED", "mine", bucket="wanted", status=DONE)
    world.bucket("ADDED", "theirs", namespace="press", bucket="wanted", age=5)
    list(world.taken())
    world.triggers.namespace("shop", {"images": "yes"}, {})
    assert sorted(name for name, _ in world.taken()) == ["mine", "theirs"]
