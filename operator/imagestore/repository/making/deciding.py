"""What a backup is to hold, and what of a listing it has already. Pure."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32

from imagestore.core.keys import raw
from imagestore.core.objects import ListedObject
from imagestore.repository.format.roots import BackupFilter
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.reading import Note, no_note
from imagestore.repository.making.recording import ProgressTold, nothing_told
from imagestore.repository.store.runs import BEAT
from imagestore.transfer.job import unhindered
from imagestore.transfer.pace import MOVED_AT_ONCE


def never_stopped() -> bool:
    """Go on."""
    return False


@dataclass(frozen=True)
class BackupOptions:
    """What a backup is to hold.

    ``scheduled``: when it was due, milliseconds. ``reread``: the metadata of one in so many unchanged objects is read again; 0: of
    none. ``note``: what to note of each image. ``clock``: seconds of any monotonic clock; it decides when to beat, never an age.
    ``full``: read every object again, though its content is stored once. ``label``: what asked for the backup. ``stop``: asked at
    every object and every second; once it says True, the backup ends with RunStopped. ``ready``: called when the backup comes to what no
    earlier run of it has done: an object that is to be read, or the end of the listing. All before is done again whenever it goes on.
    ``at_once``: objects.
    """

    filter: BackupFilter = field(default_factory=BackupFilter)
    scheduled: int | None = None
    reread: int = 30
    note: Note = no_note
    clock: Callable[[], float] = time.monotonic
    beat: float = BEAT
    told: ProgressTold = nothing_told
    full: bool = False
    label: str = ""
    stop: Callable[[], bool] = never_stopped
    ready: Callable[[], None] = unhindered
    at_once: int = MOVED_AT_ONCE


def unchanged(listed: ListedObject, row: BackupRow) -> bool:
    """Whether a listing shows the content that a row has."""
    same = (listed.size, listed.etag, listed.modified) == (row.size, row.etag, row.time)
    other_version = listed.version and row.version and listed.version != row.version
    return same and not other_version


def is_reread(key: str, sequence: int, share: int) -> bool:
    """Whether it is this key's turn: each one in ``share`` runs once."""
    return share > 0 and crc32(raw(key)) % share == sequence % share
