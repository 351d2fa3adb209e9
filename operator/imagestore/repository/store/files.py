"""The files of a repository in a bucket.

A file is written once, but for the beats of runs. So where the bucket keeps versions, the oldest version that the key proves is the
file: a newer one, or a delete marker over it, is an accident or an attack (kopia#1067, pgbackrest#2084).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import NamedTuple, TypeVar

from imagestore.backends.objects import ObjectBody, ObjectStore
from imagestore.core.errors import Conflict, NotFound, Rejected
from imagestore.core.objects import (
    ListedObject,
    LockMode,
    ObjectAttributes,
    ObjectLockState,
    ObjectUpload,
    WriteCondition,
)
from imagestore.repository.errors import DamagedFile, MissingFile
from imagestore.repository.format.names import is_repository_file, most_bytes

T = TypeVar("T")
DAY = 24 * 3600 * 1000
_BATCH = 1000


class ListedFile(NamedTuple):
    """A file. Times in milliseconds, by the store's clock: ``modified`` of the oldest version, ``newest`` of the newest one."""

    name: str
    size: int
    modified: int
    newest: int


def bounded(body: ObjectBody, most: int, name: str) -> bytes:
    """The bytes of a file. DamagedFile: there are more than it may have; they are not read."""
    if body.head.size > most:
        raise _too_large(name, most)
    return _at_most(body, most, name)


def _at_most(blocks: Iterable[bytes], most: int, name: str) -> bytes:
    held, size = list[bytes](), 0
    for block in blocks:
        size += len(block)
        if size > most:
            raise _too_large(name, most)
        held.append(block)
    return b"".join(held)


def _too_large(name: str, most: int) -> DamagedFile:
    return DamagedFile(name, f"has more than {most} bytes, so that it is not what was written")


@dataclass(frozen=True)
class FileLock:
    """Object lock that each file gets when it is written."""

    mode: LockMode = "COMPLIANCE"
    days: int = 30


