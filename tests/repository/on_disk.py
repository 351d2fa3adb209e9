"""A store of millions of small objects that are made when they are read, and one that keeps files on disk: neither takes memory."""

import hashlib
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from imagestore.backends.memory_content import MemoryBody, all_bytes
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.errors import NotFound
from imagestore.core.objects import (
    UNCONDITIONAL,
    ListedObject,
    ObjectAttributes,
    ObjectHead,
    ObjectsPage,
    ObjectTraits,
    ObjectUpload,
    OpenUpload,
    WriteCondition,
    WrittenObject,
)


class MadeObjects(MemoryObjectStore):
    """``count`` objects of some 200 bytes, under keys in order."""

    count = 0

    @property
    def traits(self) -> ObjectTraits:
        return ObjectTraits()

    def objects(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        start = int(after.get("number", 0))
        if prefix:
            return ObjectsPage((), None)
        end = min(start + limit, self.count)
        items = tuple(_listed(number) for number in range(start, end))
        return ObjectsPage(items, {"number": str(end)} if end < self.count else None)

    @contextmanager
    def read(
        self,
        bucket: str,
        key: str,
        *,
        version: str = "",
        etag: str = "",
        span: tuple[int, int] | None = None,
    ) -> Iterator[MemoryBody]:
        if not key.startswith("images/"):
            raise NotFound("no", code="NoSuchKey")
        number = int(key[7:])
        listed = _listed(number)
        attributes = ObjectAttributes({"content-type": "image/png"}, {"camera": f"c{number % 7}"})
        yield MemoryBody(
            ObjectHead(listed.size, listed.etag, listed.modified, attributes=attributes), made(number)
        )


def made(number: int) -> bytes:
    """The bytes of an object."""
    return f"{number:09}".encode() * 20


def _listed(number: int) -> ListedObject:
    data = made(number)
    etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return ListedObject(f"images/{number:09}", len(data), etag, 1_700_000_000_000 + number)


class EchoObjects(MadeObjects):
    """Takes back what MadeObjects made, below any prefix: a bit for each object, and its bytes only if they are right."""

    written = bytearray()

    @property
    def traits(self) -> ObjectTraits:
        return ObjectTraits(put_absent=True, carries=frozenset({"headers", "metadata"}))

    def write(
        self,
        bucket: str,
        key: str,
        body: ObjectUpload,
        attributes: ObjectAttributes,
        condition: WriteCondition = UNCONDITIONAL,
    ) -> WrittenObject:
        data, number = all_bytes(body), int(key[-9:])
        assert (data, dict(attributes.metadata)) == (made(number), {"camera": f"c{number % 7}"})
        self.written[number] = 1
        return WrittenObject(hashlib.md5(data, usedforsecurity=False).hexdigest())

    def objects(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        start, items = int(after.get("number", 0)), list[ListedObject]()
        while len(items) < limit and (start := self.written.find(1, start)) >= 0:
            listed = _listed(start)
            items.append(listed._replace(key=prefix + listed.key))
            start += 1
        return ObjectsPage(tuple(items), {"number": str(start)} if len(items) == limit else None)

    def start_after(self, key: str) -> Mapping[str, str]:
        return {"number": str(int(key[-9:]) + 1)}

    def head(self, bucket: str, key: str, version: str = "") -> ObjectHead:
        with self.read(bucket, key) as body:
            return body.head

    @contextmanager
    def read(
        self,
        bucket: str,
        key: str,
        *,
        version: str = "",
        etag: str = "",
        span: tuple[int, int] | None = None,
    ) -> Iterator[MemoryBody]:
        if not key[-9:].isdigit() or not self.written[int(key[-9:])]:
            raise NotFound("no", code="NoSuchKey")
        with super().read(bucket, key[-16:]) as body:
            yield body

    def delete_many(self, bucket: str, keys: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        for key, _ in keys:
            self.written[int(key[-9:])] = 0
        return {}


@dataclass(frozen=True)
class DiskObjects(MemoryObjectStore):
    """Objects as files in one folder."""

    folder: Path = Path()

    def _path(self, key: str) -> Path:
        return self.folder / quote(key, safe="")

    def now(self, bucket: str) -> int:
        return int(time.time() * 1000)

    def versioned(self, bucket: str) -> bool:
        return False

    def objects(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        names = sorted(n for n in (unquote(p.name) for p in self.folder.iterdir()) if n.startswith(prefix))
        start = bisect_right(names, after["key"]) if after else 0
        page = names[start : start + limit]
        items = tuple(self._listed(name) for name in page)
        return ObjectsPage(items, {"key": page[-1]} if start + limit < len(names) else None)

    def _listed(self, key: str) -> ListedObject:
        head = self.head("", key)
        return ListedObject(key, head.size, head.etag, head.modified)

    def head(self, bucket: str, key: str, version: str = "") -> ObjectHead:
        try:
            held = self._path(key).stat()
        except FileNotFoundError:
            raise NotFound("no", code="NoSuchKey") from None
        return ObjectHead(held.st_size, "", int(held.st_mtime * 1000))

    @contextmanager
    def read(
        self,
        bucket: str,
        key: str,
        *,
        version: str = "",
        etag: str = "",
        span: tuple[int, int] | None = None,
    ) -> Iterator[MemoryBody]:
        head = self.head(bucket, key)
        with self._path(key).open("rb") as file:
            file.seek(span[0] if span else 0)
            yield MemoryBody(head, file.read(span[1] - span[0] if span else -1))

    def write(
        self,
        bucket: str,
        key: str,
        body: ObjectUpload,
        attributes: ObjectAttributes,
        condition: WriteCondition = UNCONDITIONAL,
    ) -> WrittenObject:
        data = all_bytes(body)
        self._path(key).write_bytes(data)
        return WrittenObject(hashlib.md5(data, usedforsecurity=False).hexdigest())

    def delete_many(self, bucket: str, keys: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        for key, _ in keys:
            self._path(key).unlink(missing_ok=True)
        return {}

    def uploads(self, bucket: str, *, prefix: str = "") -> Iterator[OpenUpload]:
        return iter(())
