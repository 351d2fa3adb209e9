"""Pairs with their decisions, in stretches: what becomes one segment of the new journal. Pure.

A stretch ends where a segment of the old journal ends, so that a segment in which nothing changed is named again and not
written again: a run without changes writes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from imagestore.transfer.decide import PROVING, Decision, PairStep
from imagestore.transfer.journal import JournalEntry
from imagestore.transfer.order import KeyRank
from imagestore.transfer.pairs import KeyPair
from imagestore.transfer.segments import SegmentRef
from imagestore.transfer.tally import Tally

WORKING = frozenset(
    {
        PairStep.COPY,
        PairStep.COPY_BACK,
        PairStep.REFRESH,
        PairStep.REFRESH_BACK,
        PairStep.CONFLICT,
        PairStep.COMPARE,
        *PROVING,
    }
)  # steps that ask a store for something


class Work(NamedTuple):
    """A pair whose step takes calls. ``place``: of its entry among the stretch's."""

    pair: KeyPair
    step: PairStep
    entry: JournalEntry | None


@dataclass
class Stretch:
    """Consecutive keys. ``entries`` by key, in order; a Work's is there when it is done.

    ``last``: the last key that the stretch has seen. ``reused``: the old segment that it is, where nothing changed.
    """

    last: str = ""
    entries: dict[str, JournalEntry | None] = field(default_factory=dict)
    work: list[Work] = field(default_factory=list)
    covered: list[SegmentRef] = field(default_factory=list)
    unchanged: int = 0
    kept_pairs: int = 0  # that are not in the tally yet
    changed: bool = False
    tally: Tally = field(default_factory=Tally)

    def add(self, pair: KeyPair, chosen: Decision) -> None:
        """One more pair."""
        self.last = pair.key
        self.tally.pair(pair, chosen)
        if chosen.step in WORKING:
            self.work.append(Work(pair, chosen.step, chosen.entry))
            self.entries[pair.key] = pair.entry
        elif chosen.entry is not None:
            self.entries[pair.key] = chosen.entry
            same = chosen.entry is pair.entry or chosen.entry == pair.entry
            self.unchanged += same
            self.changed |= not same
        elif pair.entry is not None:
            self.changed = True

    def keep(self, pair: KeyPair) -> None:
        """One more pair that is just as noted: what ``add`` does of it, without a look at what it might be."""
        self.last = pair.key
        self.entries[pair.key] = pair.entry
        self.unchanged += 1
        self.kept_pairs += 1

    def counted(self) -> "Stretch":
        """The same with all of its pairs in the tally."""
        self.tally.kept_pairs(self.kept_pairs)
        self.kept_pairs = 0
        return self

    @property
    def reused(self) -> SegmentRef | None:
        """The segment of the old journal that this stretch repeats; None: there is something new in it."""
        one = self.covered[0] if len(self.covered) == 1 else None
        done = [w for w in self.work if w.pair.entry is not None or self.entries[w.pair.key] is not None]
        same = all(self.entries[w.pair.key] == w.pair.entry for w in done) and not self.changed
        return one if one is not None and same and self.unchanged + len(done) == one.count else None

    def kept(self) -> list[JournalEntry]:
        """The entries of the new segment."""
        return [e for e in self.entries.values() if e is not None]


def _is_full(now: Stretch, count: int, size: int) -> bool:
    """Whether the stretch ends here, within an old segment of ``count`` entries.

    One that was full when it was written ends where it ended then, and is parted only where something in it has changed. Ended
    one key earlier, it was written again in each run, with all segments behind it.
    """
    if len(now.work) >= size:
        return True
    if count < 2 * size:
        return len(now.entries) >= 2 * size
    return now.changed or bool(now.work)


def stretches(
    pairs: Iterable[KeyPair],
    as_noted: Callable[[KeyPair], bool],
    decide: Callable[[KeyPair], Decision],
    segments: list[SegmentRef],
    rank: KeyRank,
    size: int,
) -> Iterator[Stretch]:
    """All pairs, in stretches of about ``size`` entries. ``segments``: of the old journal, in this order.

    ``as_noted``: whether nothing has to be decided of a pair, because both sides are what the journal has.
    """
    left, now = list(reversed(segments)), Stretch()
    end = rank(left[-1].last) if left else None
    for pair in pairs:
        while left and pair.place > end:
            now.covered.append(left.pop())
            end = rank(left[-1].last) if left else None
            if (now.reused and not now.work) or len(now.entries) >= size // 4:
                yield now.counted()
                now = Stretch()
        if as_noted(pair):
            now.keep(pair)
        else:
            now.add(pair, decide(pair))
        if len(now.entries) >= size and _is_full(now, left[-1].count if left else 0, size):
            yield now.counted()
            now = Stretch()
    now.covered.extend(reversed(left))
    yield now.counted()