@dataclass
class RepositoryFiles:
    """``prefix`` ends with / or is empty. ``now``: the store's time at the last beat, from which locks count."""

    store: ObjectStore
    bucket: str
    prefix: str = ""
    lock: FileLock | None = None
    now: int = field(default=0, init=False)

    @cached_property
    def versioned(self) -> bool:
        """Whether the bucket keeps versions."""
        return self.store.versioned(self.bucket)

    def __str__(self) -> str:
        return f"{self.store.name}/{self.bucket}" + (f"/{self.prefix.rstrip('/')}" if self.prefix else "")

    def write(self, name: str, data: bytes) -> None:
        """Write a file."""
        self.store.write(self.bucket, self.prefix + name, ObjectUpload(data, len(data)), self.attributes())

    def write_once(self, name: str, data: bytes) -> bool:
        """Write a file unless it is there. False: it was there, as far as the store honours the condition."""
        upload, absent = ObjectUpload(data, len(data)), WriteCondition(absent=True)
        if not self.store.traits.honour(absent, versioned=self.versioned) and self.exists(name):
            return False
        try:
            self.store.write(self.bucket, self.prefix + name, upload, self.attributes(), absent)
        except Conflict:
            return False
        return True

    def attributes(self) -> ObjectAttributes:
        """What each file is written with."""
        headers = {"content-type": "application/octet-stream"}
        if self.lock is None:
            return ObjectAttributes(headers)
        self.now = self.now or self.store.now(
            self.bucket
        )  # before the first beat, as format.json and slots are written
        until = self.now + self.lock.days * DAY
        return ObjectAttributes(headers, lock=ObjectLockState(self.lock.mode, until))

    def exists(self, name: str) -> bool:
        """Whether a file is there now."""
        try:
            self.store.head(self.bucket, self.prefix + name)
        except NotFound:
            return False
        return True

    def read(self, name: str, span: tuple[int, int] | None = None, version: str = "") -> bytes:
        """A file, or a span of it. MissingFile; DamagedFile: it has more bytes than any file of its kind."""
        return self.read_with_time(name, span, version)[0]

    def read_with_time(
        self, name: str, span: tuple[int, int] | None = None, version: str = ""
    ) -> tuple[bytes, int]:
        """A file, and when the store says that it was written."""
        try:
            with self.store.read(self.bucket, self.prefix + name, version=version, span=span) as body:
                if span is None:
                    return bounded(body, most_bytes(name), name), body.head.modified
                return _at_most(body, span[1] - span[0], name), body.head.modified
        except NotFound:
            raise MissingFile(name) from None
        except Rejected:
            if span is None:
                raise
            raise DamagedFile(name, "is shorter than its rows tell") from None

    def genuine(self, name: str, understood: Callable[[bytes], T], span: tuple[int, int] | None = None) -> T:
        """What a file says. ``understood`` raises DamagedFile for bytes that are not the file's.

        Costs one read unless the file was tampered with.
        """
        try:
            return understood(self.read(name, span))
        except DamagedFile as found:
            return self._from_versions(name, understood, span, found)

    def _from_versions(
        self, name: str, understood: Callable[[bytes], T], span: tuple[int, int] | None, found: DamagedFile
    ) -> T:
        for version in self.versions_of(name):
            try:
                return understood(self.read(name, span, version))
            except DamagedFile:
                continue
        raise found

    def versions_of(self, name: str) -> list[str]:
        """The ids of a file's versions, oldest first."""
        if not self.versioned:
            return []
        found = [v for v in self._versions(name) if v.key == self.prefix + name and not v.marker]
        return [v.version for v in reversed(found)]

    def current(self, below: str) -> Iterator[ListedFile]:
        """The files that are there now. What has no name of a repository's file is in none of these listings."""
        after: Mapping[str, str] = {}
        more = True
        while more:
            page = self.store.objects(self.bucket, after, prefix=self.prefix + below)
            for o in page.items:
                if is_repository_file(name := self._name(o)):
                    yield ListedFile(name, o.size, o.modified, o.modified)
            more = page.after is not None
            after = page.after or {}

    def ever(self, below: str) -> Iterator[ListedFile]:
        """The files of which the bucket has a version, whatever lies over it."""
        if not self.versioned:
            yield from self.current(below)
            return
        held: ListedFile | None = None
        for v in self._versions(below):
            name = self._name(v)
            if v.marker or not is_repository_file(name):
                continue
            if held is not None and held.name != name:
                yield held
                held = None
            newest = v.modified if held is None else max(held.newest, v.modified)
            held = ListedFile(name, v.size, v.modified, newest)
        if held is not None:
            yield held

    def covered(self, below: str) -> Iterator[tuple[ListedFile, str]]:
        """The files over which a newer version or a delete marker lies, with the version that is the file."""
        for _, found in groupby(self._versions(below), lambda v: v.key):
            newest, *older = found
            held = [v for v in older if not v.marker]
            if held and is_repository_file(name := self._name(held[-1])):
                first = held[-1]
                yield (
                    ListedFile(name, first.size, first.modified, newest.modified),
                    first.version,
                )

    def _versions(self, below: str) -> Iterator[ListedObject]:
        after: Mapping[str, str] = {}
        more = True
        while more:
            page = self.store.versions(self.bucket, after, prefix=self.prefix + below)
            yield from page.items
            more = page.after is not None
            after = page.after or {}

    def _name(self, listed: ListedObject) -> str:
        return listed.key.removeprefix(self.prefix)

    def delete(self, names: Iterable[str]) -> dict[str, str]:
        """Delete files, never a version of one; return why each that stays does."""
        kept: dict[str, str] = {}
        batch: list[tuple[str, str]] = []
        for name in names:
            batch.append((self.prefix + name, ""))
            if len(batch) == _BATCH:
                kept |= self._deleted(batch)
                batch = []
        return kept | (self._deleted(batch) if batch else {})

    def _deleted(self, batch: list[tuple[str, str]]) -> dict[str, str]:
        stayed = self.store.delete_many(self.bucket, batch)
        return {key.removeprefix(self.prefix): why for (key, _), why in stayed.items()}

    def blocks(self, name: str, version: str = "") -> Iterator[bytes]:
        """A file's bytes, streamed. MissingFile."""
        try:
            with self.store.read(self.bucket, self.prefix + name, version=version) as body:
                yield from body
        except NotFound:
            raise MissingFile(name) from None
