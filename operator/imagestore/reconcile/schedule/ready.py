"""Whether a schedule is in force, and its last Backups succeeded. Pure."""

from datetime import timedelta

from imagestore.core.conditions import Condition, condition, reconciling, stalled
from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.beginning import Beginning
from imagestore.reconcile.schedule.history import newest_first
from imagestore.reconcile.schedule.situation import BackupView, ScheduleSituation
from imagestore.reconcile.shared.ends import EndRefusal
from imagestore.reconcile.shared.runs import RunTrouble

CLOCK_SET_BACK = "ClockSkew"
_AHEAD = timedelta(minutes=15)
_BY_HAND = frozenset({Reason.DENIED, Reason.REJECTED, Reason.ANOTHER_OWNER, Reason.WRONG_KEY})


def ready(
    s: ScheduleSituation, begun: Beginning, refusal: EndRefusal | None, troubles: tuple[RunTrouble, ...]
) -> list[Condition]:
    """Ready: buckets are usable, the last Backup of each succeeded, and its checks could be made."""
    if refusal is not None:
        how = reconciling if refusal.waits else stalled
        return how(refusal.reason, refusal.message)
    if begun.trouble:
        message = f"the operator could not make a Backup: {begun.trouble}; it tries again until the starting deadline"
        return reconciling(Reason.NOT_MADE, message)
    for backup in _last_of_each(s):
        if backup.phase != "Succeeded":
            return _failed(backup, begun)
    if troubles:
        return _troubled(troubles[0])
    return [condition("Ready", Reason.SCHEDULED, _message(s, begun))]


def _last_of_each(s: ScheduleSituation) -> list[BackupView]:
    found = [newest_first(s, source.name)[:1] for source in s.sources]
    return [backup for newest in found for backup in newest]


def _failed(backup: BackupView, begun: Beginning) -> list[Condition]:
    partly = backup.phase == "PartiallyFailed"
    reason = Reason.OBJECTS_FAILED if partly else Reason.BACKUP_FAILED
    why = f": {backup.message}" if backup.message else ""
    how = "failed for some objects" if partly else "failed"
    return reconciling(reason, f"the Backup {backup.name} {how}{why}{_next(begun)}")


def _troubled(trouble: RunTrouble) -> list[Condition]:
    message = f"the {trouble.side}: {trouble.message}" if trouble.side else trouble.message
    message = f"backups cannot be kept in order: {message}"
    return (
        stalled(trouble.reason, message)
        if trouble.reason in _BY_HAND
        else reconciling(trouble.reason, message)
    )


def _next(begun: Beginning) -> str:
    begins = begun.due.begins
    return f"; the next one begins at {begins:%Y-%m-%dT%H:%M:%SZ}" if begins else ""


def _message(s: ScheduleSituation, begun: Beginning) -> str:
    running = next((b.name for b in s.backups if not b.ended), None) or next(iter(begun.made), None)
    if running is not None and not any(b.name == running and b.ended for b in s.backups):
        now = f"the Backup {running} is being made"
    elif any(b.ended for b in s.backups) or s.status.last_success:
        now = "the last Backup succeeded"
    else:
        now = "no Backup was made yet"
    return now + _next(begun)


def why_not(s: ScheduleSituation, begun: Beginning) -> str:
    """What keeps backups from succeeding; empty: it is not known."""
    if begun.trouble:
        return begun.trouble
    failed = next((b for b in _last_of_each(s) if b.phase != "Succeeded"), None)
    return failed.message if failed else ""


def clock_set_back(s: ScheduleSituation) -> list[Condition]:
    """Scheduled times that a wrong clock reached are not repeated."""
    until = s.status.until
    if until is None or until <= s.now + _AHEAD:
        return []
    message = (
        f"the clock was set back: times up to {until:%Y-%m-%dT%H:%MZ} are dealt with, and no Backup is made before that; correct the"
        " clock, or edit spec.schedule to begin anew"
    )
    return [condition(CLOCK_SET_BACK, Reason.CLOCK_DIFFERS, message)]
