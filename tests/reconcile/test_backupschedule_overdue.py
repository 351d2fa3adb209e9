"""Checks and drills that a BackupSchedule asks for and never gets."""

from datetime import timedelta

from tests.reconcile.scheduled import BEGIN, NIGHTLY, ScheduleWorld
from tests.reconcile.test_backupschedule_upkeep import backed_up

WEEKLY = {"full": {"days": 3}, "drill": {"cron": "0 5 * * 0", "sample": 50}}  # on the 3rd, the 10th ...


def unproven(world: ScheduleWorld, when: str) -> tuple[tuple[str, str], tuple[str, str], str]:
    """What is said of both, and what is overdue."""
    world.at(when)
    return world.said("Verified"), world.said("Drilled"), world.said("ProofOverdue")[0]


def test_what_was_never_read_back_is_told_when_it_is_overdue() -> None:
    """Verified and Drilled were Unknown for ever, as of a schedule that is new, and no alert fired."""
    world = backed_up(verify=WEEKLY)
    new = ("Unknown", "FirstRun")
    assert unproven(world, "2027-01-08 12:00") == (new, new, "")
    assert unproven(world, "2027-01-09 12:00") == (("Unknown", "Outdated"), new, "True")
    assert "were never read back as a whole; see why the checks do not run" in world.message("ProofOverdue")
    assert unproven(world, "2027-01-10 05:00:01")[1] == new, "it begins"
    assert unproven(world, "2027-01-10 12:00")[1] == ("Unknown", "Outdated")
    assert "no drill of photos has ended, and two were due since 2027-01-0" in world.message("Drilled")
    world.checked("full", objects=1000)
    assert world.said("ProofOverdue")[0] == "True", "the drill is"
    world.drilled(sampled=50)
    assert world.said("ProofOverdue") == ("", "")


def test_parts_that_are_read_in_time_are_not_overdue() -> None:
    world = backed_up(verify={"full": {"days": 3}})
    for day in range(2, 20):
        world.at(f"2027-01-{day:02} 12:00")
        world.checked("full", objects=1000)
        assert world.said("ProofOverdue") == ("", "")
    assert unproven(world, "2027-01-30 12:00")[0] == ("Unknown", "Outdated")
    assert world.said("ProofOverdue")[0] == "True"


def test_drills_that_were_asked_for_a_moment_ago_are_not_overdue() -> None:
    world = backed_up(verify={"full": {"days": 30}})
    world.at("2027-01-20 12:00")
    world.spec["verify"] = {"full": {"days": 30}, "drill": WEEKLY["drill"]}
    for when in ("2027-01-20 13:00", "2027-01-24 12:00"):
        assert unproven(world, when)[1:] == (("Unknown", "FirstRun"), "")
    assert unproven(world, "2027-01-31 12:00")[1:] == (("Unknown", "Outdated"), "True")


def test_a_drill_is_overdue_only_when_it_may_not_begin_any_more() -> None:
    """Its jitter is another one than that of the Backups."""
    world = backed_up(verify=WEEKLY)
    world.spec["schedule"] = NIGHTLY["schedule"] | {"jitter": "1h"}
    world.at("2027-01-10 05:00")
    world.now = BEGIN + timedelta(seconds=world.alarm, hours=1)
    world.step()
    assert world.job("drill") is not None, "it begins at the end of startingDeadline"
    assert world.said("Drilled") == ("Unknown", "FirstRun")
    world.now += timedelta(seconds=1)
    world.step()
    assert world.said("Drilled") == ("Unknown", "Outdated")
