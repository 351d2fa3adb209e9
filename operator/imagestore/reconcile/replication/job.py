"""What is to be run for a policy, from its spec and its buckets. Pure."""

from collections.abc import Iterator
from datetime import datetime

from imagestore.api.replicationpolicy import (
    DEFAULT_DELETE_PERCENT,
    DEFAULT_DELETES,
    ReplicationGuard,
    ReplicationLimits,
)
from imagestore.core.conditions import is_true
from imagestore.core.units import byte_count, seconds
from imagestore.reconcile.replication.failover import both_ways, known_role, left_side, to_be_noted
from imagestore.reconcile.replication.runs import CopySide, ReplicationJob
from imagestore.reconcile.replication.situation import ReplicationSituation
from imagestore.reconcile.shared.ends import EndView
from imagestore.reconcile.shared.pods import pod_choices


def replication_job(
    s: ReplicationSituation, source: EndView, destination: EndView, *, only_compare: bool = False
) -> ReplicationJob:
    """The job, for two ends that nothing speaks against. ``only_compare``: the store replicates by itself."""
    spec, guard = s.spec, s.spec.guard or ReplicationGuard()
    limits = spec.limits or ReplicationLimits()
    return ReplicationJob(
        policy=s.meta.uid,
        source=source.end(s.meta.namespace),
        destination=destination.end(s.meta.namespace, spec.destination.prefix or ""),
        interval=float(seconds(spec.interval)),
        two_way=both_ways(s),
        only_compare=only_compare,
        prefixes=(spec.filter.prefixes if spec.filter else None) or (),
        tags=tuple(sorted(((spec.filter.tags if spec.filter else None) or {}).items())),
        since=None if (since := copies_since(s)) is None else int(since.timestamp() * 1000),
        storage_class=destination.class_of(spec.destination.tier) or "",
        deletes=spec.deletes or "Ignore",
        held_by=_held_by(source, destination) if both_ways(s) else _held_by(source),
        max_delete_percent=_or(guard.max_delete_percent, DEFAULT_DELETE_PERCENT),
        max_deletes=_or(guard.max_deletes, DEFAULT_DELETES),
        approved=frozenset(spec.approve),
        sample=spec.verify.sample if spec.verify else 0,
        sample_due=_sample_due(s),
        bytes_per_second=byte_count(limits.bytes_per_second) if limits.bytes_per_second else None,
        requests_per_second=limits.requests_per_second,
        concurrency=limits.concurrency or 8,
        shards=limits.shards,
        pod=pod_choices(spec.pod),
        under_way=to_be_noted(s),
        failover=known_role(s),
        left=left_side(s),
        lost=frozenset(_lost(s, source, destination)) if both_ways(s) else frozenset(),
    )


def copies_since(s: ReplicationSituation) -> datetime | None:
    """The age of the oldest objects that are copied, for the status: it has to be the same for as long as the policy is there."""
    if s.spec.existing_objects is not False:
        return None
    return s.status.since or s.meta.created.replace(microsecond=0)


def _lost(s: ReplicationSituation, source: EndView, destination: EndView) -> Iterator[CopySide]:
    """The sides of which nothing tells a loss from a deletion. A source that is not written to deletes nothing: what it does not
    have while the destination is promoted went with its store, and applications were led back to an empty bucket.
    """
    if _is_lost(source) or (s.status.failover is not None and s.status.failover.role == "Promoted"):
        yield "source"
    if _is_lost(destination):
        yield "destination"


def _is_lost(end: EndView) -> bool:
    return is_true(end.status.conditions, "ContentLost")


def _sample_due(s: ReplicationSituation) -> float:
    """By the clock. A restart does not read a sample before its time."""
    if s.spec.verify is None or s.status.parity is None:
        return 0.0
    ago = (s.now - s.status.parity.at).total_seconds()
    return s.clock + seconds(s.spec.verify.every) - ago


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _held_by(*followed: EndView) -> str:
    """Why nothing may be deleted: while a loss is not acknowledged, nothing mirrors its emptiness."""
    lost = next((end.name for end in followed if _is_lost(end)), "")
    return f"ContentLost is True on the ImageBucket {lost}; acknowledge it there first" if lost else ""
