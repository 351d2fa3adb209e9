"""What a copy is: between which ends, what it needs, what came of it, and why it may not come about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from imagestore.backends.objects import ObjectStore
from imagestore.core.errors import NotFound, StoreError
from imagestore.core.objects import ObjectHead
from imagestore.transfer.attributes import Carried, carried, pair_loses
from imagestore.transfer.budget import ByteBudget


class NotCopied(Exception):
    """An object that could not be copied, for a reason that is no store's error. ``again``: it may succeed later.

    ``reason``: Changing, CustomerKey, Archived, Unmappable or Collides.
    """

    def __init__(self, reason: str, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.reason, self.again = reason, again


class SourceChanged(Exception):
    """The source is no longer what the copy began with."""


class UploadLog(Protocol):
    """Remembers uploads in parts, so that a run that was killed can be cleaned up."""

    def begun(self, key: str, upload: str) -> None:
        """Called before the first part is sent."""

    def ended(self, key: str, upload: str) -> None:
        """It was completed, or aborted until nothing was left."""


@dataclass(frozen=True)
class CopiedObject:
    """``etag`` and ``version``: the destination's. ``source``: what was copied. ``lost``: attributes that were not kept."""

    size: int
    etag: str
    version: str
    source: ObjectHead
    lost: frozenset[str]
    server_side: bool


def unlimited(_: int) -> None:
    """Spend bytes without a limit."""


@dataclass(frozen=True)
class CopyPair:
    """Two buckets, for one run and any number of threads.

    ``storage_class``: the destination's class for one of the source's; empty: its default. ``parts``: of one object at once.
    ``spend`` is called with a number of bytes before they are read, and may wait.
    """

    source: ObjectStore
    source_bucket: str
    destination: ObjectStore
    bucket: str
    budget: ByteBudget
    uploads: UploadLog
    storage_class: Callable[[str], str] = lambda _: ""
    parts: int = 4
    spend: Callable[[int], None] = unlimited

    @property
    def lost(self) -> frozenset[str]:
        """Attributes that no copy of this pair keeps."""
        return pair_loses(self.source.traits, self.destination.traits)

    @property
    def server_side(self) -> bool:
        """Whether the store copies by itself."""
        return self.source.account == self.destination.account

    @cached_property
    def versioned(self) -> bool:
        """Whether the destination keeps versions, as of the first time that it matters."""
        return self.destination.versioned(self.bucket)

    def given(self, key: str, head: ObjectHead) -> Carried:
        """What the destination is given of the source's attributes."""
        tags = self.source.tags(self.source_bucket, key, head.version) if head.tag_count else {}
        found = head.attributes
        return carried(found, tags, self.destination.traits, self.storage_class(found.storage_class))

    def check(self, target: str, head: ObjectHead) -> None:
        """Raise NotCopied for what cannot be read, or not be kept."""
        if head.customer_key:
            raise NotCopied("CustomerKey", "it is encrypted with a key that only the customer has (SSE-C)")
        if head.archived:
            raise NotCopied(
                "Archived", "it is archived and must be restored before it can be read", again=True
            )
        if self.destination.traits.bodiless_folders and target.endswith("/"):
            self._check_folder(target, head.size)

    def _check_folder(self, target: str, size: int) -> None:
        if size:
            raise NotCopied("Unmappable", "its key ends in /, and the store keeps no bytes there")
        if present(self.destination, self.bucket, target.rstrip("/")):
            raise NotCopied("Collides", "the store would delete the object of the same name without /")


def present(store: ObjectStore, bucket: str, key: str) -> ObjectHead | None:
    """What is there now, if anything is."""
    try:
        return store.head(bucket, key)
    except NotFound as error:
        if error.code == "NoSuchBucket":
            raise
        return None


@contextmanager
def reading() -> Iterator[None]:
    """Around reads of the source: name what no retry can mend."""
    try:
        yield
    except StoreError as error:
        if error.code == "InvalidObjectState":
            raise NotCopied("Archived", "it is archived and must be restored before it can be read") from None
        if error.code in ("InvalidRequest", "InvalidArgument") and "ncrypt" in str(error):
            raise NotCopied("CustomerKey", "it is encrypted with a key that only the customer has") from None
        raise
