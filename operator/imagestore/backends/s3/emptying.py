"""What is in a bucket, and how it is emptied: versions, delete markers and open uploads.

Emptiness is proven by these listings, never by DeleteBucket's refusal: SeaweedFS deletes buckets that hold
objects, MinIO deletes buckets with open uploads.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from imagestore.backends.base import Remains, Swept
from imagestore.backends.s3.listing import PAGE, Item, Leaf, UploadKeys, uploads, versions
from imagestore.backends.s3.setting import Call
from imagestore.core.errors import Denied, Rejected

_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchUpload"}
_PASSING = {"InternalError", "InternalServerError", "SlowDown", "ServiceUnavailable", "OperationAborted"}
# What XML 1.0 cannot hold, encoded or not: such a key fits into a URL but not into a DeleteObjects document.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What a listing has in place of a character that its XML cannot hold (SeaweedFS): the key cannot be known.
UNSAYABLE = "\ufffd"
_UNSAYABLE = "the store's listing cannot say this key; remove it with the store's own tools"
_PAGES = 10  # of locked versions that one step walks past


def remains(call: Call, bucket: str, keys: UploadKeys) -> Remains:
    """The first page of each listing."""
    there, begun = _versions(call, bucket, PAGE, {}), _uploads(call, bucket, PAGE, keys)
    sample = tuple(str(item["Key"]) for item in [*there.items, *begun.items][:5])
    return Remains(len(there.items), len(begun.items), there.more or begun.more, sample)


def sweep(call: Call, bucket: str, limit: int, keys: UploadKeys) -> Swept:
    """Remove up to ``limit`` things, uploads first; whatever may not go is passed over and named.

    A page that holds nothing but locked versions is stepped over, so that one locked object at the front
    does not hide a million that may go.
    """
    begun = _uploads(call, bucket, min(limit, PAGE), keys)
    blocked = [refusal for upload in begun.items for refusal in _abort(call, bucket, upload)]
    removed, leaf = len(begun.items) - len(blocked), Leaf([], more=True)
    for _ in range(_PAGES):
        if removed >= limit or not leaf.more:
            break
        leaf = _versions(call, bucket, min(limit - removed, PAGE), leaf.after)
        refused = _delete(call, bucket, leaf.items)
        removed += len(leaf.items) - len(refused)
        blocked += refused
    return Swept(removed, leaf.more or begun.more, tuple(blocked[:20]))


def _versions(call: Call, bucket: str, limit: int, after: Mapping[str, str]) -> Leaf:
    leaf = versions(call, bucket, limit, after)
    return replace(leaf, items=[_item(v["Key"], v.get("VersionId")) for v in leaf.items])


def _uploads(call: Call, bucket: str, limit: int, keys: UploadKeys) -> Leaf:
    leaf = uploads(call, bucket, limit, keys, {})
    return replace(leaf, items=[{"Key": u["Key"], "UploadId": u["UploadId"]} for u in leaf.items])


def _abort(call: Call, bucket: str, upload: Item) -> list[str]:
    if UNSAYABLE in upload["Key"]:
        return [_refusal(upload["Key"], _UNSAYABLE)]
    return _unless_refused(call, "AbortMultipartUpload", {"Bucket": bucket, **upload})


def _delete(call: Call, bucket: str, items: list[Item]) -> list[str]:
    """Delete a page, governance never bypassed; what may not go, each with the store's reason."""
    known = [item for item in items if UNSAYABLE not in item["Key"]]
    plain = [item for item in known if not _NOT_XML.search(item["Key"])]
    refused, failed = _delete_many(call, bucket, plain)
    for item in [*failed, *(item for item in known if _NOT_XML.search(item["Key"]))]:
        refused += _delete_one(call, bucket, item)
    return refused + [_refusal(item["Key"], _UNSAYABLE) for item in items if UNSAYABLE in item["Key"]]


def _delete_many(call: Call, bucket: str, items: list[Item]) -> tuple[list[str], list[Item]]:
    """What was refused, and what failed for no reason of its own and is tried again alone.

    SeaweedFS answers InternalError for one long name among many, and deletes it when asked for it alone.
    """
    if not items:
        return [], []
    answer = call("DeleteObjects", {"Bucket": bucket, "Delete": {"Objects": items, "Quiet": True}})
    errors = [e for e in answer.get("Errors") or () if e.get("Code") not in _GONE]
    failed = [_item(e["Key"], e.get("VersionId")) for e in errors if e.get("Code") in _PASSING]
    held = [e for e in errors if e.get("Code") not in _PASSING]
    return [_refusal(e["Key"], f"{e.get('Code')}: {e.get('Message') or ''}") for e in held], failed


def _delete_one(call: Call, bucket: str, item: Item) -> list[str]:
    return _unless_refused(call, "DeleteObject", {"Bucket": bucket, **item})


def _unless_refused(call: Call, operation: str, parameters: Item) -> list[str]:
    try:
        call(operation, parameters)
    except (Denied, Rejected) as error:
        return [] if error.code in _GONE else [_refusal(parameters["Key"], str(error))]
    return []


def _refusal(key: str, reason: str) -> str:
    return f"{key if len(key) <= 100 else key[:97] + '...'}: {reason}".rstrip(": ")


def _item(key: str, version: str | None) -> Item:
    return {"Key": key} | ({"VersionId": version} if version else {})
