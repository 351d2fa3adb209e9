"""What was counted of a listing: sums only, so its size depends on days, rules and classes, never on keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from imagestore.core.cost import PriceTable
from imagestore.core.stored import StoredVersion
from imagestore.forecast.effect import Action
from imagestore.forecast.fate import LifecycleEvent


class Flow(NamedTuple):
    """Things of one kind that happen on one day."""

    day: int
    rule: int
    action: Action
    source: str
    target: str


@dataclass
class Sum:
    """``source`` and ``target``: bytes as they are billed in the class that is left, and in the one that is entered.

    ``early``: billed bytes times the days for which they are paid although they are gone.
    """

    objects: int = 0
    bytes: int = 0
    source: int = 0
    target: int = 0
    early: int = 0

    def add(self, other: "Sum") -> None:
        """Both together."""
        self.objects += other.objects
        self.bytes += other.bytes
        self.source += other.source
        self.target += other.target
        self.early += other.early

    def scaled(self, whole: int, part: int) -> "Sum":
        """As much of the whole as this is of a part of it, rounded."""
        return Sum(*((2 * n * whole + part) // (2 * part) for n in self.numbers()))

    def numbers(self) -> tuple[int, int, int, int, int]:
        """For a checkpoint."""
        return self.objects, self.bytes, self.source, self.target, self.early


@dataclass
class Holding:
    """What a class holds. ``billed``: in bytes that are paid for."""

    objects: int = 0
    bytes: int = 0
    billed: int = 0

    def add(self, objects: int, size: int, billed: int) -> None:
        """Something more of it; less, if it is negative."""
        self.objects += objects
        self.bytes += size
        self.billed += billed


@dataclass
class Ledger:
    """``start``: by class, on the first day; ``current``: of all classes, those that are not old versions.

    Objects are versions; delete markers and uploads are counted apart.
    """

    prices: PriceTable
    start: dict[str, Holding] = field(default_factory=dict)
    flows: dict[Flow, Sum] = field(default_factory=dict)
    current: Holding = field(default_factory=Holding)
    keys: int = 0
    markers: int = 0
    uploads: int = 0

    def count(self, group: Sequence[StoredVersion], events: Sequence[LifecycleEvent]) -> None:
        """Add one key."""
        self.present(group)
        for event in events:
            self._happens(event, group[event.version].size if event.version >= 0 else 0)

    def present(self, group: Sequence[StoredVersion]) -> None:
        """Add one key's versions to what there is on the first day."""
        self.keys += 1
        for stored in group:
            if stored.upload or stored.marker:
                self.uploads += stored.upload
                self.markers += stored.marker
                continue
            held = self.start.get(stored.storage_class)
            if held is None:
                held = self.start[stored.storage_class] = Holding()
            billed = self.prices.billed(stored.storage_class, stored.size)
            held.add(1, stored.size, billed)
            if stored.latest:
                self.current.add(1, stored.size, billed)

    def _happens(self, event: LifecycleEvent, size: int) -> None:
        flow = Flow(event.day, event.rule, event.action, event.source, event.target)
        total = self.flows.get(flow)
        if total is None:
            total = self.flows[flow] = Sum()
        total.objects += 1
        if event.action in _WITHOUT_BYTES:
            return
        billed, least = self.prices.billed(event.source, size), self.prices.min_days(event.source)
        total.bytes += size
        total.source += billed
        total.target += self.prices.billed(event.target, size) if event.target else 0
        if event.action is not Action.HIDE and event.stayed < least:
            total.early += billed * (least - event.stayed)

    def merge(self, flows: dict[Flow, Sum]) -> None:
        """Add flows of another ledger."""
        for flow, total in flows.items():
            self.flows.setdefault(flow, Sum()).add(total)

    def to_json(self) -> Any:
        """For a checkpoint."""
        return {
            "start": {c: [h.objects, h.bytes, h.billed] for c, h in self.start.items()},
            "flows": [[*flow, *total.numbers()] for flow, total in self.flows.items()],
            "current": [self.current.objects, self.current.bytes, self.current.billed],
            "counts": [self.keys, self.markers, self.uploads],
        }

    @classmethod
    def from_json(cls, prices: PriceTable, said: Any) -> "Ledger":
        """What ``to_json`` wrote."""
        ledger = cls(
            prices,
            {c: Holding(*numbers) for c, numbers in said["start"].items()},
            dict(_flows(said)),
            Holding(*said["current"]),
        )
        ledger.keys, ledger.markers, ledger.uploads = said["counts"]
        return ledger


_WITHOUT_BYTES = frozenset({Action.ABORT, Action.SWEEP})


def _flows(said: Any) -> Iterator[tuple[Flow, Sum]]:
    for day, rule, action, source, target, *numbers in said["flows"]:
        yield Flow(day, rule, Action(action), source, target), Sum(*numbers)
