"""Object lock on the repository's own files: extended while they are needed, waited for when they are not."""

from datetime import UTC, datetime

from imagestore.core.errors import Denied, NotFound, Rejected, StoreError
from imagestore.core.objects import ObjectAttributes, ObjectLockState, ObjectUpload
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.store.files import DAY, ListedFile, RepositoryFiles


def extend_lock(
    files: RepositoryFiles, file: ListedFile, now: int, version: str = "", *, however_young: bool = False
) -> bool:
    """Lock a needed file anew when less than a third of its time is left; whether it was. One request, two when it is due.

    ``version``: of the file, where something lies over it. ``however_young``: also ask about a file that was locked lately if it was
    locked at all.
    """
    if files.lock is None:
        return False
    if not however_young and now - file.modified < files.lock.days * DAY * 2 // 3:
        return False
    key = files.prefix + file.name
    held = files.store.lock(files.bucket, key, version)
    if (held.until or 0) - now > files.lock.days * DAY // 3:
        return False
    until = now + files.lock.days * DAY
    files.store.set_lock(files.bucket, key, ObjectLockState(files.lock.mode, until, held.hold), version)
    return True


def retained_until(files: RepositoryFiles, name: str, now: int) -> str:
    """Why a file may not be deleted yet, such as "retained until 2026-12-01"; empty: it may."""
    if not files.versioned:
        return ""  # no store locks objects without versions
    try:
        held = files.store.lock(files.bucket, files.prefix + name)
    except (NotFound, Denied, Rejected):
        return ""
    if held.hold:
        return "legal hold"
    if held.until is not None and held.until > now:
        return f"retained until {datetime.fromtimestamp(held.until / 1000, UTC):%Y-%m-%d}"
    return ""


def prove_lock(files: RepositoryFiles, now: int, name: str) -> None:
    """Prove that the store enforces object lock, on a file of one minute. RepositoryProblem: it deleted the locked version."""
    key, until = files.prefix + name, now + 60_000
    lock = ObjectLockState("GOVERNANCE", until)
    upload = ObjectUpload(b"proof of object lock", 20)
    try:
        written = files.store.write(files.bucket, key, upload, ObjectAttributes(lock=lock))
    except StoreError as error:
        raise RepositoryProblem(
            f"{files} takes no locked objects ({error.code or error.reason}); create the bucket with object lock"
        ) from None
    try:
        files.store.delete(files.bucket, key, version=written.version)
        files.store.head(files.bucket, key, written.version)
    except NotFound:
        raise RepositoryProblem(
            f"{files} deleted a locked object; its store does not enforce object lock"
        ) from None
    except StoreError:
        return
