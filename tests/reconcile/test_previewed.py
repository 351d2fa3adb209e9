"""Rows and sums of a policy's preview: in which order, how old, and what is extrapolated."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from imagestore.api.lifecyclepolicy import LifecyclePolicySpec, PreviewStatus
from imagestore.core.census import Amount, Census
from imagestore.forecast.tally import Counted, Touch
from imagestore.reconcile.bucket.restraints import count_previews
from imagestore.reconcile.lifecycle.bucket_view import BucketView
from imagestore.reconcile.shared.contribution import ContributionVerdict
from imagestore.reconcile.shared.survey import Purpose
from tests.reconcile.test_lifecyclepolicy import lifecycle
from tests.reconcile.test_previews import DAY, Listening, bucket, counted, told
from tests.reconcile.test_removals import COOL, library
from tests.reconcile.world import World

ONE = Amount(1, 1)


def touched(*touches: Touch, day: date = DAY, **more: Any) -> Counted:
    return Counted(day, Census(), touches, more.pop("currency", ""), **more)


@pytest.mark.parametrize(("hours", "every"), [(None, 24), (1, 1), (6, 6)])
def test_a_preview_is_daily_unless_it_says_otherwise(hours: int | None, every: int) -> None:
    preview = {"enabled": True} | ({} if hours is None else {"everyHours": hours})
    spec = {"bucketRefs": [{"name": "a"}], "rules": [COOL], "preview": preview}
    assert LifecyclePolicySpec.model_validate(spec).previewed_every == every


def test_rows_are_sorted_by_what_they_touch_now_and_soon_and_then_by_name() -> None:
    def row(name: str, now: int, soon: int) -> BucketView:
        return bucket(name, touched(Touch("tidy/all", Amount(1, now), Amount(1, soon))))

    said = told(row("c", 5, 5), row("b", 1, 9), row("a", 0, 11), row("d", 20, 0), row("e", 1, 1))
    assert [r["bucket"] for r in said["buckets"]] == ["d", "a", "b", "c", "e"]


def test_only_its_own_rules_are_rows() -> None:
    both = touched(
        Touch("tidy/all", ONE), Touch("other/all", ONE), Touch("all", ONE), Touch("tidy2/all", ONE)
    )
    said = told(bucket("photos", both))
    assert [(r["name"], r["rule"]) for r in said["buckets"]] == [("photos/all", "all")]


@pytest.mark.parametrize(
    ("sampled", "words"),
    [
        ((0, 0), None),
        ((300, 300), None),
        (
            (300, 12_345),
            "tags were asked of 300 of 12 345 keys; what becomes of the others is extrapolated",
        ),
    ],
)
def test_what_is_extrapolated_is_said(sampled: tuple[int, int], words: str | None) -> None:
    said = told(bucket("photos", touched(Touch("tidy/all", ONE), sampled=sampled)))
    assert said["buckets"][0].get("sampled") == words


def test_why_five_buckets_are_not_counted_is_said() -> None:
    waiting = [bucket(f"b{n}", None, trouble="no") for n in range(6, -1, -1)]
    said = told(*waiting, bucket("quiet", None))
    assert said["pending"] == 8
    assert said["message"] == "; ".join(f"b{n}: no" for n in range(5))
    assert "message" not in told(bucket("quiet", None))


def test_a_sum_is_as_old_as_its_oldest_row() -> None:
    newer = touched(Touch("tidy/all", ONE), day=date(2026, 11, 26))
    said = told(bucket("a", newer), bucket("b", touched(Touch("tidy/all", ONE))))
    assert said["rules"][0]["asOf"] == "2026-11-25"
    assert said["rules"][0]["buckets"] == 2


@pytest.mark.parametrize(
    ("changes", "known"),
    [({}, True), ({"saving": None}, False), ({"fees": None}, False), ({"currency": ""}, False)],
)
def test_money_is_said_only_where_all_of_it_is_known(changes: dict[str, Any], *, known: bool) -> None:
    row = told(bucket("a", counted(**changes)))["buckets"][0]
    assert all((key in row) is known for key in ("monthlySaving", "feesOnce", "currency"))
    total = told(bucket("a", counted(**changes)))["rules"][0]
    assert ("monthlySaving" in total) is known


def test_amounts_that_a_tenant_forged_are_not_added() -> None:
    before = told(bucket("a", counted()))
    before["buckets"][0]["monthlySaving"] = "a million"
    said = told(bucket("a", None), before=PreviewStatus.model_validate(before))
    assert "monthlySaving" not in said["rules"][0]
    assert said["counted"] == 1


def test_rows_of_buckets_that_are_gone_or_counted_again_are_dropped() -> None:
    before = PreviewStatus.model_validate(told(bucket("a", counted()), bucket("b", counted())))
    said = told(bucket("b", counted(saving=Decimal(9))), before=before)
    assert [(r["bucket"], r["monthlySaving"]) for r in said["buckets"]] == [("b", "9.00")]


def test_a_rule_that_no_bucket_has_counted_has_no_sum() -> None:
    said = told(bucket("a", counted()), rules=[COOL, {"name": "all", "expire": {"days": 30}}])
    assert [r["name"] for r in said["rules"]] == ["all"]


def test_a_bucket_where_it_applies_nothing_is_not_counted_for_it() -> None:
    torn = BucketView("photos", ContributionVerdict(state="Lossy"), lifecycle(), counted=counted())
    said = told(torn)
    assert (said["counted"], said["pending"], said["buckets"]) == (0, 0, [])


def test_a_bucket_asks_as_often_as_the_most_eager_of_the_policies_that_apply_there() -> None:
    def policy(hours: int, **rule: Any) -> dict[str, Any]:
        return {
            "rules": [{"name": f"every-{hours}", **rule}],
            "preview": {"enabled": True, "everyHours": hours},
        }

    world = library("photos/")
    world.policies["a"] = policy(3, match={"prefix": "a/"}, expire={"days": 30})
    world.policies["b"] = policy(1, match={"prefix": "o/"}, expire={"days": 30})
    assert ages(world) == [3600.0]
    world.edit(lifecycle={"rules": [{"name": "mine", "match": {"prefix": "o/"}, "expire": {"days": 9}}]})
    assert ages(world) == [3 * 3600.0], "the rule of b contradicts the bucket's own"


def ages(world: World) -> list[float]:
    world.surveys = listening = Listening()
    situation = world.situation()
    assert situation.store.backend is not None
    count_previews(situation, situation.store.backend)
    return [age for purpose, _, age in listening.asked if purpose is Purpose.PREVIEW]
