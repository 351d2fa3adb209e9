"""What a run has counted so far: goes into checkpoints, progress and the report. One thread changes it."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from imagestore.core.census import Amount
from imagestore.transfer.decide import Decision, PairStep
from imagestore.transfer.journal import EntryFlag
from imagestore.transfer.pairs import KeyPair
from imagestore.transfer.report import BothSides

COUNTED = frozenset({PairStep.KEEP, PairStep.NOTE})
SUMS = (
    "equal", "unverified", "excluded", "waiting", "deleted", "conflicts", "late_writes", "copied", "copied_bytes", "backlog",
    "backlog_bytes", "at_source", "at_destination",
)  # fmt: skip
REPORTED = 5_000  # failures that the report object lists
LONGEST_MESSAGE = 200


@dataclass(frozen=True)
class ReportedKey:
    """One line of the report object: a key that failed, lost a conflict, or was kept."""

    key: str
    reason: str
    message: str = ""


@dataclass
class Tally:
    """Counts. ``oldest``: when the oldest change that is not brought over was made, by the source's clock."""

    equal: int = 0
    unverified: int = 0
    excluded: int = 0
    waiting: int = 0  # for their deletion
    deleted: int = 0
    conflicts: int = 0
    late_writes: int = 0  # brought over from the side that is not written to any more
    copied: int = 0
    copied_bytes: int = 0
    backlog: int = 0
    backlog_bytes: int = 0
    oldest: int | None = None
    failed: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    at_source: int = 0  # objects that were listed
    at_destination: int = 0
    newest_of_others: int = 0  # ms; when the newest object was written that a copy would have overwritten
    lines: list[ReportedKey] = field(default_factory=list)

    def pair(self, pair: KeyPair, chosen: Decision) -> None:
        """A pair as it was decided. What takes work is counted when it is done."""
        here, there = pair.source is not None, pair.destination is not None
        self.at_source += here
        self.at_destination += there
        if chosen.step in COUNTED and chosen.entry is not None:
            if chosen.why != "Done":
                self._equal(chosen.entry.flags, both=here and there)
        elif chosen.step is PairStep.LEAVE:
            self._left(chosen.why)
        elif chosen.step is PairStep.AWAIT_DELETION:
            self.waiting += 1
        elif chosen.step is PairStep.REFUSE:
            self._refused(pair, chosen)

    def kept_pairs(self, count: int) -> None:
        """Pairs that are on both sides as they were noted."""
        self.at_source += count
        self.at_destination += count
        self.equal += count

    def _equal(self, flags: int, *, both: bool) -> None:
        if flags & EntryFlag.EXCLUDED:
            self.excluded += 1
        elif flags & EntryFlag.UNVERIFIED:
            self.unverified += 1
        else:
            self.equal += both

    def _refused(self, pair: KeyPair, chosen: Decision) -> None:
        item, message = pair.source or pair.destination, "the other store cannot hold this key"
        self.failure(pair.key, chosen.why, message, item.size if item else 0, chosen.changed)

    def _left(self, why: str) -> None:
        if why == "Older":
            self.excluded += 1
        elif why:
            self.keep(why)

    def add(self, other: "Tally") -> None:
        """The counts of a part."""
        for name in SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.oldest is not None:
            self.oldest = other.oldest if self.oldest is None else min(self.oldest, other.oldest)
        self.newest_of_others = max(self.newest_of_others, other.newest_of_others)
        for mine, theirs in ((self.failed, other.failed), (self.lost, other.lost), (self.kept, other.kept)):
            mine.update(theirs)
        for line in other.lines:
            self.line(line)

    def failure(self, key: str, reason: str, message: str, size: int, modified: int | None) -> None:
        """An object that is not equal at the end of the run."""
        self.failed[reason] += 1
        self.late(size, modified)
        self.line(ReportedKey(key, reason, message))

    def late(self, size: int, modified: int | None) -> None:
        """An object that the next run has to bring over."""
        self.backlog += 1
        self.backlog_bytes += size
        if modified is not None and (self.oldest is None or modified < self.oldest):
            self.oldest = modified

    def line(self, said: ReportedKey) -> None:
        """One more line of the report, up to a bound."""
        if len(self.lines) < REPORTED:
            self.lines.append(replace(said, message=said.message[:LONGEST_MESSAGE]))

    def keep(self, reason: str) -> None:
        """An object at the destination that is not deleted."""
        self.kept[reason] += 1

    @property
    def seen(self) -> BothSides:
        """Objects that were listed."""
        return BothSides(self.at_source, self.at_destination)

    @property
    def done(self) -> Amount:
        """What was copied."""
        return Amount(self.copied, self.copied_bytes)

    @property
    def due(self) -> Amount:
        """What is not equal."""
        return Amount(self.backlog, self.backlog_bytes)

    def to_json(self) -> dict[str, Any]:
        """For a checkpoint."""
        lines = [[line.key, line.reason, line.message] for line in self.lines]
        return {**self.__dict__, "lines": lines}


def tally_of(told: dict[str, Any]) -> Tally:
    """What ``to_json`` wrote."""
    counters = {name: Counter(told[name]) for name in ("failed", "lost", "kept")}
    return Tally(**{**told, **counters, "lines": [ReportedKey(*line) for line in told["lines"]]})
