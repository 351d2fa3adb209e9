"""Phrases for forecasts: amounts of money, and what a rule does."""

from collections.abc import Iterable
from decimal import Decimal

from imagestore.core.cost import cents
from imagestore.forecast.effect import Action
from imagestore.forecast.outlook import ForecastLine

_VERBS = {
    Action.MOVE: "move to",
    Action.REMOVE: "remove",
    Action.HIDE: "hide behind a delete marker",
    Action.SWEEP: "remove delete markers",
    Action.ABORT: "abort uploads",
}


def money(amount: Decimal, currency: str) -> str:
    """``0.12 USD``"""
    return f"{cents(amount)} {currency}"


def objects(count: int) -> str:
    """``1 object``, ``2 objects``"""
    return f"{count} object{'' if count == 1 else 's'}"


def action(line: ForecastLine) -> str:
    """``move to STANDARD_IA``"""
    return f"{_VERBS[line.action]} {line.target}".rstrip()


def once(line: ForecastLine) -> Decimal | None:
    """All one-time fees of a line; None if a price is unknown."""
    return None if line.transitions is None or line.early is None else line.transitions + line.early


def cost(line: ForecastLine, currency: str) -> str:
    """``saves 0.02 USD a month; costs 0.01 USD once, 0.005 USD of it for early deletion``"""
    return "; ".join(_cost(line, currency))


def _cost(line: ForecastLine, currency: str) -> Iterable[str]:
    if line.saving:
        verb = "saves" if line.saving > 0 else "costs"
        yield f"{verb} {money(abs(line.saving), currency)} a month"
    fees = once(line)
    if fees:
        early = f", {money(line.early, currency)} of it for early deletion" if line.early else ""
        yield f"costs {money(fees, currency)} once{early}"
