"""Rules of several authors become one set: who prevails, what stays as it is, and what is said to whom."""

from itertools import permutations
from typing import Any

import pytest

from imagestore.core.losses import Limit
from imagestore.core.reading import FULL, Level, Support
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import LifecycleRule, Match
from imagestore.reconcile.lifecycle.contradictions import contradiction, overlap
from imagestore.reconcile.lifecycle.merging import MOST_RULES, Merged, merge
from tests.reconcile.world import declared

NO_SIZES = Support(Level.PARTIAL, "sizes are dropped", lost=("rules[].match.minSize",))
ONE_MOVE = Support(Level.PARTIAL, "", limits=(Limit("rules[].transitions", "keep one transition", most=1),))


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


def expiring(name: str, days: int, prefix: str | None = None) -> dict[str, Any]:
    match = {"match": {"prefix": prefix}} if prefix else {}
    return rule(name, **match, expire={"days": days})


def names(merged: Merged) -> set[str]:
    return {r.name for r in merged.rules}


def own(*rules: dict[str, Any]) -> Lifecycle:
    return Lifecycle.model_validate({"rules": rules})


def test_rules_of_policies_and_of_the_bucket_become_one_set() -> None:
    a, b = declared("a", rules=[expiring("x", 1, "x/")]), declared("b.c", rules=[expiring("y", 2, "y/")])
    merged = merge(own(expiring("mine", 3, "z/")), [a, b], FULL)
    assert names(merged) == {"mine", "a/x", "b.c/y"}
    assert {n: (v.state, set(v.parts)) for n, v in merged.verdicts.items()} == {
        "a": (None, {"a/x"}),
        "b.c": (None, {"b.c/y"}),
    }


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (expiring("same", 1, "a/"), expiring("same", 1, "b/"), "has the same name"),
        (
            expiring("x", 30),
            expiring("y", 60, "in/"),
            "removes some of the same objects after 60 days instead of",
        ),
        (
            expiring("x", 30),
            rule("y", match={"prefix": "in/"}, transitions=[{"tier": "Cool", "days": 30}]),
            "after they are removed",
        ),
        (
            rule("x", noncurrent={"expire": {"days": 5}}),
            rule("y", noncurrent={"expire": {"days": 5, "keepNewest": 2}}),
            "old versions at another time",
        ),
        (
            rule("x", expire={"date": "2030-01-01"}),
            rule("y", match={"prefix": "in/"}, transitions=[{"tier": "Cool", "days": 30}]),
            "moves some of the same objects",
        ),
    ],
)
def test_equals_that_contradict_are_both_left_as_they_are(
    one: dict[str, Any], other: dict[str, Any], says: str
) -> None:
    """A bystander must be able to rely on the first policy, and nobody can say which of the two is the wrong one."""
    fine = expiring("fine", 3, "elsewhere/")
    a, b = declared("a", rules=[one, fine]), declared("b", rules=[other])
    merged = merge(None, [a, b], FULL)
    assert names(merged) == {"a/fine"}, "the rest is applied"
    assert merged.kept == {f"a/{one['name']}", f"b/{other['name']}"}
    assert {v.state for v in merged.verdicts.values()} == {"Conflict"}
    assert says in merged.verdicts["a"].message
    assert "LifecyclePolicy b" in merged.verdicts["a"].message
    assert "LifecyclePolicy a" in merged.verdicts["b"].message


def test_the_higher_priority_prevails_and_the_other_rule_goes() -> None:
    high = declared("high", priority=10, rules=[expiring("x", 30)])
    low = declared("low", rules=[expiring("y", 60), rule("z", abortIncompleteMultipartUpload={"days": 1})])
    merged = merge(None, [low, high], FULL)
    assert names(merged) == {"high/x", "low/z"}
    assert merged.verdicts["high"].state is None
    assert merged.verdicts["low"].state == "Conflict"
    assert "LifecyclePolicy high" in merged.verdicts["low"].message
    assert not merged.kept


def test_the_lowest_priority_prevails_over_none() -> None:
    one = declared("one", priority=1, rules=[expiring("x", 30)])
    merged = merge(None, [declared("none", rules=[expiring("y", 60)]), one], FULL)
    assert names(merged) == {"one/x"}
    assert merged.verdicts["none"].message.endswith("and prevails by its priority 1")


def test_the_buckets_owner_prevails_over_every_priority() -> None:
    merged = merge(own(expiring("x", 30)), [declared("a", priority=1000, rules=[expiring("y", 60)])], FULL)
    assert names(merged) == {"x"}
    assert "the bucket's own rule x" in merged.verdicts["a"].message


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (None, {"prefix": "a/"}, True),
        ({"prefix": "a/"}, {"prefix": "a/b/"}, True),
        ({"prefix": "a/"}, {"prefix": "b/"}, False),
        ({"tags": {"k": "1"}}, {"tags": {"l": "2"}}, True),
        ({"tags": {"k": "1"}}, {"tags": {"k": "2"}}, False),
        ({"minSize": "1Mi"}, {"maxSize": "1Ki"}, False),
        ({"minSize": "9"}, {"maxSize": "10"}, False),
        ({"minSize": "9"}, {"maxSize": "11"}, True),
    ],
)
def test_scopes_that_meet(one: dict[str, Any] | None, other: dict[str, Any], meet: bool) -> None:  # noqa: FBT001
    a, b = (Match.model_validate(m) if m else None for m in (one, other))
    assert overlap(a, b) is overlap(b, a) is meet


