"""Object locks of the backups: extended each day or two, also while no Backup can be made. Pure."""

from datetime import datetime, timedelta

from imagestore.api.backupschedulestatus import BackedUpBucket
from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.checking import BackedUp, UpkeepStep
from imagestore.reconcile.schedule.jobs import RemovalJob
from imagestore.reconcile.schedule.situation import ScheduleSituation

LOCKS_EXTENDED = "LocksExtended"
_WHY = "only object locks are extended"


def lock_days(s: ScheduleSituation) -> int:
    """Days that an object lock lasts; 0: there is none."""
    return s.spec.immutability.days if s.spec.immutability else 0


def having_locked(s: ScheduleSituation, bucket: BackedUpBucket, at: datetime) -> BackedUpBucket:
    """After a run that extended the locks of all that is needed."""
    return bucket.having(locked=at) if lock_days(s) else bucket


def locks(of: BackedUp) -> UpkeepStep:
    """A removal does it after each backup that succeeded. While none does, nothing else would, and the last good ones end unlocked."""
    before = of.bucket.locked
    if not lock_days(of.s) or (before is not None and before <= of.s.now < before + _pause(of.s)):
        return of.nothing("locks")
    due = before.isoformat() if before else "first"
    job = RemovalJob(of.repository, None, of.last.backup, held=_WHY, due=due)
    report, step = of.ran("locks", job)
    return step if report is None else UpkeepStep(having_locked(of.s, step.bucket, of.s.time(report.ended)))


def _pause(s: ScheduleSituation) -> timedelta:
    """More than the day between two nightly removals."""
    return min(timedelta(hours=36), timedelta(days=lock_days(s)) / 4)


def locks_end(s: ScheduleSituation, buckets: tuple[BackedUpBucket, ...]) -> datetime | None:
    """When LocksExtended becomes False: a lock that was not due for an extension then had a third of its days left."""
    extended = [b.locked for b in buckets if b.locked is not None]
    return min(extended) + timedelta(days=lock_days(s)) / 3 if extended and lock_days(s) else None


def locks_extended(s: ScheduleSituation, buckets: tuple[BackedUpBucket, ...]) -> list[Condition]:
    """False before the first lock ends."""
    until = locks_end(s, buckets)
    if until is None:
        return []
    oldest = min((b for b in buckets if b.locked), key=lambda b: b.locked or s.now)
    assert oldest.locked is not None, "it was chosen for that"  # noqa: S101
    told = f"the object locks of the backups of {oldest.name} were last extended on {oldest.locked:%Y-%m-%d}"
    if s.now <= until:
        return [condition(LOCKS_EXTENDED, Reason.LOCKS_EXTENDED, told)]
    message = f"{told}; they end from now on; see why nothing runs in the repository"
    return [condition(LOCKS_EXTENDED, Reason.LOCKS_ENDING, message, "False")]
