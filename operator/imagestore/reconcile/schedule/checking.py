"""Checks and drills of one bucket's backups: which is due, and what the last one found. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from imagestore.api.backupschedule import DEFAULT_FULL_DAYS, DEFAULT_SAMPLE, BackupVerification
from imagestore.api.backupschedulestatus import (
    BackedUpBucket,
    DrillResult,
    DrillTimes,
    FullCheck,
    QuickCheck,
    SuccessfulBackup,
)
from imagestore.reconcile.schedule.beginning import counts_anew, timing_of, timing_text
from imagestore.reconcile.schedule.damage import (
    having_found,
    having_missed,
    having_read,
    in_other_parts,
    lost_objects,
)
from imagestore.reconcile.schedule.jobs import (
    CheckReport,
    DrillJob,
    DrillReportOfRun,
    FullCheckJob,
    QuickCheckJob,
    RemovalReport,
    UpkeepJob,
)
from imagestore.reconcile.schedule.situation import ScheduleSituation
from imagestore.reconcile.schedule.timing import CronTiming, InvalidTiming, due_run
from imagestore.reconcile.shared.ends import EndView
from imagestore.reconcile.shared.moving_limits import moving_limits
from imagestore.reconcile.shared.repositories import RepositoryEnd
from imagestore.reconcile.shared.runs import RunFailed, RunTrouble
from imagestore.repository.checking.scratch import DRILL_SCRATCH

R = TypeVar("R", CheckReport, DrillReportOfRun, RemovalReport)
FULL_PAUSE = timedelta(days=1)


@dataclass(frozen=True)
class UpkeepStep:
    """What is known of a bucket after one kind of run. ``working``: it goes on, or is about to."""

    bucket: BackedUpBucket
    working: bool = False
    trouble: RunTrouble | None = None


@dataclass(frozen=True)
class BackedUp:
    """A bucket with a backup that succeeded, and its repository. ``source`` None: the bucket is gone."""

    s: ScheduleSituation
    bucket: BackedUpBucket
    last: SuccessfulBackup
    repository: RepositoryEnd
    source: EndView | None

    def purpose(self, what: str) -> str:
        """Of a run."""
        return f"{what}/{self.bucket.name}"

    def ran(self, what: str, job: UpkeepJob[R]) -> tuple[R | None, UpkeepStep]:
        """Have a job run. Its report, once there is one without trouble."""
        limited = replace(job, limits=moving_limits(self.s.spec.limits))
        last = self.s.runs(self.purpose(what)).ask(limited).last
        if last is None:
            return None, UpkeepStep(self.bucket, working=True)
        if last.trouble is not None or isinstance(last, RunFailed):
            return None, UpkeepStep(self.bucket, trouble=last.trouble)
        return last, UpkeepStep(having_missed(self.bucket, last.missing, self.s.time(last.ended)))

    def nothing(self, what: str) -> UpkeepStep:
        """No such run is due."""
        self.s.runs(self.purpose(what)).drop()
        return UpkeepStep(self.bucket)


def verification(s: ScheduleSituation) -> BackupVerification:
    """What the spec says, or its defaults."""
    return s.spec.verify or BackupVerification()


def full_days(s: ScheduleSituation) -> int:
    """Days within which every byte is read."""
    full = verification(s).full
    return full.days if full else DEFAULT_FULL_DAYS


def checks_quickly(s: ScheduleSituation) -> bool:
    """Whether each backup gets a quick check."""
    return verification(s).quick != "Never"


def quick_check(of: BackedUp) -> UpkeepStep:
    """After each backup that succeeded."""
    done = of.bucket.quick
    if not checks_quickly(of.s) or (done is not None and done.backup == of.last.backup):
        return of.nothing("quick")
    report, step = of.ran("quick", QuickCheckJob(of.repository, of.last.backup))
    if report is None:
        return step
    found = QuickCheck(
        backup=of.last.backup,
        at=of.s.time(report.ended),
        objects=report.objects,
        damaged=max(report.damaged, lost_objects(step.bucket)),
    )
    return UpkeepStep(having_found(step.bucket.having(quick=found), found.damaged, full_days(of.s), found.at))


def full_check(of: BackedUp) -> UpkeepStep:
    """A part a day."""
    before, parts = of.bucket.full, full_days(of.s)
    if before is not None and not full_is_due(before, of.s.now):
        return of.nothing("full")
    share = before.next if before is not None and before.of == parts else 0
    due = before.at.isoformat() if before else "first"
    report, step = of.ran("full", FullCheckJob(of.repository, share, parts, due, of.last.backup))
    if report is None:
        return step
    lost = lost_objects(step.bucket)
    read = _read(of, report, share, parts, lost)
    same = before is not None and before.of == parts
    bucket = (step.bucket if same else in_other_parts(step.bucket, parts)).having(full=read)
    return UpkeepStep(having_read(bucket, share, max(report.damaged, lost), read.damaged, read.at))


def full_is_due(before: FullCheck, now: datetime) -> bool:
    """A day after the last part; also if that lies in the future, because a clock was set back."""
    return not before.at - FULL_PAUSE < now < before.at + FULL_PAUSE


def _read(of: BackedUp, report: CheckReport, share: int, parts: int, lost: int) -> FullCheck:
    """The round that a part belongs to. It is complete if no part of it found a damage. ``lost``: objects of a backup that is missing."""
    before, began = of.bucket.full, of.s.time(report.began)
    damaged = report.damaged
    if before is not None and share:
        began, damaged = before.began, before.damaged + damaged
    damaged = max(damaged, lost)
    whole = share == parts - 1 and not damaged
    return FullCheck(
        next=(share + 1) % parts,
        of=parts,
        at=of.s.time(report.ended),
        began=began,
        complete=began if whole else before.complete if before else None,
        bytes=report.bytes,
        damaged=damaged,
        rejected=report.rejected,
    )


def drill_times(s: ScheduleSituation, timing: CronTiming | None) -> tuple[DrillTimes | None, datetime | None]:
    """When drills are due, and when the next one begins."""
    if timing is None:
        return None, None
    before, text = s.status.drills, timing_text(s.spec, timing.cron)
    if before is None or counts_anew(s, before.timing, text):
        before = DrillTimes(since=s.now, until=s.now, missed=before.missed if before else 0)
    due = due_run(timing, before.until, s.now)
    found = DrillTimes(
        timing=text,
        since=before.since or s.now,
        until=due.until.replace(microsecond=0) if due.until == s.now else due.until,
        due=due.start or before.due,
        missed=before.missed + due.missed,
    )
    return found, due.begins


def drill_overdue(s: ScheduleSituation, bucket: BackedUpBucket) -> bool:
    """Whether two scheduled times have passed since the last drill's, the second one with its deadline. Without one, since drills count."""
    spec, since = verification(s).drill, drilled_since(s, bucket)
    if spec is None or since is None:
        return False
    try:
        timing = timing_of(s, spec.cron, "drill")
    except InvalidTiming:  # Ready says so
        return True
    second = next(islice(timing.after(since), 1, None), None)
    return second is not None and s.now > second + timing.offset + timing.deadline


