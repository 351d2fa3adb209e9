"""The Events of a BackupSchedule. Pure."""

from collections.abc import Iterator

from imagestore.api.backupschedulestatus import BackedUpBucket, BackupScheduleStatus
from imagestore.core.conditions import find
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.beginning import Beginning
from imagestore.reconcile.schedule.locking import LOCKS_EXTENDED
from imagestore.reconcile.schedule.promises import BACKUPS_VERIFIED, DRILLED, REMOVALS_HELD, WITHIN_RPO
from imagestore.reconcile.schedule.ready import CLOCK_SET_BACK
from imagestore.reconcile.schedule.situation import ScheduleSituation

_TOLD = ("Ready", WITHIN_RPO, BACKUPS_VERIFIED, DRILLED, REMOVALS_HELD, LOCKS_EXTENDED, CLOCK_SET_BACK)
_ODD = (REMOVALS_HELD, CLOCK_SET_BACK)


def events(
    s: ScheduleSituation, begun: Beginning, before: BackupScheduleStatus, after: BackupScheduleStatus
) -> Iterator[Event]:
    """What happened, and each condition that says something else than before."""
    known = {b.name for b in s.backups}
    for name in begun.made:
        if name not in known:
            yield Event(Reason.BACKUP_MADE, f"made the Backup {name}")
    if begun.due.missed:
        times = "1 scheduled time" if begun.due.missed == 1 else f"{begun.due.missed} scheduled times"
        message = f"missed {times}: the operator could not begin before schedule.startingDeadline"
        yield Event(Reason.MISSED, message, warning=True)
    if begun.skipped:
        message = (
            f"skipped a scheduled time: the Backup before has not ended ({', '.join(begun.skipped)[:300]})"
        )
        yield Event(Reason.SKIPPED, message, warning=True)
    yield from _removals(before.buckets, after.buckets)
    yield from _conditions(before, after)


def _removals(before: tuple[BackedUpBucket, ...], after: tuple[BackedUpBucket, ...]) -> Iterator[Event]:
    known = {b.name: b.removal for b in before}
    for bucket in after:
        found = bucket.removal
        if found is not None and found.forgotten and found != known.get(bucket.name):
            yield Event(
                Reason.BACKUPS_REMOVED,
                f"removed {found.forgotten} backups of {bucket.name} that the retention does not keep; {found.backups} stay",
            )


def _conditions(before: BackupScheduleStatus, after: BackupScheduleStatus) -> Iterator[Event]:
    for now in after.conditions:
        was = find(before.conditions, now.type)
        told = was is None or (was.status, was.reason) != (now.status, now.reason)
        told = told or (now.type == REMOVALS_HELD and was is not None and was.message != now.message)
        if now.type in _TOLD and told and now.reason != Reason.FIRST_RUN:
            warning = now.type in _ODD or now.status == "False"
            yield Event(now.reason, now.message, warning=warning)
