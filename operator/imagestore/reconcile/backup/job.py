"""What is to be run for a Backup, and what keeps it from running. Pure."""

from collections.abc import Iterator

from imagestore.api.backup import BackupDefinition
from imagestore.reconcile.backup.runs import BackupJob
from imagestore.reconcile.backup.situation import BackupSituation
from imagestore.reconcile.shared.ends import (
    EndRefusal,
    EndView,
    no_bucket,
    same_bucket,
    unusable,
    unwritable,
)
from imagestore.reconcile.shared.moving_limits import moving_limits
from imagestore.reconcile.shared.pods import pod_choices
from imagestore.reconcile.shared.repositories import repository_end


def backup_refusals(s: BackupSituation, definition: BackupDefinition) -> Iterator[EndRefusal]:
    """What is wrong, the first thing first."""
    named = (
        ("source", s.source, definition.source.bucket_ref.name),
        ("repository", s.repository, definition.repository.bucket_ref.name),
    )
    yield from (no_bucket(name, f"{side}.bucketRef") for side, end, name in named if end is None)
    if s.source is None or s.repository is None:
        return
    yield from same_bucket(s.source, s.repository, "repository.bucketRef")
    yield from unusable("source", s.source, "backup")
    yield from unusable("repository", s.repository, "backup")
    yield from unwritable(s.repository)


def backup_job(
    s: BackupSituation, definition: BackupDefinition, source: EndView, repository: EndView
) -> BackupJob:
    """The job, for two ends that nothing speaks against."""
    chosen, lock = definition.filter, definition.immutability
    usage, when = source.status.usage, s.spec.scheduled_at
    return BackupJob(
        label=s.meta.uid,
        source=source.end(s.meta.namespace),
        repository=repository_end(s.meta.namespace, definition.repository, repository),
        full=(s.spec.kind or definition.kind) == "Full",
        include=(chosen.prefixes if chosen else None) or (),
        exclude=(chosen.exclude if chosen else None) or (),
        lock=(lock.object_lock.upper(), lock.days) if lock else None,
        decode=bool(definition.decode_images),
        scheduled=round(when.timestamp() * 1000) if when else None,
        expected=usage.objects if usage and not chosen else None,
        limits=moving_limits(definition.limits),
        runs_in=definition.runs_in,
        pod=pod_choices(definition.pod),
    )
