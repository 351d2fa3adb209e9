"""When two objects are equal, by what listings tell. Pure.

One content has many ETags (another part size, another encryption, another cloud), and sizes say little: juicefs compares sizes by
default, s5cmd size and time, and both miss edits. So evidence counts only where both stores mean the same by it.
"""

import re
from enum import StrEnum

from imagestore.core.objects import ListedObject, ObjectTraits
from imagestore.transfer.journal import JournalEntry, etag_digest

_MD5 = re.compile(r"[0-9a-f]{32}")
_PARTS = re.compile(r"[0-9a-f]{32}-[0-9]+")


class Evidence(StrEnum):
    """What is known of two objects."""

    EQUAL = "Equal"
    DIFFERENT = "Different"
    UNKNOWN = "Unknown"


def evidence(one: ListedObject, its: ObjectTraits, other: ListedObject, others: ObjectTraits) -> Evidence:
    """What sizes and ETags of both sides say.

    Two different MD5s say "different", although one may be that of an object encrypted with KMS, whose ETag only looks
    like one: the journal knows better, and is asked first.
    """
    if one.size != other.size:
        return Evidence.DIFFERENT
    if _PARTS.fullmatch(one.etag) and _PARTS.fullmatch(other.etag):
        return Evidence.EQUAL if one.etag == other.etag else Evidence.UNKNOWN
    plain = _MD5.fullmatch(one.etag) and _MD5.fullmatch(other.etag)
    if plain and its.md5_etags and others.md5_etags:
        return Evidence.EQUAL if one.etag == other.etag else Evidence.DIFFERENT
    return Evidence.UNKNOWN


def was_uploaded_in_parts(item: ListedObject) -> bool:
    """Whether its ETag is one of a multipart upload."""
    return _PARTS.fullmatch(item.etag) is not None


def is_unchanged(item: ListedObject | None, size: int, digest: bytes) -> bool:
    """Whether the bytes are still those that the journal noted: same size, same ETag."""
    return item is not None and item.size == size and etag_digest(item.etag) == digest


def source_unchanged(item: ListedObject | None, entry: JournalEntry) -> bool:
    """Whether the source has the bytes that the journal noted."""
    return is_unchanged(item, entry.size, entry.source)


def destination_unchanged(item: ListedObject | None, entry: JournalEntry) -> bool:
    """Whether the destination has the bytes that the journal noted."""
    return is_unchanged(item, entry.size, entry.destination)
