"""Metrics of the objects of each kind, made at scrape time from what the operator remembers of them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from imagestore import metrics
from imagestore.api.restore import RESTORE_PHASES
from imagestore.api.tiers import TIER_STATES
from imagestore.controller.state.objects import Stored
from imagestore.kinds.parts.relations import StoredBucket


def of_backends(objects: Sequence[Stored]) -> Iterator[metrics.MetricSample]:
    """Return the samples of remote tiers."""
    for obj in objects:
        for tier, present in obj.extra.tiers:
            for state in TIER_STATES:
                yield metrics.TIER_STATE, (obj.key.name, tier, state), float(state == present)


def of_policies(objects: Sequence[Stored]) -> Iterator[metrics.MetricSample]:
    """Return the samples of LifecyclePolicies: their buckets by state."""
    for obj in objects:
        for counted, buckets in obj.extra.counts:
            labels = (obj.key.namespace, obj.key.name, counted.capitalize())
            yield metrics.POLICY_BUCKETS, labels, float(buckets)


_REPLICATION = {
    "backlog.objects": metrics.REPLICATION_BACKLOG_OBJECTS,
    "backlog.bytes": metrics.REPLICATION_BACKLOG_BYTES,
    "failed.count": metrics.REPLICATION_FAILED,
    "held.objects": metrics.REPLICATION_HELD,
    "canary.delayMilliseconds": metrics.REPLICATION_CANARY,
}


def of_replications(objects: Sequence[Stored]) -> Iterator[metrics.MetricSample]:
    """Return the samples of ReplicationPolicies: what their last runs left."""
    for obj in objects:
        for counted, number in obj.extra.numbers:
            family = _REPLICATION[counted]
            value = number / 1000 if counted.endswith("Milliseconds") else float(number)
            yield family, (obj.key.namespace, obj.key.name), value


def of_restores(objects: Sequence[Stored]) -> Iterator[metrics.MetricSample]:
    """Return the samples of Restores: the phase of each, and the objects that it did not bring back."""
    for obj in objects:
        for phase in RESTORE_PHASES:
            labels = (obj.key.namespace, obj.key.name, phase)
            yield metrics.RESTORE_PHASE, labels, float(phase == obj.extra.phase)
        yield metrics.RESTORE_FAILED, (obj.key.namespace, obj.key.name), float(obj.extra.failed)


def of_buckets(objects: Sequence[StoredBucket]) -> Iterator[metrics.MetricSample]:
    """Return the samples of ImageBuckets: settings of all of them by state, then drift and usage of each."""
    settings = Counter(f for o in objects for f in o.extra.facets)
    yield from ((metrics.SETTING_STATES, labels, float(n)) for labels, n in settings.items())
    for obj in objects:
        yield from _bucket(obj)


def _bucket(obj: StoredBucket) -> Iterator[metrics.MetricSample]:
    labels, facts = (obj.key.namespace, obj.key.name, obj.extra.backend), obj.extra
    yield metrics.APPROVAL, labels, float(facts.asking)
    if facts.drift_since is not None:
        yield metrics.DRIFT_START, labels, facts.drift_since
    if facts.drift_over is not None:
        yield metrics.DRIFT_END, labels, facts.drift_over
    if facts.usage is not None:
        yield metrics.USAGE_OBJECTS, labels, float(facts.usage[0])
        yield metrics.USAGE_BYTES, labels, float(facts.usage[1])
    if facts.quota is not None:
        yield metrics.QUOTA_BYTES, labels, float(facts.quota)
