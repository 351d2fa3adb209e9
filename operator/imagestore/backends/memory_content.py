"""What a store of objects in memory holds. ``MemoryObjectServer`` is what outlives its clients (``memory_objects``)."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from threading import RLock
from typing import Any

from imagestore.core.errors import NotFound
from imagestore.core.keys import raw
from imagestore.core.objects import (
    KeyOrder,
    KeyVerdict,
    ListedObject,
    ObjectAttributes,
    ObjectHead,
    ObjectTraits,
    ObjectUpload,
)

BLOCK = 64 * 1024  # bytes of a read
CARRIED = frozenset(
    {"headers", "expires", "tags", "metadata", "emptyMetadata", "redirect", "storageClass", "lock"}
)
CAPABLE = ObjectTraits(
    put_absent=True,
    put_absent_versioned=True,
    complete_absent=True,
    complete_matching=True,
    put_matching=True,
    copy_matching=True,
    delete_matching=True,
    carries=CARRIED,
    smallest_part=1,
)
"""A store that honours everything."""


@dataclass(frozen=True)
class HeldVersion:
    """One version of an object, or a marker."""

    version: str
    data: bytes = field(repr=False)
    etag: str
    modified: int
    attributes: ObjectAttributes = field(default_factory=ObjectAttributes)
    marker: bool = False


@dataclass
class HeldUpload:
    """An upload that goes on."""

    key: str
    attributes: ObjectAttributes
    started: int
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class MemoryContent:
    """What is in a bucket: by key the versions, the newest last; uploads by id."""

    versioned: bool = False
    locks: bool = False  # whether each object gets a retention
    keys: dict[str, list[HeldVersion]] = field(default_factory=dict)
    uploads: dict[str, HeldUpload] = field(default_factory=dict)

    def current(self, key: str) -> HeldVersion | None:
        """The current version; None where there is none or a marker."""
        held = self.keys.get(key)
        return held[-1] if held and not held[-1].marker else None


def _ticking() -> Callable[[], int]:
    ticks = count(1_700_000_000_000, 1000)
    return lambda: next(ticks)


@dataclass
class MemoryObjectServer:
    """The server. ``calls``: (operation, bucket, key) in order. ``page``: items of a listing at most."""

    buckets: dict[str, MemoryContent] = field(default_factory=dict)
    traits: ObjectTraits = CAPABLE
    clock: Callable[[], int] = field(default_factory=_ticking)
    page: int = 1000
    fault: Callable[[str, str, str], None] | None = None
    verdict: Callable[[str], KeyVerdict] | None = None  # what the store makes of a key
    ranks: Callable[[KeyOrder], Callable[[str], Any]] | None = None  # an order of its own, unlike its traits
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock, repr=False)
    made: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    def call(self, operation: str, bucket: str, key: str = "") -> MemoryContent:
        """Every operation begins here."""
        with self.lock:
            self.calls.append((operation, bucket, key))
        if self.fault is not None:
            self.fault(operation, bucket, key)
        return self.content(bucket)

    def content(self, bucket: str) -> MemoryContent:
        """The bucket, or NotFound."""
        if bucket not in self.buckets:
            raise NotFound("the bucket does not exist", code="NoSuchBucket")
        return self.buckets[bucket]

    def put(
        self, bucket: str, key: str, data: bytes, attributes: ObjectAttributes, etag: str = ""
    ) -> HeldVersion:
        """Store an object, as a write of any client does."""
        held = self.content(bucket)
        version = f"v{next(self.made)}" if held.versioned else "null"
        made = HeldVersion(version, data, etag or hashlib.md5(data).hexdigest(), self.clock(), attributes)  # noqa: S324
        with self.lock:
            held.keys[key] = [*(held.keys.get(key, []) if held.versioned else []), made]
        return made

    def remove(self, bucket: str, key: str) -> str:
        """Delete an object, as any client does; a versioned bucket gets a marker, whose id is returned."""
        held = self.content(bucket)
        if not held.versioned:
            held.keys.pop(key, None)
            return ""
        marker = HeldVersion(f"v{next(self.made)}", b"", "", self.clock(), marker=True)
        held.keys.setdefault(key, []).append(marker)
        return marker.version

    def current(self, bucket: str) -> dict[str, bytes]:
        """The bytes of all current objects that are content."""
        held = self.content(bucket)
        return {k: v.data for k in sorted(held.keys, key=raw) if (v := held.current(k)) is not None}


@dataclass(frozen=True)
class MemoryBody:
    """An object that is being read, a block at a time, as from a store."""

    head: ObjectHead
    data: bytes = field(repr=False)

    def __iter__(self) -> Iterator[bytes]:
        return (self.data[i : i + BLOCK] for i in range(0, len(self.data), BLOCK))

    def read_into(self, buffer: memoryview) -> None:
        """The same into a buffer of just this length."""
        buffer[:] = self.data


def memory_rank(order: KeyOrder) -> Callable[[str], Any]:
    """What sorts keys in an order; without one, by chance but always alike."""
    if order is KeyOrder.UTF16:
        return lambda key: key.encode("utf-16-be", "surrogatepass")
    if order is KeyOrder.DIRECTORY:
        return lambda key: raw(key).split(b"/")
    if order is KeyOrder.NONE:
        return lambda key: hashlib.sha256(raw(key)).digest()
    return raw


def all_bytes(body: ObjectUpload) -> bytes:
    """What is uploaded."""
    return bytes(body.blocks) if isinstance(body.blocks, bytes | memoryview) else b"".join(body.blocks)


def told_object(key: str, held: HeldVersion) -> ListedObject:
    """As a listing of objects tells it."""
    return ListedObject(key, len(held.data), held.etag, held.modified, held.attributes.storage_class)


def told_version(key: str, held: HeldVersion, all_of_it: list[HeldVersion]) -> ListedObject:
    """As a listing of versions tells it."""
    latest = held is all_of_it[-1]
    return told_object(key, held)._replace(version=held.version, latest=latest, marker=held.marker)


def told_head(held: HeldVersion) -> ObjectHead:
    """As HEAD tells it."""
    tags = held.attributes.tags or {}
    _, dash, parts = held.etag.partition("-")
    return ObjectHead(
        len(held.data),
        held.etag,
        held.modified,
        held.version,
        replace(held.attributes, tags=None),
        tag_count=len(tags),
        parts=int(parts) if dash else 0,
    )


def listed_behind(
    listed: list[ListedObject], after: Mapping[str, str], rank: Callable[[str], Any]
) -> list[ListedObject]:
    """What comes behind a key, and of the same key behind a version. Others may write between two pages."""
    if not after:
        return listed
    least, same = rank(after["key"]), [i for i in listed if i.key == after["key"]]
    versions = [i.version for i in same]
    place = versions.index(after["version"]) + 1 if after.get("version") in versions else len(same)
    return [*same[place:], *(i for i in listed if rank(i.key) > least)]
