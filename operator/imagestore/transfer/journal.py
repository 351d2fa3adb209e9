"""The journal's entries: what both sides held when they were last found equal. Pure.

It makes a run without changes cost listings only, tells a deleted object from one that was never copied, and is the base of a
two-way run. A segment is a block of entries in the order of the run, packed: some 50 bytes a key. A segment that is lost, cut
off or of another program has no entries: the run compares again, copies what it cannot prove equal, and deletes nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from backports import zstd

from imagestore.core.keys import raw

MAGIC = b"imagestore journal 1\n"
DIGEST = 8  # bytes of an ETag's digest


class EntryFlag:
    """What else is known of a pair. Plain numbers: ``IntFlag`` took a third of a run's time."""

    NONE: Final = 0
    OURS: Final = 1  # a run wrote the destination's object
    UNVERIFIED: Final = 2  # taken for equal by size and time only
    EXCLUDED: Final = 4  # the filter's tags do not match the source's object
    GONE: Final = 8  # deleted at the source: the destination's object waits for its deletion
    GONE_BACK: Final = 16  # two ways: deleted at the destination, so the source's object waits


class JournalEntry(NamedTuple):
    """One key without the ends' prefixes. ``source``, ``destination``: digests of the ETags.

    The times (ms) are those at or before which each side was as noted: a later one tells that attributes may have changed.
    """

    key: str
    size: int
    source: bytes
    source_modified: int
    destination: bytes
    destination_modified: int
    flags: int = 0

    def has(self, flag: int) -> bool:
        """Whether the flag is set."""
        return bool(self.flags & flag)


def etag_digest(etag: str) -> bytes:
    """An ETag in eight bytes; empty stands for no object."""
    return hashlib.blake2b(etag.encode(), digest_size=DIGEST).digest() if etag else bytes(DIGEST)


class JournalDamaged(Exception):
    """The block is not a whole segment."""


def packed(entries: Iterable[JournalEntry]) -> bytes:
    """A segment of entries."""
    out = bytearray()
    last = b""
    for entry in entries:
        key = raw(entry.key)
        shared = _shared(last, key)
        for number in (shared, len(key) - shared, entry.flags, entry.size):
            _put(out, number)
        out += key[shared:] + entry.source + entry.destination
        _put(out, entry.source_modified)
        _put(out, entry.destination_modified)
        last = key
    return MAGIC + zstd.compress(bytes(out), level=3)


def unpacked(block: bytes) -> Iterator[JournalEntry]:
    """A segment's entries. Raises JournalDamaged; the digest of the block is for the caller to compare first."""
    if not block.startswith(MAGIC):
        raise JournalDamaged
    try:
        data = zstd.decompress(block[len(MAGIC) :])
    except zstd.ZstdError:
        raise JournalDamaged from None
    at, last = 0, b""
    while at < len(data):
        (shared, rest, flags, size), at = _numbers(data, at, 4)
        last = last[:shared] + data[at : at + rest]
        at += rest
        source, destination = data[at : at + DIGEST], data[at + DIGEST : at + 2 * DIGEST]
        times, at = _numbers(data, at + 2 * DIGEST, 2)
        key = last.decode("utf-8", "surrogateescape")
        yield JournalEntry(key, size, source, times[0], destination, times[1], flags)


def _shared(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _put(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _numbers(data: bytes, at: int, count: int) -> tuple[list[int], int]:
    found = []
    for _ in range(count):
        number, shift = 0, 0
        while data[at] > 127:
            number |= (data[at] & 127) << shift
            shift += 7
            at += 1
        found.append(number | data[at] << shift)
        at += 1
    return found, at


def deletes_digest(entries: Iterable[JournalEntry]) -> str:
    """Of the entries whose objects would be deleted: other keys or other objects have another digest.

    Their times are a part of it, so an approval is not one for the same objects that came back and are gone again.
    """
    seen = hashlib.sha256()
    for entry in entries:
        seen.update(repr(tuple(entry)).encode())
    return seen.hexdigest()[:12]
