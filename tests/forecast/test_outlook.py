"""What a forecast says of its sums: lines and curves with their money, and what is kept of it."""

from datetime import date
from decimal import Decimal

import pytest

from imagestore.core.census import Amount, Toll
from imagestore.core.cost import GB, MONTH, UNPRICED, ZERO, Price, PriceTable, cents
from imagestore.forecast.effect import Action
from imagestore.forecast.ledger import Flow, Holding, Ledger, Sum
from imagestore.forecast.outlook import curve, early, lines, periods, saving, total, transitions
from imagestore.forecast.tally import at_once, tally
from tests.forecast.test_sums import ABORT, HIDE, MOVE, PRICES, REMOVE, TODAY, rule

BILLED = Sum(2000, GB, GB, 2 * GB, 3 * GB)


def test_a_move_saves_the_difference_and_costs_its_requests() -> None:
    assert saving(PRICES, MOVE, BILLED) == 30 - 2 * 3
    assert transitions(PRICES, MOVE, BILLED) == 5 * 2
    assert early(PRICES, MOVE, BILLED) == Decimal(30) * 3 / MONTH
    assert early(PRICES, MOVE, Sum(1, 1, 1, 1, 0)) == 0


def test_what_is_removed_saves_all_of_it() -> None:
    assert saving(PRICES, REMOVE, BILLED) == 3
    assert transitions(PRICES, REMOVE, BILLED) == 0
    assert saving(PRICES, HIDE, BILLED) == 0


@pytest.mark.parametrize("flow", [MOVE, REMOVE, HIDE, ABORT])
def test_without_any_price_nothing_is_known(flow: Flow) -> None:
    assert [f(UNPRICED, flow, BILLED) for f in (saving, transitions, early)] == [None] * 3
    assert saving(UNPRICED, flow, Sum()) is None
    assert early(UNPRICED, flow, Sum()) is None


def test_where_one_price_is_missing_what_needs_it_is_not_known() -> None:
    half = PriceTable("t", "EUR", "", {"STANDARD": Price(Decimal(30))})
    assert saving(half, MOVE, BILLED) is None
    assert transitions(half, MOVE, BILLED) is None
    assert early(half, MOVE, BILLED) == 3
    assert early(half, REMOVE, BILLED) is None
    assert transitions(half, REMOVE, BILLED) == 0
    assert saving(half, Flow(TODAY, 0, Action.REMOVE, "STANDARD", ""), BILLED) == 30


def test_a_total_is_known_if_all_of_it_is() -> None:
    assert total([]) == 0
    assert total([Decimal(1), Decimal(2)]) == 3
    assert total([Decimal(1), None]) is None
    assert total([Decimal(0)]) == 0


def test_periods_are_today_and_each_thirty_days_after() -> None:
    assert periods(10, 0) == [10]
    assert periods(10, 2) == [10, 40, 70]


def test_lines_are_by_rule_period_action_and_class() -> None:
    flows = {
        Flow(TODAY + 31, 0, Action.MOVE, "STANDARD", "COOL"): Sum(1, 10),
        Flow(TODAY + 30, 1, Action.REMOVE, "COOL", ""): Sum(2, 20),
        Flow(TODAY + 30, 0, Action.MOVE, "STANDARD", "COOL"): Sum(3, 30),
        Flow(TODAY + 1, 0, Action.MOVE, "ODD", "COOL"): Sum(4, 40),
        Flow(TODAY, 0, Action.REMOVE, "COOL", ""): Sum(5, 50),
        Flow(TODAY, 0, Action.HIDE, "COOL", "COOL"): Sum(6, 60),
        Flow(TODAY + 61, 0, Action.REMOVE, "COOL", ""): Sum(7, 70),
    }
    found = lines(Ledger(PRICES, flows=flows), ["a", "b"], periods(TODAY, 2))
    assert [(e.rule, e.until.toordinal() - TODAY, e.action, e.target, e.objects, e.bytes) for e in found] == [
        ("a", 0, Action.HIDE, "", 6, 60),
        ("a", 0, Action.REMOVE, "", 5, 50),
        ("a", 30, Action.MOVE, "COOL", 7, 70),
        ("a", 60, Action.MOVE, "COOL", 1, 10),
        ("b", 30, Action.REMOVE, "", 2, 20),
    ]


def test_a_curve_follows_what_is_held_and_paid_day_by_day() -> None:
    day = TODAY + 1
    flows = {
        Flow(day, 0, Action.MOVE, "STANDARD", "COOL"): Sum(1000, GB, GB, GB, 0),
        Flow(day + 1, 0, Action.REMOVE, "COOL", ""): Sum(1000, GB, GB, 0, 28 * GB),
        Flow(day, 0, Action.HIDE, "STANDARD", "STANDARD"): Sum(9, 9, 9, 9, 0),
        Flow(day, 0, Action.ABORT, "STANDARD", ""): Sum(9),
    }
    start = {"STANDARD": Holding(2000, 2 * GB, 2 * GB)}
    points = list(curve(Ledger(PRICES, start, flows), TODAY, TODAY + 3))
    assert [p.day.toordinal() - TODAY for p in points] == [0, 1, 2, 3]
    assert [{c: h.objects for c, h in p.classes.items()} for p in points] == [
        {"STANDARD": 2000},
        {"STANDARD": 1000, "COOL": 1000},
        {"STANDARD": 1000, "COOL": 0},
        {"STANDARD": 1000, "COOL": 0},
    ]
    assert [p.month for p in points] == [60, 33, 30, 30]
    assert [p.fees for p in points] == [0, 5, Decimal(3) * 28 / 30, 0]
    first, second, third = Decimal(2), 2 + 5 + Decimal(33) / 30, Decimal(28) / 10 + 1
    assert [p.paid for p in points] == [0, first + 5, second + Decimal(28) / 10, second + third]
    assert start["STANDARD"].objects == 2000, "what it began with stays"


