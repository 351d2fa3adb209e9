"""The reconcile of a ReplicationPolicy: what is refused, what is run, and what is told of runs."""

from dataclasses import replace

import pytest

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import (
    HeldRun,
    RunReport,
    RunsState,
)
from imagestore.reconcile.replication.situation import PolicyView
from imagestore.reconcile.shared.runs import RunTrouble
from imagestore.reconcile.shared.situation import Store
from tests.reconcile.replicated import World, end

VERSIONED = end("dr", versioning={"state": "Enabled"})
GOOD = RunReport(began=10.0, ended=12.0, complete=True, listed=10.0, copied=(5, 50))


def test_before_the_first_run_nothing_is_claimed() -> None:
    world = World({"objectives": {"rpo": "15m"}})
    world.step()
    assert world.said() == ("False", "FirstRun")
    assert world.said("WithinObjective") == ("Unknown", "FirstRun")
    assert world.wait == 5.0, "a single run of apply waits for it"
    assert world.runs.job is not None
    assert world.runs.job.interval == 300.0
    assert (world.runs.job.source.owner, world.runs.job.destination.owner) == ("shop/photos", "shop/dr")


def test_a_run_that_read_both_buckets_makes_it_ready() -> None:
    world = World({"objectives": {"rpo": "15m"}})
    world.step()
    world.ran(GOOD)
    status = world.step()
    assert world.said() == ("True", "Replicated")
    assert world.said("WithinObjective") == ("True", "WithinObjective")
    assert status.copied is not None
    assert (status.copied.objects, status.copied.bytes) == (5, 50)
    assert status.backlog is not None
    assert status.backlog.objects == 0
    assert world.runs.alarm == 10.0 + 900.0, "counted from the run's beginning: later changes were not read"
    assert ("Replicated", False) in world.events


def test_what_was_not_compared_by_its_bytes_is_said() -> None:
    world = World()
    world.ran(replace(GOOD, unverified=3))
    world.step()
    assert "of 3 of them only size and time were compared" in world.message()


def test_the_objective_is_missed_when_its_time_is_over_though_nothing_failed() -> None:
    """Status was fine while all failed for weeks (noobaa-core#9610): no run that ended is no news, and no news is False."""
    world = World({"objectives": {"rpo": "15m"}})
    world.ran(GOOD)
    world.step()
    world.clock, world.runs.alarm = 910.0, None
    world.step()
    assert world.said("WithinObjective")[0] == "True"
    assert world.runs.alarm == 910.0, "it becomes False only behind this moment"
    world.clock = 910.1
    world.step()
    assert world.said("WithinObjective") == ("False", "ObjectiveMissed")
    assert ("ObjectiveMissed", True) in world.events


def test_a_policy_whose_first_run_never_ends_misses_its_objective() -> None:
    world = World({"objectives": {"rpo": "1m"}})
    world.runs.state = RunsState(0.0, running=True)
    world.clock = 61.0
    world.step()
    assert world.said("WithinObjective") == ("False", "ObjectiveMissed")
    assert "has not ended" in world.message("WithinObjective")


@pytest.mark.parametrize(
    ("trouble", "ready", "stalled"),
    [
        (RunTrouble("destination", Reason.DENIED, "PutObject: AccessDenied"), ("False", "Denied"), True),
        (RunTrouble("source", Reason.UNAVAILABLE, "no answer"), ("Unknown", "Unavailable"), False),
        (RunTrouble("source", Reason.NOT_FOUND, "there is no bucket a"), ("False", "NotFound"), True),
        (RunTrouble("source", Reason.ANOTHER_OWNER, "other mark"), ("False", "AnotherOwner"), True),
    ],
)
def test_a_run_that_ended_early_proves_nothing(
    trouble: RunTrouble, ready: tuple[str, str], *, stalled: bool
) -> None:
    world = World({"objectives": {"rpo": "15m"}})
    world.ran(GOOD)
    world.step()
    world.ran(RunReport(310.0, 311.0, complete=False, listed=310.0, trouble=trouble))
    world.step()
    assert world.said() == ready
    assert (world.said("Stalled")[0] == "True") is stalled
    assert world.message().startswith(f"the {trouble.side}: ")
    assert world.said("WithinObjective")[0] == "True", "what the run before has proven still holds"
    world.clock = 911.0
    world.step()
    assert world.said("WithinObjective")[0] == "False"
    assert trouble.message in world.message("WithinObjective")


def test_an_object_that_is_not_equal_dates_the_objective() -> None:
    world = World({"objectives": {"rpo": "15m"}})
    failed = RunReport(
        1000.0,
        1001.0,
        complete=True,
        listed=1000.0,
        backlog=(2, 20),
        unequal_since=50.0,
        failed={"Denied": 2},
        report="r",
    )
    world.ran(failed)
    status = world.step()
    assert world.said() == ("False", "ObjectsFailed")
    assert world.said("WithinObjective") == ("False", "ObjectiveMissed"), "50 s + 15 m are over"
    assert status.failed is not None
    assert (status.failed.count, status.failed.by_reason[0].reason, status.failed.report) == (
        2,
        "Denied",
        "r",
    )
    assert "2 objects could not be copied (Denied 2)" in world.message("WithinObjective")


