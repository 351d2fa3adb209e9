"""What is in a bucket, and how it is emptied: versions, delete markers and open uploads.

Emptiness is proven by these listings, never by DeleteBucket's refusal: SeaweedFS deletes buckets that hold
objects, MinIO deletes buckets with open uploads. Progress is what a listing shows, never what a delete was answered:
a store that says 200 and keeps the objects was asked for ever, and counted as emptied.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from imagestore.backends.base import Remains, Swept
from imagestore.backends.guard.call import Call
from imagestore.backends.s3.bucket.listing import (
    Leaf,
    ListedItem,
    uploads,
    versions,
)
from imagestore.backends.s3.objects.documents import NOT_XML, REPLACED
from imagestore.backends.s3.objects.pages import LISTED_AT_ONCE, UploadKeys
from imagestore.core.errors import Denied, Rejected, StoreError
from imagestore.core.keys import quotes

_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchUpload"}
_PASSING = {"InternalError", "InternalServerError", "SlowDown", "ServiceUnavailable", "OperationAborted"}
_UNSAID = "the store's listing does not say their names; remove them with the store's own tools"
_KEPT = "the store says that they are removed, and still lists them"
_LONGEST = 300  # of a reason, in characters: a status shows it
_PAGES = 10  # of what stays that one step walks past

VersionId = tuple[str, str]
Refusals = Mapping[VersionId, str]
VersionListing = Callable[[int, Mapping[str, str]], Leaf]


def remains(call: Call, bucket: str, keys: UploadKeys) -> Remains:
    """The first page of each listing."""
    there, begun = (
        _versions(call, bucket, LISTED_AT_ONCE, {}),
        _uploads(call, bucket, LISTED_AT_ONCE, keys, {}),
    )
    return Remains(len(there.items), len(begun.items), there.more or begun.more)


def sweep(call: Call, bucket: str, limit: int, keys: UploadKeys) -> Swept:
    """Remove up to ``limit`` things, uploads first; whatever stays is passed over and counted by its reason.

    A page that holds nothing but locked versions is stepped over, so that one locked object at the front
    does not hide a million that may go.
    """
    step = _Step()
    begun = step.page(
        lambda most, after: _uploads(call, bucket, most, keys, after),
        lambda items: _aborted(call, bucket, items),
        min(limit, LISTED_AT_ONCE),
        {},
    )
    leaf = Leaf([], more=True)
    for _ in range(_PAGES):
        if len(step.gone) >= limit or not leaf.more:
            break
        leaf = step.page(
            lambda most, after: _versions(call, bucket, most, after),
            lambda items: _deleted(call, bucket, items),
            min(limit - len(step.gone), LISTED_AT_ONCE),
            leaf.after,
        )
    return step.swept(more=leaf.more or begun.more)


@dataclass
class _Step:
    """What one step has found out."""

    gone: list[VersionId] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    def page(
        self,
        lists: VersionListing,
        removes: Callable[[list[ListedItem]], Refusals],
        most: int,
        after: Mapping[str, str],
    ) -> Leaf:
        """List a page, remove what is on it, and list it again."""
        leaf = lists(most, after)
        if not leaf.items:
            return leaf
        refusals = removes(leaf.items)
        left = {_identity(item) for item in lists(most, after).items}
        for item in leaf.items:
            self._note(_identity(item), left, refusals)
        return leaf

    def _note(self, one: VersionId, left: set[VersionId], refusals: Refusals) -> None:
        reason = refusals.get(one) or refusals.get(
            (one[0], "")
        )  # not every store says which version it means
        if reason:
            self.refused[reason] += 1
        elif one in left:
            self.kept[_UNSAID if REPLACED in one[0] else _KEPT] += 1
        else:
            self.gone.append(one)

    def swept(self, *, more: bool) -> Swept:
        """For the reconcile."""
        digest = hashlib.sha256(repr(sorted(self.gone)).encode()).hexdigest()[:16] if self.gone else ""
        return Swept(len(self.gone), more, dict(self.refused), dict(self.kept), digest)


def _versions(call: Call, bucket: str, limit: int, after: Mapping[str, str]) -> Leaf:
    leaf = versions(call, bucket, limit, after)
    return replace(leaf, items=[_item(v["Key"], v.get("VersionId")) for v in leaf.items])


def _uploads(call: Call, bucket: str, limit: int, keys: UploadKeys, after: Mapping[str, str]) -> Leaf:
    leaf = uploads(call, bucket, limit, keys, after)
    return replace(leaf, items=[{"Key": u["Key"], "UploadId": u["UploadId"]} for u in leaf.items])


def _aborted(call: Call, bucket: str, items: Iterable[ListedItem]) -> Refusals:
    return _one_by_one(call, "AbortMultipartUpload", bucket, items)


def _deleted(call: Call, bucket: str, items: list[ListedItem]) -> Refusals:
    """Delete a page, governance never bypassed; what may not go, each with the store's reason."""
    plain = [item for item in items if not NOT_XML.search(item["Key"])]
    refused, failed = _delete_many(call, bucket, plain)
    alone = [*failed, *(item for item in items if NOT_XML.search(item["Key"]))]
    return refused | _one_by_one(call, "DeleteObject", bucket, alone)


def _delete_many(
    call: Call, bucket: str, items: list[ListedItem]
) -> tuple[dict[VersionId, str], list[ListedItem]]:
    """What was refused, and what failed for no reason of its own and is tried again alone.

    SeaweedFS answers InternalError for one long name among many, and deletes it when asked for it alone.
    """
    if not items:
        return {}, []
    answer = call("DeleteObjects", {"Bucket": bucket, "Delete": {"Objects": items, "Quiet": True}})
    # An error that names no key is of none: what the listing shows then decides.
    errors = [e for e in answer.get("Errors") or () if e.get("Key") and e.get("Code") not in _GONE]
    failed = [_item(e["Key"], e.get("VersionId")) for e in errors if e.get("Code") in _PASSING]
    held = [(_item(e["Key"], e.get("VersionId")), e) for e in errors if e.get("Code") not in _PASSING]
    reasons = {_identity(i): _reason(i, str(e.get("Code")), str(e.get("Message") or "")) for i, e in held}
    return reasons, failed


def _one_by_one(call: Call, operation: str, bucket: str, items: Iterable[ListedItem]) -> dict[VersionId, str]:
    found = {}
    for item in items:
        try:
            call(operation, {"Bucket": bucket, **item})
        except (Denied, Rejected) as error:
            if error.code not in _GONE:
                found[_identity(item)] = _reason(item, error.code, _words(error))
    return found


def _words(error: StoreError) -> str:
    """``DeleteObject: 403 AccessDenied: what the store says``, without what stands in front."""
    return str(error).partition(f" {error.code}: ")[2]


def _reason(item: ListedItem, code: str, message: str) -> str:
    """The store's reason, cut, and without its message where that quotes the key."""
    return code if not message or quotes(message, item["Key"]) else f"{code}: {message}"[:_LONGEST]


def _item(key: str, version: str | None) -> ListedItem:
    return {"Key": key} | ({"VersionId": version} if version else {})


def _identity(item: ListedItem) -> VersionId:
    return item["Key"], item.get("VersionId") or item.get("UploadId") or ""
