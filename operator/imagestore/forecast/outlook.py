"""Evaluates a ledger: what each rule does in each period, and classes and costs day by day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from imagestore.core.cost import GB, MONTH, ZERO, PriceTable
from imagestore.forecast.effect import Action
from imagestore.forecast.ledger import Flow, Holding, Ledger, Sum


@dataclass(frozen=True)
class ForecastLine:
    """What one rule does in one period. ``saving`` is for each month from then on. Amounts are None where a price is unknown."""

    rule: str
    until: date
    action: Action
    target: str
    objects: int
    bytes: int
    saving: Decimal | None = None
    transitions: Decimal | None = None
    early: Decimal | None = None


@dataclass(frozen=True)
class Point:
    """A day's end. ``month``: what a month would cost if all stayed so; ``paid``: all costs until then, fees included."""

    day: date
    classes: Mapping[str, Holding] = field(default_factory=dict)
    month: Decimal | None = None
    fees: Decimal | None = None
    paid: Decimal | None = None


def periods(today: int, months: int) -> list[int]:
    """Today, and the last days of the next months of thirty days."""
    return [today + MONTH * n for n in range(months + 1)]


def lines(ledger: Ledger, names: Sequence[str], ends: Sequence[int]) -> list[ForecastLine]:
    """By rule, in the order of the rules, then by time."""
    groups: dict[tuple[int, int, Action, str], list[tuple[Flow, Sum]]] = {}
    for flow, total in ledger.flows.items():
        until = next((e for e in ends if flow.day <= e), None)
        if until is not None:
            groups.setdefault((flow.rule, until, flow.action, flow.target), []).append((flow, total))
    found = sorted(groups.items(), key=lambda g: (*g[0][:2], g[0][2].value, g[0][3]))
    return [_line(ledger.prices, names[rule], until, a, t, fs) for (rule, until, a, t), fs in found]


def _line(
    prices: PriceTable, rule: str, until: int, action: Action, target: str, flows: Sequence[tuple[Flow, Sum]]
) -> ForecastLine:
    return ForecastLine(
        rule,
        date.fromordinal(until),
        action,
        target if action is Action.MOVE else "",
        sum(s.objects for _, s in flows),
        sum(s.bytes for _, s in flows),
        total([saving(prices, f, s) for f, s in flows]),
        total([transitions(prices, f, s) for f, s in flows]),
        total([early(prices, f, s) for f, s in flows]),
    )


def total(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """The sum; None if any amount is unknown."""
    known = [a for a in amounts if a is not None]
    return sum(known, ZERO) if len(known) == len(amounts) else None


def saving(prices: PriceTable, flow: Flow, of: Sum) -> Decimal | None:
    """How much less a month costs afterwards."""
    if not flow.action.frees and flow.action is not Action.MOVE:
        return ZERO if prices.classes else None
    before = prices.month({flow.source: of.source})
    after = prices.month({flow.target: of.target}) if flow.target else ZERO
    known = bool(prices.classes) and before is not None and after is not None
    return before - after if known and before is not None and after is not None else None


def transitions(prices: PriceTable, flow: Flow, of: Sum) -> Decimal | None:
    """The one-time cost of the requests that move objects."""
    if flow.action is not Action.MOVE:
        return ZERO if prices.classes else None
    price = prices.classes.get(flow.target)
    return price.transitions_1000 * of.objects / 1000 if price else None


def early(prices: PriceTable, flow: Flow, of: Sum) -> Decimal | None:
    """The one-time fee for leaving a class before its minimum storage duration."""
    if not of.early:
        return ZERO if prices.classes else None
    price = prices.classes.get(flow.source)
    return price.gb_month * of.early / MONTH / GB if price else None


def curve(ledger: Ledger, today: int, last: int) -> Iterator[Point]:
    """A point for each day, as the day begins. The storage cost of a day is added on the next."""
    prices, held = ledger.prices, _copied(ledger.start)
    by_day: dict[int, list[tuple[Flow, Sum]]] = {}
    for flow, of in ledger.flows.items():
        by_day.setdefault(flow.day, []).append((flow, of))
    paid: Decimal | None = ZERO if prices.classes else None
    for day in range(today, last + 1):
        flows = by_day.get(day, [])
        for flow, of in flows:
            _carry(held, flow, of)
        fees = _fees(prices, flows)
        month = prices.month({c: h.billed for c, h in held.items()}) if prices.classes else None
        paid = total([paid, fees])
        yield Point(date.fromordinal(day), _copied(held), month, fees, paid)
        paid = total([paid, None if month is None else month / MONTH])


def _copied(held: Mapping[str, Holding]) -> dict[str, Holding]:
    return {c: Holding(h.objects, h.bytes, h.billed) for c, h in held.items()}


def _fees(prices: PriceTable, flows: Sequence[tuple[Flow, Sum]]) -> Decimal | None:
    """The one-time fees of a day's flows; None without prices."""
    if not prices.classes:
        return None
    return total([f for pair in flows for f in (transitions(prices, *pair), early(prices, *pair))])


def _carry(held: dict[str, Holding], flow: Flow, of: Sum) -> None:
    """Apply a flow. Hidden versions stay in their class; delete markers and uploads do not count as objects."""
    if flow.action not in (Action.MOVE, Action.REMOVE):
        return
    held.setdefault(flow.source, Holding()).add(-of.objects, -of.bytes, -of.source)
    if flow.target:
        held.setdefault(flow.target, Holding()).add(of.objects, of.bytes, of.target)
