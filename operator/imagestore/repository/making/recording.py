"""What a backup writes down while it goes: leaves, the checkpoint of an interrupted run, the report, and counts."""

import json
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from imagestore.repository.format.leaves import FinishedLeaf, LeafBuilder, LeafRef
from imagestore.repository.format.names import leaf_file
from imagestore.repository.format.roots import BackupCounts
from imagestore.repository.format.rows import BackupRow, key_fields, row_line
from imagestore.repository.making.packing import PackStream
from imagestore.repository.store.opening import Repository

MOST_WAITING = 20_000
CHECKPOINT_ROWS = 2**16
ProgressTold = Callable[[BackupCounts], None]


def nothing_told(counts: BackupCounts) -> None:
    """Tell no progress."""


@dataclass
class BackupRecorder:
    """``known_leaves``: hash to name of leaves that may be referred to."""

    repository: Repository
    run: str
    packs: PackStream
    known_leaves: dict[str, str]
    progress: Callable[[LeafRef], None]
    leaves: list[LeafRef] = field(default_factory=list)
    _rows: deque[tuple[BackupRow, bool]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._totals: Counter[str] = Counter()
        vault = self.repository.vault
        self._leaf, self._fresh, self._report = LeafBuilder(vault), LeafBuilder(vault), LeafBuilder(vault)

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
        self._rows.append((row, fresh))
        while self._rows and self.packs.written(self._rows[0][0].pack):
            self._emit(*self._rows.popleft())
        if len(self._rows) > MOST_WAITING:
            self.packs.settle(self._rows[0][0].pack)

    def _emit(self, row: BackupRow, fresh: bool) -> None:  # noqa: FBT001  called with what add put aside
        if (leaf := self._leaf.add(row)) is not None:
            self._write(leaf)
        if fresh:
            self._fresh.add_line(row_line(row), row.key)
            if self._fresh.rows >= CHECKPOINT_ROWS:
                self.checkpoint()

    def _write(self, leaf: FinishedLeaf) -> None:
        self.leaves.append(self._stored(leaf))

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
            self._emit(*self._rows.popleft())

    def finish(self) -> str:
        """Write the last leaf and the report; return the report's name, empty where there was no problem."""
        if (leaf := self._leaf.finish()) is not None:
            self._write(leaf)
        report = self._report.finish()
        return self._stored(report).name if report is not None else ""
