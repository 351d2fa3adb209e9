"""A BackupSchedule of all buckets with some labels."""

from dataclasses import replace

from imagestore.reconcile.schedule.beginning import backup_name
from imagestore.reconcile.schedule.situation import OtherSchedule, places
from tests.reconcile.replicated import end
from tests.reconcile.scheduled import BEGIN, ScheduleWorld


def test_a_group_makes_one_backup_of_each_bucket_in_a_repository_of_its_own() -> None:
    world = ScheduleWorld(
        {"source": {"bucketSelector": {"matchLabels": {"class": "photos"}}}, "history": 1},
        sources=(end("a"), end("b")),
    )
    world.step()
    world.at("2027-01-02 02:17:01")
    made = {b.bucket: b.name for b in world.backups.values()}
    assert {world.bodies[n]["spec"]["repository"]["prefix"] for n in made.values()} == {
        "photos/a/",
        "photos/b/",
    }
    world.ended(name=made["a"])
    world.at("2027-01-03 02:17:01")
    assert world.status.skipped == 1
    assert sorted(b.bucket for b in world.backups.values()) == ["a", "a", "b"]
    assert world.warnings == ["skipped a scheduled time: the Backup before has not ended (b)"]
    assert {b.name for b in world.status.buckets} == {"a", "b"}
    assert world.status.last_success is None, "b has none yet"


def test_names_of_a_group_do_not_meet() -> None:
    a = backup_name("x-a", "b", BEGIN, group=True)
    b = backup_name("x", "a-b", BEGIN, group=True)
    assert a != b
    assert len(backup_name("s" * 63, "b" * 128, BEGIN, group=True)) <= 200


def test_a_bucket_that_left_the_group_is_not_checked_any_more() -> None:
    group = {"source": {"bucketSelector": {"matchLabels": {"class": "photos"}}}}
    world = ScheduleWorld(group, sources=(end("a"), end("b")))
    world.step()
    world.at("2027-01-02 02:17:01")
    for name in list(world.backups):
        world.ended(name=name)
    world.step()
    assert world.job("quick", "b") is not None
    assert world.job("quick", "b").repository.end.prefix == "photos/b/"
    world.sources = (end("a"),)
    world.step()
    assert world.job("quick", "b") is None
    assert [b.name for b in world.status.buckets] == ["a"]


def test_one_repository_is_known_however_its_prefix_is_written() -> None:
    """A run opens p and p/ as one folder; a group's repository of one bucket may be another schedule's only one."""
    assert places("backups", "p", ["b"], group=False) == places("backups", "p/", ["b"], group=False)
    assert places("backups", "x/b", ["b"], group=False) == places("backups", "x/", ["b"], group=True)
    assert places("backups", None, ["b"], group=False) != places("backups", "p", ["b"], group=False)
    world = ScheduleWorld(others=(OtherSchedule("weekly", places("backups", "photos", ["p"], group=False)),))
    world.step()
    assert world.said() == ("False", "Conflict")


def test_labels_that_no_bucket_has_are_waited_for() -> None:
    """One is labelled in a moment; nothing is wrong with the spec."""
    world = ScheduleWorld(
        {"source": {"bucketSelector": {"matchLabels": {"class": "b", "app": "a"}}}}, sources=()
    )
    world.step()
    assert world.said() == ("False", "NothingMatches")
    assert world.message().startswith(
        "no ImageBucket of this namespace has the labels app=a, class=b; label one"
    )
    assert world.said("Stalled") == ("", "")


def test_a_source_that_cannot_be_used_is_named_as_the_source() -> None:
    world = ScheduleWorld(sources=(replace(end("photos"), made=False),))
    world.step()
    assert world.message().startswith("the source, ImageBucket photos, does not have its bucket yet")
