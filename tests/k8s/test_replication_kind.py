"""The record of ReplicationPolicies: what is remembered of one, and what it gives to which bucket."""

from typing import Any

import pytest

from imagestore.controller.state.objects import Stored
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.replication import Replication
from imagestore.kinds import ALL

RECORD = ALL["ReplicationPolicy"]
Json = dict[str, Any]


def stored(kind: str, name: str, spec: Json, status: Json | None = None) -> Stored:
    meta = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1"}
    meta["creationTimestamp"] = "2026-01-01T00:00:00Z"
    return ALL[kind].stored({"metadata": meta, "spec": spec, "status": status or {}})


def bucket(name: str, *facets: str) -> Stored:
    spec = {"backendRef": {"name": "eu"}, "bucketName": f"shop--{name}"}
    return stored("ImageBucket", name, spec, {"facets": [{"name": f, "state": "InSync"} for f in facets]})


def policy(status: Json | None = None, **spec: Any) -> Stored:
    ends: Json = {"source": {"bucketRef": {"name": "a"}}, "destination": {"bucketRef": {"name": "b"}}}
    return stored("ReplicationPolicy", "keep", ends | spec, status)


def given(to: Stored, of: Stored) -> dict[str, Any]:
    assert RECORD.contributes is not None
    return {c.facet: c.value for c in RECORD.contributes.given(of, to)}


FAILOVER: Json = {"failover": {"role": "Primary"}}


@pytest.mark.parametrize(("role", "closed", "open_"), [("Primary", "b", "a"), ("Promoted", "a", "b")])
def test_the_side_that_is_not_written_to_is_fenced(role: str, closed: str, open_: str) -> None:
    made = policy({"failover": {"role": role}}, **FAILOVER)
    fenced, other = given(bucket(closed), made)["policy"], given(bucket(open_), made)["policy"]
    assert isinstance(fenced, BucketPolicy)
    assert [s.sid for s in fenced.statements] == ["imagestore-fence-keep"]
    assert other == BucketPolicy(), "so that the fence of the time before is lifted without approval"


@pytest.mark.parametrize(
    "made",
    [
        policy(),
        policy(**FAILOVER),  # nothing is fenced before its reconcile has judged it
        policy({"failover": {"role": "Primary"}}, failover={"role": "Primary", "fence": False}),
    ],
)
def test_else_nothing_is_fenced(made: Stored) -> None:
    assert given(bucket("b"), made) == given(bucket("a"), made) == {}


def test_a_fence_stays_with_the_buckets_of_its_role() -> None:
    """While the policy names others its reconcile refuses to run, and what is written to must not be closed."""
    role = {"role": "Promoted", "source": "a", "destination": "b", "prefix": "copy/"}
    swapped = {"source": {"bucketRef": {"name": "b"}}, "destination": {"bucketRef": {"name": "c"}}}
    made = policy({"failover": role}, **FAILOVER, **swapped)
    assert RECORD.contributes is not None
    assert [RECORD.contributes.includes(made, bucket(n)) for n in "abcd"] == [True, True, True, False]
    (statement,) = given(bucket("a"), made)["policy"].statements
    assert statement.resources == ("*",)
    assert given(bucket("b"), made)["policy"] == BucketPolicy()
    assert given(bucket("c"), made) == {}


def test_a_fence_stays_with_the_keys_of_its_role_and_though_failover_is_removed() -> None:
    """It went from both sides at the edit, while the role was still to be given back."""
    role = {"role": "Promoted", "source": "a", "destination": "b", "filter": {"prefixes": ["x/"]}}
    made = policy({"failover": role}, filter={"prefixes": ["y/"]})
    (statement,) = given(bucket("a"), made)["policy"].statements
    assert statement.resources == ("x/*",)
    assert given(bucket("b"), made)["policy"] == BucketPolicy()
    assert given(bucket("a"), policy({"failover": role | {"fence": False}})) == {}


def test_only_what_it_replicates_is_fenced() -> None:
    destination = {"bucketRef": {"name": "b"}, "prefix": "copy/"}
    chosen: Json = {"filter": {"prefixes": ["x/", "y/"]}, "destination": destination}
    made = policy({"failover": {"role": "Primary"}}, **FAILOVER, **chosen)
    (statement,) = given(bucket("b"), made)["policy"].statements
    assert statement.resources == ("copy/x/*", "copy/y/*")


def test_rules_go_to_the_source_alone_and_only_where_its_store_replicates() -> None:
    native = policy({"method": "Native"})
    assert isinstance(given(bucket("a"), native)["replication"], Replication)
    assert given(bucket("b"), native) == {}
    assert given(bucket("a"), policy({"method": "Copy"})) == {}


def test_of_unknown_policies_only_buckets_with_rules_are_held() -> None:
    """Else a ClusterRole that does not know the kind yet would keep every bucket from being Ready."""
    assert RECORD.contributes is not None
    assert list(RECORD.contributes.unknown(bucket("a"))) == []
    (kept,) = RECORD.contributes.unknown(bucket("a", "replication"))
    assert (kept.facet, kept.value) == ("replication", None)


@pytest.mark.parametrize(
    "spec", [{}, {"source": 5, "filter": [], "failover": 1}, {"filter": {"prefixes": "a"}}]
)
def test_whatever_a_spec_holds_it_is_remembered(spec: Json) -> None:
    made = stored("ReplicationPolicy", "odd", spec, {"backlog": 5, "failover": "x"})
    assert made.extra.numbers == ()
    assert list(RECORD.edges(made))


def test_a_change_of_role_or_method_is_a_change_of_what_is_given() -> None:
    assert RECORD.contributes is not None
    beside = RECORD.contributes.beside
    plain = beside(policy())
    assert beside(policy({"failover": {"role": "Primary"}})) != plain
    assert beside(policy({"method": "Native"})) != plain
    assert beside(policy({"backlog": {"objects": 3}})) == plain
