"""Is this the store's own answer? Asked of every answer before anything is read out of it.

botocore makes an empty value of any document that it does not know, of an empty body, and of a body that
broke off: "no tags", "no versions", "never versioned". A hotel's sign-in page with status 200 was read so, and
the tags of others would have been overwritten; an empty listing of versions would have let a full bucket be
deleted. A 404 of an Ingress is not a missing bucket. RGW 16.2 answers a sub-resource that it does not know
(encryption) with a listing of the bucket.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from imagestore.core.errors import Unavailable

# The root of each answer that is read. A second one is what RGW 16.2 or moto call it.
ROOTS: Mapping[str, frozenset[str]] = {
    "CompleteMultipartUpload": frozenset({"CompleteMultipartUploadResult", "Error"}),
    "CopyObject": frozenset({"CopyObjectResult", "Error"}),
    "CreateMultipartUpload": frozenset({"InitiateMultipartUploadResult"}),
    "DeleteObjects": frozenset({"DeleteResult"}),
    "GetBucketAcl": frozenset({"AccessControlPolicy"}),
    "GetBucketCors": frozenset({"CORSConfiguration"}),
    "GetBucketEncryption": frozenset({"ServerSideEncryptionConfiguration"}),
    "GetBucketLifecycleConfiguration": frozenset({"LifecycleConfiguration"}),
    "GetBucketLogging": frozenset({"BucketLoggingStatus"}),
    "GetBucketNotificationConfiguration": frozenset(
        {"NotificationConfiguration", "GetBucketNotificationResponse"}
    ),
    "GetBucketReplication": frozenset({"ReplicationConfiguration"}),
    "GetBucketTagging": frozenset({"Tagging"}),
    "GetBucketVersioning": frozenset({"VersioningConfiguration", "GetBucketVersioningResponse"}),
    "GetObjectLockConfiguration": frozenset({"ObjectLockConfiguration"}),
    "GetObjectTagging": frozenset({"Tagging"}),
    "GetPublicAccessBlock": frozenset(
        {"PublicAccessBlockConfiguration", "BlockPublicAccessBlockConfiguration"}
    ),
    "ListBucketInventoryConfigurations": frozenset(
        {"ListInventoryConfigurationsResult", "ListBucketInventoryConfigurationsResponse"}
    ),
    "ListBuckets": frozenset({"ListAllMyBucketsResult"}),
    "ListMultipartUploads": frozenset({"ListMultipartUploadsResult"}),
    "ListParts": frozenset({"ListPartsResult"}),
    "ListObjectVersions": frozenset({"ListVersionsResult"}),
    "ListObjectsV2": frozenset({"ListBucketResult"}),
    "UploadPartCopy": frozenset({"CopyPartResult", "Error"}),
}
_ROOT = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*(?:<\?[^>]*\?>\s*|<!--.*?-->\s*)*<(?:\w+:)?([\w!]+)", re.DOTALL)
_CONTENT = frozenset({"GetObject"})  # of any kind; a stored object may well be a web page
_PAGES = frozenset({"html", "!doctype", "error"})
_THROTTLED = 429  # obeyed even from what stands in between
_NEEDS_WORDS = frozenset({301, 302, 303, 307, 308, 404})  # a store says with these what it means


def check(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """For botocore's event before-parse. Raises Unavailable if something else than the store has answered."""
    operation, status = str(operation_model.name), int(response_dict["status_code"])
    body = response_dict["body"] if isinstance(response_dict["body"], bytes) else b""
    if found := wrong(operation, status, body):
        raise foreign(operation, status, response_dict["headers"], found)


def wrong(operation: str, status: int, body: bytes) -> str:
    """What is wrong with an answer; empty: it is the store's."""
    return _refusal(operation, status, body) if status >= 300 else _answer(operation, body)


def foreign(operation: str, status: int, headers: Mapping[str, str], met: str) -> Unavailable:
    """The error for an answer that is not the store's."""
    server = str(headers.get("server") or "")[:60]
    by = f" by {server}" if server and server.isprintable() else ""
    cause = f"{status} and {met}, which is not the store's answer"
    message = (
        f"{operation} was answered{by} with {cause}: look for a proxy, a load balancer or an Ingress in between, and"
        " check spec.s3.endpoint"
    )
    wait = None
    with suppress(ValueError):  # its date form is rare
        wait = max(0.0, float(headers.get("retry-after") or ""))
    return Unavailable(message, operation=operation, retry_after=wait, cause=cause)


def admin_answer(status: int, body: bytes, told: Any, *, reads: bool, lists: bool = False) -> str:
    """What is wrong with an answer of an admin API, ``told`` if it is JSON; empty: nothing. ``lists``: of MinIO's lists
    an empty one is ``null``.
    """
    root = _root(body)
    listed = lists and status < 300 and (isinstance(told, list) or body.strip() == b"null")
    if isinstance(told, dict) or listed or status == _THROTTLED:
        return ""
    if status >= 300:
        return "" if root == "Error" and _whole(root, body) else _named(root, body)
    return _named(root, body) if reads or body.strip() else ""


def told_by_store(answer: Mapping[str, Any]) -> bool:
    """Whether an answer without a body is certainly the store's: S3 numbers every answer."""
    headers = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    return "x-amz-request-id" in headers


def _root(body: bytes) -> str:
    found = _ROOT.match(body)
    return found[1].decode() if found else ""


def _refusal(operation: str, status: int, body: bytes) -> str:
    """What is wrong with an error's answer; empty: nothing. An answer to HEAD has no body to judge by."""
    root = _root(body)
    if operation.startswith("Head") or status == _THROTTLED or (root == "Error" and _whole(root, body)):
        return ""
    if body.strip():
        return _named(root, body)
    return "no body" if status in _NEEDS_WORDS else ""


def _answer(operation: str, body: bytes) -> str:
    """What is wrong with a good answer; empty: nothing."""
    root = _root(body)
    if operation in ROOTS:
        return "" if root in ROOTS[operation] and _whole(root, body) else _named(root, body)
    if operation == "GetBucketPolicy":
        return "" if _is_object(body) else _named(root, body)
    if operation in _CONTENT:
        return ""
    # Of the rarer settings no two servers were heard, so any whole document is an answer to a read.
    reads = operation.startswith(("Get", "List"))
    odd = root.lower() in _PAGES or (reads and not (root and _whole(root, body)))
    return _named(root, body) if odd else ""


def _named(root: str, body: bytes) -> str:
    if not body.strip():
        return "no body"
    if root.lower() in ("html", "!doctype"):
        return "a web page"
    if root and not _whole(root, body):
        return "a document that is cut off"
    return f"a document <{root[:40]}>" if root else "a text"


def _whole(root: str, body: bytes) -> bool:
    end = body[-200:].rstrip()
    return end.endswith(b"/>") or bool(re.search(rb"</(?:\w+:)?" + root.encode() + rb"\s*>$", end))


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False
