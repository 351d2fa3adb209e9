"""A ledger in words and money: what each rule does in each period, and the curve of classes and costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from imagestore.core.cost import GB, MONTH, ZERO, PriceTable
from imagestore.forecast.effect import Action
from imagestore.forecast.ledger import Flow, Holding, Ledger, Sum


@dataclass(frozen=True)
class Line:
    """What one rule does in one period. ``saving`` is for each month from then on; money None: no price is known."""

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


def lines(ledger: Ledger, names: Sequence[str], ends: Sequence[int]) -> list[Line]:
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
) -> Line:
    return Line(
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
    """The sum, None if any is not known."""
    known = [a for a in amounts if a is not None]
    return sum(known, ZERO) if len(known) == len(amounts) else None


def saving(prices: PriceTable, flow: Flow, of: Sum) -> Decimal | None:
    """What a month costs less afterwards."""
    if not flow.action.frees and flow.action is not Action.MOVE:
        return ZERO if prices.classes else None
    before = prices.month({flow.source: of.source})
    after = prices.month({flow.target: of.target}) if flow.target else ZERO
    known = bool(prices.classes) and before is not None and after is not None
    return before - after if known and before is not None and after is not None else None


def transitions(prices: PriceTable, flow: Flow, of: Sum) -> Decimal | None:
    """What the requests that move objects cost, once."""
    if flow.action is not Action.MOVE:
        return ZERO if prices.classes else None
    price = prices.classes.get(flow.target)
    return price.transitions_1000 * of.objects / 1000 if price else None


def early(prices: PriceTable, flow: Flow, of: Sum) -> Decimal | None:
    """What is paid for the rest of a class's shortest time, once."""
    if not of.early:
        return ZERO if prices.classes else None
    price = prices.classes.get(flow.source)
    return price.gb_month * of.early / MONTH / GB if price else None


def curve(ledger: Ledger, today: int, last: int) -> Iterator[Point]:
    """Day by day, as it is when the day begins: what the day itself costs is paid on the next."""
    held = {c: Holding(h.objects, h.bytes, h.billed) for c, h in ledger.start.items()}
    by_day: dict[int, list[tuple[Flow, Sum]]] = {}
    for flow, of in ledger.flows.items():
        by_day.setdefault(flow.day, []).append((flow, of))
    paid: Decimal | None = ZERO if ledger.prices.classes else None
    for day in range(today, last + 1):
        flows = by_day.get(day, [])
        for flow, of in flows:
            _carry(held, flow, of)
        fees = total(
            [f for pair in flows for f in (transitions(ledger.prices, *pair), early(ledger.prices, *pair))]
        )
        fees = fees if ledger.prices.classes else None
        month = ledger.prices.month({c: h.billed for c, h in held.items()}) if ledger.prices.classes else None
        paid = total([paid, fees])
        yield Point(
            date.fromordinal(day),
            {c: Holding(h.objects, h.bytes, h.billed) for c, h in held.items()},
            month,
            fees,
            paid,
        )
        paid = total([paid, None if month is None else month / MONTH])


def _carry(held: dict[str, Holding], flow: Flow, of: Sum) -> None:
    """Hidden versions stay where they are; markers and uploads are no objects."""
    if flow.action not in (Action.MOVE, Action.REMOVE):
        return
    held.setdefault(flow.source, Holding()).add(-of.objects, -of.bytes, -of.source)
    if flow.target:
        held.setdefault(flow.target, Holding()).add(of.objects, of.bytes, of.target)
