"""Make a backup."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from imagestore.core.objects import ListedObject
from imagestore.repository.errors import RunStopped, SourceUnreadable
from imagestore.repository.format.leaves import LeafRef, ref_fields
from imagestore.repository.format.names import FORMAT_FILE, LARGE_BYTES, leaf_file
from imagestore.repository.format.roots import BackupRoot, BackupState
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.base import KnownRow, ReusableRows, known_rows, resumable
from imagestore.repository.making.comparing import UnchangedRows, with_known
from imagestore.repository.making.deciding import BackupOptions, is_reread, unchanged
from imagestore.repository.making.duplicates import DuplicateIndex
from imagestore.repository.making.nested import NestedRepositories
from imagestore.repository.making.packing import (
    IN_FLIGHT,
    LargeObjects,
    PackStream,
    StoredLarge,
    at_entry,
)
from imagestore.repository.making.pending import BackupPools, WaitingObject
from imagestore.repository.making.pulse import BackupPulse
from imagestore.repository.making.reading import (
    SKIPPED,
    BackedUpObject,
    NotBackedUp,
    ObjectProblem,
    read_metadata,
    read_object,
    storage_class,
)
from imagestore.repository.making.recording import BackupRecorder
from imagestore.repository.making.same_leaves import UnchangedStretch
from imagestore.repository.making.sources import listed_contents
from imagestore.repository.store.opening import Repository, refuse_same_bucket
from imagestore.repository.store.runs import LiveRun, begin_run, known_runs, time_name
from imagestore.repository.store.view import MovedEntries, backups, condemned, write_root
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.pace import moving_pools

GIVE_UP_AFTER = 100  # objects in a row that could not be read
WINDOW_OBJECTS = 64
WINDOW_BYTES = 32 * 1024**2  # read ahead; with the open pack and two in flight all contents that it holds


def back_up(repository: Repository, end: TransferEnd, options: BackupOptions) -> BackupRoot:
    """Back up a bucket; return the root that was written.

    SourceUnlisted; StoreError: the repository could not be written; RunLost: the run was silent for too long; RunStopped.
    Either way nothing of it counts, and the next run goes on from what was read.
    """
    refuse_same_bucket(repository.files, end.store, end.bucket)
    roots = backups(repository).roots
    base = roots[-1] if roots else None
    run = begin_run(repository, "backup", base.name if base else "", options.label)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="imagestore-")))
        pools = [*moving_pools(options.at_once), ThreadPoolExecutor(IN_FLIGHT)]
        for pool in pools:
            stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        return _BackupRun(repository, end, options, base, run).make(folder, BackupPools(*pools))


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
        self._waiting: deque[WaitingObject | UnchangedStretch] = deque()
        self._held = self._failed_in_a_row = 0
        self._pulse = BackupPulse(options, self._checkpoint)

    def make(self, folder: Path, pools: BackupPools) -> BackupRoot:
        """The whole run."""
        self._prepare(folder, pools)
        try:
            self._take_all()
            self.options.ready()
            while self._waiting:
                self._next()
        except RunStopped:
            self._leave()
            raise
        return self._finish()

    def _take_all(self) -> None:
        stays = UnchangedRows(self._reusable, self.options, self.sequence)
        for found in with_known(self._listing(), self._known(), stays):
            if isinstance(found, UnchangedStretch):
                self._pulse()
                self._append(found)
            else:
                self._take(*found)

    def _leave(self) -> None:
        """Write down what was read."""
        while self._waiting and self._waiting[0].ready:
            self._next()
        self._record.settle()
        self._record.checkpoint()
        self.run.beat()

    def _prepare(self, folder: Path, pools: BackupPools) -> None:
        """Runs begin before they read trash, and read it before the index: see docs/repository-format.md, Removal."""
        gone = frozenset[str]().union(*(one.files for one in condemned(self.repository)))
        self._reusable = ReusableRows(MovedEntries(self.repository), gone)
        self._index = DuplicateIndex(self.repository, folder, self._reusable.exists)
        self._index.load()
        self._pools = pools
        self._packs = PackStream(self.repository, pools.writers, self._pulse.wait)
        self._large = LargeObjects(self.repository, self._index.find)
        base = self.base.leaves if self.base else ()
        usable = {r.name.partition(".")[0]: r.name for r in base if leaf_file(r.name) not in gone}
        said = (self.run.run, self._packs, base, usable, self._checkpointed, self.options.told)
        self._record = BackupRecorder(self.repository, *said)

    def _checkpointed(self, ref: LeafRef) -> None:
        self.run.progress.append(ref_fields(ref))

    def _listing(self) -> Iterator[ListedObject]:
        nested = NestedRepositories(self.end, self._met_repository)
        return listed_contents(self.end, self.options.filter, nested)

    def _met_repository(self, prefix: str) -> None:
        self._record.count(skipped=1)
        self._record.note_problem(prefix + FORMAT_FILE, ObjectProblem.REPOSITORY.value, "")

    def _known(self) -> Iterator[KnownRow]:
        before = resumable(known_runs(self.repository), self.base.name if self.base else "")
        return known_rows(self.repository, self.base, before, self._record.not_reusable)

    def _take(self, listed: ListedObject, known: KnownRow | None) -> None:
        row = self._reusable.row(known.row) if known else None
        waiting = WaitingObject(listed, row, resumed=known is not None and known.resumed)
        if row is not None and unchanged(listed, row) and (waiting.resumed or not self.options.full):
            self._take_unchanged(waiting, row)
        else:
            self._submit(waiting)
        self._held += waiting.held
        self._append(waiting)

    def _append(self, waiting: WaitingObject | UnchangedStretch) -> None:
        self._waiting.append(waiting)
        while len(self._waiting) > WINDOW_OBJECTS or self._held > WINDOW_BYTES:
            self._next()

    def _take_unchanged(self, waiting: WaitingObject, row: BackupRow) -> None:
        self._pulse()
        held = storage_class(waiting.listed)
        waiting.row = row if row.storage_class == held else replace(row, storage_class=held)
        if is_reread(row.key, self.sequence, self.options.reread):
            waiting.metadata = self._pools.readers.submit(read_metadata, self.end, waiting.row)

    def _submit(self, waiting: WaitingObject) -> None:
        self.options.ready()
        self._pulse()
        listed = waiting.listed
        if listed.size > LARGE_BYTES:
            waiting.large = self._pools.large.submit(self._large.store, self.end, listed)
        else:
            waiting.small = self._pools.readers.submit(read_object, self.end, listed, self.options.note)

    def _next(self) -> None:
        waiting = self._waiting.popleft()
        if isinstance(waiting, UnchangedStretch):
            self._failed_in_a_row = 0
            self._record.add_unchanged(waiting)
            self._record.tell(len(waiting.lines))
        else:
            self._add(waiting)
            self._record.tell(1)
        if self._index.full:
            self._record.settle()
            self._index.flush(self.run.run)

    def _add(self, waiting: WaitingObject) -> None:
        self._held -= waiting.held
        try:
            row, fresh = self._row(waiting)
            self._failed_in_a_row = 0
            self._record.add(row, fresh=fresh)
        except NotBackedUp as problem:
            self._not_backed_up(waiting, problem)

    def _row(self, waiting: WaitingObject) -> tuple[BackupRow, bool]:
        """The row, and whether it has to be noted for a run that goes on. NotBackedUp."""
        if waiting.metadata is not None:
            seen = self._pulse.wait(waiting.metadata)
            self._record.count(unchanged=1, reread=1)
            return seen.row, seen.changed or waiting.resumed
        if waiting.row is not None:
            self._record.count(unchanged=1)
            return waiting.row, waiting.resumed
        if waiting.large is not None:
            return self._stored_large(self._pulse.wait(waiting.large)), True
        assert waiting.small is not None  # noqa: S101  one of the four is set
        return self._stored_small(self._pulse.wait(waiting.small)), True

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

    def _not_backed_up(self, waiting: WaitingObject, problem: NotBackedUp) -> None:
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
            raise SourceUnreadable(
                f"{GIVE_UP_AFTER} objects in a row of {self.repository.source} could not be read; the last one: {problem.cause}"
            )

    def _checkpoint(self) -> None:
        self._record.checkpoint()
        self._beat()

    def _beat(self) -> None:
        counts = self._record.counts
        self.run.counts = {"objects": counts.objects, "bytes": counts.bytes}
        self.run.beat()

    def _finish(self) -> BackupRoot:
        """Packs, index, leaves, root, in this order."""
        self._record.settle()
        self._index.flush(self.run.run)
        report = self._record.finish()
        self._beat()
        root = self._root(report)
        write_root(self.repository, root)
        self.run.confirm()
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
            label=self.options.label,
        )
