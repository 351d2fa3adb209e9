"""The reconcile of a BackupSchedule: it makes Backups when they are due, and has them checked, drilled and removed."""

from collections.abc import Iterable
from datetime import datetime

from imagestore.api.backupschedulestatus import BackedUpBucket, BackupScheduleStatus
from imagestore.core.conditions import Condition, condition, settle, stalled
from imagestore.core.outcome import Finalizer, Outcome, Requeue
from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.beginning import Beginning, beginning, timing_of, timing_text, waiting
from imagestore.reconcile.schedule.checking import drill_times, verification
from imagestore.reconcile.schedule.history import known_of, shown, tidy_history
from imagestore.reconcile.schedule.locking import lock_days, locks_extended
from imagestore.reconcile.schedule.promises import (
    backups_verified,
    drilled,
    proof_overdue,
    read_back_at,
    removal_held,
    within_rpo,
)
from imagestore.reconcile.schedule.ready import clock_set_back, ready, why_not
from imagestore.reconcile.schedule.refusing import drill_refusal, schedule_refusal
from imagestore.reconcile.schedule.situation import ScheduleSituation
from imagestore.reconcile.schedule.telling import events
from imagestore.reconcile.schedule.timing import CronTiming, InvalidTiming
from imagestore.reconcile.schedule.upkeep import (
    PURPOSES,
    WHILE_SUSPENDED,
    WITHOUT_BACKUPS,
    Upkeep,
    kept,
    upkeep,
)
from imagestore.reconcile.schedule.waking import next_moment
from imagestore.reconcile.shared.ends import EndRefusal

ScheduleOutcome = Outcome[BackupScheduleStatus]
_WORKING = 5.0  # seconds; a run tells when it ends, so this only says that it is waited for
_TRYING = 30.0  # seconds until a Backup that could not be made is tried again


def reconcile(s: ScheduleSituation) -> ScheduleOutcome:
    """Make what is due, and report what the Backups, checks and drills found."""
    if s.meta.deleting:  # its Backups and their data stay
        _drop(s)
        return Outcome(None, finalizer=Finalizer.LEAVE)
    if s.spec.suspend:
        return _suspended(s)
    try:
        timing = timing_of(s, s.spec.schedule.cron)
        drills = timing_of(s, spec.cron, "drill") if (spec := verification(s).drill) else None
    except InvalidTiming as error:
        return _idle(s, stalled(Reason.INVALID_SCHEDULE, str(error)))
    refusal = schedule_refusal(s)
    return _refused(s, timing, refusal) if refusal else _working(s, timing, drills)


def _drop(s: ScheduleSituation, purposes: Iterable[str] = PURPOSES) -> None:
    """Run nothing of these purposes."""
    names = {b.name for b in s.status.buckets} | {source.name for source in s.sources}
    for name in names:
        for purpose in purposes:
            s.runs(f"{purpose}/{name}").drop()


def _suspended(s: ScheduleSituation) -> ScheduleOutcome:
    message = (
        "spec.suspend is true; the operator makes no Backups, and checks and deletes nothing; it extends object locks"
        if lock_days(s)
        else "spec.suspend is true; the operator makes no Backups, and checks and deletes nothing"
    )
    said = [c for c in s.status.conditions if c.type in ("Ready", "Stalled")]
    return _idle(s, [*said, condition("Suspended", Reason.SUSPENDED, message)])


def _idle(s: ScheduleSituation, said: list[Condition]) -> ScheduleOutcome:
    """Nothing is done but that locks are extended; the promises are judged all the same, because time goes on."""
    buckets, working = _only_kept(s, WHILE_SUSPENDED)
    status = s.status.model_copy(
        update={"next_run": None, "timing": timing_text(s.spec), "buckets": buckets or s.status.buckets}
    )
    promised = _promises(s, buckets or _buckets(s), "")
    return _told(s, status, [*said, *promised], Beginning.nothing(s.now), working=working)


def _only_kept(s: ScheduleSituation, purposes: tuple[str, ...]) -> tuple[tuple[BackedUpBucket, ...], bool]:
    """What has backups by now, after runs of these purposes and no others; whether one goes on."""
    _drop(s, [purpose for purpose in PURPOSES if purpose not in purposes])
    known = {b.name for b in s.status.buckets}
    done = [kept(s, bucket, purposes) for bucket in _buckets(s) if bucket.name in known]
    return tuple(d.bucket for d in done), any(d.working for d in done)


