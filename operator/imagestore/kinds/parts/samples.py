"""The metrics of objects, made from what is remembered when they are asked for."""

from collections import Counter
from collections.abc import Iterator, Sequence

from imagestore import metrics
from imagestore.controller.state.objects import Stored
from imagestore.kinds.parts.relations import Bucket


def of_backends(objects: Sequence[Stored]) -> Iterator[metrics.Sample]:
    """Readiness and remote tiers."""
    for obj in objects:
        yield metrics.BACKEND_READY, (obj.key.name, obj.ready or "Unknown"), 1.0
        yield from ((metrics.TIER, (obj.key.name, *tier), 1.0) for tier in obj.extra.tiers)


def of_policies(objects: Sequence[Stored]) -> Iterator[metrics.Sample]:
    """Readiness, and buckets by state."""
    for obj in objects:
        labels = (obj.key.namespace, obj.key.name)
        yield metrics.POLICY_READY, (*labels, obj.ready or "Unknown"), 1.0
        for state, buckets in obj.extra.counts:
            yield metrics.POLICY_BUCKETS, (*labels, state.capitalize()), float(buckets)


def of_buckets(objects: Sequence[Bucket]) -> Iterator[metrics.Sample]:
    """Settings of all of them by state, then readiness, drift and usage of each."""
    facets = Counter(f for o in objects for f in o.extra.facets)
    yield from ((metrics.FACETS, labels, float(n)) for labels, n in facets.items())
    for obj in objects:
        yield from _bucket(obj)


def _bucket(obj: Bucket) -> Iterator[metrics.Sample]:
    labels, facts = (obj.key.namespace, obj.key.name, obj.extra.backend), obj.extra
    yield metrics.BUCKET_READY, (*labels, obj.ready or "Unknown"), 1.0
    if facts.drift_since is not None:
        yield metrics.DRIFT_SINCE, labels, facts.drift_since
    if facts.drift_over is not None:
        yield metrics.DRIFT_OVER, labels, facts.drift_over
    if facts.lost:
        yield metrics.CONTENT_LOST, labels, 1.0
    if facts.asking:
        yield metrics.APPROVAL, labels, 1.0
    yield from _held(obj, labels)
    yield from ((metrics.FINDING, (*labels, name), 1.0) for name in facts.findings)


def _held(obj: Bucket, labels: tuple[str, ...]) -> Iterator[metrics.Sample]:
    facts = obj.extra
    if facts.usage is not None:
        yield metrics.USAGE_OBJECTS, labels, float(facts.usage[0])
        yield metrics.USAGE_BYTES, labels, float(facts.usage[1])
    if facts.quota is not None:
        yield metrics.QUOTA_BYTES, labels, float(facts.quota)
    if facts.nearly_full:
        yield metrics.NEARLY_FULL, labels, 1.0
