"""What may be edited in the middle of a failover, and what stays as it was until it is over."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.reconcile.replication.situation import Publication
from tests.reconcile.replicated import World, end
from tests.reconcile.test_failover import PRIMARY, PROMOTED, promoted, role, run, settled, two_way


def test_buckets_are_not_exchanged_while_the_destination_is_written_to() -> None:
    """Applications were led to an empty bucket at once, and the fence moved to the one that they wrote to."""
    world = promoted()
    world.spec = PROMOTED | {
        "source": {"bucketRef": {"name": "dr"}},
        "destination": {"bucketRef": {"name": "photos"}},
    }
    world.source, world.destination = end("dr"), end("photos")
    world.step()
    assert world.said() == ("False", "EndsChanged")
    assert "the failover from photos to dr is not over" in world.message()
    assert (world.runs.job, role(world)) == (None, ("Promoted", False))
    world.spec = PROMOTED
    world.source, world.destination = end("photos"), end("dr")
    world.step()
    assert two_way(world)
    assert role(world)[0] == "Promoted"


def test_another_prefix_is_another_destination() -> None:
    world = promoted()
    world.spec = PROMOTED | {"destination": {"bucketRef": {"name": "dr"}, "prefix": "old/"}}
    world.step()
    assert world.said() == ("False", "EndsChanged")


def test_buckets_may_be_exchanged_when_no_failover_is_under_way() -> None:
    world = settled(World(PRIMARY))
    world.spec = PRIMARY | {"destination": {"bucketRef": {"name": "new"}}}
    world.destination = end("new")
    settled(world)
    assert world.status.failover is not None
    assert (world.status.failover.destination, role(world)) == ("new", ("Primary", True))


@pytest.mark.parametrize(
    "edit",
    [
        {"filter": {"prefixes": ["b/"]}},
        {"filter": {"prefixes": ["a/"], "tags": {"t": "1"}}},
        {"filter": None},
        {"existingObjects": False},
    ],
)
def test_other_keys_are_not_named_while_the_destination_is_written_to(edit: dict[str, Any]) -> None:
    """All was said to have come back, of other keys; the former ones were overwritten with the source's old bytes."""
    chosen = {"filter": {"prefixes": ["a/"]}}
    world = settled(World(PROMOTED | chosen))
    world.spec = {k: v for k, v in (PROMOTED | chosen | edit).items() if v is not None}
    world.step()
    assert world.said() == ("False", "EndsChanged")
    assert "write filter and existingObjects as status.failover has them" in world.message()
    assert (world.runs.job, role(world)) == (None, ("Promoted", False))
    known = world.status.failover
    assert known is not None
    assert known.filter is not None
    assert known.filter.prefixes == ("a/",)
    world.spec = PROMOTED | chosen
    world.step()
    assert two_way(world)


@pytest.mark.parametrize("without", [{}, PROMOTED])
def test_applications_are_led_back_and_writers_kept_out_though_it_is_not_asked_for_any_more(
    without: dict[str, Any],
) -> None:
    """With failover removed while promoted, the ConfigMap led to the destination for ever, and runs in one direction wrote
    old objects over what applications wrote there. The fence was gone at once.
    """
    written: list[str] = []

    def write(what: Publication) -> str:
        written.append(f"{what.config_map} {what.data['role']}")
        return ""

    world = World(PRIMARY, publish=write)
    world.spec = {"failover": {"role": "Promoted", "publish": {"configMap": "active"}}}
    settled(world)
    world.spec, world.clock = without, 100.0
    settled(world)
    assert written[-1] == "active Promoted"
    world.spec, world.destination = {}, replace(end("dr"), status=ImageBucketStatus())
    settled(world)
    world.ran(run(110.0))
    settled(world)
    assert (role(world), written[-1]) == (("Primary", False), "active Primary")
    world.ran(run(120.0))
    settled(world)
    assert role(world) == ("Primary", False), "the destination takes writes of others, and soon does not"
    world.destination = end("dr")
    settled(world)
    world.ran(run(130.0))
    settled(world)
    assert (world.status.failover, two_way(world)) == (None, False)
    assert world.said("Published") == ("", "")
