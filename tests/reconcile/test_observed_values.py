"""Observing makes nothing ours: on a store that can carry no mark, only ``created`` tells what may be changed and emptied."""

import pytest

from imagestore.backends.memory import MemoryBucket
from imagestore.core.reading import Level, Support
from imagestore.facets.versioning import Versioning
from tests.reconcile.test_ownership_and_deletion import ALL, GRANT
from tests.reconcile.world import BUCKET, World, backend_spec

TAGLESS = {"tags": Support(Level.NONE, "501 NotImplemented")}


def observed(**tenancy: object) -> World:
    """A full bucket of another's, looked at only, on a store that can carry no mark."""
    world = World(limits=TAGLESS, backend_spec=backend_spec(**GRANT, **tenancy))
    world.store.buckets[BUCKET] = MemoryBucket({"versioning": Versioning(state="Suspended")}, {"old.jpg": ""})
    wish = {"versioning": {"state": "Enabled"}, "adoption": "Granted", "mode": "Observe"}
    return world.apply(**wish).settle()


def test_observing_makes_nothing_ours() -> None:
    """``created`` was set by observing: Enforce skipped the adoption's approval, and DeleteAll emptied the bucket."""
    world = observed()
    assert world.ready == ("True", "Observed")
    assert "created" not in world.status
    world.edit(mode="Enforce").settle()
    assert world.ready == ("False", "AdoptionNeedsApproval")
    assert world.bucket.facets["versioning"] == Versioning(state="Suspended")
    world.edit(approve=[world.held()["adoption"]]).settle()
    assert world.ready == ("True", "InSync")
    assert "created" in world.status


@pytest.mark.parametrize("change", [{}, {"mode": "Enforce"}])
def test_what_was_only_observed_is_never_emptied(change: dict[str, str]) -> None:
    world = observed(**ALL).edit(deletionPolicy="DeleteAll", **change).settle()
    world.delete().settle()
    assert world.gone
    assert world.bucket.versions == {"old.jpg": ""}


def test_without_bucket_tags_the_status_says_whose_a_bucket_is() -> None:
    """After a restart, too. What a rebuilt cluster finds needs a grant: there is no mark to know it by."""
    world = World(limits=TAGLESS).apply(versioning={"state": "Enabled"}).settle()
    assert world.ready == ("True", "InSync")
    world.bucket.versions["a.jpg"] = ""
    world.restart().later().settle()
    assert world.ready == ("True", "InSync")
    again = world.rebuilt().apply(versioning={"state": "Enabled"}).settle()
    assert again.ready == ("False", "BucketExists")
    again.delete().settle()
    assert (again.gone, again.bucket.versions) == (True, {"a.jpg": ""})


def test_what_was_adopted_without_bucket_tags_is_emptied_when_asked() -> None:
    world = observed(**ALL).edit(deletionPolicy="DeleteAll", mode="Enforce").settle()
    world.edit(approve=[world.held()["adoption"]]).settle()
    world.delete().settle()
    assert world.gone
    assert world.store.buckets == {}


def test_a_bucket_that_was_only_observed_is_not_lost() -> None:
    world = observed()
    world.store.buckets.clear()
    world.edit(mode="Enforce").settle()
    assert world.condition("ContentLost") is None
    assert world.ready == ("True", "InSync")