def test_a_curve_without_prices_has_no_money() -> None:
    points = list(curve(Ledger(UNPRICED, {"A": Holding(1, 1, 1)}, {MOVE: Sum(1)}), TODAY, TODAY + 1))
    assert {(p.month, p.fees, p.paid) for p in points} == {(None, None, None)}


def test_a_class_without_a_price_ends_what_is_known_of_the_sum() -> None:
    ledger = Ledger(PRICES, {"ODD": Holding(1, 1, 1)})
    points = list(curve(ledger, TODAY, TODAY + 1))
    assert [(p.month, p.fees, p.paid) for p in points] == [(None, ZERO, ZERO), (None, ZERO, None)]


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0.01", "0.01"), ("0.0099", "0.0099"), ("-0.005", "-0.0050"), ("1.005", "1.01"), ("0", "0.00"),
        ("0.00005", "0.0001"), ("-12.345", "-12.35"), ("0.0199", "0.02"),
    ],
)  # fmt: skip
def test_less_than_a_cent_has_four_digits(amount: str, shown: str) -> None:
    assert str(cents(Decimal(amount))) == shown


def counted(flows: dict[Flow, Sum], *, sampled: tuple[int, int] = (0, 0)) -> Ledger:
    start = {"STANDARD": Holding(100, 1000, 1000), "COOL": Holding(10, 100, 100)}
    return Ledger(PRICES, start, flows, Holding(90, 900, 900))


def test_a_tally_is_of_today_and_of_the_month_after() -> None:
    flows = {
        Flow(TODAY, 0, Action.REMOVE, "STANDARD", ""): Sum(1, 10, GB, 0, 0),
        Flow(TODAY + 1, 0, Action.REMOVE, "STANDARD", ""): Sum(2, 20, GB, 0, 0),
        Flow(TODAY + 30, 0, Action.HIDE, "STANDARD", "STANDARD"): Sum(4, 40, 0, 0, 0),
        Flow(TODAY + 31, 0, Action.REMOVE, "STANDARD", ""): Sum(8, 80, GB, 0, 0),
        Flow(TODAY, 1, Action.HIDE, "STANDARD", "STANDARD"): Sum(16, 160, 0, 0, 0),
        Flow(TODAY, 1, Action.MOVE, "STANDARD", "COOL"): Sum(1000, 320, GB, GB, GB),
        Flow(TODAY, 1, Action.REMOVE, "COOL", ""): Sum(64, 640, GB, 0, GB),
    }
    told = tally(counted(flows), [rule("a"), rule("b"), rule("c")], TODAY, (3, 4))
    assert told.day == date(2027, 3, 1)
    assert (told.census.present, told.census.current) == (Amount(110, 1100), Amount(90, 900))
    assert told.census.tolls == {
        "a": Toll(removed=Amount(1, 10)),
        "b": Toll(Amount(64, 640), Amount(16, 160)),
    }
    assert (told.census.part, told.census.estimated, told.currency, told.sampled) == (
        "rule",
        True,
        "EUR",
        (3, 4),
    )
    a, b, c = told.touches
    assert (a.rule, a.now, a.soon, a.removed, a.hidden) == (
        "a", Amount(1, 10), Amount(6, 60), Amount(3, 30), Amount(4, 40)
    )  # fmt: skip
    assert (b.now, b.soon) == (Amount(1080, 1120), Amount())
    assert (a.saving, a.fees) == (Decimal(60), ZERO)
    assert (b.saving, b.fees) == (Decimal(27 + 3), 5 + 1 + Decimal(1) / 10)
    assert (c.now, c.soon, c.saving, c.fees) == (Amount(), Amount(), ZERO, ZERO)
    assert not tally(counted({}), [], TODAY, (4, 4)).census.estimated


@pytest.mark.parametrize(
    ("expire", "becomes"),
    [
        ({"days": 9}, {"days": 9}),
        ({"date": "2027-03-02"}, {"date": "2027-03-01"}),
        ({"date": "2027-03-01"}, {"date": "2027-03-01"}),
        ({"date": "2027-02-28"}, {"date": "2027-02-28"}),
    ],
)
def test_a_date_to_come_is_counted_as_today(expire: dict[str, object], becomes: dict[str, object]) -> None:
    made = at_once(rule(expire=expire), date(2027, 3, 1))
    assert made.expire is not None
    assert made.expire.to_json() == becomes
    assert made.name == "r"
    moves = rule(transitions=[{"tier": "Cool", "days": 1}])
    assert at_once(moves, date(2027, 3, 1)) is moves
