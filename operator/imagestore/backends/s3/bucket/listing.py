"""What is in a bucket, page by page: objects, versions with delete markers, unfinished uploads. Survives odd keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from imagestore.backends.base import ListingPage, ListingScope
from imagestore.backends.guard.breaker import ANSWERED
from imagestore.backends.guard.call import Call
from imagestore.backends.s3.errors import UNREADABLE_ANSWER
from imagestore.backends.s3.objects.documents import REPLACED
from imagestore.backends.s3.objects.pages import LISTED_AT_ONCE, UploadKeys, replaced
from imagestore.core.errors import NotFound, StoreError, Unavailable, Unexpected
from imagestore.core.keys import quotes, raw, unquoted
from imagestore.core.stored import HOT, StoredVersion

_NAMES = 1000  # among which a name is searched that a listing of versions does not say

ListedItem = dict[str, Any]


@dataclass(frozen=True)
class Leaf:
    """A store's answer with its keys as they are. ``after``: parameters of the call for the next one."""

    items: list[ListedItem]
    more: bool = False
    after: Mapping[str, str] = field(default_factory=dict)


def objects(call: Call, bucket: str, limit: int, after: Mapping[str, str]) -> Leaf:
    """Current versions. It goes on after a key rather than a token: a token may not be understood tomorrow."""
    answer = _listed(call, "ListObjectsV2", "MaxKeys", limit, {"Bucket": bucket, **after})
    items = [_named(answer, item) for item in answer.get("Contents") or ()]
    token = answer.get("NextContinuationToken")
    # A page may be empty and not the last one: then only the token leads on.
    following = {"StartAfter": items[-1]["Key"]} if items else {"ContinuationToken": token} if token else {}
    return Leaf(items, bool(answer.get("IsTruncated")), following)


def versions(call: Call, bucket: str, limit: int, after: Mapping[str, str]) -> Leaf:
    """Keys are asked for URL-encoded: XML 1.0 cannot hold a control character, encoded or not."""
    answer = _listed(call, "ListObjectVersions", "MaxKeys", limit, {"Bucket": bucket, **after})
    items = [_named(answer, item) for item in answer.get("Versions") or ()]
    items += [_named(answer, item) | {"Marker": True} for item in answer.get("DeleteMarkers") or ()]
    if answer.get("EncodingType") != "url":
        items = _spelled(call, bucket, items)
    return Leaf(items, bool(answer.get("IsTruncated")), _following(answer, items, "VersionIdMarker"))


def uploads(call: Call, bucket: str, limit: int, keys: UploadKeys, after: Mapping[str, str]) -> Leaf:
    """Unfinished uploads. The listing does not tell their sizes."""
    answer = _listed(call, "ListMultipartUploads", "MaxUploads", limit, {"Bucket": bucket, **after})
    shown = {**answer, "EncodingType": "url" if keys == "Encoded" else None} if keys != "Declared" else answer
    items = [_named(shown, item) for item in answer.get("Uploads") or ()]
    return Leaf(items, bool(answer.get("IsTruncated")), _following(shown, items, "UploadIdMarker"))


def _listed(call: Call, operation: str, size: str, limit: int, asked: ListedItem) -> ListedItem:
    """A page, or a smaller one where the store fails over this one.

    A server that cannot say the key at which a page ends answers 500, or what cannot be read. Where another page ends at
    another key, it is answered: so a few sizes are tried before the store counts as broken.
    """
    failed: list[Unavailable] = []
    for fewer in _sizes(limit):
        try:
            return call(operation, {**asked, size: fewer, "EncodingType": "url"})
        except Unavailable as error:
            failed.append(error)
            if error.code not in (*ANSWERED, UNREADABLE_ANSWER):
                break
    raise failed[0]