def _refused(s: ScheduleSituation, timing: CronTiming, refusal: EndRefusal) -> ScheduleOutcome:
    begun = waiting(s, timing)
    buckets, working = _only_kept(s, WITHOUT_BACKUPS)
    status = _with_times(s, begun).model_copy(update={"buckets": buckets, **_summary(buckets)})
    said = [*ready(s, begun, refusal, ()), *_promises(s, buckets or _buckets(s), refusal.message)]
    return _told(s, status, said, begun, working=working)


def _buckets(s: ScheduleSituation) -> tuple[BackedUpBucket, ...]:
    """Each source, with what is known of it."""
    names = [source.name for source in s.sources] or [b.name for b in s.status.buckets]
    return tuple(known_of(s, name) for name in sorted(names))


def _promises(s: ScheduleSituation, buckets: tuple[BackedUpBucket, ...], why: str) -> list[Condition]:
    proofs = [*backups_verified(s, buckets), *drilled(s, buckets, drill_refusal(s))]
    return [
        *within_rpo(s, buckets, why),
        *proofs,
        *proof_overdue(proofs),
        *removal_held(buckets),
        *locks_extended(s, buckets),
        *clock_set_back(s),
    ]


def _working(s: ScheduleSituation, timing: CronTiming, drills: CronTiming | None) -> ScheduleOutcome:
    begun = beginning(s, timing)
    times, next_drill = drill_times(s, drills)
    drilling = None if drill_refusal(s) else times
    done = [upkeep(s, bucket, drilling) for bucket in _buckets(s)]
    _forget_others(s)
    tidy_history(s)
    buckets = tuple(d.bucket for d in done)
    status = _with_times(s, begun).model_copy(
        update={"drills": times, "buckets": buckets, "history": shown(s), **_summary(buckets)}
    )
    troubles = tuple(d.trouble for d in done if d.trouble is not None)
    said = [*ready(s, begun, None, troubles), *_promises(s, buckets, why_not(s, begun))]
    s.runs("").wake_at(s.moment(next_moment(s, buckets, begun.due.begins, next_drill)))
    return _told(s, status, said, begun, working=_is_working(s, done))


def _is_working(s: ScheduleSituation, done: list[Upkeep]) -> bool:
    return any(d.working for d in done) or any(not b.ended for b in s.backups)


def _forget_others(s: ScheduleSituation) -> None:
    """Of a bucket that lost its labels nothing is checked or deleted any more."""
    names = {source.name for source in s.sources}
    for bucket in s.status.buckets:
        if bucket.name not in names:
            for purpose in PURPOSES:
                s.runs(f"{purpose}/{bucket.name}").drop()


def _with_times(s: ScheduleSituation, begun: Beginning) -> BackupScheduleStatus:
    due, before = begun.due, s.status
    return before.model_copy(
        update={
            "timing": timing_text(s.spec),
            "until": due.until,
            "next_run": due.begins,
            "last_scheduled": due.start if begun.made and due.start else before.last_scheduled,
            "missed": ((before.missed or 0) + due.missed) or None,
            "skipped": ((before.skipped or 0) + bool(begun.skipped)) or None,
        }
    )


def _summary(buckets: tuple[BackedUpBucket, ...]) -> dict[str, datetime | None]:
    """Of several buckets the oldest of each: what the columns show."""
    success = [b.last.started if b.last and not b.last.missing else None for b in buckets]
    drills = [b.drill.at if b.drill else None for b in buckets]
    return {
        "last_success": _oldest(success),
        "last_verified": _oldest([read_back_at(b) for b in buckets]),
        "last_drill": _oldest(drills),
    }


def _oldest(times: list[datetime | None]) -> datetime | None:
    known = [time for time in times if time is not None]
    return min(known) if known and len(known) == len(times) else None


def _told(
    s: ScheduleSituation,
    found: BackupScheduleStatus,
    said: list[Condition],
    begun: Beginning,
    *,
    working: bool = False,
) -> ScheduleOutcome:
    settled = settle(s.now, s.meta.generation, said, s.status.conditions)
    status = found.model_copy(update={"observed_generation": s.meta.generation, "conditions": settled})
    seconds = _TRYING if begun.trouble else _WORKING if working else s.settings.default_interval
    told = tuple(events(s, begun, s.status, status))
    return Outcome(status, told, Requeue(seconds), Finalizer.LEAVE)
