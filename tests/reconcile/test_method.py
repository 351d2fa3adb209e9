"""Whether the store replicates or the operator copies, and why."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.bucketstatus import FacetStatus, ImageBucketStatus
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.facets.replication import Replication
from imagestore.reconcile.replication.method import contributed_rules, native_rules
from tests.reconcile.replicated import PAIR, World, end
from tests.reconcile.test_replicationpolicy import GOOD

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
        (FacetStatus(name="replication", state="InSync", parts=("copy/part-1",)), ("True", "Replicated")),
    ],
)
def test_native_is_ready_when_the_rules_were_read_back_and_both_sides_too(
    monkeypatch: pytest.MonkeyPatch, facet: FacetStatus | None, said: tuple[str, str]
) -> None:
    monkeypatch.setattr("imagestore.reconcile.replication.method.native_refusal", lambda *_: "")
    source = replace(end("photos", **VERSIONED), status=ImageBucketStatus(facets=(facet,) if facet else ()))
    world = World({"objectives": {"rpo": "15m"}}, source=source, destination=end("dr", **VERSIONED))
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
