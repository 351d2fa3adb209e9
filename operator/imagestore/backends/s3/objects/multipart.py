"""Uploads in parts."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote_from_bytes

from imagestore.backends.s3.objects.documents import name_of, read_document, texts
from imagestore.backends.s3.objects.heads import bare
from imagestore.backends.s3.objects.pages import query
from imagestore.backends.s3.objects.wire import ObjectRequest, ObjectWire, content_md5
from imagestore.core.errors import NotFound, Unavailable
from imagestore.core.keys import raw
from imagestore.core.objects import UploadedPart, WrittenObject

_ABORTS = 5  # a part that is on its way while an upload is aborted may stay


def begin_upload(wire: ObjectWire, bucket: str, key: str, headers: Mapping[str, str]) -> str:
    """CreateMultipartUpload."""
    answer = wire.ask(ObjectRequest("CreateMultipartUpload", "POST", bucket, key, "uploads=", headers))
    return _told(wire, "CreateMultipartUpload", answer.body)["UploadId"]


def part_query(upload: str, number: int) -> str:
    """The query of a part's upload."""
    return query({"partNumber": str(number), "uploadId": upload})


def copied(wire: ObjectWire, asked: ObjectRequest) -> tuple[dict[str, str], str]:
    """Texts and version of a copy's answer."""
    answer = wire.ask(asked)
    return _told(wire, asked.operation, answer.body), answer.headers.get("x-amz-version-id", "")


def copy_source(source: tuple[str, str, str]) -> dict[str, str]:
    """The header that names (bucket, key, version)."""
    bucket, key, version = source
    path = f"/{bucket}/{quote_from_bytes(raw(key), safe='/')}"
    return {"x-amz-copy-source": f"{path}?versionId={version}" if version else path}


def complete_upload(
    wire: ObjectWire,
    target: tuple[str, str, str],
    parts: Iterable[UploadedPart],
    headers: Mapping[str, str],
) -> WrittenObject:
    """CompleteMultipartUpload of (bucket, key, upload)."""
    bucket, key, upload = target
    listed = sorted(parts, key=lambda p: p.number)
    body = "".join(
        f"<Part><PartNumber>{p.number}</PartNumber><ETag>&quot;{p.etag}&quot;</ETag></Part>" for p in listed
    )
    document = f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>".encode()
    asked = ObjectRequest(
        "CompleteMultipartUpload", "POST", bucket, key, query({"uploadId": upload}),
        {**headers, "Content-Type": "application/xml", **content_md5(document)}, document,
    )  # fmt: skip
    answer = wire.ask(asked)
    told = _told(wire, asked.operation, answer.body)
    return WrittenObject(bare(told.get("ETag", "")), answer.headers.get("x-amz-version-id", ""))


def abort_request(bucket: str, key: str, upload: str) -> ObjectRequest:
    """AbortMultipartUpload."""
    return ObjectRequest("AbortMultipartUpload", "DELETE", bucket, key, query({"uploadId": upload}))


def abort_upload(wire: ObjectWire, bucket: str, key: str, upload: str) -> None:
    """Abort until no part is listed: one that is on its way stays, and costs, else."""
    this = query({"uploadId": upload})
    for _ in range(_ABORTS):
        try:
            wire.ask(abort_request(bucket, key, upload))
            answer = wire.ask(ObjectRequest("ListParts", "GET", bucket, key, f"max-parts=1&{this}"))
        except NotFound:
            return
        if not any(name_of(element) == "Part" for element in read_document(answer.body)):
            return
    raise Unavailable("the upload still has parts after it was aborted", operation="AbortMultipartUpload")


def _told(wire: ObjectWire, operation: str, body: bytes) -> dict[str, str]:
    with wire.translated(operation):
        return texts(read_document(body))
