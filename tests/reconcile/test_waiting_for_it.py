"""What somebody who waits for a bucket is told (Flux, Argo CD, helm), by the rules of kstatus."""

from collections.abc import Callable

import pytest

from imagestore.core.conditions import NEVER
from imagestore.facets.versioning import Versioning
from tests import kstatus
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.world import World, backend_spec


def told(world: World) -> str:
    return kstatus.compute({"metadata": {"generation": world.generation}, "status": world.status})


def test_what_is_under_way_and_what_is_done() -> None:
    world = World(status={"observedGeneration": NEVER}).apply(**ON)
    assert told(world) == "InProgress", "no operator has looked yet"
    world.step()
    assert told(world) == "InProgress", "the intent is not the bucket"
    assert told(world.settle()) == "Current"
    assert told(world.edit(tags={"team": "other"})) == "InProgress", "nobody has looked at the edit yet"
    assert told(world.settle()) == "Current"
    world.edit(versioning={"state": "Suspended"}).settle()
    assert told(world) == "Failed", "only a person can let it go"


def no_backend() -> World:
    return World(backend_spec=None).apply(**ON)


def another_namespace() -> World:
    spec = backend_spec()
    closed = spec.model_copy(
        update={"namespaces": spec.namespaces.model_copy(update={"names": ("other",)})}
        if spec.namespaces
        else {}
    )
    return World(backend_spec=closed).apply(**ON)


def no_secret() -> World:
    return World(usable=False).apply(**ON)


@pytest.mark.parametrize("world", [World, no_backend, another_namespace, no_secret])
def test_a_bucket_that_is_suspended_before_any_look_keeps_nobody_waiting(world: Callable[[], World]) -> None:
    """Whether it was suspended at once or after it had been refused: the same spec says the same."""
    at_once = world().apply(**ON, suspend=True).settle()
    refused = world().apply(**ON)
    if world is not World:
        refused.settle()
        assert told(refused) in ("InProgress", "Failed")
    refused.edit(suspend=True).settle()
    for suspended in (at_once, refused):
        assert told(suspended) == "Current"
        assert suspended.condition("Ready") is None, "nobody has looked, so nobody knows"
        assert suspended.condition("Suspended") is not None
        assert not suspended.finalized
    assert told(at_once.edit(suspend=None)) == "InProgress"


def test_a_suspended_bucket_keeps_the_last_word_of_a_look() -> None:
    world = made()
    assert told(world.edit(suspend=True).settle()) == "Current"
    assert world.ready == ("True", "InSync")
    held = made().edit(versioning={"state": "Suspended"}).settle().edit(suspend=True).settle()
    assert told(held) == "Failed", "it was looked at, and it was not as wished"
    seen = World().apply(mode="Observe", versioning={"state": "Enabled"})
    seen.store.buckets["shop--photos"] = made().bucket
    seen.bucket.facets["versioning"] = Versioning(state="Enabled")
    assert told(seen.settle().edit(suspend=True).settle()) == "Current"
    assert seen.ready == ("True", "Observed")
