"""Where two authors' rules contradict each other, to the day and the byte, and what each is told."""

from typing import Any

import pytest

from imagestore.core.losses import Limit
from imagestore.core.reading import FULL, Level, Support
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.reconcile.lifecycle.contradictions import contradiction, overlap
from imagestore.reconcile.lifecycle.merging import MOST_RULES, Merged, merge
from imagestore.reconcile.lifecycle.selector import PolicyScope, contribution_of, scope_of
from tests.reconcile.test_merging import BIG, NO_SIZES, expiring, names, own, rule
from tests.reconcile.world import declared


def made(name: str, **said: Any) -> LifecycleRule:
    return LifecycleRule.model_validate({"name": name, **said})


def expire(**when: Any) -> dict[str, Any]:
    return {"expire": when}


def move(**when: Any) -> dict[str, Any]:
    return {"transitions": [{"tier": "Cool", **when}]}


def old(days: int | None = None, moves: int | None = None, newest: int | None = None) -> dict[str, Any]:
    keep = {} if newest is None else {"keepNewest": newest}
    said: dict[str, Any] = {} if days is None else {"expire": {"days": days, **keep}}
    if moves is not None:
        said["transitions"] = [{"tier": "Cool", "days": moves}]
    return {"noncurrent": said}


SOONER = "removes some of the same objects before they move"
LATER = "moves some of the same objects after they are removed"


@pytest.mark.parametrize(
    ("mine", "theirs", "how"),
    [
        (expire(days=3), expire(days=3), None),
        (
            expire(days=3),
            expire(days=4),
            "removes some of the same objects after 4 days instead of after 3 days",
        ),
        (
            expire(date="2030-01-01"),
            expire(days=4),
            "removes some of the same objects after 4 days instead of on 2030-01-01",
        ),
        (
            expire(days=4),
            expire(date="2030-01-01"),
            "removes some of the same objects on 2030-01-01 instead of after 4 days",
        ),
        (old(3), old(3), None),
        (old(3), old(4), "removes some of the same old versions at another time"),
        (old(3), old(3, newest=1), "removes some of the same old versions at another time"),
        (old(3), expire(days=9), None),
        (move(days=5), expire(days=5), SOONER),
        (move(days=5), expire(days=6), None),
        (expire(days=5), move(days=5), LATER),
        (expire(days=6), move(days=5), None),
        (move(date="2030-01-01"), expire(date="2030-01-01"), SOONER),
        (move(date="2030-01-01"), expire(date="2030-01-02"), None),
        (move(date="2030-01-01"), expire(days=99), SOONER),
        (move(days=1), expire(date="2039-01-01"), SOONER),
        (old(moves=5), old(5), SOONER),
        (old(moves=5), old(6), None),
        (old(5), old(moves=5), LATER),
        (move(days=1), old(5), None),
        (move(days=3), move(days=9), None),
    ],
)
def test_what_contradicts(mine: dict[str, Any], theirs: dict[str, Any], how: str | None) -> None:
    assert contradiction(made("a", **mine), made("b", **theirs)) == how


def test_one_name_is_a_contradiction_whatever_the_rules_say() -> None:
    assert contradiction(made("a", **expire(days=1)), made("a", **expire(days=1))) == "has the same name"


@pytest.mark.parametrize("which", ["a", "b"])
def test_a_disabled_rule_contradicts_none(which: str) -> None:
    off = {"state": "Disabled"}
    a = made("a", **expire(days=1), **(off if which == "a" else {}))
    b = made("b", **expire(days=2), **(off if which == "b" else {}))
    assert contradiction(a, b) is None


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ({}, {}, True),
        ({"minSize": "9", "maxSize": "11"}, {}, True),
        ({"minSize": "9", "maxSize": "10"}, {}, False),
        ({"maxSize": "1"}, {}, True),
        ({"minSize": "5"}, {"minSize": "9", "maxSize": "11"}, True),
        ({"minSize": "10"}, {"minSize": "9", "maxSize": "11"}, False),
        ({"maxSize": "10"}, {"minSize": "9", "maxSize": "99"}, False),
        ({"tags": {"a": "1", "b": "2"}}, {"tags": {"b": "2", "c": "3"}}, True),
        ({"tags": {"a": "1", "b": "2"}}, {"tags": {"b": "3"}}, False),
        ({"prefix": "a"}, {"tags": {"a": "1"}}, True),
    ],
)
def test_filters_meet_if_one_object_can_have_both(one: Any, other: Any, *, meet: bool) -> None:
    a, b = (made("a", match=m or None, **expire(days=1)).match for m in (one, other))
    assert overlap(a, b) is overlap(b, a) is meet


