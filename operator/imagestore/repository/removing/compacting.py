"""Write the index anew without containers that are to be deleted, and in fewer files."""

from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice

from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.index import SHARD_ENTRIES, IndexEntry, index_bytes, index_entries
from imagestore.repository.format.names import INDEX, index_file
from imagestore.repository.making.duplicates import index_file_data, write_index_file
from imagestore.repository.store.opening import Repository

MOST_FILES = 32


def compact_index(repository: Repository, run: str, gone: Callable[[str], bool]) -> None:
    """New files first, then the old ones go: a writer that reads meanwhile finds duplicates in either.

    ``gone``: whether a container is to be deleted.
    """
    old = [listed.name for listed in repository.files.current(INDEX)]
    entries = _without_repeats(merge(*(_entries(repository, name) for name in old)))
    kept = (entry for entry in entries if not gone(entry.container.hex()))
    number = 0
    while shard := list(islice(kept, SHARD_ENTRIES)):
        write_index_file(repository, index_file(run, number), index_bytes(shard))
        number += 1
    repository.files.delete(old)


def _entries(repository: Repository, name: str) -> Iterator[IndexEntry]:
    try:
        return index_entries(index_file_data(repository, name))
    except DamagedFile:
        return iter(())


def _without_repeats(entries: Iterator[IndexEntry]) -> Iterator[IndexEntry]:
    last = None
    for entry in entries:
        if entry != last:
            yield entry
        last = entry


def index_is_scattered(repository: Repository) -> bool:
    """Whether the index has many files."""
    return len(list(islice(repository.files.current(INDEX), MOST_FILES + 1))) > MOST_FILES
