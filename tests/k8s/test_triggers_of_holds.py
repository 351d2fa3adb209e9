"""Who is looked at when a StorageBackend holds its buckets, and when it lets them go."""

from typing import Any

import pytest

from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.controller.state.objects import Key
from imagestore.controller.work.queue import Priority
from tests.k8s.test_triggers import DONE, World


@pytest.fixture
def world() -> World:
    return World()


FINE = Key(IMAGE_BUCKET.name, "shop", "fine")
MISSING = {"missing": {"since": "2026-01-01T00:00:00Z", "token": "t"}}
AGREED = {"missing": MISSING["missing"] | {"agreed": "2026-01-01T00:05:00Z"}}


@pytest.mark.parametrize("after", [{}, AGREED], ids=["they are back", "a person agreed"])
def test_the_end_of_a_hold_reaches_those_that_have_just_met_it(world: World, after: Any) -> None:
    world.backend("ADDED")
    world.bucket("ADDED", "held")
    world.bucket("ADDED", "fine", status=DONE)
    list(world.taken())
    world.backend_answers(7, **MISSING)
    list(world.taken())
    world.queue.add(FINE, Priority.LOOK)
    taken = world.queue.take()
    assert taken is not None
    world.backend_answers(8, **after)
    assert list(world.taken()) == [("held", Priority.RETRY)]
    world.queue.done(taken.key)
    assert [name for name, _ in world.taken()] == ["fine"], "it was worked on meanwhile"


def test_another_store_is_heard_of_by_all(world: World) -> None:
    world.backend("ADDED")
    world.bucket("ADDED", "fine", status=DONE)
    world.backend_answers(7)
    list(world.taken())
    other = {"another": {"identity": "account two", "token": "t"}}
    for version, more in ((8, other), (9, {})):
        world.backend_answers(version, **more)
        assert [name for name, _ in world.taken()] == ["fine"]
    world.backend_answers(10)
    assert list(world.taken()) == []
