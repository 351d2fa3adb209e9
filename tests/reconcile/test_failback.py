"""What is brought back before applications are led to the source again, and when they are led at all."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.core.conditions import condition, settle
from imagestore.core.outcome import Continue
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.situation import Publication
from imagestore.reconcile.shared.ends import EndView
from tests.reconcile.replicated import World, end
from tests.reconcile.test_failover import PRIMARY, PROMOTED, role, run, settled, two_way
from tests.reconcile.world import START

PUBLISHING: dict[str, Any] = {"role": "Primary", "publish": {"configMap": "active"}}


def lost(world: World) -> set[str]:
    assert world.runs.job is not None
    return set(world.runs.job.lost)


def emptied(name: str) -> EndView:
    """An ImageBucket whose bucket was gone, and was made anew."""
    said = settle(START, 1, [condition("ContentLost", Reason.CONTENT_LOST, "it was made anew")], ())
    return replace(end(name), status=ImageBucketStatus(conditions=said))


def test_while_promoted_nothing_that_the_source_lacks_counts_as_deleted() -> None:
    """The primary's store burnt down and was made anew, empty: applications were led back to a bucket with 1 of 101 objects."""
    world = settled(World(PRIMARY))
    assert lost(world) == set()
    world.spec = PROMOTED
    settled(world)
    assert lost(world) == {"source"}
    world.spec, world.clock = PRIMARY, 100.0
    settled(world)
    assert lost(world) == {"source"}, "until all has come back"
    world.ran(run(110.0))
    settled(world)
    assert (role(world), lost(world)) == (("Primary", False), set()), (
        "what applications delete there is deleted again"
    )


@pytest.mark.parametrize(("side", "name"), [("source", "photos"), ("destination", "dr")])
def test_both_ways_a_bucket_that_was_lost_is_filled_again(side: str, name: str) -> None:
    world = World({"direction": "TwoWay"})
    setattr(world, side, emptied(name))
    world.step()
    assert two_way(world)
    assert lost(world) == {side}


def test_one_way_a_lost_source_gets_nothing_back() -> None:
    world = World()
    world.source = emptied("photos")
    world.step()
    assert lost(world) == set()


def test_applications_are_led_only_by_a_role_that_the_status_has() -> None:
    """Killed between both, the operator knew of no failover, and what applications had written to the destination was lost."""
    told: list[str] = []

    def write(what: Publication) -> str:
        told.append(what.data["role"])
        return ""

    world = settled(World({"failover": PUBLISHING}, publish=write))
    assert set(told) == {"Primary"}
    world.spec = {"failover": PUBLISHING | {"role": "Promoted"}}
    told.clear()
    world.step()
    assert told == ["Primary"], "the status is written after this pass"
    assert isinstance(world.then, Continue), "and the next one follows at once"
    world.step()
    assert told == ["Primary", "Promoted"]
    assert world.said("Published") == ("True", "Published")
