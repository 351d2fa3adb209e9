"""Write the index anew without containers that are to be deleted, and in fewer files."""

from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.index import (
    ENTRY_BYTES,
    SHARD_ENTRIES,
    IndexEntry,
    index_bytes,
    index_entries,
)
from imagestore.repository.format.names import INDEX, index_file
from imagestore.repository.making.duplicates import index_file_data, write_index_file
from imagestore.repository.store.opening import Repository

MOST_FILES = 32
_ENTRIES_HELD = 1000


def compact_index(repository: Repository, run: str, gone: Callable[[str], bool]) -> dict[str, str]:
    """New files first, then the old ones go: a writer that reads meanwhile finds duplicates in either. Return those that the store keeps.

    ``gone``: whether a container is to be deleted. It must not be while an old file stays: the next backup would refer to it.
    """
    old = [listed.name for listed in repository.files.current(INDEX)]
    with TemporaryDirectory(prefix="imagestore-") as folder:
        fetched = [_fetched(repository, name, Path(folder) / str(n)) for n, name in enumerate(old)]
        entries = _without_repeats(merge(*map(_entries, fetched)))
        kept = (entry for entry in entries if not gone(entry.container.hex()))
        number = 0
        while shard := list(islice(kept, SHARD_ENTRIES)):
            write_index_file(repository, index_file(run, number), index_bytes(shard))
            number += 1
    return repository.files.delete(old)


def _fetched(repository: Repository, name: str, path: Path) -> Path:
    """On disk: all files of the index at once are 6 GB for 10^8 objects."""
    try:
        path.write_bytes(index_file_data(repository, name))
    except DamagedFile:
        path.write_bytes(b"")
    return path


def _entries(path: Path) -> Iterator[IndexEntry]:
    with path.open("rb") as file:
        while block := file.read(ENTRY_BYTES * _ENTRIES_HELD):
            yield from index_entries(block)


def _without_repeats(entries: Iterator[IndexEntry]) -> Iterator[IndexEntry]:
    last = None
    for entry in entries:
        if entry != last:
            yield entry
        last = entry


def index_is_scattered(repository: Repository) -> bool:
    """Whether the index has many files."""
    return len(list(islice(repository.files.current(INDEX), MOST_FILES + 1))) > MOST_FILES
