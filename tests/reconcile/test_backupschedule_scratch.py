"""Buckets that no drill of a BackupSchedule can restore to."""

from tests.reconcile.replicated import end
from tests.reconcile.test_backupschedule_upkeep import FULL, backed_up


def test_a_bucket_that_is_only_observed_cannot_hold_a_drill() -> None:
    world = backed_up(**FULL)
    world.sources = (end("photos", mode="Observe"),)
    world.step()
    assert world.said("Drilled") == ("False", "BucketNotReady")
    assert "name another ImageBucket in spec.verify.drill.bucketRef" in world.message("Drilled")


def test_a_bucket_that_locks_what_is_written_cannot_hold_a_drill() -> None:
    world = backed_up(**FULL)
    world.sources = (end("photos", objectLock={}),)
    world.step()
    assert world.said("Drilled") == ("Unknown", "FirstRun"), "without a default retention nothing is locked"
    world.sources = (end("photos", objectLock={"mode": "Governance", "days": 1}),)
    world.step()
    assert world.said("Drilled") == ("False", "LockedDestination")
    assert "name another ImageBucket in spec.verify.drill.bucketRef" in world.message("Drilled")
