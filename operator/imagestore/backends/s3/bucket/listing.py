"""What is in a bucket, page by page, as forecasts want it: objects, versions with delete markers, unfinished uploads."""

from collections.abc import Mapping
from datetime import UTC, datetime

from imagestore.backends.base import ListingPage, ListingScope
from imagestore.backends.s3.objects.beside import stored_tags
from imagestore.backends.s3.objects.dialect import ObjectDialect
from imagestore.backends.s3.objects.pages import (
    LISTED_AT_ONCE,
    PageRequest,
    all_versions,
    current_objects,
    open_uploads,
)
from imagestore.backends.s3.objects.wire import ObjectWire
from imagestore.core.errors import NotFound
from imagestore.core.keys import is_reserved
from imagestore.core.objects import ListedObject, OpenUpload
from imagestore.core.stored import HOT, StoredVersion


def page(
    wire: ObjectWire, bucket: str, scope: ListingScope, after: Mapping[str, str], dialect: ObjectDialect
) -> ListingPage:
    """At most a thousand, without what the operator keeps for itself: journals are no content that a forecast counts."""
    asked = PageRequest(bucket, LISTED_AT_ONCE, after, folders=dialect.folders)
    if scope == "uploads":
        begun, following = open_uploads(wire, asked, dialect.upload_keys)
        return ListingPage(tuple(_upload(u) for u in begun if not is_reserved(u.key)), following)
    found = current_objects(wire, asked) if scope == "objects" else all_versions(wire, asked)
    return ListingPage(tuple(_stored(i) for i in found.items if not is_reserved(i.key)), found.after)


def tags_of(wire: ObjectWire, bucket: str, stored: StoredVersion) -> Mapping[str, str]:
    """A version that went meanwhile has none."""
    try:
        return stored_tags(wire, bucket, stored.key, stored.version)
    except NotFound:
        return {}


def _day(moment: int) -> int:
    return datetime.fromtimestamp(moment / 1000, UTC).toordinal()


def _stored(item: ListedObject) -> StoredVersion:
    day, marker = _day(item.modified), item.marker
    if marker:
        return StoredVersion(item.key, 0, day, version=item.version, latest=item.latest, marker=True)
    kept = item.storage_class or HOT
    return StoredVersion(item.key, item.size, day, kept, version=item.version, latest=item.latest)


def _upload(item: OpenUpload) -> StoredVersion:
    return StoredVersion(item.key, 0, _day(item.started), version=item.upload, upload=True)
