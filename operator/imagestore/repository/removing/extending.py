"""Extend object locks on what is needed, in particular on the few files without which nothing else can be read."""

from collections.abc import Callable, Iterable

from imagestore.repository.format.names import (
    BACKUPS,
    BLOBS,
    FORMAT_FILE,
    KEYS,
    LEAVES,
    MOVED,
    PACKS,
    backup_file,
)
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.removing.locks import extend_lock
from imagestore.repository.store.files import RepositoryFiles

REMOVABLE = (PACKS, BLOBS, LEAVES, MOVED)


def extend_first_files(files: RepositoryFiles, roots: Iterable[BackupRoot], now: int) -> int:
    """Extend format.json, the slots of the key, and these roots; return how many were due.

    The first two are asked about each time: earlier versions of imagestore wrote them without a lock.
    """
    if files.lock is None:
        return 0
    stay = {backup_file(root.name) for root in roots}
    return sum((
        _extended(files, FORMAT_FILE, lambda _: True, now, always=True),
        _extended(files, KEYS, lambda _: True, now, always=True),
        _extended(files, BACKUPS, lambda name: name in stay, now),
    ))  # fmt: skip


def _extended(
    files: RepositoryFiles, kind: str, needs: Callable[[str], bool], now: int, *, always: bool = False
) -> int:
    over = {file.name: version for file, version in files.covered(kind)}
    found = (file for file in files.ever(kind) if needs(file.name))
    return sum(extend_lock(files, file, now, over.get(file.name, ""), however_young=always) for file in found)


def extend_covered(files: RepositoryFiles, kind: str, needs: Callable[[str], bool], now: int) -> int:
    """An attacker who hides a needed file behind a marker or a version waits for the end of its lock, to delete it then."""
    if files.lock is None:
        return 0
    return sum(
        extend_lock(files, file, now, version) for file, version in files.covered(kind) if needs(file.name)
    )


def extend_all(files: RepositoryFiles, now: int) -> int:
    """While nothing is deleted, a file that a backup needs may not be known: each is extended, needed or not."""
    return sum(_extended(files, kind, lambda _: True, now) for kind in REMOVABLE) if files.lock else 0
