"""What is to be run for a policy, from its spec and its buckets. Pure."""

from imagestore.api.replicationpolicy import (
    DEFAULT_DELETE_PERCENT,
    DEFAULT_DELETES,
    ReplicationGuard,
    ReplicationLimits,
)
from imagestore.core.conditions import is_true
from imagestore.core.units import byte_count, seconds
from imagestore.reconcile.replication.failover import both_ways
from imagestore.reconcile.replication.runs import JobEnd, ReplicationJob
from imagestore.reconcile.replication.situation import EndView, ReplicationSituation


def replication_job(
    s: ReplicationSituation, source: EndView, destination: EndView, *, only_compare: bool = False
) -> ReplicationJob:
    """The job, for two ends that nothing speaks against. ``only_compare``: the store replicates by itself."""
    spec, guard = s.spec, s.spec.guard or ReplicationGuard()
    limits = spec.limits or ReplicationLimits()
    return ReplicationJob(
        policy=s.meta.uid,
        source=_end(s, source),
        destination=_end(s, destination, spec.destination.prefix or ""),
        interval=float(seconds(spec.interval)),
        two_way=both_ways(s),
        only_compare=only_compare,
        prefixes=(spec.filter.prefixes if spec.filter else None) or (),
        tags=tuple(sorted(((spec.filter.tags if spec.filter else None) or {}).items())),
        since=int(s.meta.created.timestamp() * 1000) if spec.existing_objects is False else None,
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
    )


def _sample_due(s: ReplicationSituation) -> float:
    """By the clock. A restart does not read a sample before its time."""
    if s.spec.verify is None or s.status.parity is None:
        return 0.0
    ago = (s.now - s.status.parity.at).total_seconds()
    return s.clock + seconds(s.spec.verify.every) - ago


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _end(s: ReplicationSituation, end: EndView, prefix: str = "") -> JobEnd:
    """A bucket that its ImageBucket only observes has no owner mark of ours."""
    observed = end.spec is not None and end.spec.mode == "Observe"
    return JobEnd(end.backend, end.bucket, "" if observed else f"{s.meta.namespace}/{end.name}", prefix)


def _held_by(*followed: EndView) -> str:
    """Why nothing may be deleted: while a loss is not acknowledged, nothing mirrors its emptiness."""
    lost = next((end.name for end in followed if is_true(end.status.conditions, "ContentLost")), "")
    return f"ContentLost is True on the ImageBucket {lost}; acknowledge it there first" if lost else ""
