"""A BackupSchedule makes its Backups: once, at their times, one at a time, whatever is restarted."""

from datetime import timedelta
from typing import Any

import pytest

from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.situation import BackupView, OtherSchedule, places
from imagestore.reconcile.shared.making import MADE_BY
from tests.reconcile.replicated import end
from tests.reconcile.scheduled import BEGIN, ScheduleWorld

FIRST = "nightly-20270102t0217z"


def begun(**spec: Any) -> ScheduleWorld:
    """A schedule whose first Backup was just made."""
    world = ScheduleWorld(spec)
    world.step()
    world.at("2027-01-02 02:17:01")
    return world


def test_a_backup_is_made_at_its_time_with_all_that_it_needs() -> None:
    spec = {
        "kind": "Full",
        "filter": {"prefixes": ["originals/"]},
        "immutability": {"objectLock": "Governance", "days": 30},
        "decodeImages": True,
        "retention": {"last": 7},
    }
    world = ScheduleWorld(spec)
    world.step()
    assert (world.said(), world.backups) == (("True", "Scheduled"), {})
    assert world.message() == "no Backup was made yet; the next one begins at 2027-01-02T02:17:00Z"
    assert world.status.next_run is not None
    assert world.alarm == (world.status.next_run - BEGIN).total_seconds()
    world.at("2027-01-02 02:16:59")
    assert world.backups == {}
    world.at("2027-01-02 02:17:00")
    assert list(world.bodies) == [FIRST]
    assert world.bodies[FIRST]["spec"] == {
        "source": {"bucketRef": {"name": "photos"}},
        "repository": {"bucketRef": {"name": "backups"}, "prefix": "photos/"},
        "scheduledAt": "2027-01-02T02:17:00Z",
        "kind": "Full",
        "filter": {"prefixes": ["originals/"]},
        "immutability": {"objectLock": "Governance", "days": 30},
        "decodeImages": True,
    }
    meta = world.bodies[FIRST]["metadata"]
    assert meta["labels"] == {"imagestore.dev/schedule": "nightly", "imagestore.dev/bucket": "photos"}
    assert meta["annotations"] == {MADE_BY: "BackupSchedule/nightly"}
    assert world.events == ["Scheduled", "BackupMade"]


def test_it_is_made_once_and_said_so() -> None:
    world = begun()
    for _ in range(3):
        assert world.message().startswith(
            f"the Backup {FIRST} is being made; the next one begins at 2027-01-03T02:17"
        )
        world.step()
    assert list(world.backups) == [FIRST]
    world.ended()
    world.step()
    assert world.message() == "the last Backup succeeded; the next one begins at 2027-01-03T02:17:00Z"
    assert world.status.last_success == world.now - timedelta(minutes=5)


def test_a_restart_before_the_status_is_written_makes_no_second_one() -> None:
    """The Backup is there, the status does not know: the name is the same, and it is not taken for the run before."""
    world = ScheduleWorld()
    world.step()
    world.killed_before_status = True
    world.at("2027-01-02 02:17:01")
    assert list(world.backups) == [FIRST]
    world.restart()
    world.at("2027-01-02 02:17:30")
    assert (list(world.backups), world.status.skipped, world.status.missed) == ([FIRST], None, None)
    assert world.status.last_scheduled is not None


def test_a_run_that_is_longer_than_its_interval_skips_the_next_and_says_so() -> None:
    world = begun()
    world.at("2027-01-03 02:17:01")
    assert (list(world.backups), world.status.skipped) == ([FIRST], 1)
    assert "Skipped" in world.events
    assert world.warnings == ["skipped a scheduled time: the Backup before has not ended (photos)"]
    assert f"{world.status.last_scheduled:%d %H:%M}" == "02 02:17", "no Backup is of the other one"
    world.ended()
    world.at("2027-01-03 03:00")
    assert list(world.backups) == [FIRST], "what was skipped is not caught up"
    world.at("2027-01-04 02:17:01")
    assert list(world.backups) == [FIRST, "nightly-20270104t0217z"]


