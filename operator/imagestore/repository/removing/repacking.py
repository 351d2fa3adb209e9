"""Move what is needed out of packs that are mostly dead. The old pack stays for the grace time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.index import IndexEntry, index_bytes
from imagestore.repository.format.names import index_file, moved_file, pack_file
from imagestore.repository.format.packs import PackEntry, PackWriter, open_entry, pack_table
from imagestore.repository.format.vault import digest_of
from imagestore.repository.making.duplicates import write_index_file
from imagestore.repository.removing.live import LiveFiles
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.runs import document_bytes

StoodAt = tuple[str, int]  # container, offset
Move = tuple[int, str, str, int, int]  # offset, then where it stands now: pack, blob, offset, length


@dataclass
class PackMover:
    """Writes contents into new packs, then the index, then ``moved``: in this order, so that each names what is there."""

    repository: Repository
    run: str
    number: int = 0
    _open: PackWriter | None = None
    _moves: dict[str, list[Move]] = field(default_factory=dict)
    _entries: list[IndexEntry] = field(default_factory=list)
    written: int = 0

    def move(self, stood: Iterable[StoodAt], blob_id: bytes, content: bytes) -> None:
        """Put a content, which stood at these places, into a new pack."""
        if self._open is None:
            self._open = PackWriter(self.repository.vault, self.repository.new_id())
        entry = self._open.add(blob_id, content)
        pack = self._open.pack
        self._entries.append(IndexEntry(blob_id, bytes.fromhex(pack), entry.offset, entry.length))
        for container, offset in stood:
            self._moves.setdefault(container, []).append((offset, pack, "", entry.offset, entry.length))
        if self._open.size >= self.repository.pack_bytes:
            self._write_pack()

    def move_to_blob(self, stood: Iterable[StoodAt], entry: IndexEntry) -> None:
        """Note that a content, which was a blob, stands in another one now."""
        self._entries.append(entry)
        for container, offset in stood:
            self._moves.setdefault(container, []).append((offset, "", entry.container.hex(), 0, 0))

    def _write_pack(self) -> None:
        """Write a pack and read it back whole. DamagedFile: it is not what was written."""
        if self._open is None:
            return
        name, data = pack_file(self._open.pack), self._open.finish()
        self.repository.files.write(name, data)
        if self.repository.files.read(name) != data:
            raise DamagedFile(name, "is not read back as it was written")
        self.written += len(data)
        self._open = None

    def finish(self) -> list[str]:
        """Write what is open; return the containers that were moved from."""
        self._write_pack()
        if self._entries:
            name = index_file(self.run, 9000 + self.number)
            write_index_file(self.repository, name, index_bytes(self._entries))
        for container, moves in self._moves.items():
            name = moved_file(container, f"{self.run}.{self.number}")
            content = {"container": container, "entries": moves}
            self.repository.files.write(name, document_bytes(self.repository, name, content))
        moved = list(self._moves)
        self._entries, self._moves, self.number = [], {}, self.number + 1
        return moved


def repack(
    repository: Repository, run: str, live: LiveFiles, packs: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Move the needed entries of these packs; return the packs that were emptied, and those that were left because of damage."""
    mover, damaged = PackMover(repository, run), []
    for pack in packs:
        try:
            contents = list(_contents(repository, live, pack))
        except DamagedFile:
            damaged.append(pack)
            continue
        for entry, content in contents:
            mover.move([(pack, entry.offset)], entry.blob_id, content)
    return mover.finish(), damaged


def _contents(repository: Repository, live: LiveFiles, pack: str) -> Iterator[tuple[PackEntry, bytes]]:
    """The needed entries of a pack, each proven by its id."""
    data = repository.files.read(pack_file(pack))
    for entry in pack_table(repository.vault, pack, data, len(data)):
        if live.is_needed(pack, entry.offset, entry.length):
            stored = data[entry.offset : entry.offset + entry.length]
            content = open_entry(repository.vault, pack, entry.offset, stored)
            if repository.vault.blob_id(digest_of(content)) != entry.blob_id:
                raise DamagedFile(pack_file(pack), "an entry is not what its table tells")
            yield entry, content