def _sizes(limit: int) -> Iterator[int]:
    """The size that is wanted, the next smaller ones, and some that are much smaller."""
    yield limit
    yield from sorted(
        {n for n in (limit - 1, limit - 2, limit // 2, limit // 7) if 0 < n < limit}, reverse=True
    )


def page(
    call: Call, bucket: str, scope: ListingScope, after: Mapping[str, str], keys: UploadKeys
) -> ListingPage:
    """As the forecasts want it."""
    if scope == "objects":
        leaf = objects(call, bucket, LISTED_AT_ONCE, after)
        return ListingPage(tuple(_stored(i) for i in leaf.items), _onwards(leaf, after))
    if scope == "uploads":
        leaf = uploads(call, bucket, LISTED_AT_ONCE, keys, after)
        return ListingPage(tuple(_upload(i) for i in leaf.items), _onwards(leaf, after))
    leaf = versions(call, bucket, LISTED_AT_ONCE, after)
    return ListingPage(
        tuple(_version(i) for i in sorted(leaf.items, key=_newest_first)), _onwards(leaf, after)
    )


def tags_of(call: Call, bucket: str, stored: StoredVersion) -> Mapping[str, str]:
    """A version that went meanwhile has none."""
    version = {"VersionId": stored.version} if stored.version else {}
    try:
        answer = call("GetObjectTagging", {"Bucket": bucket, "Key": stored.key, **version})
    except NotFound:
        return {}
    except StoreError as error:
        if error.code in ("NoSuchKey", "NoSuchVersion", "NoSuchTagSet"):
            return {}
        raise _nameless(error, stored.key) from None
    return {t["Key"]: t["Value"] for t in answer.get("TagSet") or ()}


def _nameless(error: StoreError, key: str) -> StoreError:
    """Without the store's words where they quote the key: what keeps a count from going on stands in a status."""
    if not quotes(str(error), key):
        return error
    message = f"{error.operation}: {error.code}"
    known = {"code": error.code, "operation": error.operation, "cause": error.cause}
    return type(error)(message, retry_after=error.retry_after, **known)


def _onwards(leaf: Leaf, after: Mapping[str, str]) -> Mapping[str, str] | None:
    """Where the next page begins. A listing that stands still would be walked for ever, one cut short count too few."""
    if not leaf.more:
        return None
    if not leaf.after or dict(leaf.after) == dict(after):
        how = "a page ends where it began" if leaf.after else "there is more, and no word of where it begins"
        raise Unexpected(f"the store's listing does not go on: {how}")
    return leaf.after


def _named(answer: ListedItem, item: ListedItem) -> ListedItem:
    return {**item, "Key": _plain(answer, item["Key"])}


def _following(answer: ListedItem, items: list[ListedItem], second: str) -> dict[str, str]:
    """RGW 16 says that it encodes and does not encode the marker; SeaweedFS goes on after an upload's id alone."""
    key, other = answer.get("NextKeyMarker"), answer.get(f"Next{second}")
    after = _marker(answer, key, {item["Key"] for item in items}) if key else None
    return {name: value for name, value in (("KeyMarker", after), (second, other)) if value}


def _marker(answer: ListedItem, said: str, keys: set[str]) -> str:
    """Where a marker holds what XML cannot, it is found among the keys, or the page ends at the last of them.

    Of ``a b`` and ``a+b`` on one page the marker ``a+b`` may be either: a page ends at the later one.
    """
    plain = _plain(answer, said)
    if {plain, said} <= keys:
        return max(plain, said, key=raw)
    if plain in keys or (REPLACED not in plain and said not in keys):
        return plain
    meant = {key for key in keys if replaced(key) == plain} or keys
    return said if said in keys or not meant else max(meant, key=raw)


def _spelled(call: Call, bucket: str, items: list[ListedItem]) -> list[ListedItem]:
    """SeaweedFS encodes keys in no listing but ListObjectsV2: two keys became one, and neither could be removed.

    The names are those of current objects, so of a key that is hidden by a delete marker they are not found.
    """
    unsaid = sorted({item["Key"] for item in items if REPLACED in item["Key"]})
    known = {listed: _shown_as(call, bucket, listed) for listed in unsaid}
    only = {listed: found[0]["Key"] for listed, found in known.items() if len(found) == 1}
    return [
        {**item, "Key": only.get(item["Key"]) or _taken(item, known.get(item["Key"], []))} for item in items
    ]


def _shown_as(call: Call, bucket: str, listed: str) -> list[ListedItem]:
    """What a listing of versions shows by this name."""
    before = listed.partition(REPLACED)[0]
    found = objects(call, bucket, _NAMES, {"Prefix": before} if before else {})
    return [item for item in found.items if replaced(item["Key"]) == listed]


def _taken(item: ListedItem, known: list[ListedItem]) -> str:
    """The name of one of several that is just like this current version, and no other's from then on."""
    current = item.get("IsLatest") and not item.get("Marker")
    alike = (
        [k for k in known if (k["Size"], k.get("ETag")) == (item["Size"], item.get("ETag"))]
        if current
        else []
    )
    for one in alike[:1]:
        known.remove(one)
    return str((alike or [item])[0]["Key"])


def _plain(answer: ListedItem, text: str) -> str:
    return unquoted(text) if answer.get("EncodingType") == "url" else text


def _newest_first(item: ListedItem) -> tuple[bytes, bool, float]:
    """Versions and markers are answered as two lists."""
    return raw(item["Key"]), not item.get("IsLatest"), -item["LastModified"].timestamp()


def _day(moment: datetime) -> int:
    return moment.astimezone(UTC).toordinal()


def _stored(item: ListedItem) -> StoredVersion:
    return StoredVersion(
        item["Key"], item["Size"], _day(item["LastModified"]), item.get("StorageClass") or HOT
    )


def _version(item: ListedItem) -> StoredVersion:
    version, latest, day = item.get("VersionId") or "", bool(item.get("IsLatest")), _day(item["LastModified"])
    if item.get("Marker"):
        return StoredVersion(item["Key"], 0, day, version=version, latest=latest, marker=True)
    return _stored(item)._replace(version=version, latest=latest)


def _upload(item: ListedItem) -> StoredVersion:
    return StoredVersion(item["Key"], 0, _day(item["Initiated"]), version=item["UploadId"], upload=True)
