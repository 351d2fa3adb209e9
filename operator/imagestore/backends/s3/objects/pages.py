"""Pages of listings: how they are asked for, and read. Each store's oddities of keys and markers are met here.

Keys are asked for URL-encoded and decoded once: XML 1.0 cannot hold a control character, encoded or not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote_from_bytes
from xml.etree.ElementTree import Element

from imagestore.backends.guard.breaker import ANSWERED
from imagestore.backends.s3.errors import UNREADABLE_ANSWER
from imagestore.backends.s3.objects.documents import (
    NOT_XML,
    REPLACED,
    children,
    name_of,
    read_document,
    texts,
)
from imagestore.backends.s3.objects.heads import bare, iso_date
from imagestore.backends.s3.objects.wire import ObjectRequest, ObjectWire
from imagestore.core.errors import Unavailable, Unexpected
from imagestore.core.keys import raw, unquoted
from imagestore.core.objects import ListedObject, ObjectsPage, OpenUpload

LISTED_AT_ONCE = 1000  # the most that one listing gives and one DeleteObjects takes
_NAMES = 1000  # among which a name is searched that a listing of versions does not say

# How ListMultipartUploads writes keys. Declared: URL-encoded if the answer says so, as S3 does. RGW 16 encodes
# without saying so, SeaweedFS says so without encoding.
UploadKeys = Literal["Declared", "Encoded", "Literal"]

_QUERY_NAMES = {
    "StartAfter": "start-after",
    "ContinuationToken": "continuation-token",
    "KeyMarker": "key-marker",
    "VersionIdMarker": "version-id-marker",
    "UploadIdMarker": "upload-id-marker",
    "Prefix": "prefix",
}


@dataclass(frozen=True)
class PageRequest:
    """``after`` by S3's parameter names."""

    bucket: str
    limit: int = LISTED_AT_ONCE
    after: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    folders: bool = False  # see ``ObjectDialect``


def current_objects(wire: ObjectWire, asked: PageRequest) -> ObjectsPage:
    """Current versions. It goes on after a key rather than a token: a token may not be understood tomorrow."""
    root = _listed(wire, "ListObjectsV2", "list-type=2", "max-keys", asked)
    top = texts(root)
    decode: Callable[[str], str] = unquoted if top.get("EncodingType") == "url" else str
    items = [_item(texts(element), decode) for element in children(root, "Contents")]
    token = top.get("NextContinuationToken")
    # A page may be empty and not the last one: then only the token leads on.
    after = (
        behind(items[-1].key, folders=asked.folders)
        if items
        else {"ContinuationToken": token}
        if token
        else {}
    )
    return _page(items, top, after, asked)


def behind(key: str, *, folders: bool) -> dict[str, str]:
    """What leads to the first key behind this one.

    SeaweedFS skips all of ``a/`` after ``a``, and none of it after ``a/``: pages that ended at such a key lost objects.
    """
    return {"StartAfter": f"{key}/" if folders and not key.endswith("/") else key}


def all_versions(wire: ObjectWire, asked: PageRequest) -> ObjectsPage:
    """Versions and delete markers by key, newest first; of one moment in the order of the answer: it alone tells on SeaweedFS."""
    root = _listed(wire, "ListObjectVersions", "versions", "max-keys", asked)
    top, items = texts(root), []
    decode: Callable[[str], str] = unquoted if top.get("EncodingType") == "url" else str
    for element in root:
        kind = name_of(element)
        if kind in ("Version", "DeleteMarker"):
            told = texts(element)
            items.append(
                _item(told, decode)._replace(
                    version=told.get("VersionId", ""),
                    latest=told.get("IsLatest") == "true",
                    marker=kind == "DeleteMarker",
                )
            )
    if top.get("EncodingType") != "url":
        items = _spelled(wire, asked.bucket, items)
    items.sort(
        key=lambda i: (raw(i.key), not i.latest, -i.modified)
    )  # moto tells of markers behind all versions
    after = _following(top, {i.key for i in items}, "VersionIdMarker", encoded=decode is unquoted)
    return _page(items, top, after, asked)


def open_uploads(
    wire: ObjectWire, asked: PageRequest, keys: UploadKeys
) -> tuple[list[OpenUpload], Mapping[str, str] | None]:
    """Unfinished uploads, and what leads on. The listing does not tell their sizes."""
    root = _listed(wire, "ListMultipartUploads", "uploads", "max-uploads", asked)
    top = texts(root)
    encoded = top.get("EncodingType") == "url" if keys == "Declared" else keys == "Encoded"
    decode: Callable[[str], str] = unquoted if encoded else str
    found = (texts(element) for element in children(root, "Upload"))
    items = [
        OpenUpload(decode(told["Key"]), told["UploadId"], iso_date(told.get("Initiated", "")))
        for told in found
    ]
    after = _following(top, {i.key for i in items}, "UploadIdMarker", encoded=encoded)
    return items, onwards(top, after, asked)


