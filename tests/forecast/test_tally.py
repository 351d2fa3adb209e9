"""What is kept of a survey, against the same worked out by hand."""

from hypothesis import given

from imagestore.core.census import Amount, Toll
from imagestore.core.cost import MONTH
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.effect import Action
from imagestore.forecast.tally import tally
from imagestore.forecast.terms import Terms
from tests.forecast.strategies import RULES, TERMS, TODAY, Happened, by_hand
from tests.forecast.test_forecast import BUCKETS, question, streamed


def amount(happened: list[Happened]) -> Amount:
    return Amount(len(happened), sum(h.size for h in happened))


@given(BUCKETS, RULES, TERMS)
def test_each_rule_is_told_what_it_takes_at_once_and_touches_within_a_month(
    bucket: list[list[StoredVersion]], rules: tuple[LifecycleRule, ...], terms: Terms
) -> None:
    happened = [h for g in bucket for h in by_hand(g, rules, terms, TODAY, TODAY + MONTH)]
    counted = tally(streamed(bucket, question(rules, terms)), rules, TODAY, (0, 0))
    there = [v for g in bucket for v in g if not (v.marker or v.upload)]
    assert counted.census.present == Amount(len(there), sum(v.size for v in there))
    shown = [v for v in there if v.latest]
    assert counted.census.current == Amount(len(shown), sum(v.size for v in shown))
    assert [t.rule for t in counted.touches] == [r.name for r in rules]
    for place, touch in enumerate(counted.touches):
        mine = [h for h in happened if h.rule == place]
        first = [h for h in mine if h.day == TODAY]
        removed, hidden = ([h for h in mine if h.action is a] for a in (Action.REMOVE, Action.HIDE))
        assert (touch.now.objects, touch.soon.objects) == (len(first), len(mine) - len(first))
        assert (touch.removed, touch.hidden) == (amount(removed), amount(hidden))
        at_once = Toll(amount([h for h in removed if h in first]), amount([h for h in hidden if h in first]))
        assert counted.census.tolls.get(rules[place].name, Toll()) == at_once
