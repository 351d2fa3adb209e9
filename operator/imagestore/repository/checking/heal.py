"""Heal damaged contents from the source, if it still has exactly these bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from imagestore.core.errors import StoreError
from imagestore.core.objects import ListedObject
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.index import IndexEntry
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.packing import LargeObjects
from imagestore.repository.making.reading import NotBackedUp
from imagestore.repository.removing.repacking import PackMover, StoodAt
from imagestore.repository.restoring.contents import ContentReader
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.runs import begin_run
from imagestore.transfer.job import TransferEnd


@dataclass(frozen=True)
class HealReport:
    """Keys of contents that were stored anew, and of those that the source no longer has."""

    healed: tuple[str, ...]
    lost: tuple[str, ...]


def heal(repository: Repository, rows: Iterable[BackupRow], end: TransferEnd) -> HealReport:
    """Store damaged contents anew and note where they stand. Nothing is overwritten: the damaged file stays as it is.

    A content whose old place is not deleted yet is taken from there, else from the source, from the first of its keys that still has it.
    """
    run = begin_run(repository, "heal")
    mover = PackMover(repository, run.run)
    reader = ContentReader(repository)
    healed, lost = set[str](), set[str]()
    for same in _by_content(rows):
        places = _places(reader, same[0])
        done = _from_old_place(reader, mover, same[0], places) or any(
            _from_source(repository, mover, row, end, places) for row in same
        )
        (healed if done else lost).update(row.key for row in same)
        run.beat()
    mover.finish()
    run.finish()
    return HealReport(tuple(sorted(healed - lost)), tuple(sorted(lost)))


def _by_content(rows: Iterable[BackupRow]) -> Iterable[list[BackupRow]]:
    found: dict[tuple[str, int], dict[str, BackupRow]] = {}
    for row in rows:
        found.setdefault((row.container, row.offset), {})[row.key] = row
    return [list(same.values()) for same in found.values()]


def _places(reader: ContentReader, row: BackupRow) -> set[StoodAt]:
    """Its own place and each damaged one to which it was moved: a backup may refer to any of them, and must find the new one."""
    return {(place.container, place.offset) for place in (row, *reader.moved.kept(row))}


def _from_old_place(
    reader: ContentReader, mover: PackMover, row: BackupRow, places: Iterable[StoodAt]
) -> bool:
    if row.size > LARGE_BYTES:
        return False
    try:
        content = reader.content(row)
    except DamagedFile:
        return False
    mover.move(places, reader.repository.vault.blob_id(bytes.fromhex(row.sha256)), content)
    return True


def _from_source(
    repository: Repository, mover: PackMover, row: BackupRow, end: TransferEnd, places: Iterable[StoodAt]
) -> bool:
    if row.size > LARGE_BYTES:
        return _large(repository, mover, row, end, places)
    return _small(mover, row, end, places)


def _small(mover: PackMover, row: BackupRow, end: TransferEnd, places: Iterable[StoodAt]) -> bool:
    try:
        with end.store.read(end.bucket, row.key) as body:
            if body.head.size != row.size:
                return False
            content = b"".join(body)
    except StoreError:
        return False
    digest = sha256(content)
    if digest.hexdigest() != row.sha256:
        return False
    mover.move(places, mover.repository.vault.blob_id(digest.digest()), content)
    return True


def _large(
    repository: Repository, mover: PackMover, row: BackupRow, end: TransferEnd, places: Iterable[StoodAt]
) -> bool:
    """The new blob becomes visible before its bytes are known to be right; wrong ones are garbage that a removal deletes."""

    def find_nothing(_blob_id: bytes) -> IndexEntry | None:
        return None

    listed = ListedObject(row.key, row.size, row.etag, row.time)
    try:
        found = LargeObjects(repository, find_nothing).store(end, listed)
    except NotBackedUp:
        return False
    if found.entry is None or found.read.row.sha256 != row.sha256:
        return False
    mover.move_to_blob(places, found.entry)
    return True
