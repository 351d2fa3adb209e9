"""What a BackupSchedule has done with its backups: checks, drills, removals, and what its conditions claim of them."""

from typing import Any

import pytest

from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.jobs import DrillJob, FullCheckJob, QuickCheckJob, RemovalJob, RemovalRules
from imagestore.reconcile.shared.runs import RunTrouble
from tests.reconcile.replicated import end
from tests.reconcile.scheduled import ScheduleWorld

ROOT = "root-nightly-20270102t0217z"
FULL: dict[str, Any] = {
    "retention": {"last": 7, "minAge": "36h", "maxRemovalPercent": 30},
    "verify": {"full": {"days": 3}, "drill": {"cron": "0 5 * * 0", "sample": 50}},
    "objectives": {"rpo": "26h", "rto": "4h"},
}


def backed_up(**spec: Any) -> ScheduleWorld:
    """The first Backup succeeded a moment ago."""
    world = ScheduleWorld(spec)
    world.step()
    world.at("2027-01-02 02:17:01")
    world.at("2027-01-02 02:22")
    world.ended()
    world.step()
    return world


def test_nothing_is_checked_before_a_backup_succeeded() -> None:
    world = ScheduleWorld(FULL)
    world.step()
    world.at("2027-01-02 02:17:01")
    world.ended("Failed")
    world.step()
    assert all(runs.job is None for runs in world.runs.values())
    assert world.said("Verified") == ("Unknown", "FirstRun")
    assert world.said("Drilled") == ("Unknown", "FirstRun")


def test_after_each_backup_a_quick_check_and_then_a_removal() -> None:
    world = backed_up(**FULL)
    quick = world.job("quick")
    assert isinstance(quick, QuickCheckJob)
    assert (quick.backup, quick.repository.end.prefix) == (ROOT, "photos/")
    assert world.job("removal") is None, "a backup that was not checked pushes out none"
    assert world.wait == 5.0
    world.checked("quick", objects=1000)
    assert world.said("Verified") == ("Unknown", "FirstRun"), "a listing is no read"
    removal = world.job("removal")
    assert isinstance(removal, RemovalJob)
    assert removal.rules == RemovalRules(last=7, min_age=1.5, most_share=0.3)
    assert removal.after == ROOT
    world.pruned(backups=1, bytes=10**9)
    assert "BackupsRemoved" not in world.events, "all of them stay"
    world.step()
    assert (world.job("quick"), world.job("removal")) == (None, None)
    world.at("2027-01-03 02:17:01")
    world.ended()
    world.step()
    assert world.job("quick").backup == "root-nightly-20270103t0217z"


def test_quick_checks_can_be_left_out() -> None:
    world = backed_up(verify={"quick": "Never"}, retention={"last": 1})
    assert world.job("quick") is None
    assert world.job("removal") is not None


def test_every_byte_is_read_within_the_days_and_only_then_it_is_verified() -> None:
    world = backed_up(verify={"full": {"days": 3}})
    days = []
    for day in range(3):
        world.at(f"2027-01-0{2 + day} 12:00")
        job = world.job("full")
        assert isinstance(job, FullCheckJob)
        days.append((job.share, job.shares))
        assert world.said("Verified")[0] == "Unknown"
        world.checked("full", objects=1000, bytes=10**8)
        world.step()
        assert world.job("full") is None, "one part a day"
    assert days == [(0, 3), (1, 3), (2, 3)]
    assert world.said("Verified") == ("True", "Verified")
    assert world.message("Verified") == (
        "every byte of the backups that were there at 2027-01-02T11:59Z was read back since then and is whole"
    )
    world.at("2027-01-04 12:00:01")
    world.at("2027-01-12 12:00:01")
    assert world.said("Verified") == ("Unknown", "Outdated"), "an old proof is none"