def test_a_later_failing_run_does_not_take_away_what_was_proven() -> None:
    """An object that fails again and again dates from its own change, not from the failing run."""
    world = World({"objectives": {"rpo": "15m"}})
    world.ran(GOOD)
    world.ran(
        replace(
            GOOD,
            began=310.0,
            ended=311.0,
            listed=310.0,
            unequal_since=300.0,
            backlog=(1, 1),
            failed={"Changing": 1},
        )
    )
    world.clock = 1000.0
    world.step()
    assert world.said("WithinObjective")[0] == "True", "covered until 300"
    world.clock = 1201.0
    world.step()
    assert world.said("WithinObjective")[0] == "False"


def test_held_deletes_are_told_with_their_token() -> None:
    world = World({"deletes": "Markers"}, destination=VERSIONED)
    world.ran(replace(GOOD, held=HeldRun("tok", 70, "too many")))
    status = world.step()
    assert world.said("Held") == ("True", "DeletesHeld")
    assert "add tok to spec.approve" in world.message("Held")
    assert status.held is not None
    assert (status.held.objects, status.held.token) == (70, "tok")
    assert ("DeletesHeld", True) in world.events
    world.spec["approve"] = ["tok"]
    world.step()
    assert world.runs.job is not None
    assert world.runs.job.approved == frozenset({"tok"})


def test_while_the_source_lost_its_content_no_run_may_delete() -> None:
    lost = ImageBucketStatus.model_validate(
        {"conditions": [{"type": "ContentLost", "status": "True", "reason": "Recreated"}]}
    )
    world = World({"deletes": "Markers"}, source=replace(end("photos"), status=lost), destination=VERSIONED)
    world.step()
    assert world.runs.job is not None
    assert "ContentLost is True on the ImageBucket photos" in world.runs.job.held_by


@pytest.mark.parametrize(("spec", "holds"), [({"direction": "TwoWay"}, True), ({}, False)])
def test_two_ways_a_lost_destination_holds_deletes_too(spec: dict[str, str], holds: bool) -> None:  # noqa: FBT001
    """Its emptiness was mirrored to the source. One way, nothing follows the destination."""
    lost = ImageBucketStatus.model_validate(
        {"conditions": [{"type": "ContentLost", "status": "True", "reason": "Recreated"}]}
    )
    versioned = end("photos", versioning={"state": "Enabled"})
    world = World({"deletes": "Markers", **spec}, versioned, replace(VERSIONED, status=lost))
    world.step()
    assert world.runs.job is not None
    assert ("on the ImageBucket dr" in world.runs.job.held_by) is holds


def test_what_is_suspended_runs_nothing_and_claims_nothing() -> None:
    world = World({"objectives": {"rpo": "15m"}})
    world.ran(GOOD)
    world.step()
    world.spec["suspend"] = True
    status = world.step()
    assert world.runs.job is None
    assert world.said("Suspended")[0] == "True"
    assert world.said("WithinObjective") == ("Unknown", "Suspended")
    assert status.copied is not None, "what was copied stays told"


def view(name: str, source: str, destination: str, *areas: str, promoted: bool = False) -> PolicyView:
    return PolicyView(name, source, destination, areas or ("",), promoted)


