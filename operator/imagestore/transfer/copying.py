"""Copies one object from one bucket to another: inside a store by itself, else as a stream; one version, never a mixture."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from imagestore.backends.objects import ObjectStore
from imagestore.core.errors import Rejected, StoreError
from imagestore.core.objects import UNCONDITIONAL, ObjectHead, ObjectLockState, WriteCondition, WrittenObject
from imagestore.transfer.attributes import Carried, differ
from imagestore.transfer.copies import CopiedObject, CopyPair, NotCopied, SourceChanged, reading
from imagestore.transfer.inside import copy_inside
from imagestore.transfer.streaming import SINGLE, copy_in_parts, read_whole, write_whole

ATTEMPTS = 3


class Copier(CopyPair):
    """Copies single objects of a pair, from any number of threads."""

    def copy(
        self,
        key: str,
        target: str,
        *,
        size: int | None = None,
        version: str = "",
        condition: WriteCondition = UNCONDITIONAL,
    ) -> CopiedObject:
        """Copy what is there now, or one version. ``size``: as listed, where it is known.

        Raises StoreError (NotFound: the source vanished; Conflict: the condition did not hold) and NotCopied.
        """
        for _ in range(ATTEMPTS):
            try:
                return self._once(key, target, size, version, condition)
            except SourceChanged:
                size = None
        raise NotCopied("Changing", f"it changed {ATTEMPTS} times while it was copied", again=True)

    def _once(
        self, key: str, target: str, size: int | None, version: str, condition: WriteCondition
    ) -> CopiedObject:
        if not self.server_side and size is not None and size <= SINGLE:
            return self._single(key, target, size, version, condition)
        with reading():
            head = self.source.head(self.source_bucket, key, version)
        self.check(target, head)
        if not self.server_side and head.size <= SINGLE:
            return self._single(key, target, head.size, head.version or version, condition)
        copy = copy_inside if self.server_side else copy_in_parts
        return self._finished(key, target, head, *copy(self, key, target, head, condition))

    def _single(
        self, key: str, target: str, size: int, version: str, condition: WriteCondition
    ) -> CopiedObject:
        self.spend(size)
        with read_whole(self, key, version, size) as (head, body):
            self.check(target, head)
            given = self.given(key, head)
            written, kept = write_whole(self, target, body, given, condition)
        return self._finished(key, target, head, written, kept)

    def _finished(
        self, key: str, target: str, head: ObjectHead, written: WrittenObject, kept: Carried
    ) -> CopiedObject:
        """With its tags, where the store takes them afterwards only, and its lock, which is read back."""
        tags, lock, lost = kept.attributes.tags, kept.attributes.lock, kept.lost
        if tags and self.destination.traits.tags_after:
            lost |= self._tagged(target, tags, written.version)
        if lock is not None:
            lost |= self._locked(target, lock, written.version)
        etag = written.etag or self.destination.head(self.bucket, target, written.version).etag
        return CopiedObject(head.size, etag, written.version, head, lost, self.server_side)

    def _tagged(self, target: str, tags: Mapping[str, str], version: str) -> set[str]:
        """Ceph loses the tags of a copy and of an upload in parts; what it has afterwards is read back."""
        self.destination.set_tags(self.bucket, target, tags, version)
        kept = self.destination.tags(self.bucket, target, version)
        return set() if dict(kept) == dict(tags) else {"tags"}

    def _locked(self, target: str, lock: ObjectLockState, version: str) -> set[str]:
        """Ceph ignores the lock that comes with a copy."""
        place = (self.bucket, target)
        if self.destination.lock(*place, version) == lock:
            return set()
        with suppress(Rejected):
            self.destination.set_lock(*place, lock, version)
        return set() if self.destination.lock(*place, version) == lock else {"lock"}

    def refresh(self, key: str, target: str, *, version: str = "", over: str = "") -> CopiedObject | None:
        """Give a copy the source's attributes without reading its bytes; None: it has them. Raises as ``copy``.

        ``over``: the ETag that the copy was listed with; another object by now is not touched.
        """
        with reading():
            head = self.source.head(self.source_bucket, key, version)
        there = self.destination.head(self.bucket, target)
        if over and there.etag != over:
            raise NotCopied("Changing", "the copy changed since it was listed", again=True)
        given = self.given(key, head)
        tags = self.destination.tags(self.bucket, target, there.version) if there.tag_count else {}
        if differ(given.attributes, there.attributes):
            written = self._rewritten(target, there, given)
        elif dict(tags) != dict(given.attributes.tags or {}) or _lock_differs(given, there):
            written = WrittenObject(there.etag, there.version)
        else:
            return None
        self._beside(target, given, written.version)
        return CopiedObject(0, written.etag, written.version, head, given.lost, server_side=True)

    def _rewritten(self, target: str, there: ObjectHead, given: Carried) -> WrittenObject:
        """A copy over itself, of what was looked at."""
        if there.size > self.destination.traits.largest_copy:
            raise NotCopied(
                "TooLarge", "its attributes changed, and it is too large for one copy over itself"
            )
        place, store = (self.bucket, target, there.version), self.destination
        kept = replace(given.attributes, storage_class=there.attributes.storage_class)
        written = store.copy(place, self.bucket, target, kept, source_etag=there.etag)
        return written if written.etag else replace(written, etag=there.etag)

    def _beside(self, target: str, given: Carried, version: str) -> None:
        self.destination.set_tags(self.bucket, target, given.attributes.tags or {}, version)
        lock = given.attributes.lock
        if lock is not None:
            self.destination.set_lock(self.bucket, target, lock, version)


def _lock_differs(given: Carried, there: ObjectHead) -> bool:
    lock = given.attributes.lock
    return lock is not None and lock != there.attributes.lock


def abort_abandoned(
    store: ObjectStore, bucket: str, uploads: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Abort uploads (key, id) of a run that ended: its own only. What could not be aborted, by reason."""
    found = {}
    for key, upload in uploads:
        try:
            store.abort(bucket, key, upload)
        except StoreError as error:
            found[key, upload] = error.code or type(error).__name__
    return found
