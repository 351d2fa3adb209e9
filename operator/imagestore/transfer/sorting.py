"""A listing sorted on disk, in bounded memory: for stores that list in another order than the other side.

s5cmd sorts both sides always, rclone above a million entries. Here one side is sorted, and only where it has to be.
"""

import errno
import heapq
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backports import zstd

from imagestore.core.objects import ListedObject
from imagestore.transfer.order import KeyRank

IN_MEMORY = 50_000  # items of one sorted run, some 30 MB
FAN_IN = 64  # runs that are merged at once: open files


class DiskFull(OSError):
    """No room in the temporary directory, which the message names."""


@contextmanager
def sorted_on_disk(
    items: Iterable[ListedObject], rank: KeyRank, temporary: Path | None = None, in_memory: int = IN_MEMORY
) -> Iterator[Iterator[ListedObject]]:
    """Items by key, in the order in which equal keys came. The files are gone afterwards. Raises DiskFull.

    ``temporary``: where the files are; None: the system's place.
    """
    with TemporaryDirectory(prefix="imagestore-sort-", dir=temporary, ignore_cleanup_errors=True) as place:
        with saying_disk_full(Path(place).parent):
            found = _Sorter(Path(place), rank, in_memory).run(iter(items))
        yield found


@contextmanager
def saying_disk_full(place: Path) -> Iterator[None]:
    """Say DiskFull, with the directory, where a write finds no room."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        told = f"no space left in {place}, where the run keeps lists; free some, or name another directory"
        raise DiskFull(error.errno, told) from None


@dataclass
class _Sorter:
    place: Path
    rank: KeyRank
    in_memory: int
    levels: list[list[Path]] = field(default_factory=list)  # sorted runs; those of a level are of like size
    made: int = 0

    def run(self, items: Iterator[ListedObject]) -> Iterator[ListedObject]:
        chunk = self._chunk(items)
        while len(chunk) == self.in_memory:
            self._add(0, self._written(chunk))
            chunk = self._chunk(items)
        files = [path for level in reversed(self.levels) for path in level]
        return self._merged([*map(_read, files), iter(chunk)])

    def _chunk(self, items: Iterator[ListedObject]) -> list[ListedObject]:
        return sorted(islice(items, self.in_memory), key=self._key)

    def _key(self, item: ListedObject) -> Any:
        return self.rank(item.key)

    def _merged(self, runs: list[Iterator[ListedObject]]) -> Iterator[ListedObject]:
        return heapq.merge(*runs, key=self._key)

    def _add(self, level: int, path: Path) -> None:
        """One more run; a full level becomes one run of the next."""
        if level == len(self.levels):
            self.levels.append([])
        self.levels[level].append(path)
        if len(self.levels[level]) == FAN_IN:
            full, self.levels[level] = self.levels[level], []
            merged = self._written(self._merged([_read(p) for p in full]))
            for each in full:
                each.unlink()
            self._add(level + 1, merged)

    def _written(self, items: Iterable[ListedObject]) -> Path:
        self.made += 1
        path = self.place / str(self.made)
        with zstd.open(path, "wt", encoding="ascii", level=1) as file:
            file.writelines(f"{json.dumps(item)}\n" for item in items)
        return path


def _read(path: Path) -> Iterator[ListedObject]:
    with zstd.open(path, "rt", encoding="ascii") as file:
        for line in file:
            yield ListedObject(*json.loads(line))
