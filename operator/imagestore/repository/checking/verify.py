"""Verify backups: that files are there, that tables agree with rows, that every byte is what was read."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from imagestore.core.errors import StoreError
from imagestore.repository.checking.records import record
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import BLOBS, PACKS, blob_file, pack_file
from imagestore.repository.format.packs import FOOTER_BYTES, PackEntry, blob_length, pack_table, table_length
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.restoring.contents import ContentReader, pack_spans
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.readers import read_as_run
from imagestore.repository.store.view import leaf_given, one_file_given

ENTRIES_HELD = 200_000  # of tables: packs of tiny objects have 85 000 each, and 32 tables took 250 MB
TAIL_BYTES = 64 * 1024
ROWS_AT_ONCE = 2000
SEEN_HELD = 200_000
Place = tuple[str, int, str]  # container, offset, and the hash of the content


class VerifyLevel(StrEnum):
    """How much is read."""

    QUICK = "quick"  # roots, leaves, the list of packs
    TABLES = "tables"  # the end of each pack
    FULL = "full"  # every byte of a share of the packs


@dataclass(frozen=True)
class VerifyOptions:
    """``share`` and ``shares``: full reads the packs whose turn it is, number ``share`` (from 0) of ``shares``.

    ``problem``: is told each damaged row, the backups that need it, and why. ``told``: how many rows were looked at. ``clock``: seconds of any
    monotonic clock; it decides when to beat.
    """

    level: VerifyLevel = VerifyLevel.QUICK
    share: int = 0
    shares: int = 1
    problem: Callable[["DamagedRow"], None] = lambda _row: None
    told: Callable[[int], None] = lambda _rows: None
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class DamagedRow:
    """A row whose content is not what it was, or a leaf that cannot be read (``row`` None)."""

    backups: tuple[str, ...]
    why: str
    row: BackupRow | None = None
    lost_rows: int = 0


@dataclass
class VerifyReport:
    """``rows``: rows that were looked at; one that several backups share in a leaf counts once. ``read``: of these, rows whose bytes were read
    in this run and are whole. ``bytes_read``: of contents, each once. ``damaged``: rows, and those of lost leaves. ``damaged_backups``:
    names of the backups that need them. ``share``: of the packs that full read. ``unrecorded``: why the result is not in the
    repository; empty: it is, or says nothing that is kept.
    """

    level: VerifyLevel
    backups: int = 0
    rows: int = 0
    read: int = 0
    bytes_read: int = 0
    damaged: int = 0
    damaged_backups: frozenset[str] = frozenset()
    share: str = "1/1"
    unrecorded: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged."""
        return self.damaged == 0


def verify(repository: Repository, roots: Iterable[BackupRoot], options: VerifyOptions) -> VerifyReport:
    """Verify backups; each leaf that they share once. StoreError: the repository cannot be read."""
    return _Verification(repository, tuple(roots), options).run()


