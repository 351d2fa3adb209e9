"""How much each store's clock differs from ours. Times of two stores are compared only when corrected by it."""

from dataclasses import dataclass, field

from imagestore.transfer.job import TransferEnd, TransferHooks
from imagestore.transfer.report import BothSides, TransferSide

_CUT_OFF = 999  # ms that a Date does not tell


def _apart(least: int, most: int) -> int:
    """A difference between these: none where that is possible.

    A Date has whole seconds. With up to a second of it on either side the older of two edits within a second won.
    """
    return least if least > 0 else min(most, 0)


@dataclass
class Clocks:
    """``skew``: a store's clock minus ours, in ms."""

    hooks: TransferHooks
    skew: dict[TransferSide, int] = field(default_factory=lambda: {"source": 0, "destination": 0})

    def read(self, side: TransferSide, end: TransferEnd) -> int:
        """The store's time in ms. Raises StoreError."""
        before = self.hooks.now()
        told = end.store.now(end.bucket)
        self.skew[side] = _apart(told - self.hooks.now(), told + _CUT_OFF - before)
        return told

    def at(self, side: TransferSide) -> int:
        """The side's time in ms, without asking."""
        return self.hooks.now() + self.skew[side]

    @property
    def ahead(self) -> int:
        """The destination's clock minus the source's."""
        return self.skew["destination"] - self.skew["source"]

    @property
    def both(self) -> BothSides:
        """For the report."""
        return BothSides(self.skew["source"], self.skew["destination"])
