"""What moving data asks of an object store: list, read, write, copy and delete objects, whatever the cloud.

Everything here is synchronous and blocking, and may be called from any thread. Every method may raise a ``StoreError``
and nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from imagestore.core.objects import (
    UNCONDITIONAL,
    KeyVerdict,
    ObjectAttributes,
    ObjectHead,
    ObjectLockState,
    ObjectsPage,
    ObjectTraits,
    ObjectUpload,
    OpenUpload,
    UploadedPart,
    WriteCondition,
    WrittenObject,
)


class ObjectBody(Protocol):
    """An object that is being read."""

    @property
    def head(self) -> ObjectHead:
        """Its attributes; ``size`` is the whole object's, also when a range is read."""

    def __iter__(self) -> Iterator[bytes]:
        """Its blocks, none of them empty. Unavailable where it ends too early."""

    def read_into(self, buffer: memoryview) -> None:
        """The same into a buffer of just this length."""


class ObjectStore(Protocol):
    """The objects of one backend. ``version`` empty: the current one."""

    @property
    def name(self) -> str:
        """The StorageBackend's name."""

    @property
    def account(self) -> str:
        """Equal for two stores exactly if one can copy from the other by itself: same endpoint, same credentials."""

    @property
    def traits(self) -> ObjectTraits:
        """What the store honours."""

    def key_verdict(self, key: str) -> KeyVerdict:
        """What the store makes of a key. Pure."""

    def now(self, bucket: str) -> int:
        """The store's clock, in milliseconds."""

    def versioned(self, bucket: str) -> bool:
        """Whether deleting leaves a marker."""

    def locks_by_default(self, bucket: str) -> bool:
        """Whether the bucket gives each object that is written a retention, though none is asked for."""

    def objects(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        """Current objects. ``after`` empty: from the beginning; or ``start_after(key)``, or a page's ``after``."""

    def start_after(self, key: str) -> Mapping[str, str]:
        """An ``after`` that leads to the first key behind this one in the store's order."""

    def versions(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        """All versions and delete markers, by key, newest first."""

    def uploads(self, bucket: str, *, prefix: str = "") -> Iterator[OpenUpload]:
        """Unfinished multipart uploads."""

    def head(self, bucket: str, key: str, version: str = "") -> ObjectHead:
        """Attributes without tags. NotFound: there is no such object."""

    def part_size(self, bucket: str, key: str, version: str = "") -> int:
        """The size of the first part of an object that was uploaded in parts; 0: the store does not tell."""

    def read(
        self, bucket: str, key: str, *, version: str = "", etag: str = "", span: tuple[int, int] | None = None
    ) -> AbstractContextManager[ObjectBody]:
        """The object's bytes, streamed. ``span``: first byte and the one after the last. ``etag``: Conflict if it has changed."""

    def write(
        self,
        bucket: str,
        key: str,
        body: ObjectUpload,
        attributes: ObjectAttributes,
        condition: WriteCondition = UNCONDITIONAL,
    ) -> WrittenObject:
        """One PUT with Content-MD5. Conflict: the condition did not hold."""

    def copy(
        self,
        source: tuple[str, str, str],
        bucket: str,
        key: str,
        attributes: ObjectAttributes | None = None,
        *,
        source_etag: str = "",
    ) -> WrittenObject:
        """A copy inside the store of (bucket, key, version), at most ``largest_copy`` bytes. ``attributes`` None: the source's, less
        ``traits.copy_loses``. Its tags None: the source's, except where ``traits.tags_after``.
        """

    def begin(self, bucket: str, key: str, attributes: ObjectAttributes) -> str:
        """Begin a multipart upload; return its id."""

    def write_part(self, bucket: str, key: str, upload: str, number: int, body: ObjectUpload) -> UploadedPart:
        """One part, with Content-MD5."""

    def copy_part(
        self,
        source: tuple[str, str, str],
        span: tuple[int, int],
        target: tuple[str, str, str],
        number: int,
        *,
        source_etag: str = "",
    ) -> UploadedPart:
        """A range of (bucket, key, version) as one part of (bucket, key, upload)."""

    def complete(
        self,
        bucket: str,
        key: str,
        upload: str,
        parts: Iterable[UploadedPart],
        condition: WriteCondition = UNCONDITIONAL,
    ) -> WrittenObject:
        """Finish an upload. Completing twice is no error. The answer may lack the ETag: read it with ``head``."""

    def abort(self, bucket: str, key: str, upload: str) -> None:
        """End an upload, and see that its parts are gone. One that is gone is done."""

    def tags(self, bucket: str, key: str, version: str = "") -> Mapping[str, str]:
        """An object's tags."""

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str = "") -> None:
        """Replace an object's tags."""

    def lock(self, bucket: str, key: str, version: str = "") -> ObjectLockState:
        """Retention and legal hold; where the bucket has no object lock, none."""

    def set_lock(self, bucket: str, key: str, state: ObjectLockState, version: str = "") -> None:
        """Set retention and legal hold."""

    def delete(self, bucket: str, key: str, *, version: str = "", etag: str = "") -> WrittenObject:
        """Delete one; gone is done. Without a version a versioned bucket gets a marker, whose id the answer has.

        ``etag``: Conflict if it has changed; only where ``traits.delete_matching``.
        """

    def delete_many(self, bucket: str, keys: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """Delete up to a thousand (key, version); return the reason of each that stays. Keys that XML cannot hold go alone."""
