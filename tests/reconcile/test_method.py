"""Whether the store replicates or the operator copies, and why."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.bucketstatus import FacetStatus, ImageBucketStatus
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.core.reasons import Reason
from imagestore.facets.replication import Replication
from imagestore.reconcile.replication.method import contributed_rules, native_rules
from imagestore.reconcile.replication.runs import RunReport, RunsState
from imagestore.reconcile.replication.situation import PolicyView
from imagestore.reconcile.shared.runs import RunTrouble
from imagestore.reconcile.shared.situation import Store
from tests.reconcile.replicated import PAIR, World, end
from tests.reconcile.test_failover import role, run, settled
from tests.reconcile.test_replicationpolicy import GOOD

ADMITTED = replace(RunsState(0.0), admitted=True)
VERSIONED: dict[str, Any] = {"versioning": {"state": "Enabled"}}


def spec(**more: Any) -> ReplicationPolicySpec:
    return ReplicationPolicySpec.model_validate(PAIR | more)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"direction": "TwoWay"}, "has conflicts, which only the operator settles"),
        ({"failover": {"role": "Primary"}}, "failover needs runs that go both ways"),
        (
            {"destination": {"bucketRef": {"name": "dr"}, "prefix": "a/"}},
            "stores do not put a prefix before keys",
        ),
        ({"limits": {"concurrency": 4}}, "neither the limits nor the guard"),
        ({"deletes": "Markers"}, "stores replicate deletes without a guard"),
        ({}, "the ImageBucket photos is not versioned"),
    ],
)
def test_auto_copies_and_says_why(more: dict[str, Any], why: str) -> None:
    destination = end("dr", **VERSIONED) if more.get("deletes") else end("dr")
    world = World(more, destination=destination)
    status = world.step()
    assert status.method == "Copy"
    assert why in (status.method_reason or "")
    assert world.runs.job is not None
    assert not world.runs.job.only_compare


def test_copy_that_was_asked_for_has_no_reason() -> None:
    assert World({"method": "Copy"}).step().method_reason is None


def test_native_is_refused_where_it_cannot_be() -> None:
    world = World({"method": "Native"}, source=end("photos", **VERSIONED), destination=end("dr", **VERSIONED))
    world.step()
    assert world.said() == ("False", "Unsupported")
    assert "does not have replication" in world.message()
    assert world.runs.job is None


def test_a_policy_that_waits_keeps_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Secret that was missing for a moment took the rules out of the store, and what was written meanwhile stayed uncopied."""
    world = native(monkeypatch, {"method": "Native"})
    world.runs.state = ADMITTED
    assert world.step().method == "Native"
    world.runs.state = RunsState(0.0)  # another process has not looked yet
    good = world.destination
    assert good is not None
    world.destination = replace(good, store=Store(trouble="the Secret far is missing"))
    assert world.step().method == "Native"
    assert world.said() == ("False", "BackendUnusable")
    world.destination, world.older = good, (PolicyView("first", "photos", "dr", ("",)),)
    assert world.step().method is None, "what is refused for good is taken back"


STILL = RunTrouble(None, Reason.STILL_PROMOTED, "the destination was promoted")


def native(monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]) -> World:
    """A policy between two buckets whose stores can replicate by themselves."""
    monkeypatch.setattr("imagestore.reconcile.replication.method.native_refusal", lambda *_: "")
    return World(more, source=end("photos", **VERSIONED), destination=end("dr", **VERSIONED))


def test_no_rule_is_given_before_a_run_has_seen_that_the_destination_was_not_promoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A policy without failover was applied from git again while the destination was promoted: the store laid old objects over new ones."""
    world = native(monkeypatch, {})
    assert world.step().method is None
    assert world.said() == ("False", "FirstRun")
    assert world.runs.job is not None
    assert world.runs.job.only_compare
    world.ran(RunReport(0.0, 1.0, complete=False, listed=0.0, trouble=STILL))
    assert world.step().method is None
    assert world.said() == ("False", "StillPromoted")
    world.ran(RunReport(2.0, 3.0, complete=False, listed=2.0, admitted=True))
    assert world.step().method == "Native", "approved: it need not have read everything"


def test_a_rule_is_withdrawn_where_a_promotion_is_found_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status of a cluster that was restored from yesterday says Native, and the policy was promoted today."""
    world = native(monkeypatch, {})
    world.status = ReplicationPolicyStatus(method="Native")
    assert world.step().method == "Native", "a restart takes no rule out of the store"
    world.ran(RunReport(0.0, 1.0, complete=False, listed=0.0, trouble=STILL))
    assert world.step().method is None


