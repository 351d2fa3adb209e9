"""What canaries of a policy prove, and when one is missing."""

from typing import Any

import pytest

from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.canary_runs import CanaryReport, CanaryRuns
from imagestore.reconcile.replication.runs import RunReport
from imagestore.reconcile.shared.runs import RunProgress, RunTrouble
from tests.reconcile.replicated import World, end

VERSIONED: dict[str, Any] = {"versioning": {"state": "Enabled"}}
SPEC: dict[str, Any] = {
    "method": "Native", "canary": {"every": "1m"}, "objectives": {"rpo": "5m"}, "schedule": {"interval": "1m"},
}  # fmt: skip


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Between two stores that replicate by themselves; every run finds all equal."""
    monkeypatch.setattr("imagestore.reconcile.replication.method.native_refusal", lambda *_: "")
    made = World(dict(SPEC), end("photos", **VERSIONED), end("dr", **VERSIONED))
    made.step()
    return made


def at(world: World, clock: float) -> World:
    """A run has just found all equal."""
    world.ran(RunReport(clock, clock, complete=True, listed=clock))
    world.step()
    return world


def heard(world: World, report: CanaryReport) -> None:
    world.canaries.state = world.canaries.state.after(report)


def under_way(world: World, began: float) -> None:
    world.canaries.state = world.canaries.state.seen(
        running=True, stopping="", began=began, progress=RunProgress()
    )


def test_one_that_arrived_is_told_with_its_delay(world: World) -> None:
    assert world.said("CanaryArrives") == ("Unknown", "FirstRun")
    heard(world, CanaryReport(10.0, 12.5, 2.4))
    at(world, 20.0)
    assert world.said("CanaryArrives") == ("True", "CanaryArrived")
    assert world.said("WithinObjective") == ("True", "WithinObjective")
    assert world.status.canary is not None
    assert world.status.canary.delay_milliseconds == 2400
    assert world.status.canary.sent.microsecond == 0
    before = world.status.canary
    world.canaries.state = CanaryRuns(21.0)  # a restart
    at(world, 22.0)
    assert world.status.canary == before


def test_one_that_is_under_way_for_longer_than_the_objective_misses_it(world: World) -> None:
    heard(world, CanaryReport(10.0, 12.5, 2.4))
    under_way(world, 70.0)
    at(world, 369.0)
    assert world.said("WithinObjective")[0] == "True"
    assert world.runs.alarm == 370.0
    at(world, 371.0)
    assert world.said("WithinObjective") == ("False", "ObjectiveMissed")
    assert "the canary of 301 s ago has not arrived at the destination" in world.message("WithinObjective")
    assert world.said("CanaryArrives") == ("False", "CanaryMissing")


def test_one_that_was_given_up_is_missing(world: World) -> None:
    heard(world, CanaryReport(10.0, 311.0))
    at(world, 312.0)
    assert world.said("WithinObjective")[0] == "False"
    assert world.said("CanaryArrives") == ("False", "CanaryMissing")


def test_the_next_one_that_arrives_ends_it(world: World) -> None:
    heard(world, CanaryReport(10.0, 311.0))
    heard(world, CanaryReport(320.0, 321.0, 0.9))
    at(world, 322.0)
    assert world.said("WithinObjective")[0] == "True"
    assert world.said("CanaryArrives")[0] == "True"


def test_one_that_cannot_be_sent_misses_the_objective_in_time(world: World) -> None:
    heard(world, CanaryReport(10.0, 12.5, 2.4))
    for clock in (70.0, 130.0, 400.0):
        heard(world, CanaryReport(clock, clock, None, RunTrouble("source", Reason.DENIED, "may not write")))
    at(world, 399.0)
    assert world.said("WithinObjective")[0] == "True"
    at(world, 401.0)  # 10 + every + rpo + 30
    assert world.said("WithinObjective")[0] == "False"
    assert "no canary could be sent: the source: may not write" in world.message("WithinObjective")


def test_no_canary_at_all_misses_the_objective(world: World) -> None:
    """The thread that sends them hangs."""
    at(world, 389.0)
    assert world.said("WithinObjective")[0] == "True"
    at(world, 391.0)
    assert world.said("WithinObjective")[0] == "False"


def test_a_run_that_is_not_equal_is_told_before_the_canary(world: World) -> None:
    heard(world, CanaryReport(390.0, 390.5, 0.1))
    world.clock = 400.0
    world.step()
    assert "no run has ended yet" in world.message("WithinObjective")


def test_it_is_below_the_first_prefix_with_the_tags_of_the_filter(world: World) -> None:
    world.spec["filter"] = {"prefixes": ["b/", "a/"], "tags": {"keep": "yes"}}
    world.step()
    job = world.canaries.job
    assert job is not None
    assert (job.prefix, job.tags, job.interval, job.patience) == ("b/", (("keep", "yes"),), 60.0, 300.0)
    world.spec["canary"] = {"every": "1m", "prefix": "a/x/"}
    world.step()
    assert world.canaries.job is not None
    assert world.canaries.job.prefix == "a/x/"


def test_where_the_operator_copies_none_is_sent() -> None:
    world = World({"canary": {"every": "1m"}})
    world.step()
    assert world.canaries.job is None
    assert world.said("CanaryArrives") == ("False", "Unsupported")


def test_where_a_bucket_is_locked_none_is_sent(world: World) -> None:
    world.destination = end("dr", objectLock={"mode": "Governance", "days": 1})
    world.step()
    assert world.canaries.job is None
    assert "the ImageBucket dr has object lock" in world.message("CanaryArrives")


@pytest.mark.parametrize("change", [{"suspend": True}, {"canary": None}])
def test_none_is_sent_any_more(world: World, change: dict[str, Any]) -> None:
    world.spec |= change
    world.step()
    assert world.canaries.job is None


def test_what_arrived_is_proven_for_the_same_buckets_only(world: World) -> None:
    job = world.canaries.job
    assert job is not None
    known = CanaryRuns(0.0).after(CanaryReport(10.0, 12.5, 2.4))
    world.spec["canary"] = {"every": "2m"}
    world.step()
    other = world.canaries.job
    assert other is not None
    assert other.digest != job.digest
    assert other.first(50.0, job, known).arrived == known.arrived
    world.destination = end("far", **VERSIONED)
    world.step()
    assert world.canaries.job is not None
    assert world.canaries.job.first(50.0, job, known).arrived is None
