"""The objects of one S3 store. Implements ``backends.objects.ObjectStore``."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from imagestore.backends.guard.guarded import Perform
from imagestore.backends.objects import ObjectBody
from imagestore.backends.s3.client import StoreTarget
from imagestore.backends.s3.objects import beside, multipart, pages
from imagestore.backends.s3.objects.bodies import S3Body, body_headers, sent, verified
from imagestore.backends.s3.objects.dialect import ObjectDialect
from imagestore.backends.s3.objects.documents import read_document, texts
from imagestore.backends.s3.objects.heads import (
    attribute_headers,
    bare,
    condition_headers,
    head_of,
    http_date,
)
from imagestore.backends.s3.objects.wire import ObjectRequest, ObjectWire
from imagestore.core.errors import Conflict, NotFound, Rejected
from imagestore.core.etags import combined_etag
from imagestore.core.objects import (
    UNCONDITIONAL,
    KeyVerdict,
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


class S3Objects:
    """``perform`` guards every call, as one of the background."""

    def __init__(self, name: str, target: StoreTarget, dialect: ObjectDialect, perform: Perform) -> None:
        self.name, self.dialect = name, dialect
        self.account = f"{target.endpoint} {target.keys.access_key_id if target.keys else 'ambient'}"
        self.wire = ObjectWire(target, perform, dialect.reading)
        self._checksums = {"x-amz-checksum-mode": "ENABLED"} if dialect.traits.checksums else {}

    @property
    def traits(self) -> ObjectTraits:
        """Of the store's profile."""
        return self.dialect.traits

    def key_verdict(self, key: str) -> KeyVerdict:
        """By the store's rule."""
        return self.dialect.verdict(key)

    def now(self, bucket: str) -> int:
        """The Date of an answer, so in whole seconds."""
        answer = self.wire.ask(ObjectRequest("HeadBucket", "HEAD", bucket))
        return http_date(answer.headers.get("date", ""))

    def versioned(self, bucket: str) -> bool:
        """Whether versioning is enabled. Suspended, a delete removes the current version."""
        answer = self.wire.ask(ObjectRequest("GetBucketVersioning", "GET", bucket, query="versioning="))
        with self.wire.translated("GetBucketVersioning"):
            return texts(read_document(answer.body)).get("Status") == "Enabled"

    def locks_by_default(self, bucket: str) -> bool:
        """GetObjectLockConfiguration, where the bucket has versions: no store locks objects without."""
        return self.versioned(bucket) and beside.has_default_retention(self.wire, bucket)

    def objects(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        """ListObjectsV2."""
        asked = pages.PageRequest(bucket, limit, after, prefix, self.dialect.folders)
        return pages.current_objects(self.wire, asked)

    def start_after(self, key: str) -> Mapping[str, str]:
        """By ``StartAfter``."""
        return pages.behind(key, folders=self.dialect.folders)

    def versions(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        """ListObjectVersions, in the order of the answer."""
        return pages.all_versions(self.wire, pages.PageRequest(bucket, limit, after, prefix))

    def uploads(self, bucket: str, *, prefix: str = "") -> Iterator[OpenUpload]:
        """ListMultipartUploads, page by page."""
        after: Mapping[str, str] | None = {}
        while after is not None:
            asked = pages.PageRequest(bucket, after=after, prefix=prefix)
            found, after = pages.open_uploads(self.wire, asked, self.dialect.upload_keys)
            yield from found

    def head(self, bucket: str, key: str, version: str = "") -> ObjectHead:
        """HeadObject. Its 404 has no body, and may mean the bucket or a proxy: then GET tells which."""
        asked = pages.query({"versionId": version}) if version else ""
        try:
            answer = self.wire.ask(ObjectRequest("HeadObject", "HEAD", bucket, key, asked, self._checksums))
        except (NotFound, Rejected) as error:
            if not error.code.isdigit() and error.code not in ("", "NoSuchKey"):
                raise
            with self.read(bucket, key, version=version) as body:
                return body.head
        return self._head(answer.headers, int(answer.headers.get("content-length") or 0))

    def part_size(self, bucket: str, key: str, version: str = "") -> int:
        """By HeadObject of the first part; 0 where the store answers for the whole object."""
        parameters = {"partNumber": "1"} | ({"versionId": version} if version else {})
        try:
            answer = self.wire.ask(ObjectRequest("HeadObject", "HEAD", bucket, key, pages.query(parameters)))
        except Rejected:
            return 0
        told = answer.headers.get("x-amz-mp-parts-count") or "content-range" in answer.headers
        return int(answer.headers.get("content-length") or 0) if told else 0

    @contextmanager
    def read(
        self, bucket: str, key: str, *, version: str = "", etag: str = "", span: tuple[int, int] | None = None
    ) -> Iterator[ObjectBody]:
        """GetObject, with If-Match where an ETag is given."""
        headers = {"If-Match": f'"{etag}"'} if etag else {}
        headers |= {"Range": f"bytes={span[0]}-{span[1] - 1}"} if span else self._checksums
        asked = pages.query({"versionId": version}) if version else ""
        with self.wire.open(ObjectRequest("GetObject", "GET", bucket, key, asked, headers)) as answer:
            yield S3Body(answer, self._head)

    def _head(self, headers: Mapping[str, str], size: int) -> ObjectHead:
        dialect = self.dialect
        return head_of(headers, size, dialect.archives, encoded_metadata=dialect.encoded_metadata)

    def write(
        self,
        bucket: str,
        key: str,
        body: ObjectUpload,
        attributes: ObjectAttributes,
        condition: WriteCondition = UNCONDITIONAL,
    ) -> WrittenObject:
        """PutObject."""
        headers = attribute_headers(attributes, tags=self.dialect.tags_with_upload)
        headers |= condition_headers(condition, bare_etags=self.dialect.bare_etags)
        return self._put(ObjectRequest("PutObject", "PUT", bucket, key, "", headers), body)

    def _put(self, asked: ObjectRequest, body: ObjectUpload) -> WrittenObject:
        content, digest = sent(body)
        headers = {**asked.headers, **body_headers(body)}
        request = ObjectRequest(
            asked.operation, "PUT", asked.bucket, asked.key, asked.query, headers, content
        )
        answer = self.wire.ask(request)
        etag = bare(answer.headers.get("etag", ""))
        if self.traits.md5_etags:
            verified(asked.operation, etag, digest(), answer.headers)
        return WrittenObject(etag, answer.headers.get("x-amz-version-id", ""))

    def copy(
        self,
        source: tuple[str, str, str],
        bucket: str,
        key: str,
        attributes: ObjectAttributes | None = None,
        *,
        source_etag: str = "",
    ) -> WrittenObject:
        """CopyObject. With attributes nothing of the source's is kept but tags, if they have none."""
        headers = self._source(source, source_etag)
        if attributes is not None:
            headers["x-amz-metadata-directive"] = "REPLACE"
            if attributes.tags is not None:
                headers["x-amz-tagging-directive"] = "REPLACE"
            headers |= attribute_headers(attributes, tags=self.dialect.tags_with_upload)
        told, version = multipart.copied(
            self.wire, ObjectRequest("CopyObject", "PUT", bucket, key, "", headers)
        )
        return WrittenObject(bare(told.get("ETag", "")), version)

    @staticmethod
    def _source(source: tuple[str, str, str], etag: str) -> dict[str, str]:
        condition = {"x-amz-copy-source-if-match": f'"{etag}"'} if etag else {}
        return multipart.copy_source(source) | condition

    def begin(self, bucket: str, key: str, attributes: ObjectAttributes) -> str:
        """CreateMultipartUpload."""
        headers = attribute_headers(attributes, tags=self.dialect.tags_with_upload)
        return multipart.begin_upload(self.wire, bucket, key, headers)

    def write_part(self, bucket: str, key: str, upload: str, number: int, body: ObjectUpload) -> UploadedPart:
        """UploadPart."""
        asked = ObjectRequest("UploadPart", "PUT", bucket, key, multipart.part_query(upload, number))
        return UploadedPart(number, self._put(asked, body).etag, _size(body))

    def copy_part(
        self,
        source: tuple[str, str, str],
        span: tuple[int, int],
        target: tuple[str, str, str],
        number: int,
        *,
        source_etag: str = "",
    ) -> UploadedPart:
        """UploadPartCopy."""
        bucket, key, upload = target
        headers = self._source(source, source_etag) | {
            "x-amz-copy-source-range": f"bytes={span[0]}-{span[1] - 1}"
        }
        asked = ObjectRequest(
            "UploadPartCopy", "PUT", bucket, key, multipart.part_query(upload, number), headers
        )
        told, _ = multipart.copied(self.wire, asked)
        return UploadedPart(number, bare(told.get("ETag", "")), span[1] - span[0])

    def complete(
        self,
        bucket: str,
        key: str,
        upload: str,
        parts: Iterable[UploadedPart],
        condition: WriteCondition = UNCONDITIONAL,
    ) -> WrittenObject:
        """CompleteMultipartUpload. It was done before, and its answer lost, if the object has the ETag of these parts."""
        listed = tuple(parts)
        headers = condition_headers(condition, bare_etags=self.dialect.bare_etags)
        try:
            written = multipart.complete_upload(self.wire, (bucket, key, upload), listed, headers)
        except (NotFound, Conflict) as error:
            if error.code == "NoSuchBucket":
                raise
            found = self.head(bucket, key)
            if found.etag != combined_etag(listed):
                raise
            return WrittenObject(found.etag, found.version)
        return written

    def abort(self, bucket: str, key: str, upload: str) -> None:
        """AbortMultipartUpload, until ListParts tells of none."""
        multipart.abort_upload(self.wire, bucket, key, upload)

    def tags(self, bucket: str, key: str, version: str = "") -> Mapping[str, str]:
        """GetObjectTagging."""
        return beside.stored_tags(self.wire, bucket, key, version)

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str = "") -> None:
        """PutObjectTagging."""
        beside.set_object_tags(self.wire, (bucket, key, version), tags)

    def lock(self, bucket: str, key: str, version: str = "") -> ObjectLockState:
        """By HeadObject, which tells both."""
        return self.head(bucket, key, version).attributes.lock or ObjectLockState()

    def set_lock(self, bucket: str, key: str, state: ObjectLockState, version: str = "") -> None:
        """PutObjectRetention, if the state has one, and PutObjectLegalHold."""
        beside.set_object_lock(self.wire, (bucket, key, version), state)

    def delete(self, bucket: str, key: str, *, version: str = "", etag: str = "") -> WrittenObject:
        """DeleteObject. A store that would ignore ``etag`` is not asked."""
        if etag and not self.traits.delete_matching:
            raise Rejected("the store has no conditional delete", operation="DeleteObject")
        headers = condition_headers(WriteCondition(etag=etag), bare_etags=self.dialect.bare_etags)
        try:
            answer: Any = self.wire.ask(beside.delete_request(bucket, key, version, headers))
        except NotFound as error:
            if error.code == "NoSuchBucket":
                raise
            return WrittenObject("")
        return WrittenObject("", answer.headers.get("x-amz-version-id", ""))

    def delete_many(self, bucket: str, keys: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """DeleteObjects, and DeleteObject where a key needs a request of its own."""
        return beside.delete_together(self.wire, bucket, keys)


def _size(body: ObjectUpload) -> int:
    return len(body.blocks) if isinstance(body.blocks, bytes | memoryview) else body.size
