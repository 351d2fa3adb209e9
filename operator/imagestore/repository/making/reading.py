"""Read one object of the source: its bytes as one version, its headers, metadata, tags and lock."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import md5, sha256

from imagestore.core.errors import Conflict, Denied, NotFound, Rejected, StoreError
from imagestore.core.objects import ListedObject, ObjectHead
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.rows import BackupRow
from imagestore.transfer.job import TransferEnd


class ObjectProblem(StrEnum):
    """Why an object is not in a backup, or only as an earlier content. Repository: all files of a repository of backups, in one line."""

    CUSTOMER_KEY = "CustomerKey"
    ARCHIVED = "Archived"
    REPOSITORY = "Repository"
    VANISHED = "Vanished"
    CHANGING = "Changing"
    FAILED = "Failed"


SKIPPED = (ObjectProblem.CUSTOMER_KEY, ObjectProblem.ARCHIVED, ObjectProblem.REPOSITORY)


class NotBackedUp(Exception):
    """An object that could not be read, and why. ``cause``: what the store said, without the key."""

    def __init__(self, problem: ObjectProblem, cause: str = "") -> None:
        super().__init__(problem.value)
        self.problem, self.cause = problem, cause


@dataclass(frozen=True)
class BackedUpObject:
    """A small object that was read whole. ``row`` says no place yet."""

    row: BackupRow
    content: bytes = field(repr=False)
    changed: bool = False


Note = Callable[[str, bytes], str]
"""From a key and the object's bytes to the row's note."""


def no_note(_key: str, _content: bytes) -> str:
    """Note nothing."""
    return ""


def read_object(end: TransferEnd, listed: ListedObject, note: Note = no_note) -> BackedUpObject:
    """One GET, so one version, whatever happens to the object meanwhile; one more call where it has tags. NotBackedUp."""
    try:
        with end.store.read(end.bucket, listed.key) as body:
            head = body.head
            if head.size > LARGE_BYTES:  # it grew since the listing, and would not fit into memory
                raise NotBackedUp(ObjectProblem.CHANGING, "it grew while the backup ran")
            content = b"".join(body)
        tags = object_tags(end, listed.key, head)
    except StoreError as error:
        raise not_backed_up(end, listed, error) from None
    digest = md5(content, usedforsecurity=False).hexdigest()
    row = object_row(listed, head, tags, sha256(content).hexdigest(), digest, len(content))
    return BackedUpObject(_noted(row, note(listed.key, content)), content, head.etag != listed.etag)


def _noted(row: BackupRow, note: str) -> BackupRow:
    return replace(row, note=note) if note else row


def object_tags(end: TransferEnd, key: str, head: ObjectHead) -> dict[str, str]:
    """An object's tags; asked for only where there are any."""
    return dict(end.store.tags(end.bucket, key, head.version)) if head.tag_count else {}


def object_row(
    listed: ListedObject, head: ObjectHead, tags: dict[str, str], digest: str, md5_hex: str, size: int
) -> BackupRow:
    """The row of an object. The listing's time stays where it is the same content: HEAD tells whole seconds on some stores."""
    same = head.etag == listed.etag
    return BackupRow(
        key=listed.key,
        size=size,
        etag=head.etag,
        time=listed.modified if same else head.modified,
        sha256=digest,
        version=head.version,
        md5="" if head.etag == md5_hex else md5_hex,
        headers=dict(head.attributes.headers),
        metadata=dict(head.attributes.metadata),
        tags=tags,
        storage_class=storage_class(listed),
        lock=head.attributes.lock,
    )


def storage_class(listed: ListedObject) -> str:
    """The class as rows have it: empty for the store's default."""
    return "" if listed.storage_class == "STANDARD" else listed.storage_class


def not_backed_up(end: TransferEnd, listed: ListedObject, error: StoreError) -> NotBackedUp:
    """Why an object could not be read, with one HEAD where the store refused."""
    if isinstance(error, NotFound) and error.code != "NoSuchBucket":
        return NotBackedUp(ObjectProblem.VANISHED)
    if isinstance(error, Conflict):
        return NotBackedUp(ObjectProblem.CHANGING, "it changed each time it was read")
    if isinstance(error, Rejected | Denied) and (found := _special(end, listed)) is not None:
        return NotBackedUp(found)
    return NotBackedUp(ObjectProblem.FAILED, f"{type(error).__name__} {error.code}".rstrip())


def _special(end: TransferEnd, listed: ListedObject) -> ObjectProblem | None:
    try:
        head = end.store.head(end.bucket, listed.key)
    except StoreError:
        return None
    if head.customer_key:
        return ObjectProblem.CUSTOMER_KEY
    return ObjectProblem.ARCHIVED if head.archived else None


@dataclass(frozen=True)
class ReadMetadata:
    """What HEAD and the tags told of an object whose bytes are known. ``row``: the new one."""

    row: BackupRow
    changed: bool


def read_metadata(end: TransferEnd, row: BackupRow) -> ReadMetadata:
    """Read again what listings hide: tags, metadata, lock. NotBackedUp."""
    listed = ListedObject(row.key, row.size, row.etag, row.time)
    try:
        head = end.store.head(end.bucket, row.key)
        tags = object_tags(end, row.key, head)
    except StoreError as error:
        raise not_backed_up(end, listed, error) from None
    if head.etag != row.etag:
        return ReadMetadata(row, changed=False)  # overwritten since the listing: the next run reads it
    seen = replace(
        row,
        headers=dict(head.attributes.headers),
        metadata=dict(head.attributes.metadata),
        tags=tags,
        lock=head.attributes.lock,
    )
    return ReadMetadata(row, changed=False) if seen == row else ReadMetadata(seen, changed=True)
