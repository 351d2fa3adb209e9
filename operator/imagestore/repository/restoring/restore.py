"""Restore a backup."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

from imagestore.core.errors import NotFound
from imagestore.core.keys import raw
from imagestore.core.objects import ListedObject
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.sources import listed_in_order
from imagestore.repository.restoring.contents import ContentReader, pack_spans
from imagestore.repository.restoring.options import (
    RestoreCounts,
    RestoreOptions,
    RestorePoint,
    RestoreReport,
    RestoreState,
)
from imagestore.repository.restoring.reading_back import confirmed_missing
from imagestore.repository.restoring.row import RowOutcome, RowRestorer
from imagestore.repository.restoring.selection import ExistingPolicy, LostRows, selected_rows
from imagestore.repository.restoring.writing import RestoredObject, RestoreTarget
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import rows_of_leaf
from imagestore.transfer.job import TransferEnd

BATCH_ROWS = 2000
RESTORE_WORKERS = 16
LARGE_WORKERS = 2
BATCHES_AT_ONCE = 2
GIVE_UP = 100  # failures in a row


def restore(
    repository: Repository, root: BackupRoot, end: TransferEnd, options: RestoreOptions
) -> RestoreReport:
    """Restore a backup. Failed: at least one row is not at the destination; ``options.problem`` was told which.

    StoreError: the destination cannot be listed. RepositoryProblem: it takes nothing.
    """
    began = options.clock()
    work = _Restore(repository, root, end, options)
    why = work.run()
    failed = bool(why) or work.counts.failed > 0
    state = RestoreState.FAILED if failed else RestoreState.SUCCEEDED
    return RestoreReport(state, work.counts, options.clock() - began, why)


@dataclass
class _Batch:
    """Rows that are on their way. ``point``: where to go on when all of them are done."""

    point: RestorePoint
    futures: list[Future[list[RowOutcome]]]


class _Restore:
    def __init__(
        self, repository: Repository, root: BackupRoot, end: TransferEnd, options: RestoreOptions
    ) -> None:
        self.repository, self.root, self.end, self.options = repository, root, end, options
        target = RestoreTarget(end, end.store.now(end.bucket))
        self.rows = RowRestorer(ContentReader(repository), target, options.existing, root.source.prefix)
        self.counts = RestoreCounts()
        self._in_a_row = 0

    def run(self) -> str:
        """Everything; return why nothing was begun."""
        point = self.options.point
        if self.options.existing is ExistingPolicy.FAIL and not point.checked:
            if found := self._in_the_way():
                return f"{found} objects are at the destination already; nothing was written"
            point = replace(point, checked=True)
            self.options.save(point)
        with ExitStack() as stack:
            small, large = ThreadPoolExecutor(RESTORE_WORKERS), ThreadPoolExecutor(LARGE_WORKERS)
            stack.callback(large.shutdown, wait=True, cancel_futures=True)
            stack.callback(small.shutdown, wait=True, cancel_futures=True)
            self._count(failed=point.failed)
            for number in range(point.number, self.options.selection.passes):
                after = point.after if number == point.number else ""
                self._pass(RestorePoint(number, after, point.checked), small, large)
        if self.counts.failed:
            self.options.save(RestorePoint(checked=point.checked))  # the next one tries the failed rows again
        return ""

    def _rows(self, number: int, after: str = "") -> Iterator[BackupRow]:
        def read(leaf: str) -> Iterator[BackupRow]:
            return rows_of_leaf(self.repository, leaf)

        for found in selected_rows(self.root, self.options.selection, number, read, after):
            if isinstance(found, LostRows):
                self._lost_leaf(found, number)
            else:
                yield found

    def _lost_leaf(self, lost: LostRows, number: int) -> None:
        if number == self.options.selection.passes - 1:
            why = f"{lost.damaged}; {lost.leaf.rows} objects from this key on are not known"
            self._count(failed=lost.leaf.rows)
            self.options.problem(lost.leaf.first, why)

    def _in_the_way(self) -> int:
        """How many objects of the selection are at the destination."""
        found = 0
        for number in range(self.options.selection.passes):
            for _row, there in self._with_existing(self._rows(number)):
                found += there is not None
        self.counts = RestoreCounts()
        return found

    def _with_existing(self, rows: Iterator[BackupRow]) -> Iterator[tuple[BackupRow, ListedObject | None]]:
        """Each row with what is at its key now."""
        if self.options.selection.keys:
            yield from ((row, self._there(self.rows.key(row))) for row in rows)
            return
        listing = listed_in_order(self.end)
        there = next(listing, None)
        for row in rows:
            key = raw(self.rows.key(row))
            while there is not None and raw(there.key) < key:
                there = next(listing, None)
            yield row, there if there is not None and raw(there.key) == key else None

    def _there(self, key: str) -> ListedObject | None:
        try:
            head = self.end.store.head(self.end.bucket, key)
        except NotFound:
            return None
        return ListedObject(key, head.size, head.etag, head.modified)

    def _pass(self, point: RestorePoint, small: Executor, large: Executor) -> None:
        batches: deque[_Batch] = deque()
        rows = self._with_existing(self._rows(point.number, point.after))
        while batch := _some(rows):
            key = batch[-1][0].key
            futures = self._begun(batch, small, large)
            batches.append(_Batch(replace(point, after=key), futures))
            if len(batches) >= BATCHES_AT_ONCE:
                self._finish(batches.popleft())
        while batches:
            self._finish(batches.popleft())
        self.options.save(RestorePoint(point.number + 1, "", point.checked, self.counts.failed))

    def _begun(
        self, batch: list[tuple[BackupRow, ListedObject | None]], small: Executor, large: Executor
    ) -> list[Future[list[RowOutcome]]]:
        there = {row.key: listed for row, listed in batch if listed is not None}
        placed = [self.rows.reader.placed(row) for row, _ in batch]
        futures = [small.submit(self.rows.span, span, there) for span in pack_spans(placed)]
        for row, place in placed:
            if not place.pack:
                pool = large if row.size > LARGE_BYTES else small
                futures.append(pool.submit(self.rows.single, row, there.get(row.key)))
        return futures

    def _finish(self, batch: _Batch) -> None:
        written: dict[str, RestoredObject] = {}
        for future in batch.futures:
            for outcome in future.result():
                self._note(outcome)
                if outcome.written is not None:
                    written[outcome.row.key] = outcome.written
        for key in confirmed_missing(self.end, list(written.values())):
            self._count(restored=-1, failed=1)
            self.options.problem(key, "NotAsWritten: the store does not list what was written")
        self.options.told(self.counts)
        self.options.save(replace(batch.point, failed=self.counts.failed))

    def _note(self, outcome: RowOutcome) -> None:
        self._in_a_row = self._in_a_row + 1 if outcome.why else 0
        if outcome.why:
            self._count(failed=1)
            self.options.problem(outcome.row.key, outcome.why)
        elif outcome.written is not None:
            lost, stale = int(bool(outcome.written.lost)), int(outcome.row.stale)
            self._count(restored=1, bytes=outcome.row.size, lost=lost, stale=stale)
        else:
            self._count(equal=int(outcome.equal), kept=int(outcome.kept))
        if self._in_a_row >= GIVE_UP:
            raise RepositoryProblem(
                f"{GIVE_UP} objects in a row could not be restored; the last one: {outcome.why}"
            )

    def _count(self, **more: int) -> None:
        old = self.counts
        self.counts = replace(old, **{name: getattr(old, name) + n for name, n in more.items()})


def _some(
    rows: Iterator[tuple[BackupRow, ListedObject | None]],
) -> list[tuple[BackupRow, ListedObject | None]]:
    found = []
    for pair in rows:
        found.append(pair)
        if len(found) >= BATCH_ROWS:
            break
    return found
