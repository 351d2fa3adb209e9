"""See by a listing that what was written is there, and read it."""

from collections.abc import Iterator, Mapping
from hashlib import sha256

from imagestore.core.errors import NotFound
from imagestore.core.keys import raw
from imagestore.core.objects import KeyOrder, ListedObject
from imagestore.repository.restoring.writing import RestoredObject
from imagestore.transfer.job import TransferEnd

FEW = 8
_PAGE = 1000


def confirmed_missing(end: TransferEnd, written: list[RestoredObject]) -> list[str]:
    """The keys that the store does not list with the size and ETag that it answered.

    A page lists a thousand objects. HEAD only for few, for a store without order, and where other objects lie between.
    """
    if not written:
        return []
    wanted = {w.key: w for w in written}
    missing = set(wanted)
    if len(wanted) > FEW and end.store.traits.order is KeyOrder.BYTES:
        missing -= set(_listed(end, wanted))
    return [key for key in missing if not _is_there(end, wanted[key])]


def _listed(end: TransferEnd, wanted: Mapping[str, RestoredObject]) -> Iterator[str]:
    keys = sorted(wanted, key=raw)
    after = end.store.start_after(keys[0])
    for _ in range(2 * len(keys) // _PAGE + 2):
        page = end.store.objects(end.bucket, after, prefix=end.prefix, limit=_PAGE)
        yield from (o.key for o in page.items if o.key in wanted and _agrees(o, wanted[o.key]))
        if page.after is None or not page.items or raw(page.items[-1].key) >= raw(keys[-1]):
            return
        after = page.after


def _agrees(found: ListedObject, written: RestoredObject) -> bool:
    return found.size == written.size and (not written.etag or found.etag == written.etag)


def _is_there(end: TransferEnd, written: RestoredObject) -> bool:
    try:
        head = end.store.head(end.bucket, written.key)
    except NotFound:
        return False
    return head.size == written.size and (not written.etag or head.etag == written.etag)


def listed_now(end: TransferEnd, key: str) -> ListedObject | None:
    """What is at a key now. StoreError."""
    try:
        head = end.store.head(end.bucket, key)
    except NotFound:
        return None
    return ListedObject(key, head.size, head.etag, head.modified)


def stored_digest(end: TransferEnd, key: str, version: str = "") -> str:
    """The SHA-256 of an object's bytes, read now, in hex. StoreError."""
    digest = sha256()
    with end.store.read(end.bucket, key, version=version) as body:
        for block in body:
            digest.update(block)
    return digest.hexdigest()
