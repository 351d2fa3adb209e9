"""The answer to a write of our own that comes after other news of the object."""

import pytest

from imagestore.api.kinds import IMAGE_BUCKET
from tests.k8s.test_object_cache import raw
from tests.k8s.test_triggers import DONE, KEY, World


@pytest.fixture
def world() -> World:
    return World()


def test_an_answer_that_comes_after_the_removal_does_not_bring_the_object_back(world: World) -> None:
    """It stayed a user of its backend, which could not be deleted, until the next comparison with the API server."""
    world.bucket("ADDED")
    world.bucket("DELETED", version=6)
    world.triggers.written(IMAGE_BUCKET, raw("a", version=5, status=DONE))
    assert world.cache.get(KEY) is None


def test_an_answer_about_an_object_that_was_made_anew_is_not_taken_for_it(world: World) -> None:
    world.bucket("ADDED")
    world.bucket("DELETED", version=6)
    world.bucket("ADDED", version=4, metadata={"uid": "another"})
    world.triggers.written(IMAGE_BUCKET, raw("a", version=5, status=DONE))
    known = world.cache.get(KEY)
    assert known is not None
    assert known.uid == "another"
