"""Objects in memory: good enough for every test that is not about a store, and never for users.

It lists in the order of its traits, honours the conditions that they name, and ignores the others as real stores do.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from imagestore.backends.memory_content import (
    HeldUpload,
    HeldVersion,
    MemoryBody,
    MemoryContent,
    MemoryObjectServer,
    all_bytes,
    listed_behind,
    memory_rank,
    told_head,
    told_object,
    told_version,
)
from imagestore.core.errors import Conflict, Denied, NotFound, Rejected
from imagestore.core.objects import (
    UNCONDITIONAL,
    KeyOrder,
    KeyVerdict,
    ListedObject,
    ObjectAttributes,
    ObjectHead,
    ObjectLockState,
    ObjectsPage,
    ObjectTraits,
    ObjectUpload,
    OpenUpload,
    UploadedPart,
    WriteCondition,
    WrittenObject,
)

Span = tuple[int, int]


@dataclass(frozen=True)
class MemoryObjectStore:
    """A client of a MemoryObjectServer."""

    server: MemoryObjectServer
    name: str = "memory"
    account: str = ""

    @property
    def traits(self) -> ObjectTraits:
        return self.server.traits

    def key_verdict(self, key: str) -> KeyVerdict:
        return self.server.verdict(key) if self.server.verdict else KeyVerdict(key)

    def now(self, bucket: str) -> int:
        self.server.call("Now", bucket)
        return self.server.clock()

    def versioned(self, bucket: str) -> bool:
        return self.server.call("GetBucketVersioning", bucket).versioned

    def locks_by_default(self, bucket: str) -> bool:
        return self.server.call("GetObjectLockConfiguration", bucket).locks

    def objects(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        held = self.server.call("ListObjects", bucket)
        with self.server.lock:
            listed = [
                told_object(k, v)
                for k, vs in held.keys.items()
                if k.startswith(prefix) and not (v := vs[-1]).marker
            ]
        return self._page(listed, self.traits.order, after, limit)

    def start_after(self, key: str) -> Mapping[str, str]:
        return {"key": key}

    def versions(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        held = self.server.call("ListVersions", bucket)
        listed = [
            told_version(k, v, vs)
            for k, vs in held.keys.items()
            if k.startswith(prefix)
            for v in reversed(vs)
        ]
        return self._page(listed, self.traits.version_order, after, limit)

    def _page(
        self, listed: list[ListedObject], order: KeyOrder, after: Mapping[str, str], limit: int
    ) -> ObjectsPage:
        rank = (self.server.ranks or memory_rank)(order)
        listed.sort(key=lambda item: rank(item.key))
        left = listed_behind(listed, after, rank)[: min(limit, self.server.page) + 1]
        items = tuple(left[: min(limit, self.server.page)])
        if len(left) == len(items):
            return ObjectsPage(items, None)
        last = items[-1]
        return ObjectsPage(items, {"key": last.key, **({"version": last.version} if last.version else {})})

    def uploads(self, bucket: str, *, prefix: str = "") -> Iterator[OpenUpload]:
        held = self.server.call("ListUploads", bucket)
        found = [OpenUpload(u.key, i, u.started) for i, u in held.uploads.items() if u.key.startswith(prefix)]
        return iter(found)

    def head(self, bucket: str, key: str, version: str = "") -> ObjectHead:
        self.server.call("Head", bucket, key)
        return told_head(self._held(bucket, key, version))

    def _held(self, bucket: str, key: str, version: str = "") -> HeldVersion:
        content = self.server.content(bucket)
        held = (
            next((v for v in content.keys.get(key, ()) if v.version == version), None)
            if version
            else content.current(key)
        )
        if held is None or held.marker:
            raise NotFound("the object does not exist", code="NoSuchKey")
        return held

    def part_size(self, bucket: str, key: str, version: str = "") -> int:
        return 0

    @contextmanager
    def read(
        self, bucket: str, key: str, *, version: str = "", etag: str = "", span: Span | None = None
    ) -> Iterator[MemoryBody]:
        self.server.call("Get", bucket, key)
        held = self._held(bucket, key, version)
        if etag and etag != held.etag:
            raise Conflict("the object has changed", code="PreconditionFailed")
        data = held.data if span is None else held.data[span[0] : span[1]]
        yield MemoryBody(told_head(held), data)

    def write(
        self,
        bucket: str,
        key: str,
        body: ObjectUpload,
        attributes: ObjectAttributes,
        condition: WriteCondition = UNCONDITIONAL,
    ) -> WrittenObject:
        content = self.server.call("Put", bucket, key)
        data = all_bytes(body)
        with self.server.lock:
            honoured = self.traits.put_absent_versioned if content.versioned else self.traits.put_absent
            self._meets(content, key, condition, absent=honoured, matching=self.traits.put_matching)
            made = self.server.put(bucket, key, data, attributes)
        return WrittenObject(made.etag, made.version)

    @staticmethod
    def _meets(
        content: MemoryContent, key: str, condition: WriteCondition, *, absent: bool, matching: bool
    ) -> None:
        held = content.current(key)
        there = condition.absent and absent and held is not None
        other = condition.etag and matching and (held is None or held.etag != condition.etag)
        if there or other:
            raise Conflict("the condition does not hold", code="PreconditionFailed")

    def copy(
        self,
        source: tuple[str, str, str],
        bucket: str,
        key: str,
        attributes: ObjectAttributes | None = None,
        *,
        source_etag: str = "",
    ) -> WrittenObject:
        self.server.call("Copy", bucket, key)
        held = self._source(source, source_etag)
        made = self.server.put(bucket, key, held.data, attributes or held.attributes, held.etag)
        return WrittenObject(made.etag, made.version)

    def _source(self, source: tuple[str, str, str], etag: str) -> HeldVersion:
        held = self._held(*source)
        if etag and self.traits.copy_matching and held.etag != etag:
            raise Conflict("the source has changed", code="PreconditionFailed")
        return held

    def begin(self, bucket: str, key: str, attributes: ObjectAttributes) -> str:
        content = self.server.call("Begin", bucket, key)
        made = f"u{next(self.server.made)}"
        content.uploads[made] = HeldUpload(key, attributes, self.server.clock())
        return made

    def _upload(self, bucket: str, upload: str) -> HeldUpload:
        held = self.server.content(bucket).uploads.get(upload)
        if held is None:
            raise Rejected("the upload does not exist", code="NoSuchUpload")
        return held

    def write_part(self, bucket: str, key: str, upload: str, number: int, body: ObjectUpload) -> UploadedPart:
        self.server.call("Part", bucket, key)
        return self._part(bucket, upload, number, all_bytes(body))

    def _part(self, bucket: str, upload: str, number: int, data: bytes) -> UploadedPart:
        self._upload(bucket, upload).parts[number] = data
        return UploadedPart(number, hashlib.md5(data).hexdigest(), len(data))  # noqa: S324

    def copy_part(
        self,
        source: tuple[str, str, str],
        span: Span,
        target: tuple[str, str, str],
        number: int,
        *,
        source_etag: str = "",
    ) -> UploadedPart:
        bucket, key, upload = target
        self.server.call("CopyPart", bucket, key)
        return self._part(bucket, upload, number, self._source(source, source_etag).data[span[0] : span[1]])

    def complete(
        self,
        bucket: str,
        key: str,
        upload: str,
        parts: Iterable[UploadedPart],
        condition: WriteCondition = UNCONDITIONAL,
    ) -> WrittenObject:
        content = self.server.call("Complete", bucket, key)
        held, sent = self._upload(bucket, upload), list(parts)
        with self.server.lock:
            self._meets(
                content,
                key,
                condition,
                absent=self.traits.complete_absent,
                matching=self.traits.complete_matching,
            )
            sums = b"".join(bytes.fromhex(p.etag) for p in sent)
            etag = f"{hashlib.md5(sums).hexdigest()}-{len(sent)}"  # noqa: S324
            data = b"".join(held.parts[p.number] for p in sent)
            kept = replace(held.attributes, tags={}) if self.traits.tags_after else held.attributes
            made = self.server.put(bucket, key, data, kept, etag)
            del content.uploads[upload]
        return WrittenObject(made.etag, made.version)

    def abort(self, bucket: str, key: str, upload: str) -> None:
        self.server.call("Abort", bucket, key).uploads.pop(upload, None)

    def tags(self, bucket: str, key: str, version: str = "") -> Mapping[str, str]:
        self.server.call("GetTags", bucket, key)
        return self._held(bucket, key, version).attributes.tags or {}

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str = "") -> None:
        self.server.call("PutTags", bucket, key)
        self._change(bucket, key, version, lambda a: replace(a, tags=dict(tags)))

    def lock(self, bucket: str, key: str, version: str = "") -> ObjectLockState:
        self.server.call("GetLock", bucket, key)
        return self._held(bucket, key, version).attributes.lock or ObjectLockState()

    def set_lock(self, bucket: str, key: str, state: ObjectLockState, version: str = "") -> None:
        self.server.call("PutLock", bucket, key)
        self._change(bucket, key, version, lambda a: replace(a, lock=state))

    def _change(
        self, bucket: str, key: str, version: str, change: Callable[[ObjectAttributes], ObjectAttributes]
    ) -> None:
        held = self._held(bucket, key, version)
        kept = self.server.content(bucket).keys[key]
        kept[kept.index(held)] = replace(held, attributes=change(held.attributes))

    def delete(self, bucket: str, key: str, *, version: str = "", etag: str = "") -> WrittenObject:
        content = self.server.call("Delete", bucket, key)
        held = content.current(key)
        if etag and self.traits.delete_matching and held is not None and held.etag != etag:
            raise Conflict("the object has changed", code="PreconditionFailed")
        if not version:
            return WrittenObject("", self.server.remove(bucket, key))
        left = [v for v in content.keys.get(key, ()) if v.version != version]
        content.keys[key] = left
        if not left:
            del content.keys[key]
        return WrittenObject("", version)

    def delete_many(self, bucket: str, keys: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        refused: dict[tuple[str, str], str] = {}
        for key, version in keys:
            try:
                self.delete(bucket, key, version=version)
            except (Denied, Rejected) as error:
                refused[key, version] = error.code
        return refused
