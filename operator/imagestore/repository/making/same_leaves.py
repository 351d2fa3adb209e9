"""Rows into leaves, without making a leaf anew of which every row is that of the last backup.

Encoding, hashing and compressing were two fifths of what an unchanged backup costs beside its listing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import NamedTuple

from imagestore.repository.format.leaves import FinishedLeaf, LeafBuilder, LeafRef

MOST_LINES = 1000
LinesOf = Callable[[str], Iterable[bytes]]
"""The lines of a leaf, by its name. Raises DamagedFile."""


class LeafLine(NamedTuple):
    """The line of a row. ``at``: its place in the last backup, where it is of that one."""

    key: str
    line: bytes
    at: int = -1


@dataclass(slots=True)
class UnchangedStretch:
    """Rows that come one after the other in the last backup, of objects that did not change. ``bytes``: of these objects."""

    ready = True  # nothing is waited for, unlike for other objects on their way
    lines: list[LeafLine] = field(default_factory=list)
    bytes: int = 0

    def goes_on_at(self, at: int) -> bool:
        """Whether the row at a place is the next one. Before it a leaf may be damaged, or all objects of a leaf gone."""
        return not self.lines or (at == self.lines[-1].at + 1 and len(self.lines) < MOST_LINES)

    def add(self, line: LeafLine, size: int) -> None:
        """The next row, and the size of its object."""
        self.lines.append(line)
        self.bytes += size


class SameLeaves:
    """``base``: the leaves of the last backup. ``usable``: by the hash in its name, the name of each that may be referred to.

    ``builder`` makes all others.
    """

    def __init__(
        self, builder: LeafBuilder, base: Sequence[LeafRef], usable: Mapping[str, str], lines: LinesOf
    ) -> None:
        self._builder, self._usable, self._lines = builder, usable, lines
        first = accumulate((ref.rows for ref in base), initial=0)
        self._beginning = dict(zip(first, base, strict=False))  # by the place of its first row
        self._begun: LeafRef | None = None  # whose rows come one after the other
        self._next = self._same = 0

    def add(self, row: LeafLine) -> Iterator[FinishedLeaf | LeafRef]:
        """Add a row; yield each leaf that is complete by now, new or of the base."""
        if self._begun is None and not self._builder.rows:
            self._begin(row)
        if self._begun is None:
            yield from _one(self._builder.add(row.line, row.key))
        elif row.at == self._next and self._same < self._begun.rows:
            yield from self._go_on(row, self._begun)
        else:
            self._make_anew(self._begun)
            yield from _one(self._builder.add(row.line, row.key))

    def add_stretch(self, rows: Sequence[LeafLine]) -> Iterator[FinishedLeaf | LeafRef]:
        """Add rows that come one after the other in the base. Within a leaf of the base they are only counted."""
        done = 0
        while done < len(rows):
            yield from self.add(rows[done])
            done += 1
            if self._begun is not None:
                inside = max(0, min(len(rows) - done, self._begun.rows - 1 - self._same))
                self._next, self._same, done = self._next + inside, self._same + inside, done + inside

    def finish(self) -> Iterator[FinishedLeaf | LeafRef]:
        """Yield the last leaf."""
        if self._begun is not None and self._same == self._begun.rows:
            yield self._begun
        elif self._begun is not None:
            self._make_anew(self._begun)
        yield from _one(self._builder.finish())

    def _begin(self, row: LeafLine) -> None:
        found = self._beginning.get(row.at)
        if found is not None and found.name.partition(".")[0] in self._usable:
            self._begun, self._next, self._same = found, row.at, 0

    def _go_on(self, row: LeafLine, leaf: LeafRef) -> Iterator[LeafRef]:
        """The last leaf of a backup may end where no other one would: more rows belong into it."""
        self._next, self._same = self._next + 1, self._same + 1
        if self._same == leaf.rows and self._builder.ends(row.key, leaf.rows):
            self._begun = None
            yield leaf

    def _make_anew(self, leaf: LeafRef) -> None:
        """What was passed over goes into the builder: the leaf is another one from here on."""
        self._begun = None
        if not self._same:
            return
        for line in islice(self._lines(leaf.name), self._same):
            self._builder.add_line(line, leaf.first)


def _one(leaf: FinishedLeaf | None) -> Iterator[FinishedLeaf]:
    if leaf is not None:
        yield leaf
