"""Packs: entries, their table, the table's length and its MAC; and large objects in frames. Pure."""

import json
import struct
from collections.abc import Iterator
from typing import NamedTuple

from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import FRAME_BYTES, blob_file, pack_file
from imagestore.repository.format.vault import MAC_BYTES, TAG_BYTES, Vault, same, seal, unseal

_LENGTH = struct.Struct(">I")
FOOTER_BYTES = _LENGTH.size + MAC_BYTES


class PackEntry(NamedTuple):
    """A content in a pack. ``length``: as it stands there."""

    blob_id: bytes
    offset: int
    length: int


class PackWriter:
    """Builds one pack. ``pack``: its random id, 32 hexadecimal digits."""

    def __init__(self, vault: Vault, pack: str) -> None:
        self._vault, self.pack = vault, pack
        self._cipher = vault.cipher(f"pack/{pack}")
        self._parts: list[bytes] = []
        self.entries: list[PackEntry] = []
        self.size = 0

    def add(self, blob_id: bytes, content: bytes) -> PackEntry:
        """Append a content and return where it stands."""
        data = seal(self._cipher, self.size, f"{self.pack}:{self.size}", content)
        entry = PackEntry(blob_id, self.size, len(data))
        self._parts.append(data)
        self.entries.append(entry)
        self.size += len(data)
        return entry

    def finish(self) -> bytes:
        """The whole file."""
        rows = [[e.blob_id.hex(), e.offset, e.length] for e in self.entries]
        table = json.dumps(rows, separators=(",", ":")).encode()
        table = seal(self._cipher, self.size, f"{self.pack}:table", table)
        mac = self._vault.mac(pack_file(self.pack), table)
        return b"".join([*self._parts, table, _LENGTH.pack(len(table)), mac])


def open_entry(vault: Vault, pack: str, offset: int, data: bytes) -> bytes:
    """The content of an entry. DamagedFile; an entry that is not encrypted is proven by its row's hash only."""
    cipher = vault.cipher(f"pack/{pack}")
    return unseal(cipher, offset, f"{pack}:{offset}", data, pack_file(pack))


def table_length(pack: str, tail: bytes) -> int:
    """How many bytes from the end table and footer take. ``tail``: the end of the file."""
    if len(tail) < FOOTER_BYTES:
        raise DamagedFile(pack_file(pack), "is cut short")
    (length,) = _LENGTH.unpack_from(tail, len(tail) - FOOTER_BYTES)
    return int(length) + FOOTER_BYTES


def pack_table(vault: Vault, pack: str, tail: bytes, size: int) -> tuple[PackEntry, ...]:
    """The table. ``tail``: at least ``table_length`` bytes from the end of a file of ``size`` bytes. DamagedFile."""
    whole, name = table_length(pack, tail), pack_file(pack)
    table, mac = tail[len(tail) - whole : -FOOTER_BYTES], tail[-MAC_BYTES:]
    if whole > len(tail) or not same(vault.mac(name, table), mac):
        raise DamagedFile(name, "its table was changed or cut short")
    plain = unseal(vault.cipher(f"pack/{pack}"), size - whole, f"{pack}:table", table, name)
    return tuple(PackEntry(bytes.fromhex(i), offset, length) for i, offset, length in json.loads(plain))


def blob_length(vault: Vault, size: int) -> int:
    """The length of the file of a large object."""
    return size + TAG_BYTES * -(-size // FRAME_BYTES) if vault.sealed else size


class BlobFrames:
    """Seals and opens the frames of one large object. ``blob``: its random id, 32 hexadecimal digits."""

    def __init__(self, vault: Vault, blob: str) -> None:
        self._cipher, self.blob = vault.cipher(f"blob/{blob}"), blob
        self.stored_frame = FRAME_BYTES + (TAG_BYTES if vault.sealed else 0)

    def sealed(self, number: int, frame: bytes) -> bytes:
        """A frame as it is stored."""
        return seal(self._cipher, number, f"{self.blob}:{number}", frame)

    def opened(self, number: int, data: bytes) -> bytes:
        """A frame's content. DamagedFile."""
        return unseal(self._cipher, number, f"{self.blob}:{number}", data, blob_file(self.blob))


def regrouped(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in blocks of ``size``, the last one smaller."""
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)