def test_a_backup_by_hand_is_a_run_too() -> None:
    world = ScheduleWorld()
    world.step()
    world.backups["now"] = BackupView("now", "u", "photos", world.now)
    world.at("2027-01-02 02:17:01")
    assert (list(world.backups), world.status.skipped) == (["now"], 1)


def test_after_an_outage_one_backup_is_made_and_the_others_are_counted() -> None:
    world = ScheduleWorld({"schedule": {"cron": "0 * * * *", "startingDeadline": "30m"}})
    world.step()
    world.restart()
    world.at("2027-01-02 00:10")
    assert list(world.backups) == ["nightly-20270102t0000z"]
    assert (world.status.missed, world.warnings) == (
        11,
        ["missed 11 scheduled times: the operator could not begin before schedule.startingDeadline"],
    )
    world.ended()
    world.at("2027-01-02 09:45")
    assert (len(world.backups), world.status.missed) == (1, 20)


def test_a_backup_that_cannot_be_made_is_tried_again_until_its_deadline() -> None:
    world = ScheduleWorld()
    world.step()
    world.refuse = "the API server: 403 Forbidden: backups is forbidden"
    world.at("2027-01-02 02:17:01")
    assert world.said() == ("False", "NotMade")
    assert world.message().startswith("the operator could not make a Backup: the API server: 403 Forbidden")
    assert (world.wait, world.status.missed) == (30.0, None)
    world.refuse = ""
    world.at("2027-01-02 03:00")
    assert list(world.backups) == [FIRST]
    world.ended()
    world.refuse = "no answer came in time"
    world.at("2027-01-03 02:18")
    world.at("2027-01-03 03:17:01")
    assert (len(world.backups), world.status.missed) == (1, 1)


def test_while_a_bucket_is_missing_nothing_is_made_and_what_is_due_waits() -> None:
    world = ScheduleWorld(sources=())
    world.at("2027-01-02 00:00")
    assert world.said() == ("False", "BucketNotFound")
    world.at("2027-01-02 02:20")
    world.sources = (end("photos"),)
    world.at("2027-01-02 02:30")
    assert list(world.backups) == [FIRST]


def test_suspended_time_is_neither_missed_nor_caught_up() -> None:
    world = ScheduleWorld()
    world.step()
    world.spec["suspend"] = True
    world.step()
    assert world.said("Suspended") == ("True", "Suspended")
    assert world.status.next_run is None
    world.at("2027-01-02 02:17:01")
    world.spec["suspend"] = False
    world.at("2027-01-02 02:30")
    assert (world.backups, world.status.missed) == ({}, None)
    world.at("2027-01-03 02:17:01")
    assert list(world.backups) == ["nightly-20270103t0217z"]


def test_another_cron_counts_from_the_edit_on() -> None:
    """Kubernetes' CronJob makes at once what the new expression would have made before."""
    world = begun()
    world.ended()
    world.spec["schedule"] = {"cron": "0 11 * * *"}
    world.at("2027-01-02 11:20")
    assert list(world.backups) == [FIRST]
    assert world.status.next_run is not None
    assert f"{world.status.next_run:%d %H:%M}" == "03 11:00"


def test_a_clock_that_is_set_back_repeats_nothing_and_is_told() -> None:
    world = begun()
    world.ended()
    world.at("2027-01-01 01:00")
    assert world.said("ClockSkew") == ("True", "ClockDiffers")
    world.at("2027-01-02 02:17:01")
    assert list(world.backups) == [FIRST]
    world.spec["schedule"] = {"cron": "17 3 * * *"}
    world.at("2027-01-01 01:00")
    world.at("2027-01-01 03:17:01")
    assert len(world.backups) == 2


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ({"cron": "0 0 * * *", "timeZone": "Europe/Bonn"}, "there is no time zone 'Europe/Bonn'"),
        ({"cron": "5-1 0 * * *"}, "bad minute; correct it"),
    ],
)
def test_times_that_no_clock_can_follow_are_a_condition(schedule: dict[str, str], told: str) -> None:
    world = ScheduleWorld({"schedule": schedule})
    world.step()
    assert (world.said(), world.said("Stalled")) == (
        ("False", "InvalidSchedule"),
        ("True", "InvalidSchedule"),
    )
    assert told in world.message()


