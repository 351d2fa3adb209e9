"""The index: where contents stand, to find duplicates. A restore never reads it. Pure."""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_ENTRY = struct.Struct(">32s16sQI")
ENTRY_BYTES = _ENTRY.size  # 60
SHARD_ENTRIES = 2**18  # 15 MiB a file


class IndexEntry(NamedTuple):
    """A content. ``container``: the pack's id, or with ``length`` 0 the blob's, 16 bytes."""

    blob_id: bytes
    container: bytes
    offset: int
    length: int


def index_bytes(entries: Iterable[IndexEntry]) -> bytes:
    """A file's content: entries of 60 bytes, sorted."""
    return b"".join(_ENTRY.pack(*entry) for entry in sorted(entries))


def index_entries(data: bytes) -> Iterator[IndexEntry]:
    """The entries of a file."""
    return (IndexEntry(*fields) for fields in _ENTRY.iter_unpack(data))


def entry_at(data: memoryview, number: int) -> IndexEntry:
    """One entry of a file."""
    return IndexEntry(*_ENTRY.unpack_from(data, number * ENTRY_BYTES))


def id_at(data: memoryview, number: int) -> bytes:
    """The blob id of one entry."""
    start = number * ENTRY_BYTES
    return bytes(data[start : start + 32])
