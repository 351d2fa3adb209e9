"""What the Backups of a schedule tell, and which of those objects are deleted. Deleting one deletes no backup. Pure but for that."""

from collections.abc import Iterator

from imagestore.api.backupschedule import DEFAULT_HISTORY
from imagestore.api.backupschedulestatus import BackedUpBucket, EndedBackup, KnownRepository, SuccessfulBackup
from imagestore.api.kinds import BACKUP
from imagestore.reconcile.schedule.selections import has_all, selection_digest
from imagestore.reconcile.schedule.situation import BackupView, ScheduleSituation

SHOWN = 20
_AT_ONCE = 20  # objects that one reconcile deletes


def newest_first(s: ScheduleSituation, bucket: str = "") -> list[BackupView]:
    """The Backups that ended, of one bucket or of all."""
    ended = [b for b in s.backups if b.ended and bucket in ("", b.bucket)]
    return sorted(ended, key=lambda b: b.order, reverse=True)


def known_of(s: ScheduleSituation, bucket: str) -> BackedUpBucket:
    """What is known of a bucket's backups: nothing once the spec names another repository."""
    place = s.place_of(bucket)
    known = next((b for b in s.status.buckets if b.name == bucket), None)
    if known is None or known.repository is None:
        known = (known or BackedUpBucket(name=bucket)).having(repository=KnownRepository(place=place))
    elif known.repository.place != place:
        since = s.now.replace(microsecond=0)
        known = BackedUpBucket(name=bucket, repository=KnownRepository(place=place, since=since))
    return known.having(last=_last_success(s, known))


def _counts(s: ScheduleSituation, backup: BackupView, known: BackedUpBucket) -> bool:
    """Whether it is a backup of all that the schedule backs up, in the repository that it names now."""
    if backup.phase != "Succeeded" or backup.bucket != known.name or not backup.backup:
        return False
    since = known.repository.since if known.repository else None
    same = (
        backup.place == s.place_of(known.name) if backup.place else since is None or backup.created >= since
    )
    return same and has_all(backup.filter, s.spec.filter)


def _last_success(s: ScheduleSituation, bucket: BackedUpBucket) -> SuccessfulBackup | None:
    """The newest backup that succeeded; its object may be gone, and the status then still knows it.

    Which one is newest is told by the objects, not by the clock of a store: one that is days ahead would make WithinRpo true for days.
    """
    known = bucket.last
    good = [b for b in s.backups if _counts(s, b, bucket)]
    newest = max(good, key=lambda b: (b.created, b.name), default=None)
    if newest is None or newest.started is None:
        return known
    if known is not None and (newest.created, newest.name) <= (known.made, known.name):
        return known
    return SuccessfulBackup(
        name=newest.name,
        backup=newest.backup,
        made=newest.created,
        started=min(newest.started, s.now.replace(microsecond=0)),
        objects=newest.objects,
        bytes=newest.bytes,
        selection=selection_digest(newest.filter),
    )


def shown(s: ScheduleSituation) -> tuple[EndedBackup, ...]:
    """The history for the status. What ended before and has no object any more stays in it."""
    fresh = {b.name: _shown(b) for b in newest_first(s)}
    gone = [e for e in s.status.history if e.name not in fresh]
    both = sorted((*fresh.values(), *gone), key=_finished, reverse=True)
    return tuple(both[:SHOWN])


def _finished(ended: EndedBackup) -> tuple[float, str]:
    return ended.finished.timestamp() if ended.finished else 0.0, ended.name


def _shown(backup: BackupView) -> EndedBackup:
    return EndedBackup(
        name=backup.name,
        bucket=backup.bucket,
        phase=backup.phase,
        scheduled=backup.scheduled,
        finished=backup.finished,
        objects=backup.objects,
        bytes=backup.bytes,
    )


def tidy_history(s: ScheduleSituation) -> None:
    """Delete ended Backup objects beyond the limit. A failure is tried again at the next reconcile."""
    for old in list(_beyond(s))[:_AT_ONCE]:
        s.own.remove(BACKUP, s.meta.namespace, old.name, old.uid)


def _beyond(s: ScheduleSituation) -> Iterator[BackupView]:
    """Of each bucket; never the newest that succeeded, and none that a person made."""
    limit = s.spec.history or DEFAULT_HISTORY
    for bucket in sorted({b.bucket for b in s.backups}):
        ended = newest_first(s, bucket)
        good = next((b for b in ended if b.phase == "Succeeded"), None)
        made = [b for b in ended if b.made and not b.deleting]
        yield from (b for b in made[limit:] if b is not good)
