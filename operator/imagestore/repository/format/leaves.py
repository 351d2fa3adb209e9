"""Leaves: the rows of a range of keys as JSON lines in zstd, cut by content and named by hash. Pure."""

import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from imagestore.core.keys import raw
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import leaf_file
from imagestore.repository.format.rows import BackupRow, key_fields, row_key, row_of
from imagestore.repository.format.vault import Vault, same, seal, unseal

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CUT_BITS = 16
MOST_ROWS = 2**18
LEVEL = 3
_BLOCK = 256 * 1024


class LeafRef(NamedTuple):
    """A leaf in a root. ``name``: hash.run. ``first``: its first key."""

    first: str
    rows: int
    name: str


class FinishedLeaf(NamedTuple):
    """A leaf that is to be written."""

    ref: LeafRef
    data: bytes


def ends_leaf(key: str, bits: int = CUT_BITS) -> bool:
    """Whether the leaf ends behind this key: the last ``bits`` bits of the key's SHA-256 are 0."""
    return int.from_bytes(sha256(raw(key)).digest()[-4:], "big") & ((1 << bits) - 1) == 0


class LeafBuilder:
    """Collects rows in the order of their keys' bytes. Holds the compressed bytes of one leaf."""

    def __init__(self, vault: Vault, bits: int = CUT_BITS, most: int = MOST_ROWS) -> None:
        self._vault, self._bits, self._most = vault, bits, most
        self._begin()

    def _begin(self) -> None:
        self._compressor = zstd.ZstdCompressor(level=LEVEL)
        self._parts: list[bytes] = []
        self._lines: list[bytes] = []
        self._held = 0
        self.first, self.rows = "", 0

    def add(self, line: bytes, key: str) -> FinishedLeaf | None:
        """Add the line of a row; return the leaf that it ends."""
        self.add_line(line, key)
        return self.finish() if self.ends(key, self.rows) else None

    def ends(self, key: str, rows: int) -> bool:
        """Whether a leaf of so many rows ends behind this key."""
        return rows >= self._most or ends_leaf(key, self._bits)

    def add_line(self, line: bytes, key: str) -> None:
        """Add a line that ends no leaf."""
        if not self.rows:
            self.first = key
        self.rows += 1
        self._lines += (line, b"\n")
        self._held += len(line)
        if self._held >= _BLOCK:
            self._compress()

    def _compress(self) -> None:
        self._parts.append(self._compressor.compress(b"".join(self._lines)))
        self._lines, self._held = [], 0

    def finish(self) -> FinishedLeaf | None:
        """The leaf so far; None: it has no row."""
        if not self.rows:
            return None
        self._compress()
        self._parts.append(self._compressor.flush())
        data = b"".join(self._parts)
        name = self._vault.leaf_hash(data)
        ref = LeafRef(self.first, self.rows, name)
        sealed = seal(self._vault.cipher(f"leaf/{name}"), 0, name, data)
        self._begin()
        return FinishedLeaf(ref, sealed)


def leaf_lines(vault: Vault, name: str, data: bytes) -> Iterator[bytes]:
    """The lines of a leaf. DamagedFile, before the first line."""
    digest = name.partition(".")[0]
    plain = unseal(vault.cipher(f"leaf/{digest}"), 0, digest, data, leaf_file(name))
    if not same(vault.leaf_hash(plain).encode(), digest.encode()):
        raise DamagedFile(leaf_file(name), "its bytes are not those that its name tells")
    return _lines(plain)


def _lines(plain: bytes) -> Iterator[bytes]:
    decompressor = zstd.ZstdDecompressor()
    rest, given = b"", plain
    while not decompressor.eof:
        block = decompressor.decompress(given, max_length=_BLOCK)
        given = b""
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        yield from lines


def leaf_rows(vault: Vault, name: str, data: bytes) -> Iterator[BackupRow]:
    """The rows of a leaf, in the order of their keys. DamagedFile, before the first row."""
    return map(row_of, leaf_lines(vault, name, data))


def ref_fields(ref: LeafRef) -> dict[str, Any]:
    """A leaf as a root has it."""
    return {**key_fields(ref.first), "rows": ref.rows, "leaf": ref.name}


def ref_of(content: Any) -> LeafRef:
    """What ``ref_fields`` wrote."""
    return LeafRef(row_key(content), content["rows"], content["leaf"])
