"""Content of a bucket, and what a change would delete from it at once. Pure."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from imagestore.core.units import grouped, size

NAMED_PARTS = 5  # parts that a sentence names


@dataclass(frozen=True)
class Amount:
    """A number of objects and their bytes. Objects are versions."""

    objects: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.objects + other.objects, self.bytes + other.bytes)

    def exceeds(self, percent: int, whole: "Amount") -> bool:
        """Whether it is more than ``percent`` of the whole, by number or by bytes."""
        return self.objects * 100 > percent * whole.objects or self.bytes * 100 > percent * whole.bytes


NOTHING = Amount()


@dataclass(frozen=True)
class Toll:
    """What one part deletes at its first run: ``removed`` for good, compared with all versions; ``hidden`` behind a delete marker,
    compared with the current ones.
    """

    removed: Amount = NOTHING
    hidden: Amount = NOTHING


@dataclass(frozen=True)
class Census:
    """A bucket's versions, those of them that are current, and the tolls of a setting's parts, by their names.

    ``part``: what people call a part. ``estimated``: tolls are extrapolated from a sample.
    """

    present: Amount = NOTHING
    current: Amount = NOTHING
    tolls: Mapping[str, Toll] = field(default_factory=dict)
    part: str = "part"
    estimated: bool = False

    def exceeds(self, parts: Set[str], percent: int) -> bool:
        """Whether these parts together exceed ``percent`` of the content."""
        tolls = [self.tolls.get(p, Toll()) for p in parts]
        removed = sum((t.removed for t in tolls), NOTHING)
        hidden = sum((t.hidden for t in tolls), NOTHING)
        return removed.exceeds(percent, self.present) or hidden.exceeds(percent, self.current)

    def sentence(self, parts: Set[str]) -> str:
        """Return a sentence about what these parts delete, the largest first."""
        said = sorted(((self.tolls.get(p, Toll()), p) for p in parts), key=_most)
        taking = [(toll, p) for toll, p in said if toll != Toll()] or said
        shown = "; ".join(f"{self.part} {p} {self._takes(toll)}" for toll, p in taking[:NAMED_PARTS])
        more = len(taking) - NAMED_PARTS
        return shown + (f"; and {more} more" if more > 0 else "")

    def _takes(self, toll: Toll) -> str:
        return " and ".join(self._deeds(toll)) + " at its first run"

    def _deeds(self, toll: Toll) -> Iterator[str]:
        about = "about " if self.estimated else ""
        if toll.removed != NOTHING or toll.hidden == NOTHING:
            yield f"would remove {about}{_of(toll.removed, self.present)}"
        if toll.hidden != NOTHING:
            yield f"would hide {about}{_of(toll.hidden, self.current)} behind delete markers"


def _most(pair: tuple[Toll, str]) -> tuple[int, int, str]:
    toll, part = pair
    both = toll.removed + toll.hidden
    return -both.objects, -both.bytes, part


def _of(amount: Amount, whole: Amount) -> str:
    objects = f"{grouped(amount.objects)} of {grouped(whole.objects)} objects"
    return f"{objects} ({size(amount.bytes)} of {size(whole.bytes)})"
