"""Restore a backup."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future

from imagestore.core.objects import ListedObject
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.restoring.contents import ContentReader, pack_spans
from imagestore.repository.restoring.options import RestoreOptions, RestoreReport
from imagestore.repository.restoring.planning import (
    LaterObjects,
    PlannedPass,
    later_objects,
    restore_passes,
)
from imagestore.repository.restoring.reading_back import stored_digest
from imagestore.repository.restoring.row import RowOutcome, RowRestorer
from imagestore.repository.restoring.running import run_restore
from imagestore.repository.restoring.selection import LostRows, selected_rows
from imagestore.repository.restoring.writing import RestoredObject, RestoreTarget
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.readers import read_as_run
from imagestore.repository.store.view import leaf_given
from imagestore.transfer.job import TransferEnd


def restore(
    repository: Repository, root: BackupRoot, end: TransferEnd, options: RestoreOptions
) -> RestoreReport:
    """Restore a backup. As ``run_restore``. A removal beside it deletes nothing that it may read, if its credentials may write a beat."""
    begun = options.begun(end.store.now(end.bucket))
    with read_as_run(repository, "restore", root.name, options.clock) as run:
        return run_restore(_BackupSource(repository, root, end, begun), end, begun, run.pulse)


def plan_restore(
    repository: Repository, root: BackupRoot, end: TransferEnd, options: RestoreOptions
) -> tuple[PlannedPass, ...]:
    """What a restore of a backup would do, by pass. StoreError."""
    return restore_passes(_BackupSource(repository, root, end, options), end, options)


def later_than_planned(
    repository: Repository, root: BackupRoot, end: TransferEnd, options: RestoreOptions, moment: int
) -> LaterObjects:
    """What a restore of a backup that goes on would overwrite of what came after a moment. StoreError."""
    return later_objects(_BackupSource(repository, root, end, options), end, options, moment)


class _BackupSource:
    def __init__(
        self, repository: Repository, root: BackupRoot, end: TransferEnd, options: RestoreOptions
    ) -> None:
        self.repository, self.root, self.selection = repository, root, options.selection
        self.end, self.prefix = end, root.source.prefix
        target = RestoreTarget(end, end.store.now(end.bucket), options.uploads, locks=options.locks)
        self.lost: dict[str, DamagedFile] = {}
        self.rows = RowRestorer(ContentReader(repository), target, options, self.prefix)

    def items(self, number: int, after: str) -> Iterator[BackupRow | LostRows]:
        """See ``RestoreSource``."""
        return selected_rows(self.root, self.selection, number, self._leaf, after)

    def _leaf(self, name: str) -> Iterator[BackupRow]:
        """A store may take a minute to refuse a leaf: each pass would ask for it again."""
        if name in self.lost:
            raise self.lost[name]
        try:
            return leaf_given(self.repository, name)
        except DamagedFile as damaged:
            self.lost[name] = damaged
            raise

    def begin(
        self, batch: list[tuple[BackupRow, ListedObject | None]], small: Executor, large: Executor
    ) -> list[Future[list[RowOutcome]]]:
        """See ``RestoreSource``."""
        there = {row.key: listed for row, listed in batch if listed is not None}
        placed = [self.rows.reader.placed(row) for row, _ in batch]
        futures = [small.submit(self.rows.span, span, there) for span in pack_spans(placed)]
        for row, place in placed:
            if not place.pack:
                pool = large if row.size > LARGE_BYTES else small
                futures.append(pool.submit(self.rows.single, row, there.get(row.key)))
        return futures

    def holds(self, row: BackupRow, there: ListedObject) -> bool:
        """See ``RestoreSource``."""
        return self.rows.holds(row, there)

    def has_come_back(self, row: BackupRow, written: RestoredObject) -> bool:
        """See ``RestoreSource``."""
        return stored_digest(self.end, written.key) == row.sha256
