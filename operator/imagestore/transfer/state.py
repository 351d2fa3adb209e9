"""What a job keeps in its destination: small objects below the reserved prefix, replaced as a whole.

A bucket with versions would keep each old one for ever, so the version that was replaced is deleted by its id.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from imagestore.backends.objects import ObjectStore
from imagestore.core.errors import Denied, NotFound, Rejected
from imagestore.core.fencing import Permit
from imagestore.core.objects import (
    UNCONDITIONAL,
    ListedObject,
    ObjectAttributes,
    ObjectUpload,
    WriteCondition,
)
from imagestore.transfer.walk import listed_items

# The tenant can write there, too. A checkpoint of 10 000 entries has less than 8 MiB, and 100 000 values.
LARGEST_STATE = 32 * 1024 * 1024  # bytes
STATE_VALUES = 1_000_000  # of a document: 20 MiB of empty lists took 555 MiB when they were parsed
_BINARY = ObjectAttributes(headers={"content-type": "application/octet-stream"})


class Superseded(Exception):
    """Another process has taken this run over. Nothing may be written any more."""

    def __init__(self) -> None:
        super().__init__("another process has taken this run over, so this one stops")


@dataclass(frozen=True)
class StateContent:
    """An object as it was read."""

    data: bytes
    etag: str
    version: str


@dataclass(frozen=True)
class StateObjects:
    """The objects below ``place``. All methods raise StoreError."""

    store: ObjectStore
    bucket: str
    place: str
    permit: Permit

    def read(self, name: str) -> StateContent | None:
        """An object; None: there is none. One that no run wrote, because it is too large, has no data: it is replaced."""
        try:
            with self.store.read(self.bucket, self.place + name) as body:
                data = b"" if body.head.size > LARGEST_STATE else b"".join(body)
                data = b"" if data.count(b",") > STATE_VALUES else data
                return StateContent(data, body.head.etag, body.head.version)
        except NotFound:
            return None

    def write(
        self, name: str, data: bytes, over: StateContent | None = None, *, absent: bool = False
    ) -> None:
        """Write an object. Conflict where the store honours it: another one than ``over`` is there, or any with ``absent``."""
        self.permit()
        body = ObjectUpload(data, len(data))
        self.store.write(self.bucket, self.place + name, body, _BINARY, self._condition(over, absent))
        if over is not None and over.version not in ("", "null"):
            self._forget(name, over.version)

    def _condition(self, over: StateContent | None, absent: bool) -> WriteCondition:  # noqa: FBT001
        """Only over what was read, where the store decides that: in buckets with versions not every store does."""
        traits = self.store.traits
        if over is None:
            return WriteCondition(absent=absent and traits.put_absent)
        plain = over.version in ("", "null")
        decides = traits.put_matching if plain else traits.put_matching_versioned
        return WriteCondition(etag=over.etag) if decides else UNCONDITIONAL

    def _forget(self, name: str, version: str) -> None:
        """A version that is locked stays until its retention is over."""
        try:
            self.store.delete(self.bucket, self.place + name, version=version)
        except (Denied, Rejected):
            return

    def names(self, below: str = "") -> Iterator[ListedObject]:
        """All versions and markers below ``place`` + ``below``."""
        prefix = self.place + below
        return listed_items(lambda after: self.store.versions(self.bucket, after, prefix=prefix))

    def remove(self, names: list[ListedObject]) -> None:
        """Delete these versions for good. What the store keeps is emptied: an object without data counts as none.

        A lock of the bucket, or a missing right, keeps it: no later run is to read there what is over. The version that is locked stays
        until its retention is over.
        """
        kept = dict[str, None]()
        for begin in range(0, len(names), 1000):
            self.permit()
            some = [(i.key, i.version) for i in names[begin : begin + 1000]]
            kept |= dict.fromkeys(key for key, _ in self.store.delete_many(self.bucket, some))
        for key in kept:
            self._empty(key)

    def _empty(self, key: str) -> None:
        with suppress(NotFound):
            if self.store.head(self.bucket, key).size:
                self.write(key.removeprefix(self.place), b"")

    def remove_all(self, name: str) -> None:
        """Delete all versions of the objects whose names begin so, that of just this name last."""
        self.remove(sorted(self.names(name), key=lambda item: item.key, reverse=True))
