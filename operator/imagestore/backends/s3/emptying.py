"""What is in a bucket, and how it is emptied: versions, delete markers and open uploads.

Emptiness is proven by these listings, never by DeleteBucket's refusal: SeaweedFS deletes buckets that hold
objects, MinIO deletes buckets with open uploads.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from imagestore.backends.base import Remains, Swept
from imagestore.backends.s3.setting import Call
from imagestore.core.errors import Denied, Rejected, StoreError

PAGE = 1000  # the most that one listing gives and one DeleteObjects takes
_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchUpload"}
# What XML 1.0 cannot hold, encoded or not: such a key fits into a URL but not into a DeleteObjects document.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PAGES = 10  # of locked versions that one step walks past

Item = dict[str, Any]


def remains(call: Call, bucket: str) -> Remains:
    """The first page of each listing."""
    versions, more_versions = _versions(call, bucket, PAGE)
    uploads, more_uploads = _uploads(call, bucket, PAGE)
    sample = tuple(str(item["Key"]) for item in [*versions, *uploads][:5])
    return Remains(len(versions), len(uploads), more_versions or more_uploads, sample)


def sweep(call: Call, bucket: str, limit: int) -> Swept:
    """Remove up to ``limit`` things, uploads first; whatever may not go is passed over and named.

    A page that holds nothing but locked versions is stepped over, so that one locked object at the front
    does not hide a million that may go.
    """
    uploads, more_uploads = _uploads(call, bucket, min(limit, PAGE))
    for upload in uploads:
        _abort(call, bucket, upload)
    removed, blocked, after, more = len(uploads), list[str](), dict[str, str](), True
    for _ in range(_PAGES):
        if removed >= limit or not more:
            break
        versions, more, after = _page(call, bucket, min(limit - removed, PAGE), after)
        refused = _delete(call, bucket, versions)
        removed += len(versions) - len(refused)
        blocked += refused
    return Swept(removed, more or more_uploads, tuple(blocked[:20]))


def _versions(call: Call, bucket: str, limit: int) -> tuple[list[Item], bool]:
    items, more, _ = _page(call, bucket, limit, {})
    return items, more


def _page(
    call: Call, bucket: str, limit: int, after: Mapping[str, str]
) -> tuple[list[Item], bool, dict[str, str]]:
    """Keys are asked for URL-encoded: XML 1.0 cannot hold a control character, encoded or not."""
    answer = call("ListObjectVersions", {"Bucket": bucket, "MaxKeys": limit, "EncodingType": "url", **after})
    found = [*(answer.get("Versions") or ()), *(answer.get("DeleteMarkers") or ())]
    items = [{"Key": _plain(answer, v["Key"]), "VersionId": v.get("VersionId")} for v in found]
    return items, bool(answer.get("IsTruncated")), _following(answer)


def _following(answer: Item) -> dict[str, str]:
    key, version = answer.get("NextKeyMarker"), answer.get("NextVersionIdMarker")
    after = {"KeyMarker": _plain(answer, key)} if key else {}
    return after | ({"VersionIdMarker": version} if key and version else {})


def _uploads(call: Call, bucket: str, limit: int) -> tuple[list[Item], bool]:
    answer = call("ListMultipartUploads", {"Bucket": bucket, "MaxUploads": limit, "EncodingType": "url"})
    found = answer.get("Uploads") or ()
    items = [{"Key": _plain(answer, u["Key"]), "UploadId": u["UploadId"]} for u in found]
    return items, bool(answer.get("IsTruncated"))


def _plain(answer: Item, text: str) -> str:
    return unquote_plus(text) if answer.get("EncodingType") == "url" else text


def _abort(call: Call, bucket: str, upload: Item) -> None:
    try:
        call("AbortMultipartUpload", {"Bucket": bucket, **upload})
    except StoreError as error:
        if error.code not in _GONE:
            raise


def _delete(call: Call, bucket: str, items: list[Item]) -> list[str]:
    """Delete a page, governance never bypassed; what may not go, each with the store's reason."""
    objects = [{k: v for k, v in item.items() if v is not None} for item in items]
    plain = [o for o in objects if not _NOT_XML.search(o["Key"])]
    refused = [r for o in objects if _NOT_XML.search(o["Key"]) for r in _delete_one(call, bucket, o)]
    if plain:
        answer = call("DeleteObjects", {"Bucket": bucket, "Delete": {"Objects": plain, "Quiet": True}})
        refused += _refusals(answer.get("Errors") or ())
    return refused


def _delete_one(call: Call, bucket: str, item: Item) -> Iterable[str]:
    try:
        call("DeleteObject", {"Bucket": bucket, **item})
    except (Denied, Rejected) as error:
        return _refusals([{"Key": item["Key"], "Code": error.code, "Message": str(error)}])
    return ()


def _refusals(errors: Iterable[Item]) -> Iterable[str]:
    for error in errors:
        code, message = error.get("Code") or "", error.get("Message") or ""
        if code not in _GONE:
            yield f"{error.get('Key')}: {code}: {message}".rstrip(": ")
