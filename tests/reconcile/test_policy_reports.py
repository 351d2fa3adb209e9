"""What a LifecyclePolicy says of many buckets, in which order, and which Events it posts."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.lifecyclepolicy import LifecyclePolicyStatus
from imagestore.core import conditions
from imagestore.core.outcome import Finalizer, Requeue
from imagestore.reconcile.lifecycle.bucket_view import BucketView
from imagestore.reconcile.lifecycle.reconcile import UNSHOWN, PolicyOutcome
from imagestore.reconcile.shared.contribution import ContributionVerdict
from tests.reconcile.test_lifecyclepolicy import APPLIED, OLD, RULE, lifecycle, policy, said


def named(count: int, **changes: Any) -> list[BucketView]:
    return [replace(APPLIED, name=f"b{n}", **changes) for n in range(count)]


def conflict(message: str = "b wants y") -> dict[str, Any]:
    return {"verdict": ContributionVerdict(state="Conflict", message=message)}


HELD = lifecycle(
    "Held",
    facet={"message": "removes sooner"},
    plan={"held": [{"facet": "lifecycle", "token": "t1", "why": "w", "digest": "d"}]},
)
EACH = {
    "conflict": replace(APPLIED, name="e", **conflict()),
    "lossy": replace(APPLIED, name="d", verdict=ContributionVerdict(state="Lossy", message="no")),
    "held": replace(APPLIED, name="c", status=HELD),
    "pending": replace(APPLIED, name="b", current=False),
    "suspended": replace(APPLIED, name="a2", current=False, suspended=True),
    "applied": replace(APPLIED, name="a1"),
}


def test_those_in_trouble_come_first_and_each_is_counted() -> None:
    status = policy(*reversed(EACH.values())).status
    assert status is not None
    assert [b.name for b in status.buckets] == ["e", "d", "c", "b", "a2", "a1"]
    assert status.counts is not None
    assert status.counts.to_json() == {"matched": 6, **dict.fromkeys(EACH, 1)}


@pytest.mark.parametrize(
    ("worst", "verdict"),
    [
        ("conflict", ("False", "Conflict")),
        ("lossy", ("False", "Lossy")),
        ("held", ("False", "Held")),
        ("pending", ("False", "Pending")),
        ("suspended", ("True", "Applied")),
        ("applied", ("True", "Applied")),
    ],
)
def test_the_worst_of_its_buckets_is_its_verdict(worst: str, verdict: tuple[str, str]) -> None:
    at = list(EACH).index(worst)
    outcome = policy(*list(EACH.values())[at:])
    assert said(outcome)[:2] == verdict
    assert outcome.status is not None
    stalled = conditions.find(outcome.status.conditions, "Stalled") is not None
    assert stalled is (worst in ("conflict", "lossy", "held"))
    (event,) = outcome.events
    assert (event.reason, event.warning) == (verdict[1], stalled)
    assert outcome.finalizer is Finalizer.LEAVE
    assert outcome.then == Requeue(600)


@pytest.mark.parametrize(("count", "rest"), [(1, ""), (5, ""), (6, "; and 1 more"), (9, "; and 4 more")])
def test_five_buckets_in_trouble_are_named(count: int, rest: str) -> None:
    message = said(policy(*named(count, **conflict())))[2]
    assert message == "; ".join(f"b{n}: b wants y" for n in range(min(count, 5))) + rest


def test_what_one_bucket_says_leaves_room_for_the_others() -> None:
    message = said(policy(*named(5, **conflict("m" * 2000))))[2]
    assert [len(part) for part in message.split("; ")] == [len("b0: ") + 638] * 5
    assert message.count(" …") == 5


@pytest.mark.parametrize(("count", "rest"), [(5, ""), (6, " and 1 more")])
def test_five_suspended_buckets_are_named(count: int, rest: str) -> None:
    buckets = named(count, current=False, suspended=True, status=ImageBucketStatus())
    names = ", ".join(f"b{n}" for n in range(5)) + rest
    assert said(policy(*buckets))[2] == f"every matched bucket is suspended, so none was checked: {names}"
    awake = replace(APPLIED, name="z")
    assert said(policy(*buckets, awake))[2] == (
        "every matched bucket that is not suspended was read back with every rule;"
        f" suspended, so not checked: {names}"
    )
    assert said(policy(awake))[2] == "every matched bucket was read back with every rule"


@pytest.mark.parametrize("count", [1, 5, 6])
def test_five_buckets_that_do_not_exist_are_named(count: int) -> None:
    refs = [{"name": f"x{n}"} for n in range(count)]
    outcome = policy(APPLIED, bucketSelector=None, bucketRefs=[{"name": "photos"}, *refs])
    names = ", ".join(f"x{n}" for n in range(min(count, 5)))
    assert said(outcome)[1:] == (
        "BucketNotFound",
        f"there is no ImageBucket {names} in this namespace; create it, or correct bucketRefs",
    )
    assert outcome.events[0].warning
    assert outcome.status is not None
    assert conditions.find(outcome.status.conditions, "Reconciling") is not None


def test_a_missing_bucket_comes_before_one_that_is_waited_for_and_after_one_that_stalls() -> None:
    refs: dict[str, Any] = {"bucketSelector": None, "bucketRefs": [{"name": "b"}, {"name": "gone"}]}
    assert said(policy(EACH["pending"], **refs))[1] == "BucketNotFound"
    assert said(policy(EACH["held"], **refs))[1] == "Held"


def test_its_events_are_about_what_changed() -> None:
    first = policy(APPLIED)
    assert policy(APPLIED, before=first.status).events == ()
    turned = policy(replace(APPLIED, **conflict()), before=first.status)
    assert [(e.reason, e.warning) for e in turned.events] == [("Conflict", True)]
    other = policy(EACH["lossy"], before=turned.status)
    assert [(e.reason, e.warning) for e in other.events] == [("Lossy", True)]
    back = policy(APPLIED, before=other.status)
    assert [(e.reason, e.warning) for e in back.events] == [("Applied", False)]


def drifted(name: str, *fields: dict[str, Any], policies: tuple[str, ...] = ("tidy",)) -> BucketView:
    drift = {"fields": list(fields), "policies": list(policies)}
    return replace(APPLIED, name=name, status=lifecycle("Drifted", drift=drift))


def field(rule: str, observed: str | None = "3") -> dict[str, Any]:
    told = {"path": f"lifecycle.rules[name=tidy/{rule}].expire.days", "desired": "30"}
    return told if observed is None else {**told, "observed": observed}


def drift(outcome: PolicyOutcome) -> str:
    assert outcome.status is not None
    found = conditions.find(outcome.status.conditions, "DriftDetected")
    return found.message if found else ""


@pytest.mark.parametrize(("count", "rest"), [(5, ""), (6, " and 1 more")])
def test_five_drifted_fields_are_named_by_their_bucket(count: int, rest: str) -> None:
    outcome = policy(drifted("b", *(field(f"r{n}") for n in range(count))))
    paths = ", ".join(f"b: lifecycle.rules[name=tidy/r{n}].expire.days" for n in range(5))
    assert drift(outcome) == f"changed outside the operator: {paths}{rest}"
    assert [(e.reason, e.warning) for e in outcome.events][-1] == ("DriftDetected", True)
    assert outcome.status is not None
    told = outcome.status.buckets[0].message or ""
    assert told.count("is 3, should be 30") == 5


def test_buckets_that_drift_are_named_in_order_and_others_are_not() -> None:
    outcome = policy(
        drifted("z", field("x")),
        drifted("a", field("x")),
        drifted("m", field("x"), policies=("other",)),
        APPLIED,
    )
    path = "lifecycle.rules[name=tidy/x].expire.days"
    assert drift(outcome) == f"changed outside the operator: a: {path}, z: {path}"


def test_drift_that_the_bucket_does_not_list_is_told_as_that() -> None:
    outcome = policy(drifted("b"))
    assert drift(outcome) == f"changed outside the operator: b: {UNSHOWN}"
    assert outcome.status is not None
    assert UNSHOWN in (outcome.status.buckets[0].message or "")


def test_a_field_that_is_gone_is_absent() -> None:
    status = policy(drifted("b", field("x", None))).status
    assert status is not None
    assert "expire.days is absent, should be 30" in (status.buckets[0].message or "")


@pytest.mark.parametrize(
    ("applied", "suspended", "matched", "settled"),
    [(2, 0, 2, True), (1, 1, 2, True), (0, 2, 2, True), (1, 0, 2, False), (0, 0, 0, True)],
)
def test_only_once_all_had_its_rules_is_a_change_of_a_bucket_anothers(
    applied: int, suspended: int, matched: int, *, settled: bool
) -> None:
    counts = {"matched": matched, "applied": applied, "suspended": suspended}
    zero = {n: 0 for n in EACH if n not in counts}
    before = LifecyclePolicyStatus.model_validate({"observedGeneration": 3, "counts": counts | zero})
    outcome = policy(replace(APPLIED, current=False), before=before)
    assert (said(outcome)[1] == "Applied") is settled


def test_what_is_not_in_force_is_pending_even_if_it_is_the_last_that_was_heard() -> None:
    behind = replace(APPLIED, status=lifecycle("Pending", facet={"message": None, "reason": "Writing"}))
    assert said(policy(behind))[2] == "photos: Writing"
    silent = replace(APPLIED, status=lifecycle("Pending"))
    assert said(policy(silent))[2] == "photos: Pending"
    held = replace(APPLIED, status=lifecycle("Held", facet={"reason": "NotConverging"}))
    assert said(policy(held))[1:] == ("Pending", "photos: NotConverging"), "no token lets it go"


def test_a_bucket_in_order_that_has_not_acted_says_so() -> None:
    ready = {"type": "Ready", "status": "True", "reason": "InSync", "message": "fine"}
    status = ImageBucketStatus.model_validate({"conditions": [ready]})
    waiting = replace(APPLIED, status=status, current=False)
    assert said(policy(waiting))[2] == "photos: the bucket has not acted on the last change yet"
    fresh = replace(APPLIED, status=ImageBucketStatus())
    assert said(policy(fresh))[2] == "photos: the bucket has not reported its rules yet"


def test_rules_for_old_versions_are_named_where_there_are_none() -> None:
    flat = replace(APPLIED, versioned=False)
    status = policy(flat, rules=[OLD, {**OLD, "name": "older"}, RULE]).status
    assert status is not None
    assert status.buckets[0].message == (
        "without versioning there are no old versions for old, older; set versioning.state: Enabled there"
    )
    for bucket, rules in ((APPLIED, [OLD]), (flat, [RULE])):
        status = policy(bucket, rules=rules).status
        assert status is not None
        assert status.buckets[0].message is None


def test_what_a_store_loses_is_in_the_row_of_its_bucket() -> None:
    lossy = replace(APPLIED, verdict=ContributionVerdict(state="Lossy", lost=("a", "b"), message="no"))
    status = policy(lossy).status
    assert status is not None
    assert status.buckets[0].lost == ("a", "b")
