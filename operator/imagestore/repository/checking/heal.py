"""Heal damaged contents from the source, if it still has exactly these bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from imagestore.core.errors import StoreError
from imagestore.core.objects import ListedObject
from imagestore.repository.format.index import IndexEntry
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.packing import LargeObjects
from imagestore.repository.making.reading import NotBackedUp
from imagestore.repository.removing.repacking import PackMover
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.runs import begin_run
from imagestore.transfer.job import TransferEnd


@dataclass(frozen=True)
class HealReport:
    """Keys of contents that were stored anew, and of those that the source no longer has."""

    healed: tuple[str, ...]
    lost: tuple[str, ...]


def heal(repository: Repository, rows: Iterable[BackupRow], end: TransferEnd) -> HealReport:
    """Store damaged contents anew and note where they stand. Nothing is overwritten: the damaged file stays as it is."""
    run = begin_run(repository, "heal")
    mover = PackMover(repository, run.run)
    healed: list[str] = []
    lost: list[str] = []
    for row in rows:
        done = _large(repository, mover, row, end) if row.size > LARGE_BYTES else _small(mover, row, end)
        (healed if done else lost).append(row.key)
        run.beat()
    mover.finish()
    run.finish()
    return HealReport(tuple(healed), tuple(lost))


def _small(mover: PackMover, row: BackupRow, end: TransferEnd) -> bool:
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
    mover.move(row.container, row.offset, mover.repository.vault.blob_id(digest.digest()), content)
    return True


def _large(repository: Repository, mover: PackMover, row: BackupRow, end: TransferEnd) -> bool:
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
    mover.move_to_blob(row.container, found.entry)
    return True
