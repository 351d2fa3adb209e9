"""ImageBucket: one bucket and every setting of it that its owner cares about."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from imagestore.api.imagebucket import FINDINGS
from imagestore.api.kinds import IMAGE_BUCKET, STORAGE_BACKEND
from imagestore.controller.runtime import Cause, KindRuntime, Labels, Wake
from imagestore.controller.services import Services
from imagestore.controller.state.cache import ObjectChange
from imagestore.controller.state.objects import Key, Stored
from imagestore.controller.work.queue import Lane
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.core.units import seconds
from imagestore.kinds.parts.facts import facts
from imagestore.kinds.parts.inputs import BucketInputs
from imagestore.kinds.parts.relations import (
    StoredBucket,
    backend_key,
    edges,
    later_in_namespace,
    referrers,
    serves_any,
    tenant,
    unsettled,
    younger_rivals,
)
from imagestore.kinds.parts.samples import of_buckets
from imagestore.reconcile.bucket.reconcile import reconcile
from imagestore.reconcile.shared.tenancy import allowed_namespace

_CONCURRENCY = 8  # as the schema has it for a backend that says nothing
_KEEPS = "Retain"


def _lane(services: Services, key: Key) -> tuple[Lane, int]:
    """A bucket waits in its backend's lane."""
    obj = services.cache.get(key)
    backend = obj.extra.backend if obj else ""
    spec = services.stores.spec(backend)
    limits = spec.limits if spec else None
    return Lane(key.kind, backend), limits.concurrency if limits else _CONCURRENCY


def _affects(services: Services, change: ObjectChange, cause: Cause) -> Iterator[Wake]:
    before, after = change.before, change.after
    if before is not None and after is not None:
        if _seen_by_referrers(before) != _seen_by_referrers(after):
            yield from map(Wake, _concerned(services, after.key))
        return
    obj = after or before
    assert obj is not None, "something has changed"  # noqa: S101
    yield from map(Wake, younger_rivals(services.cache, obj))
    if cause is Cause.LISTED:  # a restart lists everything: then only what was left waiting is in a hurry
        yield from map(Wake, unsettled(services.cache, _concerned(services, obj.key)))
        return
    yield from map(Wake, _concerned(services, obj.key))
    yield from _recount(services, obj)
    if after is None:
        yield from _room(services, obj)


def _concerned(services: Services, key: Key) -> tuple[Key, ...]:
    """What names this ImageBucket, and the ImageBuckets to which what names it contributes."""
    naming = referrers(services.cache, key)
    givers = [k for k in naming if services.contributions.gives(k.kind)]
    return (*naming, *services.contributions.receivers(*services.cache.found(givers)))


def _seen_by_referrers(obj: StoredBucket) -> tuple[object, ...]:
    """An ImageBucket whose setting names this one waits for its bucket, and follows the chain of names."""
    return obj.extra.incumbent, obj.deleting, obj.extra.references


def _room(services: Services, gone: StoredBucket) -> Iterator[Wake]:
    """Where a namespace may have so many buckets, one more may have one now."""
    spec = services.stores.spec(gone.extra.backend)
    if spec is not None and spec.tenancy is not None and spec.tenancy.max_buckets is not None:
        yield from map(Wake, unsettled(services.cache, later_in_namespace(services.cache, gone)))


def _recount(services: Services, obj: StoredBucket) -> Iterator[Wake]:
    backend = services.cache.get(backend_key(obj.extra.backend))
    if backend is not None:
        last = backend.deleting and not serves_any(services.cache, obj.extra.backend)
        yield Wake(backend.key, 0.0 if last else services.settings.counted_in)


def _namespace_changed(services: Services, name: str, before: Labels, after: Labels) -> Iterator[Wake]:
    """The labels of a namespace matter where a backend lets it in that did not, or no longer does.

    A loop that labelled a namespace made all its buckets check each time, 110 calls a second.
    """
    there = services.cache.found(services.cache.inside(IMAGE_BUCKET.name, name))
    for backend in sorted({bucket.extra.backend for bucket in there}):
        spec = services.stores.spec(backend)
        if spec and allowed_namespace(spec, name, before) != allowed_namespace(spec, name, after):
            yield from _let_in_or_out(services, services.cache.index.all(tenant(name, backend)))


def _let_in_or_out(services: Services, buckets: Sequence[Key]) -> Iterator[Wake]:
    """They, and the younger claims on their buckets: a claim counts if its namespace may have the bucket."""
    yield from map(Wake, buckets)
    for bucket in services.cache.found(buckets):
        yield from map(Wake, younger_rivals(services.cache, bucket))
        yield from _recount(services, bucket)


def _rests(services: Services, obj: StoredBucket) -> float | None:
    """Its interval, while what decides besides the spec is as it was when its status was written."""
    if obj.extra.inputs != inputs(services, obj):
        return None
    try:
        return float(seconds(obj.extra.interval)) or services.settings.default_interval
    except ValueError:
        return services.settings.default_interval


def inputs(services: Services, obj: StoredBucket) -> str:
    """The hash of what decides about a bucket besides its own spec."""
    return services.contributions.inputs(obj, services.stores.inputs(obj.extra.backend))


def _deletion_policy(obj: Stored[Any]) -> str:
    """As far as its spec can be read at all."""
    return json.loads(obj.spec).get("deletionPolicy") or _KEEPS


def _released(obj: StoredBucket) -> Event | None:
    """A bucket that is kept needs no understanding of its settings; else its namespace would never go (rook#16432)."""
    if _deletion_policy(obj) != _KEEPS:
        return None
    kept = f"bucket {obj.extra.bucket} is retained, with everything in it; to delete it, use the store's own tools"
    return Event(Reason.RETAINED, kept, "Delete")


IMAGE_BUCKETS = KindRuntime(
    kind=IMAGE_BUCKET,
    finalizer="imagestore.dev/bucket",
    remember=facts,
    edges=edges,
    lane=_lane,
    # Of policies nothing need be known: their rules then stay as they are.
    needs=lambda _: (STORAGE_BACKEND.name, IMAGE_BUCKET.name),
    inputs=BucketInputs,
    reconcile=reconcile,
    affects=_affects,
    namespace_changed=_namespace_changed,
    rests=_rests,
    destroys=lambda obj: _deletion_policy(obj) != _KEEPS,
    released=_released,
    backend=lambda obj: obj.extra.backend,
    conditions=FINDINGS,
    samples=of_buckets,
)