def test_while_the_first_round_goes_on_it_says_how_far_it_is() -> None:
    world = backed_up(verify={"full": {"days": 4}})
    world.checked("full", bytes=10**8)
    assert world.message("Verified") == (
        "part 1 of 4 of the contents was read and is whole; the whole is read in 4 days"
    )


def test_a_clock_that_is_set_back_does_not_end_the_reading() -> None:
    world = backed_up(verify={"full": {"days": 1}})
    world.at("2028-01-02 12:00")
    world.checked("full", bytes=1)
    world.at("2027-01-02 12:00")
    assert isinstance(world.job("full"), FullCheckJob)


def drilled_world(**spec: Any) -> ScheduleWorld:
    """A schedule whose first drill is due."""
    world = backed_up(**(FULL | spec))
    world.at("2027-01-03 05:00:01")
    return world


def test_a_drill_restores_a_sample_at_its_own_time() -> None:
    world = backed_up(**FULL)
    assert world.job("drill") is None
    world.at("2027-01-03 05:00:01")
    job = world.job("drill")
    assert isinstance(job, DrillJob)
    assert (job.sample, job.decode, job.backup) == (50, True, ROOT)
    assert (job.scratch.bucket, job.scratch.prefix) == ("shop--photos", ".imagestore/drill/")
    world.drilled(sampled=50, decoded=40, estimate=7200)
    world.step()
    assert world.job("drill") is None
    assert world.said("Drilled") == ("True", "Drilled")
    assert world.message("Drilled") == (
        "the last drill restored its sample and read it back: 50 samples find a damage of 6 % of the objects with 95 %; a restore"
        " of everything takes about 2.0 h at its rate, within 4h"
    )
    assert world.said("Verified") == ("True", "Verified")
    assert world.message("Verified") == (
        "a sample was read back and is whole: 50 samples find a damage of 6 % of the objects with 95 %"
    )


def test_a_hundred_samples_find_a_damage_of_three_percent() -> None:
    world = drilled_world()
    world.drilled(sampled=100)
    assert "100 samples find a damage of 3 % of the objects with 95 %" in world.message("Drilled")


def test_a_drill_that_does_not_bring_everything_back_is_said() -> None:
    world = drilled_world()
    world.drilled(sampled=50, failed=2)
    assert world.said("Drilled") == ("False", "Damaged")
    assert world.said("Verified") == ("False", "Damaged")


def test_a_restore_that_would_take_too_long_is_said() -> None:
    world = drilled_world()
    world.drilled(sampled=50, estimate=4 * 3600 + 1)
    assert world.said("Drilled") == ("False", "RtoMissed")
    assert world.said("Verified")[0] == "True", "it is whole all the same"


def test_a_drill_that_restored_nothing_proves_nothing() -> None:
    world = drilled_world()
    world.drilled(sampled=0)
    assert world.said("Drilled") == ("Unknown", "FirstRun")
    assert world.said("Verified")[0] == "Unknown"


def test_a_drill_elsewhere() -> None:
    drill = {"cron": "0 5 * * 0", "bucketRef": {"name": "scratch"}, "decodeImages": False}
    world = drilled_world(verify={"drill": drill})
    assert world.said() == ("True", "Scheduled"), "backups go on"
    assert world.said("Drilled") == ("False", "BucketNotFound")
    assert world.job("drill") is None
    world.scratch = end("scratch")
    world.step()
    assert (world.job("drill").scratch.bucket, world.job("drill").decode) == ("shop--scratch", False)


def test_a_drill_is_missed_after_its_deadline_and_counted() -> None:
    world = backed_up(**FULL)
    world.at("2027-01-10 07:00")
    assert world.job("drill") is None
    assert world.status.drills is not None
    assert world.status.drills.missed == 2


def test_an_old_drill_proves_nothing_once_two_were_missed() -> None:
    world = drilled_world()
    world.drilled(sampled=50)
    world.at("2027-01-17 06:00")
    assert world.said("Drilled")[0] == "True"
    world.at("2027-01-17 06:00:01")
    assert world.said("Drilled") == ("Unknown", "Outdated")


