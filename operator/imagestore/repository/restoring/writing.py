"""Write one object to the destination, and see that the store has what was sent."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import md5

from imagestore.core.errors import Conflict, NotFound, Rejected, StoreError, Unexpected
from imagestore.core.objects import (
    UNCONDITIONAL,
    ObjectAttributes,
    ObjectUpload,
    UploadedPart,
    WriteCondition,
)
from imagestore.repository.format.packs import regrouped
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.packing import blob_part_size
from imagestore.transfer.job import TransferEnd


@dataclass(frozen=True)
class RestoredObject:
    """What was written. ``lost``: attributes that the store does not take."""

    key: str
    size: int
    etag: str
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RestoreTarget:
    """The destination. ``now``: its store's time, milliseconds: a retention that has ended is not set again."""

    end: TransferEnd
    now: int

    def attributes(self, row: BackupRow) -> ObjectAttributes:
        """What the object gets: everything but the storage class, which is the destination's default."""
        lock = row.lock
        ended = lock is not None and not lock.hold and (lock.until or 0) <= self.now
        return replace(row.attributes, storage_class="", lock=None if ended else lock)

    def write(
        self, key: str, row: BackupRow, content: bytes, condition: WriteCondition = UNCONDITIONAL
    ) -> RestoredObject:
        """One PUT. The store checks Content-MD5, and its answer is compared. StoreError."""
        digest = md5(content, usedforsecurity=False).hexdigest()
        upload, wanted = ObjectUpload(content, len(content), digest), self.attributes(row)
        store, bucket, lost = self.end.store, self.end.bucket, frozenset[str]()
        try:
            written = store.write(bucket, key, upload, wanted, condition)
        except Rejected:
            if wanted.lock is None:
                raise
            written = store.write(bucket, key, upload, replace(wanted, lock=None), condition)
            lost = frozenset({"lock"})
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
        store, bucket, wanted = self.end.store, self.end.bucket, self.attributes(row)
        lost = frozenset({"lock"}) if wanted.lock is not None else frozenset[str]()
        upload = store.begin(bucket, key, replace(wanted, lock=None))
        try:
            parts = list(self._parts(key, upload, row, blocks))
            self._refuse_met(key, condition)
        except BaseException:
            with suppress(StoreError):
                store.abort(bucket, key, upload)
            raise
        written = store.complete(bucket, key, upload, parts)
        if wanted.lock is not None:
            with suppress(Rejected):
                store.set_lock(bucket, key, wanted.lock)
                lost = frozenset()
        return RestoredObject(key, row.size, self._read_back(key, row.size, written.etag), lost)

    def _refuse_met(self, key: str, condition: WriteCondition) -> None:
        """Conflict: another program wrote this key while the parts were sent. Few stores take a condition with the last call of an upload."""
        if not condition.absent:
            return
        with suppress(NotFound):
            self.end.store.head(self.end.bucket, key)
            raise Conflict("another object is there", code="Exists")

    def _parts(
        self, key: str, upload: str, row: BackupRow, blocks: Iterator[bytes]
    ) -> Iterator[UploadedPart]:
        for number, data in enumerate(regrouped(blocks, blob_part_size(row.size)), 1):
            body = ObjectUpload(data, len(data))
            yield self.end.store.write_part(self.end.bucket, key, upload, number, body)
