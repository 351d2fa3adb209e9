"""What is in a bucket, page by page: objects, versions with delete markers, unfinished uploads. Survives odd keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote_plus

from imagestore.backends.base import Page, Scope
from imagestore.backends.s3.setting import Call
from imagestore.core.errors import NotFound, StoreError
from imagestore.core.stored import HOT, Stored

PAGE = 1000  # the most that one listing gives and one DeleteObjects takes

Item = dict[str, Any]
# How ListMultipartUploads writes keys. Declared: URL-encoded if the answer says so, as S3 does. RGW 16 encodes
# without saying so, SeaweedFS says so without encoding.
UploadKeys = Literal["Declared", "Encoded", "Literal"]


@dataclass(frozen=True)
class Leaf:
    """A store's answer with its keys as they are. ``after``: parameters of the call for the next one."""

    items: list[Item]
    more: bool = False
    after: Mapping[str, str] = field(default_factory=dict)


def objects(call: Call, bucket: str, limit: int, after: Mapping[str, str]) -> Leaf:
    """Current versions. It goes on after a key rather than a token: a token may not be understood tomorrow."""
    answer = call("ListObjectsV2", {"Bucket": bucket, "MaxKeys": limit, "EncodingType": "url", **after})
    items = [_named(answer, item) for item in answer.get("Contents") or ()]
    token = answer.get("NextContinuationToken")
    # A page may be empty and not the last one: then only the token leads on.
    following = {"StartAfter": items[-1]["Key"]} if items else {"ContinuationToken": token} if token else {}
    return Leaf(items, bool(answer.get("IsTruncated")), following)


def versions(call: Call, bucket: str, limit: int, after: Mapping[str, str]) -> Leaf:
    """Keys are asked for URL-encoded: XML 1.0 cannot hold a control character, encoded or not."""
    answer = call("ListObjectVersions", {"Bucket": bucket, "MaxKeys": limit, "EncodingType": "url", **after})
    items = [_named(answer, item) for item in answer.get("Versions") or ()]
    items += [_named(answer, item) | {"Marker": True} for item in answer.get("DeleteMarkers") or ()]
    return Leaf(items, bool(answer.get("IsTruncated")), _following(answer, items, "VersionIdMarker"))


def uploads(call: Call, bucket: str, limit: int, keys: UploadKeys, after: Mapping[str, str]) -> Leaf:
    """Unfinished uploads. The listing does not tell their sizes."""
    asked = {"Bucket": bucket, "MaxUploads": limit, "EncodingType": "url", **after}
    answer = call("ListMultipartUploads", asked)
    shown = {**answer, "EncodingType": "url" if keys == "Encoded" else None} if keys != "Declared" else answer
    items = [_named(shown, item) for item in answer.get("Uploads") or ()]
    return Leaf(items, bool(answer.get("IsTruncated")), _following(shown, items, "UploadIdMarker"))


def page(call: Call, bucket: str, scope: Scope, after: Mapping[str, str], keys: UploadKeys) -> Page:
    """As the forecasts want it."""
    if scope == "objects":
        leaf = objects(call, bucket, PAGE, after)
        return Page(tuple(_stored(i) for i in leaf.items), _onwards(leaf))
    if scope == "uploads":
        leaf = uploads(call, bucket, PAGE, keys, after)
        return Page(tuple(_upload(i) for i in leaf.items), _onwards(leaf))
    leaf = versions(call, bucket, PAGE, after)
    return Page(tuple(_version(i) for i in sorted(leaf.items, key=_newest_first)), _onwards(leaf))


def tags_of(call: Call, bucket: str, stored: Stored) -> Mapping[str, str]:
    """A version that went meanwhile has none."""
    version = {"VersionId": stored.version} if stored.version else {}
    try:
        answer = call("GetObjectTagging", {"Bucket": bucket, "Key": stored.key, **version})
    except NotFound:
        return {}
    except StoreError as error:
        if error.code in ("NoSuchKey", "NoSuchVersion", "NoSuchTagSet"):
            return {}
        raise
    return {t["Key"]: t["Value"] for t in answer.get("TagSet") or ()}


def _onwards(leaf: Leaf) -> Mapping[str, str] | None:
    return leaf.after if leaf.more and leaf.after else None


def _named(answer: Item, item: Item) -> Item:
    return {**item, "Key": _plain(answer, item["Key"])}


def _following(answer: Item, items: list[Item], second: str) -> dict[str, str]:
    """RGW 16 says that it encodes and does not encode the marker; SeaweedFS goes on after an upload's id alone."""
    key, other = answer.get("NextKeyMarker"), answer.get(f"Next{second}")
    keys = {item["Key"] for item in items}
    plain = key if not key or (key in keys and _plain(answer, key) not in keys) else _plain(answer, key)
    return {name: value for name, value in (("KeyMarker", plain), (second, other)) if value}


def _plain(answer: Item, text: str) -> str:
    return unquote_plus(text) if answer.get("EncodingType") == "url" else text


def _newest_first(item: Item) -> tuple[bytes, bool, float]:
    """Versions and markers are answered as two lists."""
    key = item["Key"].encode(errors="surrogatepass")
    return key, not item.get("IsLatest"), -item["LastModified"].timestamp()


def _day(moment: datetime) -> int:
    return moment.astimezone(UTC).toordinal()


def _stored(item: Item) -> Stored:
    return Stored(item["Key"], item["Size"], _day(item["LastModified"]), item.get("StorageClass") or HOT)


def _version(item: Item) -> Stored:
    version, latest, day = item.get("VersionId") or "", bool(item.get("IsLatest")), _day(item["LastModified"])
    if item.get("Marker"):
        return Stored(item["Key"], 0, day, version=version, latest=latest, marker=True)
    return _stored(item)._replace(version=version, latest=latest)


def _upload(item: Item) -> Stored:
    return Stored(item["Key"], 0, _day(item["Initiated"]), version=item["UploadId"], upload=True)
