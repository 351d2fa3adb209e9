"""What a restore would do, and what it would overwrite, from listings: counted before the first write, and again when it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic

from imagestore.core.errors import NotFound, StoreError
from imagestore.core.keys import raw
from imagestore.core.objects import ListedObject
from imagestore.repository.making.sources import listed_in_order
from imagestore.repository.restoring.options import RestoreOptions
from imagestore.repository.restoring.outcomes import Item
from imagestore.repository.restoring.reading_back import listed_now
from imagestore.repository.restoring.selection import LostRows, RestoreSelection, restored_key
from imagestore.repository.restoring.sources import RestoreSource
from imagestore.transfer.job import TransferEnd


@dataclass(frozen=True)
class PlannedPass:
    """What a pass restores. ``first``: its prefix; empty: all that no priority names. ``present``: how many of its keys the destination has.

    ``newest``: when the last one of these was written, in milliseconds of the destination's clock; 0: there is none. ``digest``: of their keys
    and ETags.
    """

    first: str
    objects: int = 0
    bytes: int = 0
    present: int = 0
    newest: int = 0
    digest: str = ""


@dataclass(frozen=True)
class LaterObjects:
    """Objects of the destination that were written after a moment and would be lost. ``newest``: when the last one was. ``digest``: of their
    keys and ETags.
    """

    count: int = 0
    newest: int = 0
    digest: str = ""


class _ThereDigest:
    """Tells some objects of a destination, in their order, from any others."""

    def __init__(self) -> None:
        self._told = sha256()

    def add(self, there: ListedObject) -> None:
        self._told.update(b"%s\0%s\0" % (raw(there.key), there.etag.encode()))

    def text(self) -> str:
        return self._told.hexdigest()


@dataclass(frozen=True)
class PresentObjects(Generic[Item]):
    """What is at the destination of what a source has."""

    source: RestoreSource[Item]
    end: TransferEnd
    selection: RestoreSelection

    def beside(self, rows: Iterator[Item]) -> Iterator[tuple[Item, ListedObject | None]]:
        """Each row with what is at its key now. The rows are in the order of their keys."""
        if self.selection.keys:
            yield from ((row, listed_now(self.end, self._key(row))) for row in rows)
            return
        listing = listed_in_order(self.end)
        there = next(listing, None)
        for row in rows:
            key = raw(self._key(row))
            while there is not None and raw(there.key) < key:
                there = next(listing, None)
            yield row, there if there is not None and raw(there.key) == key else None

    def _key(self, row: Item) -> str:
        return restored_key(row.key, self.source.prefix, self.end.prefix)

    def of_pass(self, number: int, after: str = "") -> Iterator[tuple[Item, ListedObject | None]]:
        """Each row of a pass behind a key with what is at its key now. Rows that are lost are left out."""
        return self.beside(row for row in self.source.items(number, after) if not isinstance(row, LostRows))


def restore_passes(
    source: RestoreSource[Item], end: TransferEnd, options: RestoreOptions
) -> tuple[PlannedPass, ...]:
    """What a restore would do, by pass, from listings alone. StoreError."""
    present = PresentObjects(source, end, options.selection)
    return tuple(
        _planned(first, present.of_pass(number))
        for number, first in enumerate((*options.selection.first, ""))
    )


def _planned(first: str, found: Iterator[tuple[Item, ListedObject | None]]) -> PlannedPass:
    objects = size = present = newest = 0
    digest = _ThereDigest()
    for row, there in found:
        objects, size = objects + 1, size + row.size
        if there is not None:
            present, newest = present + 1, max(newest, there.modified)
            digest.add(there)
    return PlannedPass(first, objects, size, present, newest, digest.text())


def later_objects(
    source: RestoreSource[Item], end: TransferEnd, options: RestoreOptions, moment: int
) -> LaterObjects:
    """What a restore that goes on at ``options.point`` would overwrite of what was written after a moment, in milliseconds of the
    destination's clock. What the restore wrote itself behind its last checkpoint is none of it. StoreError.
    """
    point, present = options.point, PresentObjects(source, end, options.selection)
    count, newest, digest = 0, 0, _ThereDigest()
    for number in range(point.number, options.selection.passes):
        for row, there in present.of_pass(number, point.after if number == point.number else ""):
            if there is not None and there.modified > moment and _would_be_lost(source, row, there):
                count, newest = count + 1, max(newest, there.modified)
                digest.add(there)
    return LaterObjects(count, newest, digest.text())


def _would_be_lost(source: RestoreSource[Item], row: Item, there: ListedObject) -> bool:
    """What the store does not let read may be anything."""
    try:
        return not source.holds(row, there)
    except NotFound:
        return False
    except StoreError:
        return True
