"""What a LifecyclePolicy says of its buckets. Every status obeys the rules of kstatus."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.lifecyclepolicy import LISTED, LifecyclePolicySpec, LifecyclePolicyStatus
from imagestore.core import conditions
from imagestore.core.census import Amount, Census
from imagestore.core.outcome import Finalizer
from imagestore.forecast.tally import Counted, Touch
from imagestore.reconcile.lifecycle.bucket_view import BucketView
from imagestore.reconcile.lifecycle.reconcile import PolicyOutcome, PolicySituation, reconcile
from imagestore.reconcile.shared.contribution import ContributionVerdict
from imagestore.reconcile.shared.situation import Meta, Settings
from tests import kstatus
from tests.reconcile.untouched import untouched
from tests.reconcile.world import START

OLD = {"name": "old", "noncurrent": {"expire": {"days": 30}}}
RULE = {"name": "x", "expire": {"days": 30}}
ONE = Amount(1, 10)
MINE = ContributionVerdict(frozenset({"tidy/x"}))
META = Meta("shop", "tidy", "uid", 3, START)


def lifecycle(state: str = "InSync", **more: Any) -> ImageBucketStatus:
    facet = {"name": "lifecycle", "state": state, "parts": ["tidy/x"], **more.pop("facet", {})}
    return ImageBucketStatus.model_validate({"facets": [facet], **more})


APPLIED = BucketView("photos", MINE, lifecycle())


def policy(*buckets: BucketView, before: LifecyclePolicyStatus | None = None, **spec: Any) -> PolicyOutcome:
    whole = {"bucketSelector": {"matchLabels": {"class": "photos"}}, "rules": [RULE], **spec}
    whole = {k: v for k, v in whole.items() if v is not None}
    made = LifecyclePolicySpec.model_validate(whole)
    s = PolicySituation(META, made, before or LifecyclePolicyStatus(), buckets, Settings("prod"), START)
    outcome = untouched(reconcile)(s)
    status = outcome.status
    assert status is not None
    assert not conditions.violations(status.conditions, META.generation, status.observed_generation)
    return outcome


def said(outcome: PolicyOutcome) -> tuple[str, str, str]:
    assert outcome.status is not None
    ready = conditions.find(outcome.status.conditions, "Ready")
    assert ready is not None
    return ready.status, ready.reason, ready.message


def test_applied_is_what_the_bucket_read_back() -> None:
    outcome = policy(APPLIED)
    assert said(outcome)[:2] == ("True", "Applied")
    assert outcome.status is not None
    assert outcome.status.to_json()["buckets"] == [{"name": "photos", "state": "Applied", "lost": []}]
    assert outcome.finalizer is Finalizer.LEAVE


@pytest.mark.parametrize(
    ("bucket", "state", "says"),
    [
        (replace(APPLIED, current=False), "Pending", "has not acted on the last change"),
        (replace(APPLIED, status=ImageBucketStatus()), "Pending", "has not reported its rules"),
        (replace(APPLIED, status=lifecycle(facet={"parts": []})), "Pending", "InSync"),
        (
            replace(APPLIED, status=lifecycle("Pending", facet={"message": "AccessDenied"})),
            "Pending",
            "AccessDenied",
        ),
        (
            replace(APPLIED, verdict=ContributionVerdict(state="Conflict", message="b wants y")),
            "Conflict",
            "b wants y",
        ),
        (
            replace(
                APPLIED,
                verdict=ContributionVerdict(state="Lossy", lost=("rules[name=x]",), message="no tiers"),
            ),
            "Lossy",
            "no tiers",
        ),
        (
            replace(
                APPLIED,
                status=lifecycle(
                    "Held",
                    facet={"message": "removes sooner"},
                    plan={"held": [{"facet": "lifecycle", "token": "t1", "why": "w", "digest": "d"}]},
                ),
            ),
            "Held",
            "add t1 to spec.approve of the ImageBucket photos",
        ),
    ],
)
def test_what_is_not_applied_says_why(bucket: BucketView, state: str, says: str) -> None:
    outcome = policy(bucket)
    status, reason, message = said(outcome)
    assert (status, reason) == ("False", state)
    assert says in message
    assert outcome.status is not None
    assert outcome.status.buckets[0].state == state
    assert outcome.events[0].warning is (state != "Pending")


def test_a_bucket_that_has_heard_of_it_and_asks_a_person_is_held() -> None:
    held = lifecycle(
        "Held",
        facet={"message": "would remove 8 of 8 objects", "parts": []},
        plan={"held": [{"facet": "lifecycle", "token": "t1", "why": "w", "digest": "d"}]},
    )
    asks = replace(APPLIED, status=held, current=False)
    assert said(policy(replace(asks, heard=True)))[1] == "Held"
    assert said(policy(asks))[1] == "Pending", "what it asks may be about something else"


def test_why_a_bucket_is_not_ready_is_said_where_it_keeps_the_policy_waiting() -> None:
    ready = {
        "type": "Ready",
        "status": "False",
        "reason": "BackendNotFound",
        "message": "ask the administrator",
    }
    waiting = ImageBucketStatus.model_validate({"conditions": [ready]})
    assert "BackendNotFound: ask" in said(policy(replace(APPLIED, status=waiting, current=False)))[2]


def test_somebody_elses_edit_makes_no_policy_pending() -> None:
    """Forty policies on a bucket would all be written twice for one edit of one of them."""
    before = policy(APPLIED).status
    assert before is not None
    busy = replace(APPLIED, current=False)
    assert policy(busy, before=before).status == before
    edited = before.model_copy(update={"observed_generation": 2})
    assert said(policy(busy, before=edited))[1] == "Pending"
    still = policy(busy, before=policy(busy, before=edited).status)
    assert said(still)[1] == "Pending", "until it was read back"
    torn = policy(replace(APPLIED, verdict=ContributionVerdict(state="Conflict", message="b"))).status
    assert said(policy(busy, before=torn))[1] == "Pending", "it may have been edited while it was in conflict"


def test_a_selector_that_matches_nothing_is_said_and_is_no_failure() -> None:
    outcome = policy()
    assert said(outcome)[:2] == ("True", "NothingMatches")
    assert outcome.events[0].warning


def test_a_reference_to_no_bucket_is_named() -> None:
    outcome = policy(APPLIED, bucketSelector=None, bucketRefs=[{"name": "photos"}, {"name": "fotos"}])
    assert said(outcome)[1] == "BucketNotFound"
    assert "fotos" in said(outcome)[2]


def test_rules_for_old_versions_say_where_there_are_none() -> None:
    outcome = policy(replace(APPLIED, versioned=False), rules=[OLD, RULE])
    assert outcome.status is not None
    only = outcome.status.buckets[0]
    assert only.state == "Applied", "the rest is applied"
    assert "no old versions for old" in (only.message or "")


def test_drift_of_a_rule_is_shown_with_the_fields_path() -> None:
    path = "lifecycle.rules[name=tidy/x].expire.days"
    drift = {
        "fields": [
            {"path": path, "desired": "30", "observed": "3"},
            {"path": "lifecycle.rules[name=other/x].expire.days", "desired": "1", "observed": "2"},
        ],
        "policies": ["other", "tidy"],
    }
    drifted = replace(APPLIED, status=lifecycle("Drifted", drift=drift))
    outcome = policy(drifted)
    assert outcome.status is not None
    found = conditions.find(outcome.status.conditions, "DriftDetected")
    assert found is not None
    assert f"photos: {path}" in found.message
    assert "other/x" not in found.message
    assert f"{path} is 3, should be 30" in (outcome.status.buckets[0].message or "")
    assert "DriftDetected" in [n.reason for n in outcome.events]
    again = policy(drifted, before=outcome.status)
    assert not again.events, "told once"
    assert again.status == outcome.status, "and a no-op is no write"


def test_many_buckets_are_counted_and_those_in_trouble_listed_first() -> None:
    fine = [replace(APPLIED, name=f"b{i:03}") for i in range(LISTED + 20)]
    odd = replace(APPLIED, name="z", verdict=ContributionVerdict(state="Conflict", message="other"))
    status = policy(*fine, odd).status
    assert status is not None
    assert status.counts is not None
    assert (status.counts.matched, status.counts.applied, status.counts.conflict) == (
        LISTED + 21,
        LISTED + 20,
        1,
    )
    assert len(status.buckets) == LISTED
    assert status.buckets[0].name == "z"


def test_the_longest_messages_still_fit_the_schema() -> None:
    loud = [
        replace(
            APPLIED,
            name=f"b{i}",
            verdict=ContributionVerdict(state="Lossy", lost=("l",) * 99, message="m" * 9000),
        )
        for i in range(9)
    ]
    status = policy(*loud).status
    assert status is not None
    LifecyclePolicyStatus.model_validate(status.to_json())


def test_a_policy_that_goes_says_nothing() -> None:
    made = LifecyclePolicySpec.model_validate({"bucketRefs": [{"name": "a"}], "rules": [RULE]})
    going = replace(META, deleting=True)
    outcome = reconcile(PolicySituation(going, made, LifecyclePolicyStatus(), (), Settings("prod"), START))
    assert outcome.status is None
    assert outcome.finalizer is Finalizer.LEAVE


def test_a_suspended_bucket_keeps_nobody_waiting_for_its_policy() -> None:
    """Pending for ever, it failed every wait for a Kustomization with the two of them in it."""
    left_alone = BucketView("archive", MINE, ImageBucketStatus(), current=False, suspended=True)
    outcome = policy(APPLIED, left_alone)
    assert outcome.status is not None
    told = {"metadata": {"generation": META.generation}, "status": outcome.status.to_json()}
    assert kstatus.compute(told) == "Current"
    assert said(outcome)[:2] == ("True", "Applied")
    assert said(outcome)[2] == (
        "every matched bucket that is not suspended was read back with every rule;"
        " suspended, so not checked: archive"
    )
    assert said(policy(left_alone))[2] == "every matched bucket is suspended, so none was checked: archive"
    assert [(b.name, b.state) for b in outcome.status.buckets] == [
        ("archive", "Suspended"),
        ("photos", "Applied"),
    ]
    waiting = policy(
        APPLIED, left_alone, replace(APPLIED, name="late", status=ImageBucketStatus(), current=False)
    )
    assert said(waiting)[:2] == ("False", "Pending"), "what nobody suspended is still waited for"


def test_rows_of_a_preview_stay_for_the_same_rules_only() -> None:
    """A bucket is counted anew after a restart; what was counted of other rules would be told of these."""
    counted = Counted(START.date(), Census(), (Touch("tidy/x", ONE, ONE, ONE, ONE),), "")
    first = policy(replace(APPLIED, counted=counted), preview={"enabled": True}).status
    assert first is not None
    assert first.preview is not None
    assert (first.preview.counted, first.preview.pending) == (1, 0)
    again = policy(APPLIED, preview={"enabled": True}, before=first).status
    assert again is not None
    assert again.preview == first.preview
    older = first.model_copy(update={"observed_generation": META.generation - 1})
    anew = policy(APPLIED, preview={"enabled": True}, before=older).status
    assert anew is not None
    assert anew.preview is not None
    assert (anew.preview.counted, anew.preview.pending) == (0, 1)