REFUSED: list[tuple[World, str, str]] = [
    (World(source=None), "BucketNotFound", "no ImageBucket photos in this namespace; create it, or correct source.bucketRef"),
    (World(destination=None), "BucketNotFound", "correct destination.bucketRef"),
    (World(source=replace(end("photos"), made=False)), "BucketNotReady", "does not have its bucket yet"),
    (World(destination=replace(end("dr"), deleting=True)), "BucketNotReady", "is being deleted"),
    (World(destination=replace(end("dr"), store=Store(trouble="Secret eu is missing"))), "BackendUnusable", "Secret eu is missing"),
    (World(destination=end("dr", mode="Observe")), "BucketNotReady", "set mode: Enforce"),
    (World(destination=replace(end("dr", endpoint="https://photos.example"), bucket="shop--photos")), "SameBucket", "are the same bucket"),
    (World({"deletes": "Markers"}), "VersioningNeeded", "set versioning.state: Enabled in the ImageBucket dr"),
    (World({"deletes": "Mirror"}, destination=end("dr", objectLock={"mode": "Governance", "days": 1})), "LockedDestination", "write deletes: Markers"),
    (World({"direction": "TwoWay"}, source=end("photos", mode="Observe")), "BucketNotReady", "the ImageBucket photos has mode Observe"),
    (World({"direction": "TwoWay", "deletes": "Markers"}, destination=end("dr", versioning={"state": "Enabled"})), "VersioningNeeded", "in the ImageBucket photos"),
    (World({"direction": "TwoWay"}, older=(view("in", "far", "photos", "x/"),)), "Conflict", "keys that begin with x/ of the ImageBucket photos"),
    (World({"destination": {"bucketRef": {"name": "dr"}, "tier": "Archive"}}), "Unsupported", "has no storage class for the tier Archive"),
    (World({"deletes": "Mirror"}), "VersioningNeeded", "which cannot delete on condition"),
    (World(older=(view("first", "photos", "dr"),)), "Conflict", "the older ReplicationPolicy first writes all keys"),
    (World(older=(view("first", "scans", "dr", "a/"),)), "Conflict", "keys that begin with a/"),
    (World({"filter": {"prefixes": ["a/b/"]}}, older=(view("first", "scans", "dr", "a/"),)), "Conflict", "keys that begin with a/b/"),
    (World(older=(view("back", "dr", "photos", "x/"),)), "Cycle", "go round in a circle back to the ImageBucket photos"),
    (World(older=(view("on", "dr", "far"), view("home", "far", "photos"))), "Cycle", "on, home"),
    (World({"failover": {"role": "Primary"}}, older=(view("in", "far", "photos"),)), "Conflict", "of the ImageBucket photos already, and so does this one when it is promoted"),
    (World(older=(view("in", "dr", "far"), view("out", "far", "dr", promoted=True))), "Conflict", "all keys of the ImageBucket dr when it is promoted"),
    (World({"failover": {"role": "Primary"}}, older=(view("on", "photos", "far"), view("home", "far", "dr", "x/")), destination=end("dr")), "Conflict", "older ReplicationPolicy home"),
    (World({"failover": {"role": "Primary"}, "destination": {"bucketRef": {"name": "dr"}, "prefix": "y/"}}, older=(view("on", "photos", "far"), view("home", "far", "dr", "x/"))), "Cycle", "would, when this one is promoted, go round in a circle back to the ImageBucket dr"),
    (World({"failover": {"role": "Primary"}}, source=end("photos", mode="Observe")), "BucketNotReady", "the ImageBucket photos has mode Observe"),
    (World({"failover": {"role": "Primary"}, "deletes": "Markers"}, destination=end("dr", versioning={"state": "Enabled"})), "VersioningNeeded", "set versioning.state: Enabled in the ImageBucket photos"),
]  # fmt: skip


@pytest.mark.parametrize(("world", "reason", "says"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_bad_input_is_one_condition_and_nothing_runs(world: World, reason: str, says: str) -> None:
    world.runs.job = None
    world.spec["objectives"] = {"rpo": "15m"}
    world.step()
    assert world.said()[1] == reason
    assert says in world.message()
    assert world.runs.job is None
    assert world.said("WithinObjective")[0] == "Unknown"


@pytest.mark.parametrize(
    "world",
    [
        World(older=(view("first", "photos", "far"),)),
        World({"destination": {"bucketRef": {"name": "dr"}, "prefix": "b/"}}, older=(view("a", "scans", "dr", "a/"),)),
        World(older=(view("on", "dr", "far"), view("in", "far", "elsewhere"))),
        World({"deletes": "Markers"}, destination=end("dr", versioning={"state": "Enabled"})),
        World(source=end("photos", mode="Observe")),
        World({"failover": {"role": "Primary"}}, older=(view("on", "dr", "far"), view("out", "photos", "far"))),
    ],
)  # fmt: skip
def test_what_is_in_order_runs(world: World) -> None:
    world.step()
    assert world.runs.job is not None
    assert world.said() == ("False", "FirstRun")


def test_a_run_that_was_interrupted_proves_no_more_than_its_first_listing() -> None:
    """It goes on from a checkpoint: what was listed before the interruption is as old as that listing."""
    world = World({"objectives": {"rpo": "15m"}})
    world.ran(replace(GOOD, began=1000.0, ended=1001.0, listed=50.0))
    world.step()
    assert world.said("WithinObjective") == ("False", "ObjectiveMissed")


def test_a_clock_that_differs_is_told_and_stops_nothing() -> None:
    world = World()
    world.ran(replace(GOOD, skew=(-3.0, 120.0)))
    world.step()
    assert world.said("ClockSkew") == ("True", "ClockDiffers")
    assert "the clock of the destination differs by +120 s" in world.message("ClockSkew")
    assert "source" not in world.message("ClockSkew")
    assert world.said()[0] == "True"


def test_a_long_first_run_says_how_far_it_is() -> None:
    world = World()
    world.runs.state = RunsState(0.0, running=True, copied=(12034, 5 * 1024**3))
    world.step()
    assert "12 034 objects, 5.0 GiB, are copied so far" in world.message()


def test_deletes_that_no_token_lets_go_offer_none() -> None:
    world = World({"deletes": "Markers"}, destination=VERSIONED)
    world.ran(replace(GOOD, held=HeldRun("", 70, "not everything could be listed")))
    status = world.step()
    assert "no token lets them go before that is over" in world.message("Held")
    assert status.held is not None
    assert status.held.token is None
