"""Metrics of objects, made from what is remembered when they are asked for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from imagestore import metrics
from imagestore.k8s.objects import LIFECYCLE_POLICY, STORAGE_BACKEND, Stored
from imagestore.k8s.queue import Lane, Load


def of_objects(objects: Sequence[Stored]) -> Iterator[metrics.Sample]:
    """Readiness, drift and settings of everything."""
    ready = Counter((o.key.kind, o.ready or "Unknown") for o in objects)
    yield from ((metrics.OBJECTS, labels, float(n)) for labels, n in ready.items())
    facets = Counter(f for o in objects for f in o.facets)
    yield from ((metrics.FACETS, labels, float(n)) for labels, n in facets.items())
    for obj in objects:
        yield from _one(obj)


def _one(obj: Stored) -> Iterator[metrics.Sample]:
    ready = obj.ready or "Unknown"
    if obj.key.kind == STORAGE_BACKEND.name:
        yield metrics.BACKEND_READY, (obj.key.name, ready), 1.0
        yield from ((metrics.TIER, (obj.key.name, *tier), 1.0) for tier in obj.tiers)
    elif obj.key.kind == LIFECYCLE_POLICY.name:
        yield from _policy(obj, ready)
    else:
        yield from _bucket(obj, ready)


def _policy(obj: Stored, ready: str) -> Iterator[metrics.Sample]:
    labels = (obj.key.namespace, obj.key.name)
    yield metrics.POLICY_READY, (*labels, ready), 1.0
    for state, buckets in obj.counts:
        yield metrics.POLICY_BUCKETS, (*labels, state.capitalize()), float(buckets)


def _bucket(obj: Stored, ready: str) -> Iterator[metrics.Sample]:
    labels = (obj.key.namespace, obj.key.name, obj.backend)
    yield metrics.BUCKET_READY, (*labels, ready), 1.0
    if obj.drift_since is not None:
        yield metrics.DRIFT_SINCE, labels, obj.drift_since
    if obj.drift_over is not None:
        yield metrics.DRIFT_OVER, labels, obj.drift_over
    if obj.lost:
        yield metrics.CONTENT_LOST, labels, 1.0
    if obj.asking:
        yield metrics.APPROVAL, labels, 1.0
    yield from _held(obj, labels)
    yield from ((metrics.FINDING, (*labels, name), 1.0) for name in obj.findings)


def _held(obj: Stored, labels: tuple[str, ...]) -> Iterator[metrics.Sample]:
    if obj.usage is not None:
        yield metrics.USAGE_OBJECTS, labels, float(obj.usage[0])
        yield metrics.USAGE_BYTES, labels, float(obj.usage[1])
    if obj.quota is not None:
        yield metrics.QUOTA_BYTES, labels, float(obj.quota)
    if obj.nearly_full:
        yield metrics.NEARLY_FULL, labels, 1.0


def of_queue(loads: Mapping[Lane, Load], delayed: int) -> Iterator[metrics.Sample]:
    """How much waits, where."""
    yield metrics.QUEUE_DELAYED, (), float(delayed)
    for lane, load in loads.items():
        yield metrics.QUEUE_DEPTH, tuple(lane), float(load.ready)
        yield metrics.QUEUE_AGE, tuple(lane), load.age
        yield metrics.QUEUE_RUNNING, tuple(lane), float(load.running)