@dataclass
class _Verification:
    repository: Repository
    roots: tuple[BackupRoot, ...]
    options: VerifyOptions
    _tables: "OrderedDict[str, dict[int, PackEntry] | DamagedFile]" = field(default_factory=OrderedDict)
    _seen: dict[Place, str] = field(default_factory=dict)

    def run(self) -> VerifyReport:
        self.reader = ContentReader(self.repository, lasting=True)
        share = f"{self.options.share + 1}/{self.options.shares}"
        self.report = VerifyReport(self.options.level, len(self.roots), share=share)
        with read_as_run(self.repository, "verify", clock=self.options.clock) as self._reader_run:
            self._sizes = self._listed()
            for leaf, users, rows in self._leaves():
                self._leaf(leaf, users, rows)
        self._record()
        return self.report

    def _leaf(self, leaf: str, users: tuple[str, ...], rows: int) -> None:
        try:
            found = leaf_given(self.repository, leaf)
        except DamagedFile as damaged:
            self._problem(DamagedRow(users, str(damaged), None, rows))
            return
        while chunk := list(islice(found, ROWS_AT_ONCE)):
            self._rows(chunk, users)
            self._reader_run.pulse()
            self.options.told(self.report.rows)

    def _record(self) -> None:
        """Retention keeps the newest verified backup, so what was proven is kept with the backups."""
        full = self.options.level is VerifyLevel.FULL
        share = (self.options.share, self.options.shares) if full else None
        names = [root.name for root in self.roots]
        try:
            record(self.repository, names, self.report.damaged_backups, share)
        except StoreError as error:
            self.report.unrecorded = f"{error.reason} {error.code}".rstrip()

    def _leaves(self) -> Iterator[tuple[str, tuple[str, ...], int]]:
        """Each leaf once, with the backups that need it and how many rows it has."""
        users: dict[str, list[str]] = {}
        rows = {ref.name: ref.rows for root in self.roots for ref in root.leaves}
        for root in self.roots:
            for ref in root.leaves:
                users.setdefault(ref.name, []).append(root.name)
        return ((leaf, tuple(found), rows[leaf]) for leaf, found in users.items())

    def _listed(self) -> dict[str, int]:
        """The sizes of packs and blobs, also of those over which a delete marker lies: a reader looks through it."""
        files = self.repository.files
        return {file.name: file.size for kind in (PACKS, BLOBS) for file in files.ever(kind)}

    def _problem(self, found: DamagedRow) -> None:
        self.report.damaged += found.lost_rows or 1
        self.report.damaged_backups |= set(found.backups)
        self.options.problem(found)

    def _rows(self, rows: list[BackupRow], users: tuple[str, ...]) -> None:
        """Rows that share a content are judged together: each damaged key is named, and nothing is read twice."""
        at: dict[Place, list[BackupRow]] = {}
        for row in rows:
            at.setdefault(_place_of(row), []).append(row)
        why = {place: self._seen.get(place, "") for place in at}
        fresh = {place: same[0] for place, same in at.items() if place not in self._seen}
        why |= {place: self._quick(row) or self._table(row) for place, row in fresh.items()}
        due = [row for place, row in fresh.items() if not why[place] and self._is_due(row)]
        why |= self._read(due)
        self._remember({place: why[place] for place, row in fresh.items() if self._is_due(row)})
        for place, same in at.items():
            self._judged(same, why[place], users)

    def _judged(self, rows: list[BackupRow], why: str, users: tuple[str, ...]) -> None:
        self.report.rows += len(rows)
        if not why and self._is_due(rows[0]):
            self.report.read += len(rows)
        for row in rows if why else ():
            self._problem(DamagedRow(users, why, row))

    def _remember(self, why: Mapping[Place, str]) -> None:
        """Contents that were read, for other leaves that share them."""
        if self.options.level is not VerifyLevel.FULL:
            return
        if len(self._seen) >= SEEN_HELD:
            self._seen.clear()  # read twice rather than hold all of 10^8 rows
        self._seen.update(why)

    def _is_due(self, row: BackupRow) -> bool:
        """Whether the bytes of a content are read in this run."""
        shares = self.options.shares
        if self.options.level is not VerifyLevel.FULL:
            return False
        return not row.container or int(row.container[:8], 16) % shares == self.options.share

    def _quick(self, row: BackupRow) -> str:
        """Why none of the places where a row's content may stand is there and long enough; empty: one is."""
        if not row.container:
            return ""
        found = [self._place(place) for place in self.reader.moved.places(row)]
        return "" if "" in found else found[-1]

    def _place(self, row: BackupRow) -> str:
        name = pack_file(row.pack) if row.pack else blob_file(row.blob)
        size = self._sizes.get(name)
        if size is None:
            return f"{name} is missing"
        if row.blob:
            wanted = blob_length(self.repository.vault, row.size)
            return "" if size == wanted else f"{name} has {size} bytes, not {wanted}"
        least = row.offset + row.length + FOOTER_BYTES
        return "" if size >= least else f"{name} has {size} bytes, at least {least} are needed"

    def _table(self, row: BackupRow) -> str:
        """Why the table of a pack does not agree with a row; empty: it does, or is not looked at."""
        if self.options.level is VerifyLevel.QUICK or not row.pack:
            return ""
        placed = self.reader.placed(row).place
        table = self._table_of(placed.pack) if placed.pack else {}
        if isinstance(table, DamagedFile):
            return str(table)
        entry = table.get(placed.offset)
        wanted = (self.repository.vault.blob_id(bytes.fromhex(row.sha256)), placed.length)
        if placed.pack and (entry is None or (entry.blob_id, entry.length) != wanted):
            return f"{pack_file(placed.pack)}: its table has another content at {placed.offset}"
        return ""

    def _table_of(self, pack: str) -> "dict[int, PackEntry] | DamagedFile":
        if pack not in self._tables:
            self._tables[pack] = self._read_table(pack)
            self._forget_tables()
        self._tables.move_to_end(pack)
        return self._tables[pack]

    def _forget_tables(self) -> None:
        """Those that were asked for longest ago; the newest one stays, however large it is."""
        held = sum(len(table) for table in self._tables.values() if isinstance(table, dict))
        while held > ENTRIES_HELD and len(self._tables) > 1:
            _, table = self._tables.popitem(last=False)
            held -= len(table) if isinstance(table, dict) else 0

    def _read_table(self, pack: str) -> "dict[int, PackEntry] | DamagedFile":
        name = pack_file(pack)
        size = self._sizes.get(name, 0)
        try:
            with one_file_given(self.repository, name):
                return self.repository.files.genuine(
                    name, lambda tail: self._entries(pack, tail, size), (max(0, size - TAIL_BYTES), size)
                )
        except DamagedFile as damaged:
            return damaged

    def _entries(self, pack: str, tail: bytes, size: int) -> dict[int, PackEntry]:
        needed = table_length(pack, tail)
        if needed > len(tail) and needed <= size:
            tail = self.repository.files.read(pack_file(pack), (size - needed, size))
        return {entry.offset: entry for entry in pack_table(self.repository.vault, pack, tail, size)}

    def _read(self, rows: list[BackupRow]) -> dict[Place, str]:
        """Read and hash contents; return why each is damaged, empty where it is whole."""
        placed = [self.reader.placed(row) for row in rows]
        found: dict[Place, str] = {}
        for span in pack_spans(placed):
            for row, content in self.reader.small(span):
                found[_place_of(row)] = self._hashed(content)
            self._reader_run.pulse()
        for row, place in placed:
            if not place.pack:
                found[_place_of(row)] = self._blob(row)
                self._reader_run.pulse()
        return found

    def _hashed(self, content: bytes | DamagedFile) -> str:
        if isinstance(content, DamagedFile):
            return str(content)
        self.report.bytes_read += len(content)
        return ""

    def _blob(self, row: BackupRow) -> str:
        try:
            self.report.bytes_read += self.reader.blob(row, lambda blocks: sum(map(len, blocks)))
        except DamagedFile as damaged:
            return str(damaged)
        return ""


def _place_of(row: BackupRow) -> Place:
    return row.container, row.offset, row.sha256
