"""The cost of storage, from a price table with a date. Pure, in decimal arithmetic.

A GB is 2**30 bytes and a month 30 days. Volume discounts are not included: they depend on all buckets of an account.
Without a price the cost is None, never a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

GB = 2**30
MONTH = 30  # days
ZERO = Decimal(0)


@dataclass(frozen=True)
class Price:
    """The price of one storage class. ``overhead``: bytes of index that are billed with each object.

    ``estimate``: which of the numbers sources disagree about.
    """

    gb_month: Decimal
    min_days: int = 0
    min_size: int = 0
    overhead: int = 0
    retrieval_gb: Decimal = ZERO
    transitions_1000: Decimal = ZERO
    estimate: frozenset[str] = frozenset()

    def billed(self, size: int) -> int:
        """Return the bytes that an object of this size is billed as."""
        return max(size, self.min_size) + self.overhead


@dataclass(frozen=True)
class PriceTable:
    """Prices by the store's names of its classes.

    ``as_of``: the day on which they were valid, if known. ``region``: where they hold, of list prices.
    """

    name: str
    currency: str
    as_of: str
    classes: Mapping[str, Price] = field(default_factory=dict)
    region: str = ""

    def billed(self, storage_class: str, size: int) -> int:
        """Return the bytes that an object is billed as in a class; its size if the class has no price."""
        price = self.classes.get(storage_class)
        return price.billed(size) if price else size

    def min_days(self, storage_class: str) -> int:
        """Return the least number of days that an object is billed for."""
        price = self.classes.get(storage_class)
        return price.min_days if price else 0

    def month(self, billed: Mapping[str, int]) -> Decimal | None:
        """Return the cost of these billed bytes for a month, by class; None if a class with bytes has no price."""
        held = {c: b for c, b in billed.items() if b}
        if any(c not in self.classes for c in held):
            return None
        return sum((self.classes[c].gb_month * b / GB for c, b in held.items()), ZERO)

    def estimated(self, classes: frozenset[str]) -> tuple[str, ...]:
        """Return which prices of these classes are estimates, as sentences."""
        known = sorted((c, self.classes[c].estimate) for c in classes if c in self.classes)
        return tuple(f"{c}: {', '.join(sorted(e))}" for c, e in known if e)


UNPRICED = PriceTable("", "", "")


def cents(amount: Decimal) -> Decimal:
    """Round an amount for display: to cents, and to four digits if it is less than a cent."""
    small = abs(amount) < Decimal("0.01")
    return amount.quantize(Decimal("0.0001" if small and amount else "0.01"), ROUND_HALF_UP)
