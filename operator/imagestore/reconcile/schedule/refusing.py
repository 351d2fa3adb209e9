"""What keeps a schedule from making Backups: each is one sentence that says the fix. Pure."""

from collections.abc import Iterator

from imagestore.api.backupschedulestatus import MOST_BACKED_UP
from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.checking import verification
from imagestore.reconcile.schedule.situation import ScheduleSituation, places
from imagestore.reconcile.shared.ends import EndRefusal, EndView, no_bucket, same_bucket, unusable, unwritable

_WHAT = "BackupSchedule"


def schedule_refusal(s: ScheduleSituation) -> EndRefusal | None:
    """The first reason, or None."""
    return next(_refusals(s), None)


def drill_refusal(s: ScheduleSituation) -> EndRefusal | None:
    """What keeps drills from running, while backups go on; None: nothing does."""
    return next(_of_scratch(s), None)


def _refusals(s: ScheduleSituation) -> Iterator[EndRefusal]:
    repository = s.spec.repository.bucket_ref.name
    if s.repository is None:
        yield no_bucket(repository, "spec.repository.bucketRef")
        return
    yield from _of_sources(s)
    yield from _shared(s)
    yield from unusable("repository", s.repository, _WHAT)
    yield from unwritable(s.repository)
    if not s.is_group:
        for source in s.sources:
            yield from _of_source(source, s.repository)


def _of_sources(s: ScheduleSituation) -> Iterator[EndRefusal]:
    ref, selector = s.spec.source.bucket_ref, s.spec.source.bucket_selector
    if not s.sources and ref is not None:
        yield no_bucket(ref.name, "spec.source.bucketRef")
    if not s.sources and selector is not None:
        labels = ", ".join(f"{k}={v}" for k, v in sorted(selector.match_labels.items()))
        message = f"no ImageBucket of this namespace has the labels {labels}; label one, or correct spec.source.bucketSelector"
        yield EndRefusal(Reason.NOTHING_MATCHES, message, waits=True)
    if len(s.sources) > MOST_BACKED_UP:
        message = f"spec.source.bucketSelector matches {len(s.sources)} ImageBuckets, more than {MOST_BACKED_UP}; write several BackupSchedules"
        yield EndRefusal(Reason.REJECTED, message)


def _shared(s: ScheduleSituation) -> Iterator[EndRefusal]:
    """Each of two schedules would delete by its retention what the other one keeps."""
    repository = s.spec.repository
    names = [source.name for source in s.sources]
    mine = places(repository.bucket_ref.name, repository.prefix, names, group=s.is_group)
    for other in s.others:
        if mine & other.places:
            message = (
                f"the BackupSchedule {other.name} has the same repository, and each would delete what the other one keeps; write another"
                " spec.repository.prefix"
            )
            yield EndRefusal(Reason.CONFLICT, message)


def _of_source(source: EndView, repository: EndView) -> Iterator[EndRefusal]:
    yield from unusable("source", source, _WHAT)
    yield from same_bucket(source, repository, "spec.repository.bucketRef")


def _of_scratch(s: ScheduleSituation) -> Iterator[EndRefusal]:
    drill = verification(s).drill
    if drill is None:
        return
    if drill.bucket_ref is None:
        yield from (
            EndRefusal(
                Reason.BUCKET_NOT_READY,
                f"the ImageBucket {source.name} has mode Observe, so no drill can restore a sample there; name another"
                " ImageBucket in spec.verify.drill.bucketRef",
            )
            for source in s.sources
            if any(unwritable(source))
        )
        for source in s.sources:
            yield from _locking(source)
    elif s.scratch is None:
        yield no_bucket(drill.bucket_ref.name, "spec.verify.drill.bucketRef")
    else:
        yield from unusable("drill's bucket", s.scratch, _WHAT)
        yield from unwritable(s.scratch)
        yield from _locking(s.scratch)


def _locking(end: EndView) -> Iterator[EndRefusal]:
    """The run asks the store itself. Here the spec says it before one begins."""
    lock = end.spec.object_lock if end.spec is not None else None
    if lock is not None and lock.mode is not None:
        yield EndRefusal(
            Reason.LOCKED_DESTINATION,
            f"the ImageBucket {end.name} locks each object that is written to it (objectLock.mode), so a drill could not delete what"
            " it restored; name another ImageBucket in spec.verify.drill.bucketRef",
        )
