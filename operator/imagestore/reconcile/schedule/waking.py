"""When a schedule has to be looked at again. Pure."""

from datetime import datetime, timedelta

from imagestore.api.backupschedulestatus import BackedUpBucket
from imagestore.reconcile.schedule.checking import FULL_PAUSE
from imagestore.reconcile.schedule.promises import rpo_deadline
from imagestore.reconcile.schedule.situation import ScheduleSituation

_LATE = timedelta(seconds=1)  # a condition changes behind its moment


def next_moment(
    s: ScheduleSituation,
    buckets: tuple[BackedUpBucket, ...],
    begins: datetime | None,
    next_drill: datetime | None,
) -> datetime:
    """The first of: the next Backup, the next drill, the next part that is read, the end of the objective."""
    deadline = rpo_deadline(s, buckets)
    moments = [begins, next_drill, deadline + _LATE if deadline else None]
    moments += [b.full.at + FULL_PAUSE if b.full else None for b in buckets]
    later = [m for m in moments if m is not None and m > s.now]
    return min(later, default=s.now + timedelta(days=1))