@pytest.mark.parametrize("method", ["Native", "Auto"])
def test_the_way_back_is_copied_though_failover_is_removed_from_a_policy_that_could_be_native(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Rules of the store went one way, and a comparison that copied nothing was clean: the role was Primary at once."""
    world = settled(native(monkeypatch, {"failover": {"role": "Primary"}}))
    world.spec = {"failover": {"role": "Promoted"}}
    settled(world)
    world.spec = {"method": method}
    world.runs.state = replace(RunsState(0.0), admitted=True)
    settled(world)
    assert world.status.method == "Copy"
    assert "the failover is not over" in (world.status.method_reason or "")
    assert world.runs.job is not None
    assert (world.runs.job.two_way, world.runs.job.only_compare) == (True, False)
    assert role(world) == ("Promoted", False)
    world.ran(run(1.0))
    settled(world)
    assert role(world) == ("Primary", False)
    world.ran(run(10.0))
    settled(world)
    assert (world.status.failover, world.status.method) == (None, "Native")


def test_the_rules_of_a_policy() -> None:
    one, other = native_rules(
        spec(filter={"prefixes": ["a/", "b/"]}, deletes="Markers", existingObjects=False)
    )
    assert (one.name, other.name) == ("part-1", "part-2")
    assert one.filter is not None
    assert one.filter.prefix == "a/"
    assert (one.delete_markers, one.existing_objects, one.permanent_deletes) == (True, None, None)
    (whole,) = native_rules(spec())
    assert (whole.filter, whole.delete_markers, whole.existing_objects) == (None, None, True)


def test_what_is_contributed_has_the_policys_name_and_keeps_what_is_not_understood() -> None:
    found = contributed_rules("keep", spec().model_dump_json(by_alias=True, exclude_none=True).encode())
    assert isinstance(found.value, Replication)
    assert [r.name for r in found.value.rules] == ["keep/part-1"]
    assert contributed_rules("keep", b'{"newer": 1}').value is None


@pytest.mark.parametrize(
    ("facet", "said"),
    [
        (None, ("False", "Pending")),
        (FacetStatus(name="replication", state="Pending", message="waits"), ("False", "Pending")),
        (FacetStatus(name="replication", state="InSync", parts=("other/part-1",)), ("False", "Pending")),
        (FacetStatus(name="replication", state="Held", reason="NeedsApproval"), ("False", "NeedsApproval")),
        (FacetStatus(name="replication", state="Failed"), ("False", "Pending")),
        (FacetStatus(name="replication", state="InSync", parts=("copy/part-1",)), ("True", "Replicated")),
    ],
)
def test_native_is_ready_when_the_rules_were_read_back_and_both_sides_too(
    monkeypatch: pytest.MonkeyPatch, facet: FacetStatus | None, said: tuple[str, str]
) -> None:
    world = native(monkeypatch, {"objectives": {"rpo": "15m"}})
    assert world.source is not None
    world.source = replace(world.source, status=ImageBucketStatus(facets=(facet,) if facet else ()))
    world.runs.state = ADMITTED
    world.step()
    assert world.runs.job is not None
    assert world.runs.job.only_compare
    world.ran(replace(GOOD, copied=(0, 0), backlog=(3, 30), unequal_since=11.0))
    status = world.step()
    assert status.method == "Native"
    assert world.said() == said
    if said[0] == "True":
        assert "3 objects have no equal copy yet" in world.message()
    world.clock = 1000.0
    world.step()
    assert world.said("WithinObjective")[0] == "False", "the backlog dates from 11 s"


def test_what_two_stores_are_asked_for_are_the_policys_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store may take one rule and refuse another one."""
    monkeypatch.setattr(
        "imagestore.reconcile.replication.method.native_refusal",
        lambda _one, _other, _bucket, wanted: "not " + ", ".join(rule.name for rule in wanted.rules),
    )
    world = World({"filter": {"prefixes": ["a/", "b/"]}}, end("photos", **VERSIONED), end("dr", **VERSIONED))
    assert world.step().method_reason == "not part-1, part-2"
