"""Where a drill restores to: a folder of its own below a scratch prefix, in a bucket that gives back what was written."""

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from tempfile import TemporaryFile

from imagestore.core.keys import RESERVED_PREFIX
from imagestore.core.objects import KeyOrder, ListedObject
from imagestore.repository.errors import RepositoryProblem
from imagestore.transfer.job import TransferEnd

DRILL_FOLDER = ".imagestore-drill/"
DRILL_SCRATCH = f"{RESERVED_PREFIX}drill/"  # the scratch prefix where none is named
ABANDONED = 7 * 86_400_000  # milliseconds since the newest object of a folder: a drill that goes on writes
_MOST_OF_OTHERS = 10_000  # objects of other drills; the next one comes to the others
_BATCH = 1000


class ScratchLocks(RepositoryProblem):
    """The bucket locks each object that is written to it, so that a drill could not remove what it restored."""


def drill_name(*owner: str) -> str:
    """The folder's name of a drill that is known by these words: short, because it is a part of each key."""
    return sha256("/".join(owner).encode()).hexdigest()[:16]


def scratch_of(below: TransferEnd, name: str) -> TransferEnd:
    """The folder of the drill of this name. Two drills in one folder removed what the other one had just restored."""
    return replace(below, prefix=f"{_folders(below)}{name}/")


def _folders(below: TransferEnd) -> str:
    return f"{below.prefix.rstrip('/')}/{DRILL_FOLDER}"


def refuse_locking(scratch: TransferEnd) -> None:
    """ScratchLocks: the bucket has a default retention. Asked before anything is written, since a locked copy stays for years."""
    if scratch.store.locks_by_default(scratch.bucket):
        raise ScratchLocks(
            f"the bucket {scratch.bucket} locks each object that is written to it (object lock with a default retention), so that"
            " a drill could not delete what it restored; nothing was written; give the drill another bucket"
        )


def empty_abandoned(below: TransferEnd) -> int:
    """Empty the folders of drills that were killed and never ran again; return how many. StoreError."""
    folders = _folders(below)
    versioned = below.store.versioned(below.bucket)
    newest = _newest(replace(below, prefix=folders), versioned=versioned)
    if not newest:
        return 0
    now = below.store.now(below.bucket)
    left = [name for name, written in newest.items() if written < now - ABANDONED]
    for name in left:
        empty_below(replace(below, prefix=f"{folders}{name}/"))
    return len(left)


def _newest(folders: TransferEnd, *, versioned: bool) -> dict[str, int]:
    """By folder when its newest object was written, of as many folders as a bounded listing shows whole."""
    newest: dict[str, int] = {}
    name, looked = "", 0
    for found in islice(_listed(folders, versioned=versioned), _MOST_OF_OTHERS):
        looked += 1
        name, slash, _ = found.key.removeprefix(folders.prefix).partition("/")
        if slash:
            newest[name] = max(newest.get(name, 0), found.modified)
    if (
        looked == _MOST_OF_OTHERS
    ):  # more may follow: of the last folder, or of any where the store has no order
        traits = folders.store.traits
        ordered = (traits.version_order if versioned else traits.order) is not KeyOrder.NONE
        newest = {n: at for n, at in newest.items() if ordered and n != name}
    return newest


def empty_below(scratch: TransferEnd) -> int:
    """Delete every version of every object below the scratch prefix; return how many stay."""
    store, bucket = scratch.store, scratch.bucket
    versioned = store.versioned(bucket)
    left = 0
    with TemporaryFile("w+", encoding="ascii") as file:
        names = ((o.key, o.version if versioned else "") for o in _listed(scratch, versioned=versioned))
        file.writelines(f"{json.dumps(one)}\n" for one in names)
        file.seek(0)
        found = ((key, version) for key, version in map(json.loads, file))
        while batch := list(islice(found, _BATCH)):
            left += len(store.delete_many(bucket, batch))
    for upload in store.uploads(bucket, prefix=scratch.prefix):
        store.abort(bucket, upload.key, upload.upload)
    return left


def _listed(scratch: TransferEnd, *, versioned: bool) -> Iterator[ListedObject]:
    """The first page again and again would never end where objects stay: all is listed, to disk, before anything is deleted."""
    ask = scratch.store.versions if versioned else scratch.store.objects
    page = ask(scratch.bucket, {}, prefix=scratch.prefix)
    while True:
        yield from page.items
        if page.after is None:
            return
        page = ask(scratch.bucket, page.after, prefix=scratch.prefix)
