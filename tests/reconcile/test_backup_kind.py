"""The reconcile of a Backup: what is refused, what is run, and what is told of the run."""

from dataclasses import replace
from datetime import timedelta

import pytest

from imagestore.core.reasons import Reason
from imagestore.reconcile.backup.runs import BackupJob
from imagestore.reconcile.shared.ends import EndRefusal
from imagestore.reconcile.shared.runs import OneRunState, RunTrouble
from tests.reconcile.backed_up import MADE, SAID, BackupWorld
from tests.reconcile.replicated import end
from tests.reconcile.world import START

DAY = 86400.0


def test_what_is_run_is_what_the_spec_says() -> None:
    world = BackupWorld({
        **SAID,
        "kind": "Full",
        "filter": {"prefixes": ["a/"], "exclude": ["a/tmp/"]},
        "immutability": {"objectLock": "Compliance", "days": 30},
        "decodeImages": True,
        "repository": {**SAID["repository"], "encryption": {"secretRef": {"name": "backup-key"}}},
    })  # fmt: skip
    world.spec = {**world.said, "scheduledAt": "2026-11-29T02:17:00Z"}
    world.step()
    job = world.runs.job
    assert job is not None
    assert (job.source.bucket, job.source.owner) == ("shop--photos", "shop/photos")
    assert (job.repository.end.bucket, job.repository.end.prefix) == ("shop--backups", "photos/")
    assert (job.repository.namespace, job.repository.secret) == ("shop", "backup-key")
    assert (job.full, job.include, job.exclude) == (True, ("a/",), ("a/tmp/",))
    assert (job.lock, job.decode, job.label) == (("COMPLIANCE", 30), True, "uid-1")
    assert job.scheduled == 1795918620000
    assert job.backends == {"b-photos", "b-backups"}


def test_what_the_spec_does_not_say_is_as_by_default() -> None:
    world = BackupWorld()
    world.step()
    job = world.runs.job
    assert job is not None
    assert job == BackupJob(job.label, job.source, job.repository)
    assert not job.decode


@pytest.mark.parametrize(("mode", "marked"), [("Enforce", True), ("Observe", False)])
def test_a_source_that_is_only_observed_needs_no_owner_mark(mode: str, *, marked: bool) -> None:
    world = BackupWorld(source=end("photos", mode=mode))
    world.step()
    assert world.runs.job is not None
    assert (world.runs.job.source.marked, world.runs.job.repository.end.marked) == (marked, True)


def test_a_backup_waits_for_its_place_and_then_tells_how_far_it_is() -> None:
    world = BackupWorld()
    assert world.step().phase == "Pending"
    assert world.ready()[:2] == ("False", "BackupWaits")
    assert world.again() == 5.0, "a single run of apply waits for it"
    world.clock = 100.0
    world.runs_on(500, of=2000, began=50.0)
    status = world.step()
    assert status.phase == "Running"
    assert status.progress is not None
    assert (status.progress.percent, status.progress.objects_per_second) == (25, 10)
    assert status.progress.eta == START + timedelta(seconds=100 + 150)
    assert "500 of about 2 000 objects are done" in world.ready()[2]
    world.runs_on(3000, of=2000, began=50.0)
    status = world.step()
    assert status.progress is not None
    assert status.progress.percent == 99, "what is not over is not done"
    assert world.events == [("BackingUp", False)], "one when it begins"


def test_a_backup_whose_root_was_read_back_is_over() -> None:
    world = BackupWorld()
    world.step()
    world.ended(replace(MADE, skipped={"CustomerKey": 2}))
    status = world.step()
    assert status.phase == "Succeeded"
    assert world.ready()[:2] == ("True", "BackedUp")
    assert "2 objects that cannot be read were skipped (CustomerKey 2)" in world.ready()[2]
    assert (status.backup, status.objects, status.bytes) == (MADE.name, 20, 2000)
    assert (status.new_objects, status.new_bytes, status.deduplicated_bytes) == (20, 1500, 500)
    assert status.repository is not None
    assert status.repository.prefix == "photos/", "a restore finds it without the schedule"
    assert world.again() is None
    assert world.runs.job is None
    assert world.events[-1] == ("BackedUp", False)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_store_whose_clock_is_ahead_makes_no_long_run_young(*, restarted: bool) -> None:
    """A backup of 20 hours counted from its end, so that WithinRpo was True 20 hours too long."""
    world = BackupWorld(clock=60.0)
    world.step()
    world.runs_on(10, 20, began=50.0)
    assert world.step().started == START + timedelta(seconds=50)
    world.clock = 20 * 3600.0
    if restarted:
        world.runs.state = OneRunState(world.clock)
        world.step()
        world.runs_on(10, 20, began=world.clock)
    world.step()
    ahead = round((START + timedelta(days=3)).timestamp() * 1000)
    world.ended(replace(MADE, started=ahead, finished=ahead))
    assert world.step().started == START + timedelta(seconds=50)


