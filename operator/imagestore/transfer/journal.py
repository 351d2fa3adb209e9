"""The journal's entries: what both sides held when they were last found equal. Pure.

It makes a run without changes cost listings only, tells a deleted object from one that was never copied, and is the base of a
two-way run. A segment is a block of entries in the order of the run, packed: some 50 bytes a key. A segment that is lost, cut
off or of another program has no entries: the run compares again, copies what it cannot prove equal, and deletes nothing.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from backports import zstd

MAGIC = b"imagestore journal 2\n"
LARGEST_SEGMENT = 256 * 1024 * 1024  # bytes, unpacked: 20 000 of the longest keys as JSON, and the rest
DIGEST = 8  # bytes of an ETag's digest


class EntryFlag:
    """What else is known of a pair. Plain numbers: ``IntFlag`` took a third of a run's time."""

    NONE: Final = 0
    OURS: Final = 1  # a run wrote the destination's object
    UNVERIFIED: Final = 2  # taken for equal by size and time only
    EXCLUDED: Final = 4  # the filter's tags do not match the source's object
    GONE: Final = 8  # deleted at the source: the destination's object waits for its deletion
    DIFFERENT: Final = 32  # a sample read other bytes: the next run copies it, whatever ETags say
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
    """An ETag in eight bytes; empty stands for no object. Half of an MD5 is as good as a digest of it, and is there already."""
    if len(etag) >= _MD5 and etag[_MD5 : _MD5 + 1] in ("", "-"):
        try:
            return bytes.fromhex(etag[: 2 * DIGEST])
        except ValueError:
            pass
    return hashlib.blake2b(etag.encode(), digest_size=DIGEST).digest() if etag else bytes(DIGEST)


_MD5 = 32  # hexadecimal digits


class JournalDamaged(Exception):
    """The block is not a whole segment."""


def packed(entries: Iterable[JournalEntry]) -> bytes:
    """A segment of entries: column by column, so that reading it takes a microsecond an entry. Row by row it took eight."""
    keys, sizes, sources, read, destinations, written, flags = tuple(zip(*entries, strict=True)) or (
        (),
    ) * len(JournalEntry._fields)
    names = json.dumps(keys).encode()
    columns = [struct.pack(f"<{len(keys)}q", *column) for column in (sizes, read, written)]
    digests = [b"".join(column) for column in (sources, destinations)]
    whole = b"".join([_HEAD.pack(len(keys), len(names)), names, *columns, *digests, bytes(flags)])
    return MAGIC + zstd.compress(whole, level=3)


def _decompressed(data: bytes) -> bytes:
    """At most what a segment can have. Raises JournalDamaged and ZstdError."""
    frame = zstd.ZstdDecompressor()
    whole = frame.decompress(data, LARGEST_SEGMENT)
    if not frame.eof:
        raise JournalDamaged
    return whole


def unpacked(block: bytes) -> Iterator[JournalEntry]:
    """A segment's entries. Raises JournalDamaged; the digest of the block is for the caller to compare first."""
    if not block.startswith(MAGIC):
        raise JournalDamaged
    try:
        data = _decompressed(block[len(MAGIC) :])
        count, named = _HEAD.unpack_from(data)
        at = _HEAD.size + named
        if len(data) != at + count * _ENTRY:
            raise JournalDamaged
        keys = json.loads(data[_HEAD.size : at])
    except (zstd.ZstdError, struct.error, ValueError):
        raise JournalDamaged from None
    sizes, read, written = (
        struct.unpack_from(f"<{count}q", data, at + 8 * count * column) for column in range(3)
    )
    sources, destinations = (_digests(data, at + 8 * count * column, count) for column in (3, 4))
    return map(JournalEntry, keys, sizes, sources, read, destinations, written, data[at + 40 * count :])


_HEAD = struct.Struct("<II")  # entries, and bytes of their keys as JSON
_ENTRY = 3 * 8 + 2 * DIGEST + 1  # bytes of an entry beside its key


def _digests(data: bytes, at: int, count: int) -> Iterator[bytes]:
    return (one for (one,) in struct.iter_unpack(f"{DIGEST}s", data[at : at + DIGEST * count]))


def deletes_digest(entries: Iterable[JournalEntry]) -> str:
    """Of the entries whose objects would be deleted: other keys or other objects have another digest.

    Their times are a part of it, so an approval is not one for the same objects that came back and are gone again.
    """
    seen = hashlib.sha256()
    for entry in entries:
        seen.update(repr(tuple(entry)).encode())
    return seen.hexdigest()[:12]
