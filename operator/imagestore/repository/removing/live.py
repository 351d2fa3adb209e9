"""What the backups need: containers and how much of each, and leaves. Shared leaves are read once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from imagestore.repository.format.names import blob_file, leaf_file, pack_file
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import MovedEntries, rows_of_leaf

PAGE = 16 * 1024
"""A pack's use is known by pages of 16 KiB, a bit each: 128 bytes a pack, however many objects it holds."""


@dataclass
class LiveFiles:
    """``packs``: by id (16 bytes) the pages that are needed, as bits. ``followed``: containers from which all that is needed was moved."""

    moved: MovedEntries
    packs: dict[bytes, int] = field(default_factory=dict)
    blobs: set[bytes] = field(default_factory=set)
    leaves: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)

    def need(self, row: BackupRow) -> None:
        """A row needs its entry, or where it was moved to: all places, should one be damaged."""
        if not row.container:
            return
        if row.container in self.moved.containers:
            self.named.update(place.container for place in self.moved.places(row))
        for place in self.moved.kept(row):
            self._mark(place)

    def _mark(self, row: BackupRow) -> None:
        if row.blob:
            self.blobs.add(bytes.fromhex(row.blob))
            return
        first, last = row.offset // PAGE, (row.offset + max(row.length, 1) - 1) // PAGE
        pages = ((1 << (last - first + 1)) - 1) << first
        pack = bytes.fromhex(row.pack)
        self.packs[pack] = self.packs.get(pack, 0) | pages

    def used(self, pack: str) -> int:
        """How many bytes of a pack are needed, in whole pages."""
        return self.packs.get(bytes.fromhex(pack), 0).bit_count() * PAGE

    def is_needed(self, pack: str, offset: int, length: int) -> bool:
        """Whether an entry of a pack may be needed."""
        first, last = offset // PAGE, (offset + max(length, 1) - 1) // PAGE
        return bool(self.packs.get(bytes.fromhex(pack), 0) >> first & ((1 << (last - first + 1)) - 1))

    def needs(self, name: str) -> bool:
        """Whether a file of packs/, blobs/, leaves/ or moved/ is needed."""
        kind, _, rest = name.partition("/")
        tail = rest.rpartition("/")[2]
        if kind == "leaves":
            return tail in self.leaves
        if kind == "moved":
            return tail.partition("-")[0] in self.named
        return bytes.fromhex(tail) in (self.packs if kind == "packs" else self.blobs)


def live_files(repository: Repository, roots: Iterable[BackupRoot]) -> LiveFiles:
    """Read all leaves of these backups. DamagedFile: what they need is not known, so nothing may go."""
    live = LiveFiles(MovedEntries(repository))
    for leaf in _leaves(roots):
        if leaf not in live.leaves:
            live.leaves.add(leaf)
            for row in rows_of_leaf(repository, leaf):
                live.need(row)
    for root in roots:
        if root.report:
            live.leaves.add(root.report)
    return live


def _leaves(roots: Iterable[BackupRoot]) -> Iterator[str]:
    return (ref.name for root in roots for ref in root.leaves)


def files_of_live(live: LiveFiles) -> Iterator[str]:
    """The names of the files that are needed, for a check that they are there."""
    yield from (pack_file(pack.hex()) for pack in live.packs)
    yield from (blob_file(blob.hex()) for blob in live.blobs)
    yield from map(leaf_file, live.leaves)