@pytest.mark.parametrize(
    ("one", "other", "prevails"),
    [(None, 0, None), (0, 1, "b"), (None, 1, "b"), (2, 1, "a"), (1, None, "a"), (1, 1, None)],
)
def test_without_a_priority_it_is_zero(one: int | None, other: int | None, prevails: str | None) -> None:
    def policy(name: str, priority: int | None, days: int) -> Any:
        more = {} if priority is None else {"priority": priority}
        return declared(name, rules=[expiring("x", days)], **more)

    merged = merge(None, [policy("a", one, 1), policy("b", other, 2)], FULL)
    assert names(merged) == ({f"{prevails}/x"} if prevails else set())
    assert bool(merged.kept) is (prevails is None)


def test_each_is_told_whose_rule_prevails_and_what_to_do() -> None:
    merged = merge(
        own(expiring("mine", 1, "m/")),
        [
            declared("a", rules=[expiring("x", 2, "m/"), expiring("y", 3, "y/")]),
            declared("b", rules=[expiring("z", 4, "y/")]),
            declared("c", priority=7, rules=[expiring("w", 5, "w/")]),
            declared("d", rules=[expiring("v", 6, "w/")]),
        ],
        FULL,
    )
    told = {name: verdict.message for name, verdict in merged.verdicts.items()}
    removes = "removes some of the same objects"
    same = "whose priority 0 is the same"
    fix = "give one of them a higher priority, or change a rule"
    assert told == {
        "a": f"rule x: the bucket's own rule mine {removes} after 1 days instead of after 2 days, and prevails; rule y:"
        f" rule z of the LifecyclePolicy b, {same}, {removes} after 4 days instead of after 3 days; {fix}",
        "b": f"rule z: rule y of the LifecyclePolicy a, {same}, {removes} after 3 days instead of after 4 days; {fix}",
        "c": "",
        "d": f"rule v: rule w of the LifecyclePolicy c {removes} after 5 days instead of after 6 days, and prevails by its"
        " priority 7",
    }
    assert names(merged) == {"mine", "c/w"}
    assert merged.kept == {"a/y", "b/z"}


def test_rules_of_one_policy_are_judged_against_others_only() -> None:
    both = declared("a", rules=[expiring("x", 1, "p/"), expiring("y", 2, "p/q/")])
    merged = merge(None, [both, declared("b", rules=[expiring("z", 9, "r/")])], FULL)
    assert names(merged) == {"a/x", "a/y", "b/z"}


@pytest.mark.parametrize(("count", "dropped"), [(MOST_RULES, False), (MOST_RULES + 1, True)])
def test_a_bucket_has_as_many_rules_as_a_status_can_list(count: int, *, dropped: bool) -> None:
    full = own(*(expiring(f"r{i}", 1, f"{i}/") for i in range(count - 1)))
    merged = merge(full, [declared("a", rules=[expiring("x", 1, "x/")])], FULL)
    assert ("a/x" not in names(merged)) is dropped
    assert merged.kept == (frozenset({"a/"}) if dropped else frozenset())
    if dropped:
        assert merged.verdicts["a"].message == (
            "the store cannot hold rules: a bucket may have 250 rules in all; declare fewer; no rule is applied"
        )


@pytest.mark.parametrize("asked", [None, "Refuse", "SkipRule"])
def test_what_a_store_cannot_hold_of_a_policy(asked: str | None) -> None:
    more = {} if asked is None else {"onUnsupported": asked}
    merged = merge(None, [declared("a", rules=[BIG, expiring("x", 1, "x/")], **more)], NO_SIZES)
    verdict = merged.verdicts["a"]
    skips = asked == "SkipRule"
    assert names(merged) == ({"a/x"} if skips else set())
    assert merged.kept == ({"a/big"} if skips else {"a/"})
    assert verdict.parts == frozenset(names(merged))
    end = "these rules are skipped, the others applied" if skips else "no rule is applied"
    assert verdict.message == (
        f"the store cannot hold rules[name=big].match.minSize: sizes are dropped; {end}"
    )


