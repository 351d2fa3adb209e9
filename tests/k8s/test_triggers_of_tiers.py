"""Who is looked at when a remote tier of a backend is made, and what a bucket hears of it. No API server, no clock."""

from dataclasses import replace

import pytest

from imagestore.controller.state.objects import compact
from imagestore.controller.work.queue import Priority
from tests.k8s.test_triggers import BACKEND, DONE, World


@pytest.fixture
def world() -> World:
    return World()


def test_whoever_may_use_a_tier_is_looked_at_when_its_state_changes(world: World) -> None:
    world.backend("ADDED")
    world.bucket("ADDED", status=DONE)
    world.backend_answers(7, tiers=[{"storageClass": "WARM", "state": "Missing"}])
    list(world.taken())
    world.backend_answers(8, tiers=[{"storageClass": "WARM", "state": "Missing", "message": "other words"}])
    assert list(world.taken()) == []
    world.backend_answers(9, tiers=[{"storageClass": "WARM", "state": "InSync"}])
    assert list(world.taken()) == [("a", Priority.RETRY)]


def test_a_store_says_which_tiers_are_not_ready(world: World) -> None:
    credentials = {"secretRef": {"name": "cold"}}
    remote = {
        "type": "MinIO",
        "endpoint": "http://cold.example",
        "bucket": "cold",
        "credentials": credentials,
    }
    s3 = {"endpoint": "http://hot.example", "region": "here"}
    world.backend("ADDED", s3=s3, tiers=[{"tier": "Cool", "storageClass": "WARM", "remote": remote}])
    assert world.stores.store(world.stores.named("eu")).unready == {"Cool": "WARM: it does not exist yet"}
    there = {k: v for k, v in remote.items() if k != "credentials"}
    seen = world.cache.get(BACKEND)
    assert seen is not None
    tiers = [{"storageClass": "WARM", "state": "InSync", "place": there}]
    world.cache.put(replace(seen, resource_version="8", status=compact({"tiers": tiers})))
    assert world.stores.store(world.stores.named("eu")).unready == {}
    assert world.connections == 1, "the connection is kept"
