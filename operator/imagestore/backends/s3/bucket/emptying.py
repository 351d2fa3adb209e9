"""What is in a bucket, and how it is emptied: versions, delete markers and open uploads.

Emptiness is proven by these listings, never by DeleteBucket's refusal: SeaweedFS deletes buckets that hold
objects, MinIO deletes buckets with open uploads. Progress is what a listing shows, never what a delete was answered:
a store that says 200 and keeps the objects was asked for ever, and counted as emptied.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from imagestore.backends.base import Remains, Swept
from imagestore.backends.s3.objects.beside import VersionId, delete_together, refusal_of
from imagestore.backends.s3.objects.dialect import ObjectDialect
from imagestore.backends.s3.objects.documents import REPLACED
from imagestore.backends.s3.objects.multipart import abort_request
from imagestore.backends.s3.objects.pages import (
    LISTED_AT_ONCE,
    PageRequest,
    all_versions,
    open_uploads,
)
from imagestore.backends.s3.objects.wire import ObjectWire
from imagestore.core.errors import NotFound

_UNSAID = "the store's listing does not say their names; remove them with the store's own tools"
_KEPT = "the store says that they are removed, and still lists them"
_PAGES = 10  # of what stays that one step walks past

Refusals = Mapping[VersionId, str]


@dataclass(frozen=True)
class _Leaf:
    """A page of what is there. ``after`` None: it is the last one."""

    items: list[VersionId]
    after: Mapping[str, str] | None


VersionListing = Callable[[int, Mapping[str, str]], _Leaf]


def remains(wire: ObjectWire, bucket: str, dialect: ObjectDialect) -> Remains:
    """The first page of each listing. A bucket that is gone holds nothing."""
    try:
        there = _versions(wire, bucket, LISTED_AT_ONCE, {})
        begun = _uploads(wire, bucket, LISTED_AT_ONCE, {}, dialect)
    except NotFound:
        return Remains(0, 0)
    return Remains(len(there.items), len(begun.items), (there.after or begun.after) is not None)


def sweep(wire: ObjectWire, bucket: str, limit: int, dialect: ObjectDialect) -> Swept:
    """Remove up to ``limit`` things, uploads first; whatever stays is passed over and counted by its reason.

    A page that holds nothing but locked versions is stepped over, so that one locked object at the front
    does not hide a million that may go. A bucket that is gone holds nothing.
    """
    try:
        return _swept(wire, bucket, limit, dialect)
    except NotFound:
        return Swept(removed=0, more=False)


def _swept(wire: ObjectWire, bucket: str, limit: int, dialect: ObjectDialect) -> Swept:
    step = _Step()
    begun = step.page(
        lambda most, after: _uploads(wire, bucket, most, after, dialect),
        lambda items: _aborted(wire, bucket, items),
        min(limit, LISTED_AT_ONCE),
        {},
    )
    after: Mapping[str, str] | None = {}
    for _ in range(_PAGES):
        if len(step.gone) >= limit or after is None:
            break
        after = step.page(
            lambda most, after: _versions(wire, bucket, most, after),
            lambda items: delete_together(wire, bucket, items),
            min(limit - len(step.gone), LISTED_AT_ONCE),
            after,
        ).after
    return step.swept(more=(after or begun.after) is not None)


@dataclass
class _Step:
    """What one step has found out."""

    gone: list[VersionId] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    def page(
        self,
        lists: VersionListing,
        removes: Callable[[list[VersionId]], Refusals],
        most: int,
        after: Mapping[str, str],
    ) -> _Leaf:
        """List a page, remove what is on it, and list it again."""
        leaf = lists(most, after)
        if not leaf.items:
            return leaf
        refusals = removes(leaf.items)
        left = set(lists(most, after).items)
        for item in leaf.items:
            self._note(item, left, refusals)
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


def _versions(wire: ObjectWire, bucket: str, limit: int, after: Mapping[str, str]) -> _Leaf:
    found = all_versions(wire, PageRequest(bucket, limit, after))
    return _Leaf([(item.key, item.version) for item in found.items], found.after)


def _uploads(
    wire: ObjectWire, bucket: str, limit: int, after: Mapping[str, str], dialect: ObjectDialect
) -> _Leaf:
    found, following = open_uploads(wire, PageRequest(bucket, limit, after), dialect.upload_keys)
    return _Leaf([(item.key, item.upload) for item in found], following)


def _aborted(wire: ObjectWire, bucket: str, items: Iterable[VersionId]) -> Refusals:
    """Each alone; that its parts are gone, the next listing shows."""
    found = {}
    for key, upload in items:
        if reason := refusal_of(wire, abort_request(bucket, key, upload)):
            found[key, upload] = reason
    return found
