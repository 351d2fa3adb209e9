"""Sums of a forecast worked out by hand: each number, each day, each fee."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from imagestore.core.cost import Price, PriceTable
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.effect import Action
from imagestore.forecast.fate import LifecycleEvent, of_key, successions
from imagestore.forecast.forecast import Assumptions, Forecast
from imagestore.forecast.ledger import Flow, Holding, Ledger, Sum
from imagestore.forecast.sample import KeySample
from imagestore.forecast.terms import Terms

TODAY = date(2027, 3, 1).toordinal()
COOL = Price(Decimal(3), min_days=30, min_size=200, transitions_1000=Decimal(5))
PRICES = PriceTable("t", "EUR", "", {"STANDARD": Price(Decimal(30)), "COOL": COOL})
TERMS = Terms({"Cool": "COOL"}, ("STANDARD", "COOL"))
VERSIONED = Terms({"Cool": "COOL"}, ("STANDARD", "COOL"), versioned=True)
MOVE = Flow(TODAY, 0, Action.MOVE, "STANDARD", "COOL")
REMOVE = Flow(TODAY, 0, Action.REMOVE, "COOL", "")
HIDE = Flow(TODAY, 0, Action.HIDE, "STANDARD", "STANDARD")
ABORT = Flow(TODAY, 0, Action.ABORT, "STANDARD", "")


def rule(name: str = "r", **said: object) -> LifecycleRule:
    return LifecycleRule.model_validate({"name": name, **said})


def events(
    *versions: StoredVersion, rules: Iterable[LifecycleRule], terms: Terms = TERMS, days: int = 99
) -> list[tuple[int, Action, int]]:
    """Day from today, what happens, and to which version."""
    found = of_key(versions, tuple(rules), terms, TODAY, TODAY + days)
    return [(e.day - TODAY, e.action, e.version) for e in found]


def version(age: int = 0, **more: Any) -> StoredVersion:
    made = StoredVersion("k", 100, TODAY - age)
    return made._replace(**more)


def test_an_object_moves_and_is_removed_in_its_time_and_not_after_the_last_day() -> None:
    rules = [rule(transitions=[{"tier": "Cool", "days": 5}], expire={"days": 9})]
    assert events(version(), rules=rules) == [(6, Action.MOVE, 0), (10, Action.REMOVE, 0)]
    assert events(version(), rules=rules, days=10) == [(6, Action.MOVE, 0), (10, Action.REMOVE, 0)]
    assert events(version(), rules=rules, days=9) == [(6, Action.MOVE, 0)]
    assert events(version(6), rules=rules, days=0) == [(0, Action.MOVE, 0)]
    assert events(version(5), rules=rules, days=0) == []
    assert events(version(), rules=[rule(state="Disabled", expire={"days": 1})]) == []
    assert events(version(), rules=[rule(state="Enabled", expire={"days": 1})]) == [(2, Action.REMOVE, 0)]


def test_what_stayed_how_long_is_known_where_it_moved() -> None:
    rules = (rule(transitions=[{"tier": "Cool", "days": 5}], expire={"days": 9}),)
    move, remove = of_key([version(2)], rules, TERMS, TODAY, TODAY + 99)
    assert move == LifecycleEvent(TODAY + 4, 0, Action.MOVE, 0, "STANDARD", "COOL", 6)
    assert remove == LifecycleEvent(TODAY + 8, 0, Action.REMOVE, 0, "COOL", "", 4)


@pytest.mark.parametrize(
    ("match", "day"), [({}, 11), ({"prefix": "k"}, 11), ({"prefix": "x"}, 12), ({"minSize": "1"}, 12)]
)
def test_with_versioning_it_is_hidden_first_and_its_marker_goes_last(match: dict[str, str], day: int) -> None:
    """A marker has the name of its object and no size; the age of an expiry removes it too."""
    rules = [
        rule("a", expire={"days": 5}, noncurrent={"expire": {"days": 3}}),
        rule("b", removeExpiredDeleteMarkers=True, match=match or None),
    ]
    assert events(version(), rules=rules, terms=VERSIONED) == [
        (6, Action.HIDE, 0),
        (10, Action.REMOVE, 0),
        (day, Action.SWEEP, -1),
    ]


def test_the_day_a_version_became_old_is_that_of_the_next_newer_one() -> None:
    versions = [version(1), version(5, latest=False), version(9, latest=False)]
    assert successions(versions) == [None, TODAY - 1, TODAY - 5]
    assert successions([version(3, latest=False)]) == [TODAY - 3], "what hides it is not in the listing"


def test_one_old_version_alone_became_old_when_it_was_written_at_the_earliest() -> None:
    """What hides it, a marker, is in no listing of this key: it is hidden by an age that is not told."""
    rules = (rule(noncurrent={"expire": {"days": 3}}, expire={"days": 1}),)
    forecast = Forecast(Assumptions(rules, TERMS, TODAY, TODAY + 99, PRICES))
    forecast.feed([version(1, latest=False)])
    (flow,) = forecast.finish(lambda _: {}).flows
    assert (flow.day - TODAY, flow.action) == (3, Action.REMOVE)


def test_days_in_a_ledger() -> None:
    rules = (rule(transitions=[{"tier": "Cool", "days": 5}], expire={"days": 9}),)
    forecast = Forecast(Assumptions(rules, TERMS, TODAY, TODAY + 99, PRICES))
    forecast.feed([version(2)])
    ledger = forecast.finish(lambda _: {})
    assert ledger.start == {"STANDARD": Holding(1, 100, 100)}
    assert ledger.current == Holding(1, 100, 100)
    assert ledger.flows == {
        Flow(TODAY + 4, 0, Action.MOVE, "STANDARD", "COOL"): Sum(1, 100, 100, 200, 0),
        Flow(TODAY + 8, 0, Action.REMOVE, "COOL", ""): Sum(1, 100, 200, 0, 200 * 26),
    }, "26 of 30 days in COOL are paid for nothing"
    assert Ledger.from_json(PRICES, ledger.to_json()) == ledger


@pytest.mark.parametrize(("age", "days"), [(30, 0), (31, 0), (29, 1), (0, 30)])
def test_leaving_a_class_early_is_paid_to_its_end(age: int, days: int) -> None:
    ledger = Ledger(PRICES)
    gone = LifecycleEvent(TODAY, 0, Action.REMOVE, 0, "COOL", "", age)
    ledger.count([version(age, storage_class="COOL")], [gone])
    assert ledger.flows[REMOVE].early == 200 * days


def test_what_is_hidden_leaves_no_class() -> None:
    ledger = Ledger(PRICES)
    ledger.count(
        [version(storage_class="COOL")], [LifecycleEvent(TODAY, 0, Action.HIDE, 0, "COOL", "COOL", 1)]
    )
    ((_, of),) = ledger.flows.items()
    assert (of.objects, of.bytes, of.source, of.target, of.early) == (1, 100, 200, 200, 0)


def test_uploads_and_markers_are_counted_apart_and_have_no_bytes() -> None:
    ledger = Ledger(PRICES)
    upload, marker = version(upload=True, size=0), version(marker=True, size=0)
    ledger.count([upload], [LifecycleEvent(TODAY, 0, Action.ABORT, 0, "STANDARD", "", 3)])
    ledger.count([marker], [LifecycleEvent(TODAY, 0, Action.SWEEP, 0, "STANDARD", "", 3)])
    ledger.count([version(latest=False)], [])
    assert (ledger.keys, ledger.uploads, ledger.markers) == (3, 1, 1)
    assert ledger.start == {"STANDARD": Holding(1, 100, 100)}
    assert ledger.current == Holding()
    assert ledger.flows[ABORT] == Sum(1)


def test_a_new_marker_has_no_size() -> None:
    ledger = Ledger(PRICES)
    ledger.count([version()], [LifecycleEvent(TODAY, 0, Action.REMOVE, -1, "COOL", "", 99)])
    assert ledger.flows[REMOVE] == Sum(1, 0, 200, 0, 0)


@pytest.mark.parametrize(("whole", "part", "count"), [(3, 2, 2), (10, 4, 3), (1, 1, 1), (7, 2, 4), (5, 3, 2)])
def test_a_part_is_scaled_to_the_whole_and_rounded_to_the_nearest(whole: int, part: int, count: int) -> None:
    assert Sum(1, 1, 1, 1, 1).scaled(whole, part) == Sum(*(count,) * 5)


def test_sums_are_added_number_by_number() -> None:
    one = Sum(1, 2, 3, 4, 5)
    one.add(Sum(10, 20, 30, 40, 50))
    assert one.numbers() == (11, 22, 33, 44, 55)
    ledger = Ledger(PRICES)
    ledger.merge({MOVE: Sum(1), HIDE: Sum(2)})
    ledger.merge({MOVE: Sum(4)})
    assert ledger.flows == {MOVE: Sum(5), HIDE: Sum(2)}
    held = Holding(5, 50, 500)
    held.add(-1, -10, -100)
    assert held == Holding(4, 40, 400)


def test_tags_are_read_of_as_many_keys_and_the_rest_is_extrapolated() -> None:
    rules = (
        rule(match={"tags": {"keep": "no"}}, expire={"days": 1}),
        rule("all", match={"prefix": "z"}, expire={"days": 1}),
    )
    forecast = Forecast(Assumptions(rules, TERMS, TODAY, TODAY + 9, PRICES, tags=2))
    for n in range(6):
        forecast.feed([StoredVersion(f"k{n}", 10, TODAY - 9)])
    forecast.feed([StoredVersion("z", 10, TODAY - 9)])
    forecast.feed([StoredVersion("marker", 0, TODAY - 9, marker=True)])
    assert (forecast.sample.seen, len(forecast.sample.groups)) == (7, 2), "a marker has no tags"
    asked = list[str]()

    def tags_of(stored: StoredVersion) -> dict[str, str]:
        asked.append(stored.key)
        return {"keep": "no"}

    ledger = forecast.finish(tags_of)
    assert len(asked) == 2
    assert sum(s.objects for f, s in ledger.flows.items() if f.rule == 0) == 7
    assert ledger.keys == 8


def test_a_rule_that_is_disabled_asks_for_no_tags() -> None:
    off = rule(state="Disabled", match={"tags": {"keep": "no"}}, expire={"days": 1})
    forecast = Forecast(Assumptions((off,), TERMS, TODAY, TODAY + 9))
    forecast.feed([version(9)])
    assert forecast.sample.seen == 0


def test_what_was_told_is_not_asked_for() -> None:
    asks = rule(match={"tags": {"keep": "no"}}, expire={"days": 1})
    forecast = Forecast(Assumptions((asks,), TERMS, TODAY, TODAY + 9))
    forecast.feed([version(9, tags={"keep": "no"})])
    assert forecast.sample.seen == 0
    assert sum(s.objects for s in forecast.finish(lambda _: {}).flows.values()) == 1


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_keys_are_kept_in_any_order_and_after_any_interruption(order: int) -> None:
    keys = [[StoredVersion(f"k{n:03}", n, TODAY)] for n in range(200)][::order]
    whole, first = KeySample(9), KeySample(9)
    for group in keys:
        whole.offer(group)
    for group in keys[:50]:
        first.offer(group)
    again = KeySample.from_json(9, first.to_json())
    assert again.seen == 50
    for group in keys[50:]:
        again.offer(group)
    assert (again.seen, again.groups) == (whole.seen, whole.groups)
    assert len(whole.groups) == 9
    assert whole.groups == sorted(whole.groups)
    nothing = KeySample(0)
    nothing.offer(keys[0])
    assert (nothing.seen, nothing.groups) == (1, [])


def test_a_key_that_is_no_text_is_sampled_as_any_other() -> None:
    sample = KeySample(1)
    sample.offer([StoredVersion("\udcff.jpg", 1, TODAY)])
    assert [g[0].key for g in sample.groups] == ["\udcff.jpg"]


@pytest.mark.parametrize(
    ("size", "smallest", "moves"), [(0, 1, False), (1, 1, True), (99, 100, False), (100, 100, True)]
)
def test_what_is_smaller_than_the_smallest_does_not_move(size: int, smallest: int, *, moves: bool) -> None:
    terms = Terms({"Cool": "COOL"}, ("STANDARD", "COOL"), smallest=smallest)
    asked = Assumptions((rule(transitions=[{"tier": "Cool", "days": 1}]),), terms, TODAY, TODAY + 9)
    forecast = Forecast(asked)
    forecast.feed([version(9, size=size)])
    assert bool(forecast.finish(lambda _: {}).flows) is moves


@pytest.mark.parametrize(("age", "day"), [(0, 1), (1, 0), (9, 0)])
def test_a_marker_that_hides_nothing_goes_at_the_next_midnight(age: int, day: int) -> None:
    alone = version(age, marker=True, size=0)
    assert events(alone, rules=[rule(removeExpiredDeleteMarkers=True)]) == [(day, Action.SWEEP, 0)]
    hiding = [alone, version(99, latest=False)]
    assert events(*hiding, rules=[rule(removeExpiredDeleteMarkers=True)]) == []
