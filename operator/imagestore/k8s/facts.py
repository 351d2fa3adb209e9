"""Metrics of objects, made at scrape time from what the operator remembers of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from imagestore import metrics
from imagestore.api.tiers import TIER_STATES
from imagestore.core.conditions import READY, STATUSES
from imagestore.k8s.objects import IMAGE_BUCKET, LIFECYCLE_POLICY, STORAGE_BACKEND, Stored
from imagestore.k8s.queue import Lane, Load

SUSPENDED = ("Suspended", "True")


def of_objects(objects: Sequence[Stored]) -> Iterator[metrics.Sample]:
    """Return the samples of all objects."""
    ready = Counter((o.key.kind, o.ready or "Unknown") for o in objects)
    yield from ((metrics.OBJECTS, labels, float(n)) for labels, n in ready.items())
    settings = Counter(f for o in objects for f in o.facets)
    yield from ((metrics.SETTING_STATES, labels, float(n)) for labels, n in settings.items())
    for obj in objects:
        yield from _conditions(obj)
        yield from _of_kind(obj)


def _conditions(obj: Stored) -> Iterator[metrics.Sample]:
    backend = "" if obj.key.kind == LIFECYCLE_POLICY.name else obj.backend
    for condition, present in _judged(obj.conditions):
        for status in STATUSES:
            labels = (*obj.key, backend, condition, status)
            yield metrics.STATUS_CONDITION, labels, float(status == present)


def _judged(conditions: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Ready is Unknown until the first reconcile, except for what is suspended: none will come."""
    missing = SUSPENDED not in conditions and all(name != READY for name, _ in conditions)
    return (*conditions, (READY, "Unknown")) if missing else conditions


def _of_kind(obj: Stored) -> Iterator[metrics.Sample]:
    if obj.key.kind == STORAGE_BACKEND.name:
        for tier, present in obj.tiers:
            for state in TIER_STATES:
                yield metrics.TIER_STATE, (obj.key.name, tier, state), float(state == present)
    elif obj.key.kind == LIFECYCLE_POLICY.name:
        for counted, buckets in obj.counts:
            labels = (obj.key.namespace, obj.key.name, counted.capitalize())
            yield metrics.POLICY_BUCKETS, labels, float(buckets)
    elif obj.key.kind == IMAGE_BUCKET.name:
        yield from _bucket(obj)


def _bucket(obj: Stored) -> Iterator[metrics.Sample]:
    labels = (obj.key.namespace, obj.key.name, obj.backend)
    yield metrics.APPROVAL, labels, float(obj.asking)
    if obj.drift_since is not None:
        yield metrics.DRIFT_START, labels, obj.drift_since
    if obj.drift_over is not None:
        yield metrics.DRIFT_END, labels, obj.drift_over
    if obj.usage is not None:
        yield metrics.USAGE_OBJECTS, labels, float(obj.usage[0])
        yield metrics.USAGE_BYTES, labels, float(obj.usage[1])
    if obj.quota is not None:
        yield metrics.QUOTA_BYTES, labels, float(obj.quota)


def of_queue(loads: Mapping[Lane, Load], delayed: int) -> Iterator[metrics.Sample]:
    """Return the samples of the work queue, by lane."""
    yield metrics.QUEUE_DELAYED, (), float(delayed)
    for lane, load in loads.items():
        yield metrics.QUEUE_DEPTH, tuple(lane), float(load.ready)
        yield metrics.QUEUE_AGE, tuple(lane), load.age
        yield metrics.QUEUE_RUNNING, tuple(lane), float(load.running)