def test_what_does_not_meet_does_not_contradict_and_a_disabled_rule_never_does() -> None:
    a, b = (LifecycleRule.model_validate(expiring(n, d, f"{n}/")) for n, d in (("a", 1), ("b", 2)))
    assert contradiction(a, b) is None
    c = LifecycleRule.model_validate({**expiring("c", 3), "state": "Disabled"})
    assert contradiction(a, c) is None


def test_one_author_may_overlap_as_he_likes() -> None:
    both = declared("a", rules=[expiring("all", 365), expiring("tmp", 7, "tmp/")])
    assert names(merge(None, [both], FULL)) == {"a/all", "a/tmp"}


def test_the_order_in_which_policies_are_known_means_nothing() -> None:
    policies = [
        declared("a", rules=[expiring("x", 1)]),
        declared("b", rules=[expiring("x", 2, "b/")]),
        declared("c", priority=5, rules=[expiring("y", 1, "c/")]),
    ]
    results = [merge(None, order, FULL) for order in permutations(policies)]
    assert all(r.verdicts == results[0].verdicts and r.kept == results[0].kept for r in results)
    assert len({frozenset(names(r)) for r in results}) == 1


BIG = rule("big", match={"minSize": "1Gi"}, expire={"days": 30})


def test_what_a_store_would_lose_is_refused_with_all_of_the_policy() -> None:
    merged = merge(
        own(expiring("mine", 9, "m/")), [declared("a", rules=[BIG, expiring("x", 1, "x/")])], NO_SIZES
    )
    assert names(merged) == {"mine"}, "the bucket's own rules are not in question"
    verdict = merged.verdicts["a"]
    assert (verdict.state, verdict.lost) == ("Lossy", ("rules[name=big].match.minSize",))
    assert "sizes are dropped; no rule is applied" in verdict.message
    assert merged.kept == {"a/"}, "what is in force of it stays"


def test_a_rule_may_be_skipped_where_the_policy_says_so() -> None:
    policy = declared("a", onUnsupported="SkipRule", rules=[BIG, expiring("x", 1, "x/")])
    merged = merge(None, [policy], NO_SIZES)
    assert names(merged) == {"a/x"}
    assert merged.verdicts["a"].state == "Lossy"
    assert "skipped, the others applied" in merged.verdicts["a"].message


def test_a_limit_is_refused_with_what_to_do() -> None:
    moves = [{"tier": "Cool", "days": 30}, {"tier": "Archive", "days": 90}]
    merged = merge(None, [declared("a", rules=[rule("m", transitions=moves)])], ONE_MOVE)
    assert merged.verdicts["a"].lost == ("rules[name=m].transitions",)
    assert "keep one transition" in merged.verdicts["a"].message


def test_a_store_without_lifecycle_refuses_the_policy_and_not_the_bucket() -> None:
    merged = merge(None, [declared("a", rules=[BIG])], Support(Level.NONE, "not proven"))
    assert merged.verdicts["a"].state == "Lossy"
    assert not merged.rules


def test_more_rules_than_a_bucket_may_have_go_with_the_lowest_policy() -> None:
    many = [
        declared(f"p{i}", priority=i, rules=[expiring(f"r{i}-{j}", 1, f"{i}/{j}/") for j in range(50)])
        for i in range(6)
    ]
    merged = merge(None, many, FULL)
    assert len(merged.rules) == MOST_RULES
    assert merged.verdicts["p0"].lost == ("rules",)
    assert all(merged.verdicts[f"p{i}"].state is None for i in range(1, 6))


def test_a_policy_that_is_not_understood_leaves_its_rules_alone() -> None:
    merged = merge(None, [declared("new", rules=[BIG], understood=False)], FULL)
    assert (set(merged.kept), merged.verdicts["new"].state) == ({"new/"}, "Pending")


def test_exclusive_counts_where_a_rule_of_the_policy_does() -> None:
    exclusive = declared("a", exclusive=True, rules=[BIG])
    assert merge(None, [exclusive], FULL).exclusive
    assert not merge(None, [exclusive], NO_SIZES).exclusive


def test_only_the_lowest_policy_is_dropped_of_policies_with_a_rule_each() -> None:
    full = own(*(expiring(f"r{i}", 1, f"{i}/") for i in range(MOST_RULES - 1)))
    high = declared("high", priority=2, rules=[expiring("up", 1, "high/")])
    low = declared("low", priority=1, rules=[expiring("down", 1, "low/")])
    merged = merge(full, [low, high], FULL)
    assert {"high/up", "low/down"} & names(merged) == {"high/up"}
    assert merged.verdicts["low"].lost == ("rules",)


def test_a_store_without_lifecycle_says_why() -> None:
    none = Support(Level.NONE, "501 NotImplemented")
    merged = merge(None, [declared("a", rules=[expiring("x", 1)])], none)
    assert "501 NotImplemented" in (merged.verdicts["a"].message or "")
