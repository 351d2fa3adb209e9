"""Which Backups are made now. A Backup's name follows from its schedule and time, so that a second try makes no second Backup."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imagestore.api.backupschedule import DEFAULT_STARTING_DEADLINE, DEFAULT_ZONE, BackupScheduleSpec
from imagestore.api.kinds import BACKUP, BACKUP_SCHEDULE
from imagestore.core.conditions import is_true
from imagestore.core.units import seconds
from imagestore.reconcile.schedule.situation import (
    BUCKET_LABEL,
    SCHEDULE_LABEL,
    ScheduleSituation,
)
from imagestore.reconcile.schedule.timing import CronTiming, DueRun, cron_timing, due_run
from imagestore.reconcile.shared.making import NewObject
from imagestore.reconcile.shared.repositories import repository_prefix

_LONGEST_DEADLINE = 7 * 86400
_COPIED = ("kind", "filter", "immutability", "decodeImages", "limits", "runsIn", "pod")


@dataclass(frozen=True)
class Beginning:
    """What became of the scheduled times that have passed. ``due``: as it is now. ``made``: names of Backups.

    ``skipped``: ImageBuckets whose last run goes on. ``trouble``: why a Backup could not be made.
    """

    due: DueRun
    made: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    trouble: str = ""

    @classmethod
    def nothing(cls, now: datetime) -> "Beginning":
        """While nothing is begun at all."""
        return cls(DueRun(None, 0, now, None, None))


def timing_of(s: ScheduleSituation, cron: str, salt: str = "") -> CronTiming:
    """The timing of an expression of this schedule. Raises InvalidTiming."""
    schedule = s.spec.schedule
    return cron_timing(
        cron,
        schedule.time_zone or DEFAULT_ZONE,
        jitter=seconds(schedule.jitter) if schedule.jitter else 0,
        deadline=min(_LONGEST_DEADLINE, seconds(schedule.starting_deadline or DEFAULT_STARTING_DEADLINE)),
        uid=s.meta.uid + salt,
    )


def timing_text(spec: BackupScheduleSpec, cron: str = "") -> str:
    """What an edit of makes scheduled times count from then on. ``cron``: of drills; empty: of Backups."""
    return f"{cron or spec.schedule.cron} {spec.schedule.time_zone or DEFAULT_ZONE}"


def counts_anew(s: ScheduleSituation, known: str | None, text: str) -> bool:
    """Whether scheduled times count from now on: at first, after an edit of them, and after ``suspend``."""
    return known != text or is_true(s.status.conditions, "Suspended")


def _until(s: ScheduleSituation) -> datetime:
    anew = counts_anew(s, s.status.timing, timing_text(s.spec))
    return s.now if anew or s.status.until is None else s.status.until


def beginning(s: ScheduleSituation, timing: CronTiming) -> Beginning:
    """Make the Backups that are due."""
    until = _until(s)
    due = due_run(timing, until, s.now)
    if due.start is None:
        return Beginning(due)
    known, busy = {b.name for b in s.backups}, {b.bucket for b in s.backups if not b.ended}
    made, skipped = list[str](), list[str]()
    for bucket in (source.name for source in s.sources):
        new = new_backup(s, bucket, due.start)
        if new.name in known:  # before a restart, or before the status could be written
            made.append(new.name)
        elif bucket in busy:
            skipped.append(bucket)
        elif trouble := s.own.make(new):
            return Beginning(_untouched(due, until), tuple(made), trouble=trouble)
        else:
            made.append(new.name)
    return Beginning(due, tuple(made), tuple(skipped))


def waiting(s: ScheduleSituation, timing: CronTiming) -> Beginning:
    """What passed while no Backup can be made: what is due stays so until its deadline."""
    until = _until(s)
    due = due_run(timing, until, s.now)
    return Beginning(due if due.start is None else _untouched(due, until))


def _untouched(due: DueRun, until: datetime) -> DueRun:
    """Due again at the next try."""
    return DueRun(None, 0, until, due.next, due.begins)


def new_backup(s: ScheduleSituation, bucket: str, scheduled: datetime) -> NewObject:
    """The Backup of one bucket for one scheduled time."""
    labels = {SCHEDULE_LABEL: s.meta.name} | ({BUCKET_LABEL: bucket} if len(bucket) <= 63 else {})
    return NewObject(
        BACKUP,
        s.meta.namespace,
        backup_name(s.meta.name, bucket, scheduled, group=s.is_group),
        backup_spec(s.spec, bucket, scheduled),
        f"{BACKUP_SCHEDULE.name}/{s.meta.name}",
        labels,
    )


def backup_name(schedule: str, bucket: str, scheduled: datetime, *, group: bool) -> str:
    """The name of the Backup for one scheduled time, at most 200 characters."""
    time = f"{scheduled.astimezone(UTC):%Y%m%dt%H%M}z"
    if not group:
        return f"{schedule}-{time}"
    digest = hashlib.sha256(f"{schedule}/{bucket}".encode()).hexdigest()[:5]
    return f"{schedule}-{bucket[:100].rstrip('.-')}-{time}-{digest}"


def backup_spec(spec: BackupScheduleSpec, bucket: str, scheduled: datetime) -> Mapping[str, Any]:
    """All that the Backup needs: it is restored from though the schedule was changed or deleted."""
    group = spec.source.bucket_selector is not None
    prefix = repository_prefix(spec.repository.prefix, bucket, group=group) or None
    written = spec.to_json()
    return {
        "source": {"bucketRef": {"name": bucket}},
        "repository": spec.repository.model_copy(update={"prefix": prefix}).to_json(),
        "scheduledAt": scheduled.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **{name: written[name] for name in _COPIED if name in written},
    }
