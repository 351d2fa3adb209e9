"""What a Restore asks its run to do, and what it tells of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from imagestore.core.outcome import OnChange, Requeue
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.runs import DrillFound, RestoreFound, RestorePasses, RestoreTotals
from imagestore.reconcile.restore.situation import RestoreOrigin
from imagestore.reconcile.shared.ends import EndRefusal
from imagestore.reconcile.shared.runs import OneRunState, RunFailed, RunLane, RunTrouble
from imagestore.repository.restoring.estimate import PassEstimate
from imagestore.repository.restoring.options import PassCount, RestoreCounts
from tests.reconcile.replicated import end
from tests.reconcile.restored import PLAIN, RestoreWorld
from tests.reconcile.world import START

COUNTS = RestoreCounts(restored=97, bytes=9700, equal=1, kept=2, verified=5, lost=1)
FOUND = RestoreFound(
    10.0,
    20.0,
    source="Repository",
    backup="20270301T000000Z-a",
    totals=RestoreTotals(100, 10_000),
    counts=COUNTS,
)


def ended(found: Any, **spec: Any) -> RestoreWorld:
    world = RestoreWorld({**PLAIN, **spec}, clock=20.0)
    world.runs.state = OneRunState(0.0).after(found)
    world.step()
    return world


def counts(world: RestoreWorld) -> set[str]:
    """The numbers that its status has."""
    told = {
        "objects",
        "bytes",
        "equal",
        "kept",
        "verified",
        "mismatched",
        "undecodable",
        "incompleteAttributes",
    }
    return told & set(world.status.to_json())


def test_it_runs_and_tells_how_far_it_is_with_the_time_left_of_each_priority() -> None:
    world = RestoreWorld({**PLAIN, "priorities": ["thumbs/"], "readBackPercent": 5, "conflict": "Skip"})
    world.step()
    assert (world.status.phase, world.said()) == ("Pending", ("False", "Pending"))
    assert counts(world) == set(), "nothing looked at it"
    job = world.runs.job
    assert job is not None
    assert (job.priorities, job.read_back, job.conflict, job.lane) == (
        ("thumbs/",),
        0.05,
        "Skip",
        RunLane.RESTORE,
    )
    assert job.backends == {"b-photos", "b-backups"}
    assert job.into == "b-photos"
    passes = (
        PassEstimate("thumbs/", PassCount(10, 10), PassCount(10, 10), 0.0),
        PassEstimate("", PassCount(40, 400), PassCount(90, 900), 12.0),
    )
    world.clock = 40.0
    world.runs.state = OneRunState(
        0.0, running=True, began=30.0, progress=RestorePasses(50, 410, 100, 910, passes)
    )
    world.step()
    status = world.status
    assert (status.phase, status.started, world.said("Reconciling")) == (
        "Running", START + timedelta(seconds=40), ("True", "Restoring"),
    )  # fmt: skip
    assert world.message() == "50 of 100 objects are done"
    assert status.plan is not None
    assert (status.plan.objects, status.plan.bytes) == (100, 910)
    assert [(p.prefix, p.objects, p.done) for p in status.priorities] == [("thumbs/", 10, 10), ("", 90, 40)]
    assert [p.eta for p in status.priorities] == [START + timedelta(seconds=s) for s in (40, 52)]
    assert status.progress is not None
    assert (status.progress.percent, status.progress.objects_per_second) == (50, 5)
    assert isinstance(world.then, Requeue)


def test_success_says_what_was_read_back_and_is_over() -> None:
    world = ended(FOUND)
    status = world.status
    assert (status.phase, world.said()) == ("Succeeded", ("True", "Restored"))
    told = (
        status.objects,
        status.bytes,
        status.equal,
        status.kept,
        status.verified,
        status.incomplete_attributes,
    )
    assert told == (97, 9700, 1, 2, 5, 1)
    assert (status.backup, status.seconds, status.failed) == ("20270301T000000Z-a", 10, None)
    assert (len(counts(world)), status.mismatched) == (8, 0)
    assert "not whole" not in world.message()
    assert "97 objects" in world.message()
    assert "5 were read back and hashed" in world.message()
    assert (world.runs.job, world.events) == (None, [("Restored", False)])
    assert isinstance(world.then, Requeue)
    before = world.status
    world.runs.state = OneRunState(0.0)
    world.destination = None
    world.step()
    assert (world.status, world.runs.job) == (before, None), "what ended stays as it is"


def test_its_folder_is_emptied_once_the_status_tells_what_was_found() -> None:
    world = ended(FOUND)
    before = world.status
    assert world.runs.job is None
    world.runs.state, world.beside = OneRunState(0.0), frozenset({"other"})
    world.step()
    job = world.runs.job
    assert job is not None
    assert job.known == {"uid", "other"}
    assert job.digest == replace(job, known=frozenset()).digest, "another one does not end its run"
    assert (job.tidy, job.uid, job.destination) == (True, "uid", end("photos").end("shop"))
    assert (world.status, isinstance(world.then, Requeue)) == (before, True)
    world.runs.state = world.runs.state.after(RestoreFound(20.0, 21.0))
    world.step()
    assert (world.status, world.runs.job, world.then) == (before, None, OnChange())
    world.runs.state = OneRunState(0.0)
    world.clock += 2 * 86400
    world.step()
    assert (world.runs.job, world.then) == (None, OnChange()), "not for ever"
    assert ended(FOUND, drill={"sample": 9}).then == OnChange(), "a drill has no folder"


def test_one_object_that_is_missing_is_failed_with_counts_and_reasons() -> None:
    failed = replace(
        FOUND,
        counts=replace(COUNTS, failed=3, mismatched=1),
        failed={"Damaged": 2, "Mismatched": 1},
        report=".imagestore/r",
    )
    world = ended(failed)
    assert (world.status.phase, world.said()) == ("Failed", ("False", "NotRestored"))
    assert (
        world.message()
        == "3 objects are not at the destination (Damaged 2, Mismatched 1); the object .imagestore/r lists them"
    )
    found = world.status.failed
    assert found is not None
    assert (found.count, found.report, [(r.reason, r.objects) for r in found.by_reason]) == (
        3, ".imagestore/r", [("Damaged", 2), ("Mismatched", 1)],
    )  # fmt: skip
    assert world.status.mismatched == 1
    assert world.said("Stalled")[0] == "True"
    assert world.events == [("NotRestored", True)]
    untold = ended(replace(FOUND, why="the bucket keeps no versions"))
    assert (untold.status.phase, untold.message()) == ("Failed", "the bucket keeps no versions")


def test_a_backup_that_is_not_whole_is_told() -> None:
    """A restore of it was Succeeded, and did not say what it cannot bring back."""
    world = ended(replace(FOUND, unread=3, counts=replace(COUNTS, stale=2)))
    assert (world.status.phase, world.status.unread, world.status.stale) == ("Succeeded", 3, 2)
    assert "; the backup is not whole: 3 objects of the bucket could not be read" in world.message()
    assert world.message().endswith("; 2 of the restored ones are such")
    failed = ended(replace(FOUND, unread=3, counts=replace(COUNTS, failed=1)))
    assert "; the backup is not whole: 3 objects" in failed.message()


def test_trouble_is_told_and_tried_again_unless_it_is_final() -> None:
    trouble = RunTrouble("repository", Reason.WRONG_KEY, "the key is wrong")
    world = ended(replace(FOUND, trouble=trouble))
    assert (world.status.phase, world.said()) == ("Pending", ("False", "WrongKey"))
    assert world.message() == "the key is wrong; the operator tries again by itself"
    assert world.runs.job is not None
    assert counts(world) == set()
    final = ended(replace(FOUND, trouble=replace(trouble, final=True)))
    assert counts(final) == set(), "it counted nothing"
    assert (final.status.phase, final.said("Stalled"), final.runs.job) == (
        "Failed",
        ("True", "WrongKey"),
        None,
    )
    bug = ended(RunFailed(1.0, 2.0, RunTrouble(None, Reason.INTERNAL_ERROR, "a bug", final=True)))
    assert (bug.status.phase, bug.said()) == ("Failed", ("False", "InternalError"))


def test_an_overwrite_waits_for_the_token_of_what_was_counted() -> None:
    held = replace(FOUND, held="a1b2c3", totals=RestoreTotals(100, 10_000, 7), counts=RestoreCounts())
    world = ended(held, conflict="Overwrite")
    assert (world.status.phase, world.said(), world.said("Held")) == (
        "Held", ("False", "OverwriteHeld"), ("True", "OverwriteHeld"),
    )  # fmt: skip
    assert world.message().startswith("7 objects of the destination would be overwritten")
    assert "Add a1b2c3 to spec.approve" in world.message()
    assert (world.runs.job, world.status.finished) == (None, None)
    world.runs.state = OneRunState(0.0)
    world.step()
    assert (world.status.phase, world.runs.job) == ("Held", None), "nothing is asked while it waits"
    world.spec["approve"] = ["other"]
    world.step()
    assert world.status.phase == "Held"
    world.spec["approve"] = ["other", "a1b2c3"]
    world.step()
    assert world.runs.job is not None
    assert world.runs.job.approved == {"other", "a1b2c3"}
    assert world.runs.job.digest == replace(world.runs.job, approved=frozenset()).digest, (
        "what is held was dropped"
    )


def test_suspended_it_pauses_and_resumes() -> None:
    world = RestoreWorld({**PLAIN, "suspend": True})
    world.step()
    assert (world.runs.job, world.said("Suspended")[0], world.status.phase) == (None, "True", "Pending")
    del world.spec["suspend"]
    world.step()
    assert world.runs.job is not None
    assert world.said("Suspended") == ("", "")


@pytest.mark.parametrize(
    ("change", "reason", "waits"),
    [
        ({"destination": None}, "BucketNotFound", True),
        ({"repository": None}, "BucketNotFound", True),
        ({"destination": replace(end("photos"), made=False)}, "BucketNotReady", True),
        ({"destination": end("photos", mode="Observe")}, "BucketNotReady", False),
        ({"destination": end("backups")}, "SameBucket", False),
        ({"destination": replace(end("backups"), name="other")}, "SameBucket", False),
        ({"destination": end("backups"), "spec": {**PLAIN, "drill": {"sample": 9}}}, "SameBucket", False),
        (
            {"origin": RestoreOrigin(refusal=EndRefusal(Reason.BACKUP_NOT_FOUND, "none"))},
            "BackupNotFound",
            False,
        ),
    ],
)
def test_what_keeps_it_from_running(change: dict[str, Any], reason: str, *, waits: bool) -> None:
    world = RestoreWorld(**change)
    world.step()
    assert (world.runs.job, world.said(), world.status.phase) == (None, ("False", reason), "Pending")
    assert (world.said("Reconciling")[0] == "True") is waits
    assert isinstance(world.then, Requeue if waits else OnChange)


def test_a_moment_may_come_from_versions_of_a_bucket_of_this_namespace_only() -> None:
    moment = {"asOf": "2027-03-01T00:00:00Z"}
    inline = RestoreWorld({**PLAIN, **moment})
    inline.step()
    assert inline.runs.job is not None
    assert (inline.runs.job.wanted, inline.runs.job.as_of) == ("Auto", 1_803_859_200_000)
    assert inline.runs.job.versions == end("photos").end("shop"), (
        "it may be the destination; the run compares it"
    )
    named = RestoreWorld({**PLAIN, **moment}, source=end("originals"))
    named.origin = replace(named.origin, source="originals")
    named.step()
    assert named.runs.job is not None
    assert named.runs.job.versions == end("originals").end("shop")
    gone = replace(named, source=None)
    gone.step()
    assert gone.runs.job is not None
    assert gone.runs.job.versions is None
    newest = RestoreWorld()
    newest.step()
    assert newest.runs.job is not None
    assert (newest.runs.job.wanted, newest.runs.job.versions) == ("Repository", None)
    alone = RestoreWorld(
        {"versionsOf": {"bucketRef": {"name": "photos"}}, "destination": PLAIN["destination"], **moment},
        RestoreOrigin(source="photos"),
        source=end("photos"),
    )
    alone.step()
    assert alone.runs.job is not None
    assert (alone.runs.job.wanted, alone.runs.job.repository) == ("Versions", None)


def test_a_drill_says_its_power() -> None:
    drill = DrillFound(100, 90, 0.03, 3600.0, 0)
    sampled = replace(FOUND, counts=RestoreCounts(restored=100, verified=100), drill=drill, undecodable=2)
    passed = ended(sampled, drill={"sample": 100})
    assert (passed.status.phase, passed.said()) == ("Succeeded", ("True", "Drilled"))
    assert "a damage of 3.0% of the objects would be found in 95 of 100 drills" in passed.message()
    assert passed.status.undecodable == 2
    told = passed.status.drill
    assert told is not None
    assert (told.sampled, told.finds_percent, told.whole_restore_seconds) == (100, "3.0", 3600)
    lost = replace(sampled, counts=RestoreCounts(restored=99, failed=1), failed={"Damaged": 1})
    failed = ended(lost, drill={"sample": 100})
    assert (failed.status.phase, failed.said()) == ("Failed", ("False", "DrillFailed"))
    assert failed.message().startswith("1 of 100 objects did not come back (Damaged 1)")
