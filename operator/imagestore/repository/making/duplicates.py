"""Contents that the repository has already: the files of the index on local disk, searched there, and what this run added."""

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.documents import read_file_of, written_file
from imagestore.repository.format.index import (
    ENTRY_BYTES,
    SHARD_ENTRIES,
    IndexEntry,
    entry_at,
    id_at,
    index_bytes,
)
from imagestore.repository.format.names import INDEX, index_file
from imagestore.repository.store.opening import Repository

_NONCE = 12


@dataclass
class DuplicateIndex:
    """Finds contents by blob id. ``folder``: a temporary one. ``usable``: whether an entry may be referred to.

    Holds at most ``SHARD_ENTRIES`` entries in memory. The rest is mapped from disk.
    """

    repository: Repository
    folder: Path
    usable: Callable[[IndexEntry], bool]
    most: int = SHARD_ENTRIES
    _files: list[memoryview] = field(default_factory=list, init=False)
    _new: dict[bytes, IndexEntry] = field(default_factory=dict, init=False)
    _written: int = field(default=0, init=False)

    def load(self) -> None:
        """Fetch all files. One that is damaged or was removed meanwhile finds fewer duplicates, no more."""
        for listed in self.repository.files.current(INDEX):
            try:
                self._map(index_file_data(self.repository, listed.name))
            except DamagedFile:
                continue

    def _map(self, data: bytes) -> None:
        if not data:
            return
        path = self.folder / f"index-{len(self._files)}"
        path.write_bytes(data)
        with path.open("rb") as file:
            self._files.append(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))

    def find(self, blob_id: bytes) -> IndexEntry | None:
        """Where a content stands, in a container that may be referred to."""
        if (entry := self._new.get(blob_id)) is not None:
            return entry
        for data in self._files:
            for entry in _matches(data, blob_id):
                if self.usable(entry):
                    return entry
        return None

    def add(self, entry: IndexEntry) -> None:
        """Note a content of this run."""
        self._new[entry.blob_id] = entry

    @property
    def full(self) -> bool:
        """Whether ``flush`` is due."""
        return len(self._new) >= self.most

    def flush(self, run: str) -> None:
        """Write what was noted as a file of the index. All packs that it names must have been written."""
        if not self._new:
            return
        data = index_bytes(self._new.values())
        write_index_file(self.repository, index_file(run, self._written), data)
        self._map(data)
        self._new, self._written = {}, self._written + 1


def _matches(data: memoryview, blob_id: bytes) -> Iterator[IndexEntry]:
    count = len(data) // ENTRY_BYTES
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if id_at(data, middle) < blob_id:
            low = middle + 1
        else:
            high = middle
    while low < count and id_at(data, low) == blob_id:
        yield entry_at(data, low)
        low += 1


def index_file_data(repository: Repository, name: str) -> bytes:
    """The content of a file of the index. DamagedFile."""
    data = repository.files.genuine(name, lambda found: read_file_of(repository.vault, name, found))
    if len(data) % ENTRY_BYTES:
        raise DamagedFile(name, "is cut short")
    return data


def write_index_file(repository: Repository, name: str, data: bytes) -> None:
    """Write a file of the index."""
    sealed = written_file(repository.vault, name, data, repository.random(_NONCE))
    repository.files.write(name, sealed)