def test_another_drill_moves_no_backup() -> None:
    world = backed_up(**FULL)
    world.now = world.now.replace(day=3, hour=2, minute=20)
    world.spec["verify"] = {"drill": {"cron": "0 6 * * 0"}}
    world.step()
    assert len(world.backups) == 2
    world.at("2027-01-03 05:30")
    assert world.job("drill") is None
    world.at("2027-01-03 06:00:01")
    assert world.job("drill").due == "2027-01-03T06:00:00+00:00"


def held_world() -> ScheduleWorld:
    world = backed_up(retention={"last": 1})
    world.checked("quick", objects=1000)
    world.pruned(backups=9, held="8 of 9 backups would go, more than 50%", token="r123", waiting=8)
    return world


def test_a_held_removal_shows_its_token_and_an_approval_lets_it_go() -> None:
    world = held_world()
    assert world.message("Held") == (
        "the removal of 8 backups of photos waits: 8 of 9 backups would go, more than 50%; to delete these, add r123 to"
        " spec.approve"
    )
    assert "RemovalHeld" in world.events
    world.step()
    assert world.job("removal") is None, "it is not asked again and again"
    world.spec["approve"] = ["other"]
    world.step()
    assert world.job("removal") is None
    world.spec["approve"] = ["other", "r123"]
    world.step()
    assert world.job("removal").approved == frozenset({"r123", "other"})
    world.pruned(backups=1, forgotten=8)
    assert world.said("Held") == ("", "")
    assert "BackupsRemoved" in world.events
    world.step()
    assert world.job("removal") is None


def test_another_token_is_told_again() -> None:
    world = held_world()
    world.at("2027-01-03 02:17:01")
    world.ended()
    world.step()
    world.checked("quick", objects=1000)
    world.pruned(backups=10, held="9 of 10 backups would go, more than 50%", token="r456", waiting=9)
    assert world.events.count("RemovalHeld") == 2
    assert "add r456 to spec.approve" in world.warnings[-1]


def test_what_was_drilled_stays() -> None:
    world = drilled_world()
    world.drilled(sampled=50)
    world.checked("quick", objects=1000)
    assert world.job("removal").verified == frozenset({ROOT})


@pytest.mark.parametrize("found", [{"sampled": 0}, {"sampled": 50, "failed": 50}])
def test_what_no_drill_brought_back_does_not_count_as_verified(found: dict[str, int]) -> None:
    world = drilled_world(verify={"full": {"days": 1}, "drill": {"cron": "0 5 * * 0", "sample": 50}})
    world.drilled(**found)
    world.checked("quick", objects=1000)
    world.checked("full", objects=1000)
    assert world.job("removal").verified == frozenset()


def test_locks_are_extended_though_all_backups_stay() -> None:
    world = backed_up(immutability={"objectLock": "Governance", "days": 30})
    world.checked("quick")
    assert world.job("removal").rules is None


def test_without_retention_nothing_is_removed() -> None:
    world = backed_up()
    world.checked("quick")
    world.step()
    assert world.job("removal") is None


def test_a_check_that_cannot_be_made_is_said_and_tried_again() -> None:
    world = backed_up()
    trouble = RunTrouble("repository", Reason.WRONG_KEY, "the key in Secret backup-key does not open it")
    world.checked("quick", trouble=trouble)
    assert world.said() == ("False", "WrongKey")
    assert world.message() == (
        "backups cannot be kept in order: the repository: the key in Secret backup-key does not open it"
    )
    assert world.bucket().trouble == trouble.message
    assert isinstance(world.job("quick"), QuickCheckJob)
    world.checked("quick", objects=3)
    assert world.said() == ("True", "Scheduled")


def test_suspended_nothing_runs() -> None:
    world = backed_up(**FULL)
    world.spec["suspend"] = True
    world.step()
    assert all(runs.job is None for runs in world.runs.values())
