"""Write one object to the destination, and see that the store has what was sent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import md5
from typing import TypeVar

from imagestore.core.errors import Conflict, NotFound, Rejected, StoreError, Unexpected
from imagestore.core.objects import (
    UNCONDITIONAL,
    ObjectAttributes,
    ObjectLockState,
    ObjectUpload,
    UploadedPart,
    WriteCondition,
)
from imagestore.repository.format.packs import regrouped
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.packing import blob_part_size
from imagestore.transfer.attributes import Carried, carried, fewer
from imagestore.transfer.copies import UploadLog
from imagestore.transfer.job import TransferEnd

T = TypeVar("T")


@dataclass(frozen=True)
class RestoredObject:
    """What was written. ``lost``: attributes that the store does not take."""

    key: str
    size: int
    etag: str
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RestoreTarget:
    """The destination. ``now``: its store's time, milliseconds: a retention that has ended is not set again. ``uploads``: remembers uploads.

    ``locks``: whether objects get their retention and legal hold.
    """

    end: TransferEnd
    now: int
    uploads: UploadLog
    locks: bool = True

    def given(self, row: BackupRow) -> Carried:
        """What the object gets: everything that the store takes, but for the storage class, which is the destination's default."""
        lock = row.lock
        ended = lock is not None and not lock.hold and (lock.until or 0) <= self.now
        wanted = replace(row.attributes, storage_class="", lock=lock if self.locks and not ended else None)
        return carried(wanted, wanted.tags or {}, self.end.store.traits, "")

    @cached_property
    def _versioned(self) -> bool:
        return self.end.store.versioned(self.end.bucket)

    def write(
        self, key: str, row: BackupRow, content: bytes, condition: WriteCondition = UNCONDITIONAL
    ) -> RestoredObject:
        """One PUT. The store checks Content-MD5, and its answer is compared. StoreError."""
        digest = md5(content, usedforsecurity=False).hexdigest()
        upload, store = ObjectUpload(content, len(content), digest), self.end.store
        if condition != UNCONDITIONAL and not store.traits.honour(condition, versioned=self._versioned):
            self._refuse_met(key, condition)
        written, lost = _taken(
            self.given(row), lambda given: store.write(self.end.bucket, key, upload, given, condition)
        )
        if written.etag != digest:
            self._read_back(key, row.size, written.etag)
        return RestoredObject(key, row.size, written.etag, lost)

    def _read_back(self, key: str, size: int, etag: str) -> str:
        head = self.end.store.head(self.end.bucket, key)
        if head.size != size or (etag and head.etag != etag):
            raise Unexpected("the store does not have what was written to it", code="NotAsWritten")
        return head.etag

    def write_large(
        self, key: str, row: BackupRow, condition: WriteCondition, blocks: Iterator[bytes]
    ) -> RestoredObject:
        """Parts, which become an object only after the last block, when the content is proven; one PUT where one part holds it all.

        StoreError, DamagedFile.
        """
        if row.size <= blob_part_size(row.size):
            return self.write(key, row, b"".join(blocks), condition)
        store, bucket, given = self.end.store, self.end.bucket, self.given(row)
        at_first = replace(given, attributes=replace(given.attributes, lock=None))
        upload, lost = _taken(at_first, lambda some: store.begin(bucket, key, some))
        try:
            self.uploads.begun(key, upload)
            parts = list(self._parts(key, upload, row, blocks))
            self._refuse_met(key, condition)
        except BaseException:
            with suppress(StoreError):
                store.abort(bucket, key, upload)
                self.uploads.ended(key, upload)
            raise
        written = store.complete(bucket, key, upload, parts)
        self.uploads.ended(key, upload)
        lost |= self._afterwards(key, given.attributes)
        return RestoredObject(key, row.size, self._read_back(key, row.size, written.etag), lost)

    def _afterwards(self, key: str, wanted: ObjectAttributes) -> set[str]:
        """Set what an upload in parts does not keep: locks and, on Ceph, tags. Return what the store does not take."""
        store, lost = self.end.store, set[str]()
        if wanted.tags and store.traits.tags_after:
            with _refused("tags", lost):
                store.set_tags(self.end.bucket, key, wanted.tags)
        if wanted.lock is not None:
            with _refused("lock", lost):
                store.set_lock(self.end.bucket, key, wanted.lock)
        return lost

    def has_lock(self, key: str, wanted: ObjectLockState | None) -> bool:
        """Whether an object has the lock that it is given. StoreError."""
        return wanted is None or self.end.store.lock(self.end.bucket, key) == wanted

    def _refuse_met(self, key: str, condition: WriteCondition) -> None:
        """Conflict: another program wrote this key since the listing. Looked at right before, where the store takes no condition."""
        if condition == UNCONDITIONAL:
            return
        with suppress(NotFound):
            if self.end.store.head(self.end.bucket, key).etag != condition.etag:
                raise Conflict("another object is there", code="Exists")

    def _parts(
        self, key: str, upload: str, row: BackupRow, blocks: Iterator[bytes]
    ) -> Iterator[UploadedPart]:
        for number, data in enumerate(regrouped(blocks, blob_part_size(row.size)), 1):
            body = ObjectUpload(data, len(data))
            yield self.end.store.write_part(self.end.bucket, key, upload, number, body)


def _taken(given: Carried, write: Callable[[ObjectAttributes], T]) -> tuple[T, frozenset[str]]:
    """Write an object with as many of its attributes as the store takes; return those that it does not. Rejected: it takes it with none."""
    refused: Rejected | None = None
    for less in fewer(given):
        try:
            return write(less.attributes), less.lost
        except Rejected as error:
            refused = refused or error
    assert refused is not None, "one was tried"  # noqa: S101
    raise refused


@contextmanager
def _refused(name: str, lost: set[str]) -> Iterator[None]:
    """An attribute that the store refuses is lost."""
    try:
        yield
    except Rejected:
        lost.add(name)
