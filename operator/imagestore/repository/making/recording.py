"""What a backup writes down while it goes: leaves, the checkpoint of an interrupted run, the report, and counts."""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from imagestore.repository.format.leaves import FinishedLeaf, LeafBuilder, LeafRef
from imagestore.repository.format.names import leaf_file
from imagestore.repository.format.roots import BackupCounts
from imagestore.repository.format.rows import BackupRow, key_fields, row_line
from imagestore.repository.making.packing import PackStream
from imagestore.repository.making.same_leaves import LeafLine, SameLeaves, UnchangedStretch
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import lines_of_leaf

MOST_WAITING = 20_000
TOLD_AFTER = 100  # objects
CHECKPOINT_ROWS = 2**16
ProgressTold = Callable[[BackupCounts], None]
_Waiting = tuple[BackupRow, bool] | list[LeafLine]


def nothing_told(counts: BackupCounts) -> None:
    """Tell no progress."""


@dataclass
class BackupRecorder:
    """``base``: the leaves of the last backup; ``known_leaves``: hash to name of those that may be referred to."""

    repository: Repository
    run: str
    packs: PackStream
    base: Sequence[LeafRef]
    known_leaves: dict[str, str]
    progress: Callable[[LeafRef], None]
    told: ProgressTold = nothing_told
    leaves: list[LeafRef] = field(default_factory=list)
    _rows: deque[_Waiting] = field(default_factory=deque)
    _held: int = 0  # rows in it
    _done: int = 0

    def __post_init__(self) -> None:
        self._totals: Counter[str] = Counter()
        vault = self.repository.vault
        self._fresh, self._report = LeafBuilder(vault), LeafBuilder(vault)
        lines = lambda leaf: lines_of_leaf(self.repository, leaf)  # noqa: E731
        self._leaf = SameLeaves(LeafBuilder(vault), self.base, self.known_leaves, lines)

    @property
    def counts(self) -> BackupCounts:
        """What was done so far."""
        return BackupCounts(**self._totals)

    def count(self, **more: int) -> None:
        """Add to the counts, by name."""
        for name, number in more.items():
            self._totals[name] += number

    def add(self, row: BackupRow, *, fresh: bool) -> None:
        """The next row. It goes into a leaf when its pack is written. ``fresh``: an interrupted run would have to read it again."""
        self.count(objects=1, bytes=row.size)
        self._append((row, fresh), 1)

    def add_unchanged(self, stretch: UnchangedStretch) -> None:
        """The next rows, which are those of the last backup."""
        rows = len(stretch.lines)
        self.count(objects=rows, unchanged=rows, bytes=stretch.bytes)
        self._append(stretch.lines, rows)

    def tell(self, objects: int) -> None:
        """So many more objects are done, whatever became of them."""
        before, self._done = self._done, self._done + objects
        if self._done // TOLD_AFTER > before // TOLD_AFTER:
            self.told(self.counts)

    def _append(self, waiting: _Waiting, rows: int) -> None:
        self._rows.append(waiting)
        self._held += rows
        while self._rows and self.packs.written(_pack(self._rows[0])):
            self._emit(self._rows.popleft())
        if self._held > MOST_WAITING:
            self.packs.settle(_pack(self._rows[0]))

    def _emit(self, waiting: _Waiting) -> None:
        if isinstance(waiting, list):
            self._held -= len(waiting)
            self._write(self._leaf.add_stretch(waiting))
            return
        row, fresh = waiting
        self._held -= 1
        self._write(self._leaf.add(LeafLine(row.key, row_line(row), row.at)))
        if fresh:
            self._fresh.add_line(row_line(row), row.key)
            if self._fresh.rows >= CHECKPOINT_ROWS:
                self.checkpoint()

    def _write(self, leaves: Iterable[FinishedLeaf | LeafRef]) -> None:
        self.leaves += (leaf if isinstance(leaf, LeafRef) else self._stored(leaf) for leaf in leaves)

    def _stored(self, leaf: FinishedLeaf) -> LeafRef:
        """An unchanged leaf is that of the last backup. A new one has the run in its name, so that no name is ever used twice:

        a removal that was frozen before it deletes a leaf must not meet another one of the same name when it wakes.
        """
        digest = leaf.ref.name
        if digest in self.known_leaves:
            return leaf.ref._replace(name=self.known_leaves[digest])
        name = f"{digest}.{self.run}"
        self.repository.files.write(leaf_file(name), leaf.data)
        self.count(stored_bytes=len(leaf.data))
        return leaf.ref._replace(name=name)

    def not_reusable(self, leaf: str) -> None:
        """A leaf of the last backup turned out to be damaged."""
        self.known_leaves.pop(leaf.partition(".")[0], None)

    def checkpoint(self) -> None:
        """Write the rows that were read since the last one; the next run goes on from them if this one is killed."""
        if (leaf := self._fresh.finish()) is not None:
            self.progress(self._stored(leaf))

    def note_problem(self, key: str, problem: str, why: str) -> None:
        """A line of the report."""
        line = json.dumps({**key_fields(key), "problem": problem, "why": why}, separators=(",", ":"))
        self._report.add_line(line.encode(), key)

    def settle(self) -> None:
        """Wait for all packs, and put all rows into leaves."""
        self.packs.settle_all()
        while self._rows:
            self._emit(self._rows.popleft())

    def finish(self) -> str:
        """Write the last leaf and the report; return the report's name, empty where there was no problem."""
        self._write(self._leaf.finish())
        report = self._report.finish()
        return self._stored(report).name if report is not None else ""


def _pack(waiting: _Waiting) -> str:
    """What has to be written before; a stretch of the last backup waits for nothing of this one."""
    return "" if isinstance(waiting, list) else waiting[0].pack