def test_a_run_that_is_made_anew_counts_from_its_own_beginning() -> None:
    world = BackupWorld()
    world.runs_on(10, 20, began=0.0)
    world.step()
    world.clock = 3600.0
    world.ended(trouble=RunTrouble("source", Reason.UNAVAILABLE, "no"))
    status = world.step()
    assert (status.phase, status.started, status.progress) == ("Pending", None, None)
    world.clock = 7200.0
    ahead = round((START + timedelta(days=3)).timestamp() * 1000)
    world.ended(replace(MADE, started=ahead))
    assert world.step().started == START + timedelta(hours=2)


def test_what_is_over_is_left_alone() -> None:
    """Also when its buckets and its schedule are gone, and after a restart, which knows of no run."""
    world = BackupWorld()
    world.ended(MADE)
    before, told = world.step(), len(world.events)
    world.source = world.repository = None
    world.clock = 10 * DAY
    assert world.step() == before
    assert world.runs.job is None
    assert (world.again(), len(world.events)) == (None, told)


def test_objects_that_failed_are_told_by_reason_without_a_key() -> None:
    world = BackupWorld()
    world.ended(replace(MADE, failed={"AccessDenied": 3, "Changing": 1}, partial=True))
    status = world.step()
    assert status.phase == "PartiallyFailed"
    assert world.ready()[:2] == ("False", "ObjectsFailed")
    assert "4 objects could not be backed up (AccessDenied 3, Changing 1)" in world.ready()[2]
    assert status.failed is not None
    assert [(r.reason, r.objects) for r in status.failed.by_reason] == [("AccessDenied", 3), ("Changing", 1)]
    assert world.is_stalled(), "it is not tried again"


@pytest.mark.parametrize(
    ("reason", "stalled"),
    [(Reason.WRONG_KEY, True), (Reason.SECRET_DENIED, True), (Reason.UNAVAILABLE, False)],
)
def test_trouble_is_told_and_tried_again_until_the_deadline(reason: Reason, *, stalled: bool) -> None:
    world = BackupWorld(spec={**SAID, "deadline": "2h"})
    world.step()
    world.ended(trouble=RunTrouble("repository", reason, "it is so"))
    assert world.step().phase == "Pending"
    assert world.ready() == ("False", str(reason), "the repository: it is so")
    assert (world.is_stalled(), world.events[-1]) == (stalled, (str(reason), True))
    assert world.runs.job is not None, "the scheduler tries it again"
    world.clock = 7200.0
    assert world.step().phase == "Failed"
    assert world.ready() == ("False", str(reason), "there is no backup: the repository: it is so")
    assert world.runs.job is None
    assert world.again() is None


def test_a_run_that_goes_on_at_the_deadline_may_end() -> None:
    world = BackupWorld()
    world.ended(trouble=RunTrouble("source", Reason.UNAVAILABLE, "no answer"))
    world.clock = DAY + 60
    world.runs_on(10, began=DAY)
    assert world.step().phase == "Running"
    assert world.ready()[2].endswith("; the run before failed: the source: no answer"), (
        "it is not seen otherwise"
    )
    world.ended(MADE)
    assert world.step().phase == "Succeeded"


def test_what_no_later_run_can_mend_fails_at_once() -> None:
    world = BackupWorld()
    world.ended(trouble=RunTrouble("repository", Reason.OTHER_SOURCE, "another bucket's", final=True))
    assert world.step().phase == "Failed"
    assert world.ready()[1] == "OtherSource"


def test_two_names_of_one_bucket_are_refused() -> None:
    world = BackupWorld(source=end("photos", "https://one"), repository=end("photos", "https://one"))
    assert world.step().phase == "Failed"
    assert world.ready()[1] == "SameBucket"
    assert world.ready()[2].endswith("name an ImageBucket of another bucket in repository.bucketRef")
    assert world.runs.job is None


def test_a_missing_bucket_and_a_missing_schedule_are_waited_for() -> None:
    world = BackupWorld(source=None)
    assert world.step().phase == "Pending"
    assert world.ready()[:2] == ("False", "BucketNotFound")
    assert world.ready()[2].endswith("create it, or correct source.bucketRef")
    assert (world.runs.job, world.is_stalled()) == (None, False)
    world.source = end("photos")
    world.undefined = EndRefusal(Reason.SCHEDULE_NOT_FOUND, "there is none", waits=True)
    world.step()
    assert world.ready()[1] == "ScheduleNotFound"
    world.undefined = None
    world.step()
    assert world.runs.job is not None
    world.undefined = EndRefusal(Reason.SCHEDULE_NOT_FOUND, "there is none", waits=True)
    world.clock = DAY
    assert world.step().phase == "Failed", "after its deadline"


def test_a_repository_that_is_only_observed_is_not_written() -> None:
    world = BackupWorld(repository=end("backups", mode="Observe"))
    world.step()
    assert (world.ready()[1], world.is_stalled(), world.runs.job) == ("BucketNotReady", True, None)
    world.repository = end("backups")
    world.step()
    assert world.runs.job is not None


def test_deleting_it_stops_the_run() -> None:
    world = BackupWorld()
    world.step()
    world.deleting = True
    world.step()
    assert world.runs.job is None
