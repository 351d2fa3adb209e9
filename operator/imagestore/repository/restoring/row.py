"""Restore single rows: decide what is to be written, and write it."""

from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from imagestore.core.errors import Conflict, StoreError
from imagestore.core.objects import UNCONDITIONAL, ListedObject, WriteCondition
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.restoring.contents import ContentReader, PackSpan, pack_spans
from imagestore.repository.restoring.selection import ExistingPolicy, restored_key
from imagestore.repository.restoring.writing import RestoredObject, RestoreTarget


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row."""

    row: BackupRow
    written: RestoredObject | None = None
    equal: bool = False
    kept: bool = False
    why: str = ""


@dataclass(frozen=True)
class RowRestorer:
    """Restores rows, from several threads. ``source_prefix`` is replaced by the destination's."""

    reader: ContentReader
    target: RestoreTarget
    existing: ExistingPolicy
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
        if self.existing is ExistingPolicy.SKIP:
            return RowOutcome(row, kept=True)
        try:
            if self._is_equal(key, row, there):
                return RowOutcome(row, equal=True)
            if self.existing is ExistingPolicy.FAIL and not self._has_bytes(key, row, there):
                return RowOutcome(row, why="Exists: another object is at this key; it was not overwritten")
            return None
        except StoreError as error:
            return RowOutcome(row, why=told_error(error))

    def _is_equal(self, key: str, row: BackupRow, there: ListedObject) -> bool:
        if there.size != row.size or there.etag != row.content_md5:
            return False
        head = self.target.end.store.head(self.target.end.bucket, key)
        wanted, found = self.target.attributes(row), head.attributes
        if dict(found.headers) != dict(wanted.headers) or dict(found.metadata) != dict(wanted.metadata):
            return False
        tags = self.target.end.store.tags(self.target.end.bucket, key) if head.tag_count else {}
        return dict(tags) == dict(wanted.tags or {})

    def _has_bytes(self, key: str, row: BackupRow, there: ListedObject) -> bool:
        """Whether what came to this key since the check is what an interrupted run of this restore wrote."""
        if there.size != row.size:
            return False
        digest = sha256()
        with self.target.end.store.read(self.target.end.bucket, key) as body:
            for block in body:
                digest.update(block)
        return digest.hexdigest() == row.sha256

    def _condition(self, there: ListedObject | None) -> WriteCondition:
        strict = self.existing is not ExistingPolicy.OVERWRITE and there is None
        return WriteCondition(absent=True) if strict else UNCONDITIONAL

    def _written(
        self, row: BackupRow, content: bytes | DamagedFile, there: ListedObject | None
    ) -> RowOutcome:
        if isinstance(content, DamagedFile):
            return RowOutcome(row, why=f"Damaged: {content}")
        try:
            written = self.target.write(self.key(row), row, content, self._condition(there))
        except Conflict as error:
            return self._met(row, error)
        except StoreError as error:
            return RowOutcome(row, why=told_error(error))
        return RowOutcome(row, written=written)

    def _met(self, row: BackupRow, error: Conflict) -> RowOutcome:
        """Another program wrote this key since the listing."""
        if self.existing is ExistingPolicy.SKIP:
            return RowOutcome(row, kept=True)
        return RowOutcome(row, why=told_error(error))

    def single(self, row: BackupRow, there: ListedObject | None) -> list[RowOutcome]:
        """A blob, or an empty object."""
        decided = self._decided(row, there)
        if decided is not None:
            return [decided]
        if row.size <= LARGE_BYTES:
            return [self._written(row, b"" if not row.size else self._small_blob(row), there)]
        write = partial(self.target.write_large, self.key(row), row, self._condition(there))
        try:
            return [RowOutcome(row, written=self.reader.blob(row, write))]
        except DamagedFile as damaged:
            return [RowOutcome(row, why=f"Damaged: {damaged}")]
        except Conflict as error:
            return [self._met(row, error)]
        except StoreError as error:
            return [RowOutcome(row, why=told_error(error))]

    def _small_blob(self, row: BackupRow) -> bytes | DamagedFile:
        try:
            return self.reader.content(row)
        except DamagedFile as damaged:
            return damaged


def told_error(error: StoreError) -> str:
    """A store's error as reports have it: without its message, which may quote a key of another object."""
    return f"{error.reason} {error.code}".rstrip()
