"""Whether one rule deletes more than another. Each case says what it would cost to get it wrong."""

from typing import Any

import pytest

from imagestore.facets.lifecycle_removal import removes, removes_more, rule_covers
from imagestore.facets.lifecycle_rule import LifecycleRule

MOVES = {"transitions": [{"tier": "Cool", "days": 30}]}


def rule(**said: Any) -> LifecycleRule:
    return LifecycleRule.model_validate({"name": "r", **said})


def days(count: int, **more: Any) -> LifecycleRule:
    return rule(expire={"days": count}, **more)


def on(date: str) -> LifecycleRule:
    return rule(expire={"date": date})


def old(count: int, newest: int | None = None) -> LifecycleRule:
    keep = {} if newest is None else {"keepNewest": newest}
    return rule(noncurrent={"expire": {"days": count, **keep}})


@pytest.mark.parametrize(
    ("made", "deletes"),
    [
        (days(1), True),
        (old(1), True),
        (rule(**MOVES), False),
        (rule(noncurrent=MOVES), False),
        (rule(abortIncompleteMultipartUpload={"days": 1}), False),
        (days(1, state="Disabled"), False),
        (days(1, state="Enabled"), True),
    ],
)
def test_a_rule_deletes_if_it_expires_something_and_is_in_force(
    made: LifecycleRule, *, deletes: bool
) -> None:
    assert removes(made) is deletes


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        (days(30), days(29), True),
        (days(30), days(30), False),
        (days(30), days(31), False),
        (on("2030-01-02"), on("2030-01-01"), True),
        (on("2030-01-02"), on("2030-01-02"), False),
        (on("2030-01-02"), on("2030-01-03"), False),
        (days(30), on("2030-01-02"), True),
        (on("2030-01-02"), days(30), True),
        (rule(**MOVES), days(30), True),
        (days(30), rule(**MOVES), False),
        (days(30), days(30, noncurrent={"expire": {"days": 1}}), True),
        (days(30, noncurrent={"expire": {"days": 1}}), days(30), False),
        (old(5), old(4), True),
        (old(5), old(5), False),
        (old(5), old(6), False),
        (old(5, 2), old(5, 1), True),
        (old(5, 2), old(5, 2), False),
        (old(5, 2), old(5, 3), False),
        (old(5, 1), old(5), True),
        (old(5), old(5, 1), False),
        (old(5, 1), old(6), True),
        (old(5), old(4, 1), True),
        (days(30, match={"prefix": "a/"}), days(30), True),
        (days(30), days(30, match={"prefix": "a/"}), True),
        (days(30, state="Disabled"), days(30), True),
        (days(30), days(1, state="Disabled"), False),
    ],
)
def test_sooner_or_other_objects_is_more(before: LifecycleRule, after: LifecycleRule, *, more: bool) -> None:
    assert removes_more(before, after) is more
    assert rule_covers(before, after) is not more if removes(before) else not rule_covers(before, after)


def test_the_same_rule_covers_itself_even_where_it_deletes_nothing() -> None:
    moves = rule(**MOVES)
    assert rule_covers(moves, moves)
    assert not rule_covers(moves, days(30))


def test_a_rule_whose_document_says_more_than_we_read_covers_no_other() -> None:
    """What a model cannot represent may be a condition that keeps objects."""
    odd = days(1).model_copy(update={"raw": "<Rule/>"})
    assert not rule_covers(odd, days(30))
    assert rule_covers(odd, odd)
