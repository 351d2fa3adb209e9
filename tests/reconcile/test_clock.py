"""Somebody sets the wall clock: only what status says to people changes, never what is done, nor when."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from imagestore.core.errors import Unavailable
from tests.reconcile.test_drift import drifted
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.world import BUCKET, World

BACK, AHEAD = timedelta(minutes=10), timedelta(minutes=-10)
Story = Callable[[World], None]


def silent(world: World) -> None:
    """The store does not answer any more."""

    def fault(operation: str, bucket: str) -> None:
        raise Unavailable("connection refused")

    world.store.fault = fault


def told(story: Story, at: int, jump: timedelta) -> list[tuple[object, ...]]:
    """What was done and when the next look was, step by step; the clock is set before step ``at``."""
    world = made(**ON)
    story(world)
    world.later()
    seen = list[tuple[object, ...]]()
    for step in range(8):
        world.set_back += jump if step == at else timedelta()
        calls = world.calls(lambda: world.step())
        seen.append((calls, world.ready, world.wait))
        world.later(seconds=world.wait or 600)
    return seen


def suspended(world: World) -> None:
    world.bucket.facets.pop("versioning")


def lost(world: World) -> None:
    del world.store.buckets[BUCKET]


@pytest.mark.parametrize("story", [suspended, lost, silent])
@pytest.mark.parametrize("jump", [BACK, AHEAD])
@pytest.mark.parametrize("at", range(1, 5))
def test_what_is_done_does_not_depend_on_the_wall_clock(story: Story, jump: timedelta, at: int) -> None:
    """Ten minutes back, drift waited as long with Ready True, and a store that is gone was believed for as long."""
    assert told(story, at, jump) == told(story, at, timedelta())


def test_the_answer_that_there_is_no_bucket_does_not_stay_fresh() -> None:
    """By a clock that was set back it was fresh for ten minutes: a bucket was created on its strength."""
    world = World().apply(**ON)
    world.step()
    world.set_back += BACK
    world.later(minutes=5)
    assert world.calls(lambda: world.step())[0] == "Check"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_no_drift_is_in_the_future_nor_over_before_it_began() -> None:
    world = drifted()
    world.step()
    world.later(seconds=45).step()
    since = moment(world.status["drift"]["since"])
    world.set_back += BACK
    world.step()
    past = world.status["drift"]["history"][0]
    assert moment(past["since"]) == since
    assert moment(past["until"]) >= since
    assert "DriftCorrected" in world.reasons()


def test_drift_that_lasts_says_a_time_that_has_been() -> None:
    world = drifted().edit(mode="Observe")
    world.step()
    world.later(seconds=45).step()
    world.set_back += BACK
    world.later().step()
    since = moment(world.status["drift"]["since"])
    assert since <= world.now - world.set_back
    writes = world.writes
    world.later().step()
    assert world.writes == writes, "said once"


def test_a_bucket_made_again_by_a_clock_set_back_was_made_here() -> None:
    world = made(**ON).later()
    lost(world)
    world.step()
    world.set_back += BACK
    world.settle()
    found = world.condition("ContentLost")
    assert found is not None
    assert "was recreated empty" in found.message
