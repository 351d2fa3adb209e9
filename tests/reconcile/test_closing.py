"""A failover is over only when a run began after the side that is not written to took no writes any more."""

from dataclasses import replace

import pytest

from imagestore.api.bucketstatus import FacetStatus, ImageBucketStatus
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.reconcile.shared.ends import EndView
from tests.reconcile.replicated import World, end
from tests.reconcile.test_failover import PRIMARY, promoted, role, run, settled


def back(destination: EndView) -> World:
    """The source is written to again since 110; the destination is as it is told."""
    world = promoted()
    world.spec, world.clock, world.destination = PRIMARY, 100.0, destination
    settled(world)
    world.ran(run(110.0))
    settled(world)
    assert role(world) == ("Primary", False)
    return world


def with_facet(*facets: FacetStatus) -> EndView:
    return replace(end("dr"), status=ImageBucketStatus(facets=facets))


def test_a_write_that_came_before_the_fence_is_brought_over() -> None:
    """The fence came a second after the switch on a busy machine, and the run in between was the last one both ways."""
    world = back(with_facet())
    world.ran(run(120.0))
    settled(world)
    assert role(world) == ("Primary", False), "writers of before still reach the destination"
    world.clock, world.destination = 130.0, end("dr")
    settled(world)
    assert role(world) == ("Primary", False), "what they wrote until now is not at the source"
    world.ran(run(131.0))
    settled(world)
    assert role(world) == ("Primary", True)


def test_a_fence_that_is_lifted_by_hand_does_not_count() -> None:
    world = back(end("dr"))
    world.clock, world.destination = 115.0, with_facet()
    settled(world)
    world.clock, world.destination = 125.0, end("dr")
    settled(world)
    world.ran(run(120.0))
    settled(world)
    assert role(world) == ("Primary", False)


MINIO = {
    "provider": "MinIO", "s3": {"endpoint": "https://s.example", "region": "here"}, "credentials": {"ambient": {}},
}  # fmt: skip


@pytest.mark.parametrize(
    "destination",
    [
        with_facet(FacetStatus(name="policy", state="Unsupported")),
        with_facet(FacetStatus(name="policy", state="Failed")),
        replace(end("dr", suspend=True), status=ImageBucketStatus()),
        replace(
            with_facet(),
            store=replace(end("dr").store, spec=StorageBackendSpec.model_validate(MINIO)),
        ),
    ],
)
def test_a_fence_that_never_comes_keeps_no_failover_open(destination: EndView) -> None:
    """The condition Fenced says that the writers are a person's to stop."""
    world = back(destination)
    world.ran(run(120.0))
    settled(world)
    assert role(world) == ("Primary", True)


def test_without_a_fence_nothing_is_waited_for() -> None:
    world = back(with_facet())
    world.spec = {"failover": {"role": "Primary", "fence": False}}
    settled(world)
    world.ran(run(120.0))
    settled(world)
    assert role(world) == ("Primary", True)
