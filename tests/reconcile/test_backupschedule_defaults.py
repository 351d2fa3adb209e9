"""What a BackupSchedule does where its spec says nothing, as the reference of the fields has it."""

from datetime import timedelta

from imagestore.reconcile.schedule.jobs import DrillJob, FullCheckJob, RemovalJob
from tests.reconcile.scheduled import ScheduleWorld
from tests.reconcile.test_backupschedule_upkeep import backed_up


def test_every_byte_is_read_in_seven_days() -> None:
    job = backed_up().job("full")
    assert isinstance(job, FullCheckJob)
    assert (job.share, job.shares) == (0, 7)


def test_a_drill_restores_a_hundred_objects_and_decodes_images() -> None:
    world = backed_up(verify={"drill": {"cron": "0 5 * * 0"}})
    world.at("2027-01-03 05:00:01")
    job = world.job("drill")
    assert isinstance(job, DrillJob)
    assert (job.sample, job.decode) == (100, True)


def test_a_removal_of_more_than_half_waits_for_approval() -> None:
    job = backed_up(verify={"quick": "Never"}, retention={"last": 1}).job("removal")
    assert isinstance(job, RemovalJob)
    assert job.rules is not None
    assert job.rules.most_share == 0.5


def test_no_delay_is_longer_than_seven_days() -> None:
    """Of a year's Backup, say: an operator that was away for longer makes none, whatever the spec allows."""
    scheduled = "2028-01-01 00:00"
    for late, made in ((timedelta(days=7), 1), (timedelta(days=7, seconds=1), 0)):
        world = ScheduleWorld({"schedule": {"cron": "0 0 1 1 *", "startingDeadline": "30d"}})
        world.step()
        world.restart()
        world.now = world.now.fromisoformat(scheduled + "+00:00") + late
        world.step()
        assert (len(world.backups), world.status.missed) == (made, None if made else 1)


def test_files_that_look_like_backups_are_counted_in_the_proof() -> None:
    """What is no backup is not read: it may have been one."""
    for count, said in (
        (0, ""),
        (1, "1 file that looks like a backup does not"),
        (2, "2 files that look like backups do not"),
    ):
        world = backed_up(verify={"full": {"days": 1}})
        world.checked("full", objects=1000, bytes=10**8, rejected=count)
        told = world.message("Verified")
        assert said in told
        assert ("imagestore backup list says why" in told) is bool(count)
