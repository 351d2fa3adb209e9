"""Restore single rows: decide what is to be written, and write it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from imagestore.core.errors import Conflict, NotFound, StoreError
from imagestore.core.objects import UNCONDITIONAL, ListedObject, WriteCondition
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.restoring.contents import ContentReader, PackSpan, pack_spans
from imagestore.repository.restoring.options import RestoreOptions
from imagestore.repository.restoring.outcomes import WRITE_TRIES, RestoreOutcome, again_absent, store_refused
from imagestore.repository.restoring.reading_back import listed_now, stored_digest
from imagestore.repository.restoring.selection import ExistingPolicy, restored_key
from imagestore.repository.restoring.writing import RestoredObject, RestoreTarget

RowOutcome = RestoreOutcome[BackupRow]
Write = Callable[[WriteCondition], RestoredObject]


@dataclass(frozen=True)
class RowRestorer:
    """Restores rows, from several threads. ``source_prefix`` is replaced by the destination's."""

    reader: ContentReader
    target: RestoreTarget
    options: RestoreOptions
    source_prefix: str

    def key(self, row: BackupRow) -> str:
        """The key at the destination."""
        return restored_key(row.key, self.source_prefix, self.target.end.prefix)

    def span(self, span: PackSpan, there: dict[str, ListedObject]) -> list[RowOutcome]:
        """One ranged read, and a write for each of its objects. What need not be written is not read."""
        decided = {row.key: self._decided(row, there.get(row.key)) for row, _ in span.rows}
        wanted = [placed for placed in span.rows if decided[placed.row.key] is None]
        found = [outcome for outcome in decided.values() if outcome is not None]
        for narrower in pack_spans(wanted):
            for row, content in self.reader.small(narrower):
                found.append(self._written(row, content, there.get(row.key)))
        return found

    def _decided(self, row: BackupRow, there: ListedObject | None) -> RowOutcome | None:
        """What becomes of a row without its content; None: it has to be written."""
        key = self.key(row)
        verdict = self.target.end.store.key_verdict(key)
        if verdict.problem is not None:
            return RowOutcome(
                row, why=f"{verdict.problem}: {verdict.why or 'the store cannot hold this key'}"
            )
        if there is None:
            return None
        if self.options.keeps(there):
            return RowOutcome(row, kept=True)
        try:
            return self._beside(row, there)
        except StoreError as error:
            return store_refused(row, error)

    def _beside(self, row: BackupRow, there: ListedObject) -> RowOutcome | None:
        """What becomes of a row where an object is."""
        key = self.key(row)
        if self._is_equal(key, row, there):
            return RowOutcome(row, equal=True)
        why, skips = self.options.kept_because(there), self.options.existing is ExistingPolicy.SKIP
        if not (why or skips):
            return None
        if not self.holds(row, there):
            return RowOutcome(row, why=why, kept=skips)
        return RowOutcome(row, equal=True) if self._has_all(key, row) else None

    def _has_all(self, key: str, row: BackupRow) -> bool:
        """Whether an object that a killed run wrote has its lock, too, which came last."""
        lock = self.target.given(row).attributes.lock
        return self._has_attributes(key, row) and self.target.has_lock(key, lock)

    def _is_equal(self, key: str, row: BackupRow, there: ListedObject) -> bool:
        if there.size != row.size or there.etag != row.content_md5:
            return False
        return self._has_attributes(key, row)

    def _has_attributes(self, key: str, row: BackupRow) -> bool:
        head = self.target.end.store.head(self.target.end.bucket, key)
        wanted, found = self.target.given(row).attributes, head.attributes
        if dict(found.headers) != dict(wanted.headers) or dict(found.metadata) != dict(wanted.metadata):
            return False
        tags = self.target.end.store.tags(self.target.end.bucket, key) if head.tag_count else {}
        return dict(tags) == dict(wanted.tags or {})

    def holds(self, row: BackupRow, there: ListedObject) -> bool:
        """Whether what is at the key of a row has its bytes: what an interrupted run of this restore wrote has. It is read where its ETag does not
        tell. StoreError.
        """
        if there.size != row.size:
            return False
        return there.etag == row.content_md5 or stored_digest(self.target.end, self.key(row)) == row.sha256

    def single(self, row: BackupRow, there: ListedObject | None) -> list[RowOutcome]:
        """A blob, or an empty object."""
        decided = self._decided(row, there)
        if decided is not None:
            return [decided]
        if row.size <= LARGE_BYTES:
            return [self._written(row, b"" if not row.size else self._small_blob(row), there)]

        def write(condition: WriteCondition) -> RestoredObject:
            in_parts = partial(self.target.write_large, self.key(row), row, condition)
            return self.reader.blob(row, in_parts)

        return [self._tried(row, there, write)]

    def _small_blob(self, row: BackupRow) -> bytes | DamagedFile:
        try:
            return self.reader.content(row)
        except DamagedFile as damaged:
            return damaged

    def _written(
        self, row: BackupRow, content: bytes | DamagedFile, there: ListedObject | None
    ) -> RowOutcome:
        if isinstance(content, DamagedFile):
            return RowOutcome(row, why=f"Damaged: {content}")
        return self._tried(row, there, lambda c: self.target.write(self.key(row), row, content, c))

    def _tried(
        self, row: BackupRow, there: ListedObject | None, write: Write, tries: int = WRITE_TRIES
    ) -> RowOutcome:
        try:
            return RowOutcome(row, written=write(self._condition(there)))
        except DamagedFile as damaged:
            return RowOutcome(row, why=f"Damaged: {damaged}")
        except (Conflict, NotFound) as error:
            return self._met(row, there, write, error, tries - 1)
        except StoreError as error:
            return store_refused(row, error)

    def _condition(self, there: ListedObject | None) -> WriteCondition:
        asked = self.options.condition(there)
        return asked if not asked.etag or self.target.end.store.traits.put_matching else UNCONDITIONAL

    def _met(
        self,
        row: BackupRow,
        there: ListedObject | None,
        write: Write,
        error: Conflict | NotFound,
        tries: int,
    ) -> RowOutcome:
        """Another program wrote or deleted this key since the listing, or what came is ours.

        A request of a killed run may arrive after the next one has listed; the answer to a write that was made may be lost. See ``again_absent``.
        """
        try:
            now = listed_now(self.target.end, self.key(row))
            if now is None:
                again = again_absent(there, error, tries)
                return self._tried(row, None, write, tries) if again else store_refused(row, error)
            return self._ours(row, now) or self._others(row, error)
        except StoreError as refused:
            return store_refused(row, refused)

    def _others(self, row: BackupRow, error: StoreError) -> RowOutcome:
        if self.options.existing is ExistingPolicy.SKIP:
            return RowOutcome(row, kept=True)
        return RowOutcome(row, why=self.options.met_because(error))

    def _ours(self, row: BackupRow, now: ListedObject) -> RowOutcome | None:
        if self.options.keeps(now) or not self.holds(row, now):
            return None
        if self._has_attributes(now.key, row):
            return RowOutcome(row, equal=True)
        lossy = (
            self.options.existing is ExistingPolicy.OVERWRITE
        )  # the destination may not take all attributes
        return RowOutcome(row, written=RestoredObject(now.key, now.size, now.etag)) if lossy else None
