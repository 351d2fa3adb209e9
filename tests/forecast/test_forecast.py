"""A listing in a stream against the same worked out in memory, object by object and day by day."""

from collections import Counter
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from imagestore.core.cost import Price, PriceTable
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.effect import Action
from imagestore.forecast.forecast import Assumptions, Forecast, by_key
from imagestore.forecast.ledger import Flow, Ledger
from imagestore.forecast.outlook import curve, lines, periods
from imagestore.forecast.terms import Terms
from tests.forecast.strategies import RULES, SPAN, TERMS, TODAY, by_hand, groups

PRICES = PriceTable(
    "test",
    "EUR",
    "2027-01-01",
    {
        "STANDARD": Price(Decimal("0.02")),
        "COOL": Price(Decimal("0.01"), min_days=30, min_size=100, transitions_1000=Decimal("0.01")),
        "COLD": Price(Decimal("0.004"), min_days=90, overhead=40, transitions_1000=Decimal("0.02")),
        "ICE": Price(Decimal("0.001"), min_days=180, overhead=40, transitions_1000=Decimal("0.05")),
        "ODD": Price(Decimal("0.03")),
    },
)
BUCKETS = st.lists(st.integers(0, 30), max_size=12, unique=True).flatmap(
    lambda ns: st.tuples(*(groups(f"a/{n:02}" if n % 3 else f"x{n:02}") for n in sorted(ns)))
)


def question(rules: tuple[LifecycleRule, ...], terms: Terms, tags: int = 1000) -> Assumptions:
    return Assumptions(rules, terms, TODAY, TODAY + SPAN, PRICES, tags)


def streamed(bucket: list[list[StoredVersion]], asked: Assumptions, *, stop: int = 0) -> Ledger:
    """With an interruption after ``stop`` keys, from which a new process goes on."""
    first, second = Forecast(asked), Forecast(asked)
    keys = list(by_key(v for group in bucket for v in group))
    for group in keys[:stop]:
        first.feed(group)
    second.resume(first.to_json())
    for group in keys[stop:]:
        second.feed(group)
    return second.finish(lambda stored: stored.tags or {})


@given(BUCKETS, RULES, TERMS, st.integers(0, 12))
def test_a_stream_counts_what_is_counted_by_hand(
    bucket: list[list[StoredVersion]], rules: tuple[LifecycleRule, ...], terms: Terms, stop: int
) -> None:
    happened = [h for g in bucket for h in by_hand(g, rules, terms, TODAY, TODAY + SPAN)]
    ledger = streamed(bucket, question(rules, terms), stop=stop)
    flows = Counter(Flow(h.day, h.rule, h.action, h.source, h.target) for h in happened)
    assert {f: s.objects for f, s in ledger.flows.items()} == flows
    sizes: Counter[Flow] = Counter()
    for h in happened:
        sizes[Flow(h.day, h.rule, h.action, h.source, h.target)] += h.size
    assert {f: s.bytes for f, s in ledger.flows.items()} == {f: sizes[f] for f in flows}
    there = [v for g in bucket for v in g if not (v.marker or v.upload)]
    assert {c: (h.objects, h.bytes) for c, h in ledger.start.items()} == {
        c: (len(of), sum(v.size for v in of))
        for c in {v.storage_class for v in there}
        for of in [[v for v in there if v.storage_class == c]]
    }


@given(BUCKETS, RULES, TERMS)
def test_the_curve_ends_with_what_is_left(
    bucket: list[list[StoredVersion]], rules: tuple[LifecycleRule, ...], terms: Terms
) -> None:
    ledger = streamed(bucket, question(rules, terms))
    points = list(curve(ledger, TODAY, TODAY + SPAN))
    assert len(points) == SPAN + 1
    assert all(h.objects >= 0 and h.bytes >= 0 and h.billed >= 0 for p in points for h in p.classes.values())
    removed = sum(s.bytes for f, s in ledger.flows.items() if f.action is Action.REMOVE)
    begun = sum(h.bytes for h in ledger.start.values())
    assert sum(h.bytes for h in points[-1].classes.values()) == begun - removed
    paid = [p.paid for p in points if p.paid is not None]
    assert paid == sorted(paid)


@given(BUCKETS, RULES, TERMS)
def test_a_sample_of_all_is_exact_and_lines_leave_nothing_out(
    bucket: list[list[StoredVersion]], rules: tuple[LifecycleRule, ...], terms: Terms
) -> None:
    exact = streamed(bucket, question(rules, terms))
    tags = {(v.key, v.version): v.tags or {} for g in bucket for v in g}
    forecast = Forecast(question(rules, terms))
    for group in bucket:
        forecast.feed([v._replace(tags=None) for v in group])
    sampled = forecast.finish(lambda v: tags[v.key, v.version])
    assert sampled == exact
    found = lines(exact, [r.name for r in rules], periods(TODAY, 2))
    assert sum(line.objects for line in found) == sum(s.objects for s in exact.flows.values())
    assert sum(line.bytes for line in found) == sum(s.bytes for s in exact.flows.values())


def test_a_sample_of_a_tenth_comes_close_and_is_the_same_in_any_order() -> None:
    rule = LifecycleRule.model_validate(
        {"name": "r", "match": {"tags": {"keep": "no"}}, "expire": {"days": 1}}
    )
    bucket = [[StoredVersion(f"k{i:05}", 1000, TODAY - 9)] for i in range(5000)]
    found = []
    for order in (bucket, Random(1).sample(bucket, len(bucket))):  # noqa: S311  an order, no secret
        forecast = Forecast(question((rule,), Terms(), tags=500))
        for group in order:
            forecast.feed(group)
        assert (forecast.sample.seen, len(forecast.sample.groups)) == (5000, 500)
        found.append(forecast.finish(lambda v: {"keep": "no"} if int(v.key[1:]) % 4 == 0 else {}))
    assert found[0].flows == found[1].flows
    (total,) = found[0].flows.values()
    assert 1000 < total.objects < 1500
    assert abs(total.bytes - 1000 * total.objects) <= 1000
