"""What is known before a backup begins: the rows of the last backup, and those that an interrupted run had read since."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby

from imagestore.core.keys import raw
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.index import IndexEntry
from imagestore.repository.format.leaves import ref_of
from imagestore.repository.format.names import blob_file, pack_file
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow, placed_row
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.runs import KnownRun
from imagestore.repository.store.view import MovedEntries, lines_of_leaf


@dataclass(frozen=True)
class ReusableRows:
    """Which containers a new backup may refer to. ``condemned``: names of files in trash; they may vanish, so nothing new refers to them."""

    moved: MovedEntries
    condemned: frozenset[str]
    _there: dict[str, bool] = field(default_factory=dict)
    _as_it_was: dict[str, bool] = field(default_factory=dict)

    def usable(self, container: str) -> bool:
        """Whether a container may be referred to."""
        return pack_file(container) not in self.condemned and blob_file(container) not in self.condemned

    def exists(self, entry: IndexEntry) -> bool:
        """Whether the container of an entry of the index may be referred to and is there: an index may be older than a removal."""
        container = entry.container.hex()
        if not self.usable(container):
            return False
        if container not in self._there:
            name = pack_file(container) if entry.length else blob_file(container)
            self._there[container] = self.moved.repository.files.exists(name)
        return self._there[container]

    def is_as_it_was(self, pack: str) -> bool:
        """Whether every row that names this pack may go on naming it. Asked for each object: the answers are few."""
        if pack not in self._as_it_was:
            self._as_it_was[pack] = pack not in self.moved.containers and self.usable(pack)
        return self._as_it_was[pack]

    def row(self, row: BackupRow) -> BackupRow | None:
        """The row at a place that may be referred to; None: its content has to be stored anew."""
        if not row.container or not (self.condemned or self.moved.containers):
            return row
        return next((place for place in self.moved.places(row) if self._stands(row, place)), None)

    def _stands(self, row: BackupRow, place: BackupRow) -> bool:
        """A removal that was frozen for long may have named a pack that was removed meanwhile: a new place is looked at first."""
        entry = IndexEntry(b"", bytes.fromhex(place.container), place.offset, place.length)
        return self.usable(place.container) if place.container == row.container else self.exists(entry)


def resumable(runs: Iterable[KnownRun], base: str) -> KnownRun | None:
    """The latest run from the same base that wrote rows and no root. It may even be alive: its rows are true."""
    found = [r for r in runs if r.genuine and r.progress and not r.done and not r.ended and r.base == base]
    return max(found, key=lambda r: r.beat, default=None)


@dataclass(slots=True)
class KnownRow:
    """A row that an earlier run wrote. ``at``: its place among all rows of the last backup; -1: an interrupted run wrote it.

    It is decoded once it is asked for: of an unchanged object it never is.
    """

    line: bytes
    at: int = -1
    _row: BackupRow | None = None

    @property
    def resumed(self) -> bool:
        """Whether it is from an interrupted run."""
        return self.at < 0

    @property
    def row(self) -> BackupRow:
        """What the line says."""
        if self._row is None:
            self._row = placed_row(self.line, self.at)
        return self._row


def known_rows(
    repository: Repository,
    root: BackupRoot | None,
    interrupted: KnownRun | None,
    damaged: Callable[[str], None],
) -> Iterator[KnownRow]:
    """Rows by key, those of the interrupted run in place of the base's.

    A leaf that is damaged is left out, and ``damaged`` is told its name: its objects are read again, so that the new backup is whole.
    """
    older = (
        KnownRow(line, place)
        for leaf, at in _leaves(root)
        for place, line in enumerate(_whole(repository, leaf, damaged), at)
    )
    if interrupted is None:
        return older
    newer = (KnownRow(line) for leaf in _progress(interrupted) for line in _whole(repository, leaf, damaged))
    both = merge(newer, older, key=lambda known: raw(known.row.key))
    return (next(same_key) for _, same_key in groupby(both, key=lambda known: known.row.key))


def _leaves(root: BackupRoot | None) -> Iterator[tuple[str, int]]:
    """Each with the place of its first row."""
    at = 0
    for ref in root.leaves if root else ():
        yield ref.name, at
        at += ref.rows


def _progress(interrupted: KnownRun | None) -> list[str]:
    return [] if interrupted is None else [ref_of(ref).name for ref in interrupted.progress]


def _whole(repository: Repository, leaf: str, damaged: Callable[[str], None]) -> Iterator[bytes]:
    try:
        yield from lines_of_leaf(repository, leaf)
    except DamagedFile:
        damaged(leaf)