def test_losses_for_one_reason_are_said_once() -> None:
    support = Support(
        Level.PARTIAL,
        "dropped",
        lost=("rules[].match.minSize", "rules[].match.maxSize"),
        limits=(Limit("rules[].transitions", "keep one", most=1),),
    )
    moves = [{"tier": "Cool", "days": 1}, {"tier": "Archive", "days": 9}]
    odd = rule("odd", match={"minSize": "1", "maxSize": "9Ki"}, transitions=moves)
    verdict = merge(None, [declared("a", rules=[odd])], support).verdicts["a"]
    assert verdict.message == (
        "the store cannot hold rules[name=odd].match.minSize, rules[name=odd].match.maxSize: dropped;"
        " rules[name=odd].transitions: keep one; no rule is applied"
    )
    assert verdict.lost == (
        "rules[name=odd].match.minSize",
        "rules[name=odd].match.maxSize",
        "rules[name=odd].transitions",
    )


def test_a_store_without_lifecycle_that_gives_no_reason() -> None:
    verdict = merge(None, [declared("a", rules=[BIG])], Support(Level.NONE)).verdicts["a"]
    assert verdict.message == (
        "the store cannot hold rules[name=big]: this store has no lifecycle; no rule is applied"
    )


@pytest.mark.parametrize(
    ("own_says", "policy_says", "exclusive"),
    [(None, None, None), (True, None, True), (False, None, False), (None, True, True), (False, True, True)],
)
def test_one_exclusive_author_makes_all_exclusive(
    own_says: bool | None,  # noqa: FBT001
    policy_says: bool | None,  # noqa: FBT001
    exclusive: bool | None,  # noqa: FBT001
) -> None:
    mine = own(expiring("mine", 1, "m/")).model_copy(update={"exclusive": own_says})
    more = {} if policy_says is None else {"exclusive": policy_says}
    merged = merge(mine, [declared("a", rules=[expiring("x", 1, "x/")], **more)], FULL)
    assert merged.exclusive is exclusive


def test_a_bucket_without_any_rule_wants_no_lifecycle_unless_a_managed_rule_has_to_stay() -> None:
    assert merge(None, [], FULL).joined(known=True).desired is None
    assert merge(own(), [], FULL).joined(known=False).desired is not None
    assert merge(None, [declared("a", rules=[BIG])], FULL).joined(known=False).desired is not None
    waiting = merge(None, [declared("a", rules=[BIG], understood=False)], FULL)
    assert waiting.joined(known=False).desired is None
    assert waiting.joined(known=True).desired is not None
    assert Merged().digest == merge(None, [], FULL).digest


LABELS = frozenset({("class", "photos"), ("team", "shop")})


@pytest.mark.parametrize(
    ("scope", "inside"),
    [
        (PolicyScope(frozenset({"a"}), frozenset()), True),
        (PolicyScope(frozenset({"b"}), frozenset()), False),
        (PolicyScope(frozenset(), frozenset({("class", "photos")})), True),
        (PolicyScope(frozenset(), LABELS), True),
        (PolicyScope(frozenset(), LABELS | {("x", "y")}), False),
        (PolicyScope(frozenset(), frozenset()), False),
    ],
)
def test_a_policy_matches_by_name_or_by_all_of_its_labels(scope: PolicyScope, *, inside: bool) -> None:
    assert scope.includes("a", LABELS) is inside


def test_a_scope_is_read_from_any_spec() -> None:
    assert scope_of({}) == PolicyScope(frozenset(), frozenset())
    spec = {"bucketRefs": [{"name": "a"}, {}], "bucketSelector": {"matchLabels": {"k": "v"}}}
    assert scope_of(spec) == PolicyScope(frozenset({"a", ""}), frozenset({("k", "v")}))
    assert scope_of({"bucketSelector": {"matchLabels": None}}) == scope_of({"bucketRefs": None})


def test_whom_a_policy_is_for_is_no_input_of_a_bucket() -> None:
    rules = {"rules": [expiring("x", 1)]}
    one = contribution_of("a", {**rules, "bucketRefs": [{"name": "a"}]})
    other = contribution_of("a", {**rules, "bucketSelector": {"matchLabels": {"k": "v"}}})
    assert one.digest == other.digest
    assert one.digest != contribution_of("a", {**rules, "priority": 1, "bucketRefs": [{"name": "a"}]}).digest
    newer = contribution_of("a", {**rules, "bucketRefs": [{"name": "a", "since": "v2"}]})
    assert newer.value is None
    assert newer.digest != one.digest, "what is not understood of it may be for whom it is"
