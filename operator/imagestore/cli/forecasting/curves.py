"""The result of a simulation as a table, CSV and JSON."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from imagestore.cli.forecasting import phrases
from imagestore.cli.forecasting.report import aligned, content
from imagestore.core import units
from imagestore.core.cost import MONTH, cents
from imagestore.core.render import Paint, plain, printable
from imagestore.forecast.ledger import Ledger
from imagestore.forecast.outlook import Point, curve


@dataclass(frozen=True)
class Curve:
    """``points``: one a day. ``classes`` from warm to cold. ``title`` and ``notes`` are for people."""

    title: str
    ledger: Ledger
    classes: tuple[str, ...]
    points: tuple[Point, ...]
    notes: tuple[str, ...] = ()

    @property
    def priced(self) -> bool:
        """Whether there is money to show."""
        return self.points[-1].paid is not None

    def every(self, days: int) -> list[Point]:
        """Each so many days, the first and the last among them."""
        picked = list(self.points[::days])
        return picked if picked[-1] is self.points[-1] else [*picked, self.points[-1]]


def curve_of(
    title: str, ledger: Ledger, ladder: Sequence[str], span: tuple[int, int], notes: tuple[str, ...]
) -> Curve:
    """A point for each day of the span, the first and the last included."""
    points = tuple(curve(ledger, *span))
    used = {c for p in (points[0], points[-1]) for c in p.classes} | {
        f.target for f in ledger.flows if f.target
    }
    classes = (*(c for c in ladder if c in used), *sorted(used - set(ladder)))
    return Curve(title, ledger, classes, points, notes)


def text(c: Curve, days: int, paint: Paint = plain) -> str:
    """For a terminal."""
    money = ["a month", "fees", "paid so far"] if c.priced else []
    rows = [["day", "objects", *map(printable, c.classes), *money]]
    rows += [_row(c, p, fees) for p, fees in _periods(c, days)]
    said = [paint("strong", printable(c.title)), f"  {content(c.ledger)}"]
    said += [f"  {row}" for row in aligned(rows)]
    said += [paint("faint", f"  {line}") for line in _end(c)]
    said += [paint("faint", f"  note: {printable(n)}") for n in c.notes]
    return "\n".join(said) + "\n"


def _periods(c: Curve, days: int) -> Iterator[tuple[Point, Decimal]]:
    """Each shown day with the fees since the one before."""
    shown, fees = {p.day for p in c.every(days)}, Decimal(0)
    for point in c.points:
        fees += point.fees or 0
        if point.day in shown:
            yield point, fees
            fees = Decimal(0)


def _row(c: Curve, p: Point, fees: Decimal) -> list[str]:
    held = [p.classes[name].bytes if name in p.classes else 0 for name in c.classes]
    money = [_money(p.month), _money(fees), _money(p.paid)] if c.priced else []
    return [str(p.day), str(sum(h.objects for h in p.classes.values())), *map(units.size, held), *money]


def _money(amount: Decimal | None) -> str:
    return "?" if amount is None else str(cents(amount))


def _end(c: Curve) -> Iterator[str]:
    last, first = c.points[-1], c.points[0]
    if last.paid is None or first.month is None:
        return
    currency = c.ledger.prices.currency
    start = c.ledger.prices.month({name: h.billed for name, h in c.ledger.start.items()}) or Decimal(0)
    days = len(c.points) - 1
    without = start * days / MONTH
    yield (
        f"{days} day{'' if days == 1 else 's'} cost{'s' if days == 1 else ''} {phrases.money(last.paid, currency)}; without rules"
        f" {phrases.money(without, currency)}"
    )
    back = sum((_retrieval(c, name, h.bytes) for name, h in last.classes.items()), Decimal(0))
    if back:
        yield f"reading all remaining objects once costs {phrases.money(back, currency)}, without the cost of requests"


def _retrieval(c: Curve, name: str, size: int) -> Decimal:
    price = c.ledger.prices.classes.get(name)
    return price.retrieval_gb * size / 2**30 if price else Decimal(0)


def as_csv(c: Curve, days: int) -> str:
    """A line for each shown day, in bytes; columns named by class."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    sizes = [f"bytes {name}" for name in c.classes]
    writer.writerow(["day", "objects", *sizes, "month", "fees", "paid"])
    for p, fees in _periods(c, days):
        held = [p.classes[name].bytes if name in p.classes else 0 for name in c.classes]
        objects = sum(h.objects for h in p.classes.values())
        writer.writerow([p.day, objects, *held, p.month, fees if c.priced else None, p.paid])
    return out.getvalue()


def as_json(c: Curve, days: int) -> str:
    """For programs; money is a string of all its digits."""
    prices = c.ledger.prices
    said = {
        "version": 1,
        "title": c.title,
        "notes": list(c.notes),
        "prices": {"currency": prices.currency, "asOf": prices.as_of or None} if prices.classes else None,
        "points": [_point(p, fees if c.priced else None) for p, fees in _periods(c, days)],
    }
    return json.dumps(said, indent=2, default=str) + "\n"


def _point(p: Point, fees: Decimal | None) -> dict[str, Any]:
    classes = {name: {"objects": h.objects, "bytes": h.bytes} for name, h in sorted(p.classes.items())}
    return {"day": p.day, "classes": classes, "month": p.month, "fees": fees, "paid": p.paid}
