"""A listing beside the rows of the last backup, both in the order of the keys' bytes.

Of what did not change, no row is decoded: one by one they cost more than twice what the listing costs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from imagestore.core.keys import raw
from imagestore.core.objects import ListedObject
from imagestore.repository.format.rows import place_if_listed
from imagestore.repository.making.base import KnownRow, ReusableRows
from imagestore.repository.making.deciding import BackupOptions, is_reread
from imagestore.repository.making.reading import storage_class
from imagestore.repository.making.same_leaves import LeafLine, UnchangedStretch

Stays = Callable[[ListedObject, KnownRow], bool]


@dataclass(frozen=True)
class UnchangedRows:
    """Whether a row of the last backup stays as it is, and nothing of its object is read in this one."""

    reusable: ReusableRows
    options: BackupOptions
    sequence: int

    def __call__(self, listed: ListedObject, known: KnownRow) -> bool:
        """Asked of every object. False: its row is decoded, and looked at closely."""
        if known.resumed or self.options.full:
            return False
        place = place_if_listed(known.line, listed)
        if place is None or place.storage_class != storage_class(listed):
            return False
        reread = is_reread(listed.key, self.sequence, self.options.reread)
        return not reread and self.reusable.is_as_it_was(place.pack)


def with_known(
    listing: Iterator[ListedObject], known: Iterator[KnownRow], stays: Stays
) -> Iterator[UnchangedStretch | tuple[ListedObject, KnownRow | None]]:
    """Each listed object with what is known of it, or a stretch of those that stay as they are."""
    row, stretch = next(known, None), UnchangedStretch()
    for listed in listing:
        if row is not None and stays(listed, row):
            if not stretch.goes_on_at(row.at):
                yield stretch
                stretch = UnchangedStretch()
            stretch.add(LeafLine(listed.key, row.line, row.at), listed.size)
            row = next(known, None)
            continue
        if stretch.lines:
            yield stretch
            stretch = UnchangedStretch()
        row = _up_to(listed, row, known)
        if row is not None and row.row.key == listed.key:
            yield listed, row
            row = next(known, None)
        else:
            yield listed, None
    if stretch.lines:
        yield stretch


def _up_to(listed: ListedObject, row: KnownRow | None, known: Iterator[KnownRow]) -> KnownRow | None:
    """The first row that is not before a key."""
    key = raw(listed.key)
    while row is not None and raw(row.row.key) < key:
        row = next(known, None)
    return row