def _item(told: Mapping[str, str], decode: Callable[[str], str]) -> ListedObject:
    kind = told.get("ChecksumType", "")
    return ListedObject(
        key=decode(told["Key"]),
        size=int(told.get("Size") or 0),
        etag=bare(told.get("ETag", "")),
        modified=iso_date(told.get("LastModified", "")),
        storage_class=told.get("StorageClass", ""),
        checksum=f"{told['ChecksumAlgorithm']}/{kind}" if kind and told.get("ChecksumAlgorithm") else "",
    )


def _page(
    items: list[ListedObject], top: Mapping[str, str], after: Mapping[str, str], asked: PageRequest
) -> ObjectsPage:
    return ObjectsPage(tuple(items), onwards(top, after, asked))


def onwards(top: Mapping[str, str], after: Mapping[str, str], asked: PageRequest) -> Mapping[str, str] | None:
    """Where the next page begins. A listing that stands still would be walked for ever, one cut short count too few."""
    if top.get("IsTruncated") != "true":
        return None
    if not after or dict(after) == dict(asked.after):
        how = "a page ends where it began" if after else "there is more, and no word of where it begins"
        raise Unexpected(f"the store's listing does not go on: {how}")
    return after


def query(parameters: Mapping[str, str]) -> str:
    """Parameters encoded, in S3's order of signing."""
    return "&".join(
        f"{name}={quote_from_bytes(raw(value), safe='')}" for name, value in sorted(parameters.items())
    )


def _listed(wire: ObjectWire, operation: str, resource: str, size: str, asked: PageRequest) -> Element:
    """A page, or a smaller one where the store fails over this one.

    A server that cannot say the key at which a page ends answers 500, or what cannot be read. Where another page ends at
    another key, it is answered: so a few sizes are tried before the store counts as broken.
    """
    given = {_QUERY_NAMES[name]: value for name, value in asked.after.items()}
    if asked.prefix:
        given["prefix"] = asked.prefix
    failed: list[Unavailable] = []
    for fewer in _sizes(asked.limit):
        text = query({**given, size: str(fewer), "encoding-type": "url"})
        try:
            request = ObjectRequest(operation, "GET", asked.bucket, query=f"{resource}&{text}")
            with wire.translated(operation):
                return read_document(wire.ask(request).body)
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


def _following(top: Mapping[str, str], keys: set[str], second: str, *, encoded: bool) -> dict[str, str]:
    """RGW 16 says that it encodes and does not encode the marker; SeaweedFS goes on after an upload's id alone."""
    key, other = top.get("NextKeyMarker"), top.get(f"Next{second}")
    after = _marker(key, keys, encoded=encoded) if key else None
    return {name: value for name, value in (("KeyMarker", after), (second, other)) if value}


def _marker(said: str, keys: set[str], *, encoded: bool) -> str:
    """Where a marker holds what XML cannot, it is found among the keys, or the page ends at the last of them.

    Of ``a b`` and ``a+b`` on one page the marker ``a+b`` may be either: a page ends at the later one.
    """
    plain = unquoted(said) if encoded else said
    if {plain, said} <= keys:
        return max(plain, said, key=raw)
    if plain in keys or (REPLACED not in plain and said not in keys):
        return plain
    meant = {key for key in keys if replaced(key) == plain} or keys
    return said if said in keys or not meant else max(meant, key=raw)


def _spelled(wire: ObjectWire, bucket: str, items: list[ListedObject]) -> list[ListedObject]:
    """SeaweedFS encodes keys in no listing but ListObjectsV2: two keys became one, and neither could be removed.

    The names are those of current objects, so of a key that is hidden by a delete marker they are not found.
    """
    unsaid = sorted({item.key for item in items if REPLACED in item.key})
    known = {listed: _shown_as(wire, bucket, listed) for listed in unsaid}
    only = {listed: found[0].key for listed, found in known.items() if len(found) == 1}
    return [item._replace(key=only.get(item.key) or _taken(item, known.get(item.key, []))) for item in items]


def _shown_as(wire: ObjectWire, bucket: str, listed: str) -> list[ListedObject]:
    """What a listing of versions shows by this name."""
    before = listed.partition(REPLACED)[0]
    found = current_objects(wire, PageRequest(bucket, _NAMES, prefix=before))
    return [item for item in found.items if replaced(item.key) == listed]


def _taken(item: ListedObject, known: list[ListedObject]) -> str:
    """The name of one of several that is just like this current version, and no other's from then on."""
    current = item.latest and not item.marker
    alike = [k for k in known if (k.size, k.etag) == (item.size, item.etag)] if current else []
    for one in alike[:1]:
        known.remove(one)
    return (alike or [item])[0].key


def replaced(key: str) -> str:
    """A key as a document shows it."""
    return NOT_XML.sub(REPLACED, key)
