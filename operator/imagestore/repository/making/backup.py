"""Make a backup."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from imagestore.core.objects import ListedObject
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format.leaves import LeafRef, ref_fields
from imagestore.repository.format.names import LARGE_BYTES, leaf_file
from imagestore.repository.format.roots import BackupRoot, BackupState
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.base import ReusableRows, known_rows, resumable
from imagestore.repository.making.deciding import BackupOptions, is_reread, merged_by_key, unchanged
from imagestore.repository.making.duplicates import DuplicateIndex
from imagestore.repository.making.packing import (
    IN_FLIGHT,
    LargeObjects,
    PackStream,
    StoredLarge,
    at_entry,
)
from imagestore.repository.making.reading import (
    SKIPPED,
    BackedUpObject,
    NotBackedUp,
    ObjectProblem,
    ReadMetadata,
    read_metadata,
    read_object,
    storage_class,
)
from imagestore.repository.making.recording import BackupRecorder
from imagestore.repository.making.sources import listed_in_order
from imagestore.repository.store.opening import Repository, refuse_same_bucket
from imagestore.repository.store.runs import LiveRun, begin_run, known_runs, time_name
from imagestore.repository.store.view import MovedEntries, backups, condemned, write_root
from imagestore.transfer.job import TransferEnd

T = TypeVar("T")
READERS = 16
LARGE_AT_ONCE = 2
TOLD_AFTER = 100  # objects
GIVE_UP_AFTER = 100  # objects in a row that could not be read
WINDOW_OBJECTS = 64
WINDOW_BYTES = 32 * 1024**2
"""Read ahead at most so much; with the open pack and two in flight this is what a backup holds of contents."""


def back_up(repository: Repository, end: TransferEnd, options: BackupOptions) -> BackupRoot:
    """Back up a bucket; return the root that was written.

    StoreError: the source could not be listed, or the repository not be written; RunLost: the run was silent for too long.
    Either way nothing of it counts, and the next run goes on from what was read.
    """
    refuse_same_bucket(repository.files, end.store, end.bucket)
    roots = backups(repository).roots
    base = roots[-1] if roots else None
    run = begin_run(repository, "backup", base.name if base else "")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="imagestore-")))
        sizes = (READERS, LARGE_AT_ONCE, IN_FLIGHT)
        pools = [ThreadPoolExecutor(size) for size in sizes]
        for pool in pools:
            stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        return _BackupRun(repository, end, options, base, run).make(folder, _Pools(*pools))


@dataclass
class _Waiting:
    """An object on its way, in the order of keys: its row, or the future that tells it."""

    listed: ListedObject
    known: BackupRow | None
    row: BackupRow | None = None
    resumed: bool = False
    small: Future[BackedUpObject] | None = None
    large: Future[StoredLarge] | None = None
    metadata: Future[ReadMetadata] | None = None

    @property
    def held(self) -> int:
        """How many bytes it may hold in memory."""
        return self.listed.size if self.small is not None else 0


@dataclass
class _Pools:
    """Threads that read small objects, that store large ones, and that write packs."""

    readers: Executor
    large: Executor
    writers: Executor


class _BackupRun:
    def __init__(
        self,
        repository: Repository,
        end: TransferEnd,
        options: BackupOptions,
        base: BackupRoot | None,
        run: LiveRun,
    ) -> None:
        self.repository, self.end, self.options, self.base, self.run = repository, end, options, base, run
        self.sequence = base.sequence + 1 if base else 1
        self._waiting: deque[_Waiting] = deque()
        self._held = self._failed_in_a_row = self._done = 0
        self._last_beat = options.clock()

    def make(self, folder: Path, pools: _Pools) -> BackupRoot:
        """The whole run."""
        self._prepare(folder, pools)
        for listed, known in merged_by_key(self._listing(), self._known()):
            self._take(listed, known)
        while self._waiting:
            self._next()
        return self._finish()

    def _prepare(self, folder: Path, pools: _Pools) -> None:
        """Runs begin before they read trash, and read it before the index: see docs/repository-format.md, Removal."""
        gone = frozenset[str]().union(*(one.files for one in condemned(self.repository)))
        self._reusable = ReusableRows(MovedEntries(self.repository), gone)
        self._index = DuplicateIndex(self.repository, folder, self._reusable.exists)
        self._index.load()
        self._pools = pools
        self._packs = PackStream(self.repository, pools.writers, self._wait)
        self._large = LargeObjects(self.repository, self._index.find)
        leaves = {r.name.partition(".")[0]: r.name for r in (self.base.leaves if self.base else ())}
        usable = {digest: name for digest, name in leaves.items() if leaf_file(name) not in gone}
        self._record = BackupRecorder(self.repository, self.run.run, self._packs, usable, self._checkpointed)

    def _checkpointed(self, ref: LeafRef) -> None:
        self.run.progress.append(ref_fields(ref))

    def _listing(self) -> Iterator[ListedObject]:
        return (o for o in listed_in_order(self.end) if self.options.filter.takes(o.key))

    def _known(self) -> Iterator[tuple[BackupRow, bool]]:
        interrupted = resumable(known_runs(self.repository), self.base.name if self.base else "")
        return known_rows(self.repository, self.base, interrupted, self._record.not_reusable)

    def _take(self, listed: ListedObject, known: tuple[BackupRow, bool] | None) -> None:
        self._pulse()
        row = self._reusable.row(known[0]) if known else None
        waiting = _Waiting(listed, row, resumed=known is not None and known[1])
        if row is not None and unchanged(listed, row):
            self._take_unchanged(waiting, row)
        else:
            self._submit(waiting)
        self._waiting.append(waiting)
        self._held += waiting.held
        while len(self._waiting) > WINDOW_OBJECTS or self._held > WINDOW_BYTES:
            self._next()

    def _take_unchanged(self, waiting: _Waiting, row: BackupRow) -> None:
        held = storage_class(waiting.listed)
        waiting.row = row if row.storage_class == held else replace(row, storage_class=held)
        if is_reread(row.key, self.sequence, self.options.reread):
            waiting.metadata = self._pools.readers.submit(read_metadata, self.end, waiting.row)

    def _submit(self, waiting: _Waiting) -> None:
        listed = waiting.listed
        if listed.size > LARGE_BYTES:
            waiting.large = self._pools.large.submit(self._large.store, self.end, listed)
        else:
            waiting.small = self._pools.readers.submit(read_object, self.end, listed, self.options.note)

    def _next(self) -> None:
        waiting = self._waiting.popleft()
        self._held -= waiting.held
        try:
            row, fresh = self._row(waiting)
        except NotBackedUp as problem:
            self._not_backed_up(waiting, problem)
        else:
            self._failed_in_a_row = 0
            self._record.add(row, fresh=fresh)
        if self._index.full:
            self._record.settle()
            self._index.flush(self.run.run)
        self._done += 1
        if self._done % TOLD_AFTER == 0:
            self.options.told(self._record.counts)

    def _row(self, waiting: _Waiting) -> tuple[BackupRow, bool]:
        """The row, and whether it has to be noted for a run that goes on. NotBackedUp."""
        if waiting.metadata is not None:
            seen = self._wait(waiting.metadata)
            self._record.count(unchanged=1, reread=1)
            return seen.row, seen.changed or waiting.resumed
        if waiting.row is not None:
            self._record.count(unchanged=1)
            return waiting.row, waiting.resumed
        if waiting.large is not None:
            return self._stored_large(self._wait(waiting.large)), True
        assert waiting.small is not None  # noqa: S101  one of the four is set
        return self._stored_small(self._wait(waiting.small)), True

    def _stored_large(self, found: StoredLarge) -> BackupRow:
        if found.entry is None:
            self._record.count(duplicates=1)
        else:
            self._index.add(found.entry)
        self._counted(found.read, found.stored)
        return found.read.row

    def _stored_small(self, read: BackedUpObject) -> BackupRow:
        if not read.content:
            self._counted(read, 0)
            return read.row
        blob_id = self.repository.vault.blob_id(bytes.fromhex(read.row.sha256))
        entry = self._index.find(blob_id)
        if entry is None:
            entry = self._packs.add(blob_id, read.content)
            self._index.add(entry)
            self._counted(read, entry.length)
        else:
            self._record.count(duplicates=1)
            self._counted(read, 0)
        return at_entry(read.row, entry)

    def _counted(self, read: BackedUpObject, stored: int) -> None:
        self._record.count(read=1, read_bytes=read.row.size, stored_bytes=stored, changing=int(read.changed))

    def _not_backed_up(self, waiting: _Waiting, problem: NotBackedUp) -> None:
        """The content of an earlier backup stays in the new one, marked: better an old picture than none."""
        if problem.problem is ObjectProblem.VANISHED:
            self._record.count(vanished=1)
            return
        if problem.problem in SKIPPED:
            self._record.count(skipped=1)
        else:
            self._record.count(failed=1)
            self._failed_in_a_row += 1
        self._record.note_problem(waiting.listed.key, problem.problem.value, problem.cause)
        if waiting.row is not None:  # only its metadata could not be read again
            self._record.add(waiting.row, fresh=waiting.resumed)
        elif waiting.known is not None:
            self._record.count(stale=1)
            self._record.add(replace(waiting.known, stale=True), fresh=False)
        if self._failed_in_a_row >= GIVE_UP_AFTER:
            raise RepositoryProblem(
                f"{GIVE_UP_AFTER} objects in a row of {self.repository.source} could not be read; the last one: {problem.cause}"
            )

    def _wait(self, future: "Future[T]") -> T:
        """The result, with beats meanwhile."""
        while True:
            try:
                return future.result(timeout=1.0)
            except NotYet:
                if future.done():
                    raise
                self._pulse()

    def _pulse(self) -> None:
        now = self.options.clock()
        if now - self._last_beat >= self.options.beat:
            self._last_beat = now
            self._record.checkpoint()
            self.run.beat()

    def _finish(self) -> BackupRoot:
        """Packs, index, leaves, root, in this order."""
        self._record.settle()
        self._index.flush(self.run.run)
        report = self._record.finish()
        self.run.beat()
        root = self._root(report)
        write_root(self.repository, root)
        self.run.refuse_ended()
        self.run.finish()
        return root

    def _root(self, report: str) -> BackupRoot:
        counts = self._record.counts
        return BackupRoot(
            name=f"{time_name(self.run.began)}-{self.run.run}",
            run=self.run.run,
            source=self.repository.source,
            started=self.run.began,
            finished=self.run.now,
            leaves=tuple(self._record.leaves),
            state=BackupState.PARTIALLY_FAILED if counts.failed else BackupState.SUCCEEDED,
            counts=counts,
            sequence=self.sequence,
            base=self.base.name if self.base else "",
            scheduled=self.options.scheduled,
            filter=self.options.filter,
            report=report,
        )