def drilled_since(s: ScheduleSituation, bucket: BackedUpBucket) -> datetime | None:
    """The scheduled time of the last drill, or when the first one began to be waited for; None: no time counts yet."""
    if bucket.drill is not None:
        return bucket.drill.scheduled
    counted = s.status.drills.since if s.status.drills else None
    return max(counted, kept_since(s, bucket)) if counted else None


def kept_since(s: ScheduleSituation, bucket: BackedUpBucket) -> datetime:
    """When the spec began to name the repository of a bucket."""
    named = bucket.repository.since if bucket.repository else None
    return named or s.meta.created


def drill_step(of: BackedUp, times: DrillTimes | None) -> UpkeepStep:
    """At its own times."""
    spec, done = verification(of.s).drill, of.bucket.drill
    scratch = of.source if spec is None or spec.bucket_ref is None else of.s.scratch
    due = times.due if times else None
    if spec is None or due is None or scratch is None or (done is not None and done.scheduled == due):
        return of.nothing("drill")
    job = DrillJob(
        of.repository,
        of.last.backup,
        scratch.end(of.s.meta.namespace, DRILL_SCRATCH),
        spec.sample or DEFAULT_SAMPLE,
        spec.decode_images is not False,
        due.isoformat(),
        of.s.meta.uid,
        of.bucket.name,
    )
    report, step = of.ran("drill", job)
    if report is None:
        return step
    found = _drilled(of, due, report)
    return UpkeepStep(having_found(step.bucket.having(drill=found), found.failed, full_days(of.s), found.at))


def _drilled(of: BackedUp, due: datetime, report: DrillReportOfRun) -> DrillResult:
    return DrillResult(
        scheduled=due,
        at=of.s.time(report.ended),
        backup=of.last.backup,
        sampled=report.sampled,
        failed=report.failed,
        decoded=report.decoded,
        undecodable=report.undecodable,
        left=report.left,
        estimate_seconds=round(report.estimate),
        unrestored=report.unrestored,
    )
