"""Summarizes a forecast by rule: what it removes at once, and what it affects today and within a month. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from imagestore.core.census import NOTHING, Amount, Census, Toll
from imagestore.core.cost import MONTH
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.effect import Action
from imagestore.forecast.ledger import Ledger
from imagestore.forecast.outlook import ForecastLine, lines, total


@dataclass(frozen=True)
class Touch:
    """What one rule does. ``soon``: within a month, today apart. Of both: what is ``removed`` for good, and what is ``hidden``.

    Money is for both; None: no price is known. ``fees`` are paid once.
    """

    rule: str
    now: Amount = NOTHING
    soon: Amount = NOTHING
    removed: Amount = NOTHING
    hidden: Amount = NOTHING
    saving: Decimal | None = None
    fees: Decimal | None = None


@dataclass(frozen=True)
class Counted:
    """All that is kept of a survey. ``sampled``: of how many keys tags were asked, and how many depend on tags."""

    day: date
    census: Census
    touches: tuple[Touch, ...] = ()
    currency: str = ""
    sampled: tuple[int, int] = (0, 0)


def tally(ledger: Ledger, rules: Sequence[LifecycleRule], today: int, sampled: tuple[int, int]) -> Counted:
    """The ledger must reach a month ahead."""
    names = [r.name for r in rules]
    current = Amount(ledger.current.objects, ledger.current.bytes)
    census = Census(_present(ledger), current, _tolls(ledger, names, today), "rule", sampled[0] < sampled[1])
    touches = _touches(lines(ledger, names, [today, today + MONTH]), names, today)
    return Counted(date.fromordinal(today), census, touches, ledger.prices.currency, sampled)


def _present(ledger: Ledger) -> Amount:
    return sum((Amount(h.objects, h.bytes) for h in ledger.start.values()), NOTHING)


def _tolls(ledger: Ledger, names: Sequence[str], today: int) -> dict[str, Toll]:
    """The toll of each rule. A version that is hidden and removed on the same day counts in both."""
    tolls: dict[str, Toll] = {}
    for flow, of in ledger.flows.items():
        if flow.day > today or flow.action not in (Action.REMOVE, Action.HIDE):
            continue
        amount, was = Amount(of.objects, of.bytes), tolls.get(names[flow.rule], Toll())
        hides = flow.action is Action.HIDE
        tolls[names[flow.rule]] = (
            replace(was, hidden=was.hidden + amount) if hides else replace(was, removed=was.removed + amount)
        )
    return tolls


def _touches(found: Sequence[ForecastLine], names: Sequence[str], today: int) -> tuple[Touch, ...]:
    """A row for each rule, also for one that affects nothing."""
    return tuple(_touch(name, [line for line in found if line.rule == name], today) for name in names)


def _touch(rule: str, mine: Sequence[ForecastLine], today: int) -> Touch:
    first = date.fromordinal(today)
    fees = total([total([line.transitions, line.early]) for line in mine])
    return Touch(
        rule,
        _sum([line for line in mine if line.until == first]),
        _sum([line for line in mine if line.until != first]),
        _sum([line for line in mine if line.action is Action.REMOVE]),
        _sum([line for line in mine if line.action is Action.HIDE]),
        total([line.saving for line in mine]),
        fees,
    )


def _sum(mine: Sequence[ForecastLine]) -> Amount:
    return sum((Amount(line.objects, line.bytes) for line in mine), NOTHING)


def at_once(rule: LifecycleRule, today: date) -> LifecycleRule:
    """The rule with a future date replaced by today: on that date it removes everything at once, without further approval."""
    if rule.expire is None or rule.expire.date is None or rule.expire.date <= today.isoformat():
        return rule
    expire = rule.expire.model_copy(update={"date": today.isoformat()})
    return rule.model_copy(update={"expire": expire})
