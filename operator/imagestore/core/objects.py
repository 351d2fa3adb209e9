"""Objects, versions, uploads and what a store honours, as all clouds tell them. Pure.

Keys are ``str`` as in ``core.keys``: their bytes are ``raw(key)``, and nothing normalises them. Times are milliseconds since 1970
by the store's own clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple


class KeyOrder(StrEnum):
    """The order in which a store lists keys."""

    BYTES = "Bytes"  # of UTF-8
    UTF16 = "Utf16"  # UTF-16 code units
    DIRECTORY = "Directory"  # segment by segment: a/b before a-b
    NONE = "None"


class ListedObject(NamedTuple):
    """One object, version or delete marker of a listing.

    ``etag`` without quotes. ``modified``: milliseconds; some stores tell whole seconds only. ``version``: empty outside of a
    listing of versions. ``checksum``: algorithm and type where the listing tells them, such as "CRC64NVME/FULL_OBJECT".
    """

    key: str
    size: int
    etag: str
    modified: int
    storage_class: str = ""
    version: str = ""
    latest: bool = True
    marker: bool = False
    checksum: str = ""


class ObjectsPage(NamedTuple):
    """A page of a listing in the store's order. ``after``: what leads to the next page; None: this is the last one."""

    items: tuple[ListedObject, ...]
    after: Mapping[str, str] | None


LockMode = Literal["GOVERNANCE", "COMPLIANCE"]


@dataclass(frozen=True)
class ObjectLockState:
    """Retention and legal hold of one version. ``until``: milliseconds."""

    mode: LockMode | None = None
    until: int | None = None
    hold: bool = False


@dataclass(frozen=True)
class ObjectAttributes:
    """What an object has besides its bytes.

    ``headers``: Content-Type, Content-Encoding, Content-Language, Content-Disposition, Cache-Control, Expires and
    x-amz-website-redirect-location, by lower-case name. ``metadata``: the user's, by lower-case name without a prefix, values as text.
    ``tags`` None: not known (HEAD tells a number only) or, when written, not sent. ``storage_class`` empty: the store's default.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    storage_class: str = ""
    lock: ObjectLockState | None = None


@dataclass(frozen=True)
class ObjectHead:
    """One version, as HEAD or GET tell it.

    ``checksums``: of the whole object only, by algorithm (CRC32C, SHA256, ...), in hex. ``parts``: of a multipart upload, 0 where
    it is none or the store does not tell. ``customer_key``: encrypted with a key that only the customer has (SSE-C).
    """

    size: int
    etag: str
    modified: int
    version: str = ""
    attributes: ObjectAttributes = ObjectAttributes()
    checksums: Mapping[str, str] = field(default_factory=dict)
    tag_count: int = 0
    parts: int = 0
    archived: bool = False  # must be restored before it can be read
    customer_key: bool = False


@dataclass(frozen=True)
class ObjectUpload:
    """The bytes of an object or a part. ``blocks`` may be iterated again where a call is repeated.

    ``md5``: of all of them, in hex; where it is None the driver takes it from ``blocks`` if these are bytes, and otherwise compares
    the store's answer with what was sent. ``proven``: the caller compares the ETag of the whole object with that of its source,
    so that no digest is made.
    """

    blocks: bytes | memoryview | Iterable[bytes] = field(repr=False)
    size: int = 0
    md5: str | None = None
    proven: bool = False


@dataclass(frozen=True)
class WriteCondition:
    """Write only over nothing (``absent``), or only over this ETag. Both empty: whatever is there."""

    absent: bool = False
    etag: str = ""


UNCONDITIONAL = WriteCondition()


@dataclass(frozen=True)
class WrittenObject:
    """What the store answered to a write. ``etag`` and ``version`` may be empty where it does not tell."""

    etag: str
    version: str = ""


@dataclass(frozen=True)
class UploadedPart:
    """One part of a multipart upload."""

    number: int
    etag: str
    size: int = 0


@dataclass(frozen=True)
class OpenUpload:
    """A multipart upload that is not finished. ``started``: milliseconds."""

    key: str
    upload: str
    started: int


class KeyProblem(StrEnum):
    """Why a store cannot hold a key as it is."""

    UNMAPPABLE = "Unmappable"  # refused
    COLLIDES = "Collides"  # kept under another key, or over another object


class KeyVerdict(NamedTuple):
    """What a store makes of a key. ``stored``: the key under which it would stand; ``problem`` None: as it is."""

    stored: str
    problem: KeyProblem | None = None
    why: str = ""


@dataclass(frozen=True)
class ObjectTraits:
    """What a store honours of conditions and attributes: fields of its profile, proven by the contract suite.

    Whether a condition decides: ``put_absent``: PUT with If-None-Match (``complete_absent``: CompleteMultipartUpload).
    ``order``: of ListObjectsV2; ``version_order``: of ListObjectVersions. ``coarse_times``: listings tell whole seconds.
    ``put_matching``: PUT with If-Match (``complete_matching``: CompleteMultipartUpload); the two with ``versioned`` hold in buckets with versioning.
    ``versions_complete``: a listing of versions tells of all; otherwise it may lose keys where a page ends.
    ``carries``: which attributes an object keeps: "headers", "expires", "redirect", "metadata", "emptyMetadata" (values of no
    length), "tags", "storageClass", "lock". ``copy_loses``: of these, what a copy without attributes of its own loses. ``ascii_tags``: only letters, digits and + - . _ : / @ = and space.
    ``tags_after``: they are lost unless they are set after the object is there. ``bodiless_folders``: an object whose key ends
    in / keeps no bytes. ``nested``: both ``a`` and ``a/b`` may be objects; otherwise no listing tells of the second. ``metadata_bytes``: of the user's metadata in total, each
    name with its prefix of 11 bytes.
    """

    order: KeyOrder = KeyOrder.BYTES
    version_order: KeyOrder = KeyOrder.BYTES
    put_absent: bool = False
    put_absent_versioned: bool = False
    complete_absent: bool = False
    put_matching: bool = False
    complete_matching: bool = False
    put_matching_versioned: bool = False
    copy_matching: bool = False
    delete_matching: bool = False
    coarse_times: bool = False
    versions_complete: bool = True
    md5_etags: bool = True  # a single PUT's ETag is the MD5 of its bytes
    checksums: frozenset[str] = frozenset()  # algorithms that it verifies and tells
    carries: frozenset[str] = frozenset()
    copy_loses: frozenset[str] = frozenset()
    ascii_tags: bool = False
    tags_after: bool = False
    bodiless_folders: bool = False
    nested: bool = True
    metadata_bytes: int = 2048
    largest_put: int = 5 * 1024**3
    largest_copy: int = 5 * 1024**3
    smallest_part: int = 5 * 1024**2
    most_parts: int = 10_000

    def honour(self, condition: WriteCondition, *, versioned: bool, in_parts: bool = False) -> bool:
        """Whether the store decides by this condition itself. ``versioned``: the bucket keeps versions."""
        if condition == UNCONDITIONAL:
            return True
        if in_parts:
            return self.complete_absent if condition.absent else self.complete_matching
        always, plain = (
            (self.put_absent_versioned, self.put_absent)
            if condition.absent
            else (self.put_matching_versioned, self.put_matching)
        )
        return always or (plain and not versioned)
