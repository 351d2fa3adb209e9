"""Object locks of a schedule's backups do not end while Backups fail, or when the source is gone."""

from datetime import timedelta
from typing import Any

import pytest

from imagestore.reconcile.schedule.jobs import RemovalJob
from tests.reconcile.scheduled import ScheduleWorld
from tests.reconcile.test_backupschedule_upkeep import backed_up


def locked() -> ScheduleWorld:
    """The first Backup was checked, and its removal has extended the locks."""
    world = backed_up(
        immutability={"objectLock": "Compliance", "days": 30},
        retention={"last": 7},
        verify={"full": {"days": 2}},
    )
    world.checked("quick", objects=1000)
    world.pruned(backups=1)
    assert world.said("LocksExtended") == ("True", "LocksExtended")
    world.step()
    assert world.job("locks") is None, "the removal did it"
    return world


def test_locks_are_extended_while_every_backup_fails() -> None:
    """Only a removal behind a new backup did that: after 30 days of failing backups the last good ones could be deleted."""
    world = locked()
    for day in range(3, 28):
        world.at(f"2027-01-{day:02} 02:17:01")
        world.ended("Failed", backup="")
        world.step()
        if world.job("locks") is not None:
            world.report("locks", world.removed_nothing())
    asked = world.of("locks/photos").asked
    assert len(asked) >= 12
    assert all(isinstance(job, RemovalJob) and job.rules is None and job.held for job in asked)
    assert len({job.digest for job in asked}) == len(asked)
    assert world.said("LocksExtended") == ("True", "LocksExtended")
    assert len(world.of("removal/photos").asked) == 1


def test_they_are_extended_and_contents_read_though_the_source_is_gone() -> None:
    world = locked()
    world.checked("full", objects=1000)
    world.sources = ()
    world.at("2027-01-05 12:00")
    assert world.said() == ("False", "BucketNotFound")
    assert world.job("locks") is not None
    assert world.job("full") is not None
    assert (world.job("removal"), world.job("quick")) == (None, None)
    world.report("locks", world.removed_nothing())
    assert world.bucket().locked == world.now
    world.checked("full", objects=1000)
    assert world.said("Verified")[0] == "True"
    world.repository = None
    world.now += timedelta(days=2)
    world.step()
    assert (world.job("locks"), world.job("full")) == (None, None)


@pytest.mark.parametrize(
    "edit", [{"suspend": True}, {"schedule": {"cron": "17 2 * * *", "timeZone": "Europe/Nowhere"}}]
)
def test_a_schedule_that_does_nothing_else_extends_locks(edit: dict[str, Any]) -> None:
    """The page for an emptied bucket says to suspend: the backups that it then restores were unlocked a month later."""
    world = locked()
    world.spec |= edit
    for day in range(3, 28):
        world.at(f"2027-01-{day:02} 02:17:01")
        if world.job("locks") is not None:
            world.report("locks", world.removed_nothing())
    assert len(world.of("locks/photos").asked) >= 12
    assert world.said("LocksExtended") == ("True", "LocksExtended")
    assert [len(world.of(f"{purpose}/photos").asked) for purpose in ("quick", "full", "removal")] == [
        1,
        1,
        1,
    ], "as before"
    assert world.bucket().last is not None, "what is known is kept"


def test_a_suspended_schedule_without_object_lock_runs_nothing() -> None:
    world = backed_up(retention={"last": 7})
    world.spec["suspend"] = True
    world.at("2027-01-09 12:00")
    assert all(runs.job is None for runs in world.runs.values())
    assert "object locks" not in world.message("Suspended")


def test_locks_that_nothing_extends_are_told_before_they_end() -> None:
    world = locked()
    world.repository = None
    world.at("2027-01-12 02:00")
    assert world.said("LocksExtended")[0] == "True"
    world.at("2027-01-12 03:00")
    assert world.said("LocksExtended") == ("False", "LocksEnding")
    assert world.job("locks") is None
    assert "were last extended on 2027-01-02; they end from now on" in world.message("LocksExtended")


def test_without_immutability_there_is_nothing_to_extend() -> None:
    world = backed_up(retention={"last": 7})
    world.at("2027-01-09 12:00")
    assert world.job("locks") is None
    assert world.said("LocksExtended") == ("", "")


def test_they_are_extended_again_after_a_day_and_a_half() -> None:
    """Longer than between two nightly removals, which extend them as well."""
    world = locked()
    world.spec |= {"suspend": True}
    extended = world.bucket().locked
    assert extended is not None
    for late, due in ((timedelta(hours=36) - timedelta(seconds=1), False), (timedelta(hours=36), True)):
        world.now = extended + late
        world.step()
        assert (world.job("locks") is not None) is due
