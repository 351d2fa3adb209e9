"""What a backup is to hold, and what of a listing it has already. Pure."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from imagestore.core.keys import raw
from imagestore.core.objects import ListedObject
from imagestore.repository.format.roots import BackupFilter
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.reading import Note, no_note
from imagestore.repository.making.recording import ProgressTold, nothing_told
from imagestore.repository.store.runs import BEAT


@dataclass(frozen=True)
class BackupOptions:
    """What a backup is to hold.

    ``scheduled``: when it was due, milliseconds. ``reread``: the metadata of one in so many unchanged objects is read again; 0: of
    none. ``note``: what to note of each image. ``clock``: seconds of any monotonic clock; it decides when to beat, never an age.
    """

    filter: BackupFilter = field(default_factory=BackupFilter)
    scheduled: int | None = None
    reread: int = 30
    note: Note = no_note
    clock: Callable[[], float] = time.monotonic
    beat: float = BEAT
    told: ProgressTold = nothing_told


def unchanged(listed: ListedObject, row: BackupRow) -> bool:
    """Whether a listing shows the content that a row has."""
    same = (listed.size, listed.etag, listed.modified) == (row.size, row.etag, row.time)
    other_version = listed.version and row.version and listed.version != row.version
    return same and not other_version


def is_reread(key: str, sequence: int, share: int) -> bool:
    """Whether it is this key's turn: each one in ``share`` runs once."""
    return share > 0 and int.from_bytes(sha256(raw(key)).digest()[:4], "big") % share == sequence % share


def merged_by_key(
    listing: Iterator[ListedObject], known: Iterator[tuple[BackupRow, bool]]
) -> Iterator[tuple[ListedObject, tuple[BackupRow, bool] | None]]:
    """Each listed object with what is known of it. Both are in the order of the keys' bytes."""
    row = next(known, None)
    for listed in listing:
        key = raw(listed.key)
        while row is not None and raw(row[0].key) < key:
            row = next(known, None)
        yield listed, row if row is not None and row[0].key == listed.key else None
