"""What a bucket's mark is good for, and what is said of another owner."""

import pytest

from imagestore.backends.memory import MemoryBucket
from imagestore.facets.tags import Tags
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.world import BUCKET, MARK, OWNER, World


@pytest.mark.parametrize(
    ("owner", "named"),
    [("prod/shop/press", True), ("prod/press/secret", False), ("test/shop/secret", False)],
)
def test_another_owner_is_named_only_within_the_namespace(owner: str, named: bool) -> None:  # noqa: FBT001
    """A message must not tell a tenant what other tenants' objects are called."""
    world = World().apply(**ON)
    world.store.buckets[BUCKET] = MemoryBucket({"tags": Tags.from_store(values={OWNER: owner})})
    world.settle()
    ready = world.condition("Ready")
    assert ready is not None
    assert ready.reason == "OwnedByAnother"
    assert (owner.rpartition("/")[2] in ready.message) is named


def test_without_a_deletion_policy_the_bucket_is_retained_whole() -> None:
    world = made(deletionPolicy=None)
    world.delete().settle()
    assert world.gone
    assert BUCKET in world.store.buckets
    assert "with everything in it" in world.events[-1].message


def test_a_mark_that_was_taken_away_is_not_written_by_what_only_observes() -> None:
    world = made()
    world.edit(mode="Observe").settle()
    del world.bucket.facets["tags"]
    world.later().settle()
    assert world.bucket.tags == {}
    world.edit(mode="Enforce").settle()
    assert world.bucket.tags[OWNER] == MARK