def test_the_last_backup_decides_whether_it_is_ready() -> None:
    world = begun()
    world.ended("Failed", message="the source: there is no bucket shop--photos")
    world.step()
    assert world.said() == ("False", "BackupFailed")
    assert world.message().startswith(
        f"the Backup {FIRST} failed: the source: there is no bucket shop--photos; the next one begins at"
    )
    world.at("2027-01-03 02:17:01")
    world.ended("PartiallyFailed", message="3 objects could not be read")
    world.step()
    assert world.said() == ("False", "ObjectsFailed")
    assert world.status.last_success is None
    world.at("2027-01-04 02:17:01")
    world.ended()
    world.step()
    assert world.said() == ("True", "Scheduled")
    assert [(e.name[-14:], e.phase) for e in world.status.history] == [
        ("20270104t0217z", "Succeeded"),
        ("20270103t0217z", "PartiallyFailed"),
        ("20270102t0217z", "Failed"),
    ]


def test_old_backup_objects_are_deleted_but_never_the_newest_that_succeeded() -> None:
    world = ScheduleWorld({"history": 2})
    world.step()
    for day in range(2, 7):
        world.at(f"2027-01-0{day} 02:17:01")
        world.ended("Succeeded" if day == 2 else "Failed", message="down")
        world.step()
    assert sorted(n[15:16] for n in world.backups) == ["2", "5", "6"]
    assert world.bucket().last is not None
    assert [e.phase for e in world.status.history].count("Failed") == 4, "the status still tells of them"


def test_within_rpo_becomes_false_in_time_by_the_last_success_alone() -> None:
    """velero#6809: nothing said that backups had stopped."""
    world = begun(objectives={"rpo": "26h"})
    assert world.said("WithinRpo") == ("Unknown", "FirstRun")
    world.ended()
    world.step()
    assert world.said("WithinRpo") == ("True", "WithinRpo")
    world.at("2027-01-03 02:17:01")
    world.ended("Failed", message="the source does not answer")
    world.step()
    assert world.status.last_success is not None
    deadline = world.status.last_success + timedelta(hours=26)
    assert world.alarm == (deadline + timedelta(seconds=1) - BEGIN).total_seconds()
    world.now = deadline
    world.step()
    assert world.said("WithinRpo")[0] == "True", "until then"
    world.now = deadline + timedelta(seconds=1)
    world.step()
    assert world.said("WithinRpo") == ("False", "RpoMissed")
    assert world.message("WithinRpo") == (
        "no backup that is younger than 26h has succeeded: the source does not answer"
    )
    world.spec["suspend"] = True
    world.step()
    assert world.said("WithinRpo") == ("False", "RpoMissed"), "a suspended schedule is overdue as well"


@pytest.mark.parametrize("days", [-2, 2])
def test_a_store_whose_clock_is_days_off_does_not_keep_the_promise_alive(days: int) -> None:
    """The run's beginning is by the store's clock. Days ahead, WithinRpo would be true for days without any backup."""
    world = begun(objectives={"rpo": "26h"})
    world.ended(started=world.now + timedelta(days=days))
    world.step()
    assert world.said("WithinRpo")[0] == ("True" if days > 0 else "False")
    world.at("2027-01-03 02:17:02")
    world.at("2027-01-03 04:17:03")
    assert world.said("WithinRpo") == ("False", "RpoMissed")
    world.ended(started=world.now + timedelta(days=days))
    world.step()
    assert [b.last and b.last.name for b in world.status.buckets] == ["nightly-20270103t0217z"]


def test_two_schedules_in_one_repository_are_refused_by_the_younger_one() -> None:
    """Each would delete what the other one keeps."""
    world = ScheduleWorld(
        others=(OtherSchedule("weekly", places("backups", "photos/", ["photos"], group=False)),)
    )
    world.step()
    assert world.said() == ("False", "Conflict")
    assert "the BackupSchedule weekly has the same repository" in world.message()
    world.others = (OtherSchedule("weekly", places("backups", None, ["photos"], group=False)),)
    world.step()
    assert world.said() == ("True", "Scheduled")


def test_reasons_are_words_of_the_operator() -> None:
    world = begun()
    assert set(world.events) <= {str(r) for r in Reason}
