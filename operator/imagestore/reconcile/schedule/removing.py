"""Removing backups that the retention does not keep: when it is due, what holds it, and what it did. Pure."""

from dataclasses import replace

from imagestore.api.backupschedule import DEFAULT_REMOVAL_PERCENT, DEFAULT_ZONE, BackupRetention
from imagestore.api.backupschedulestatus import HeldRemoval, RemovalResult
from imagestore.core.conditions import is_true
from imagestore.core.units import seconds
from imagestore.reconcile.schedule.checking import BackedUp, UpkeepStep, checks_quickly, full_days
from imagestore.reconcile.schedule.damage import damage, damage_token, having_found, lost_objects
from imagestore.reconcile.schedule.jobs import RemovalJob, RemovalReport, RemovalRules
from imagestore.reconcile.schedule.locking import having_locked


def removal(of: BackedUp) -> UpkeepStep:
    """After each backup that succeeded and was checked, and after an approval. It also extends locks."""
    spec = of.s.spec
    if (spec.retention is None and spec.immutability is None) or not _is_due(of):
        return of.nothing("removal")
    if (held := _held_because(of)) is not None:
        return _held(of, held)
    report, step = of.ran(
        "removal",
        RemovalJob(
            of.repository,
            _rules(spec.retention, spec.schedule.time_zone) if spec.retention else None,
            of.last.backup,
            _drilled_whole(of),
            frozenset(spec.approve),
        ),
    )
    if report is None:
        return step
    bucket = having_locked(of.s, step.bucket.having(removal=_removed(of, report)), of.s.time(report.ended))
    return UpkeepStep(having_found(bucket, lost_objects(bucket), full_days(of.s), of.s.time(report.ended)))


def _drilled_whole(of: BackedUp) -> frozenset[str]:
    """A drill that restored nothing proves nothing."""
    drill = of.bucket.drill
    return frozenset(
        {drill.backup} if drill and drill.sampled and not (drill.failed or drill.unrestored) else ()
    )


def _is_due(of: BackedUp) -> bool:
    done, quick = of.bucket.removal, of.bucket.quick
    if checks_quickly(of.s) and (quick is None or quick.backup != of.last.backup):
        return False
    if done is None or done.after != of.last.backup:
        return True
    held = done.held
    if held is None:
        return False
    return held.why.startswith((_DAMAGE, _LOST)) or held.token in of.s.spec.approve


_DAMAGE, _LOST = "objects are damaged", "ContentLost is True"


def _held_because(of: BackedUp) -> HeldRemoval | None:
    """What speaks against every removal; None: nothing does."""
    if damage(of.bucket) and (token := damage_token(of.bucket)) not in of.s.spec.approve:
        why = f"{_DAMAGE} ({damage(of.bucket)}), and an older backup may have them whole; heal or restore them first"
        return HeldRemoval(token=token, why=why)
    if of.source is not None and is_true(of.source.status.conditions, "ContentLost"):
        why = (
            f"{_LOST} on the ImageBucket {of.source.name}, and only older backups have what it held; restore it, or acknowledge the"
            " loss there"
        )
        return HeldRemoval(why=why)
    return None


def _held(of: BackedUp, held: HeldRemoval) -> UpkeepStep:
    """Meanwhile locks are extended, once for each backup."""
    result = _as_before(of, held)
    bucket = of.bucket.having(removal=result)
    if of.s.spec.immutability is None:
        of.nothing("removal")
        return UpkeepStep(bucket)
    report, step = of.ran("removal", RemovalJob(of.repository, None, of.last.backup, held=held.why))
    bucket = step.bucket if report is None else having_locked(of.s, step.bucket, of.s.time(report.ended))
    return replace(step, bucket=bucket.having(removal=result))


def _as_before(of: BackedUp, held: HeldRemoval) -> RemovalResult:
    before = of.bucket.removal
    same = before is not None and before.held is not None and before.held.why == held.why
    return RemovalResult(
        at=before.at if before is not None and same else of.s.now.replace(microsecond=0),
        after=of.last.backup,
        backups=before.backups if before else 0,
        held=held,
    )


def _removed(of: BackedUp, report: RemovalReport) -> RemovalResult:
    held = HeldRemoval(token=report.token or None, backups=report.waiting, why=report.held)
    return RemovalResult(
        at=of.s.time(report.ended),
        after=of.last.backup,
        backups=report.backups,
        forgotten=report.forgotten,
        bytes=report.bytes,
        freed=report.freed,
        held=held if report.held else None,
    )


def _rules(spec: BackupRetention, zone: str | None) -> RemovalRules:
    return RemovalRules(
        spec.last or 0,
        spec.daily or 0,
        spec.weekly or 0,
        spec.monthly or 0,
        spec.yearly or 0,
        seconds(spec.min_age) / 86400 if spec.min_age else 0,
        (spec.max_removal_percent or DEFAULT_REMOVAL_PERCENT) / 100,
        zone or DEFAULT_ZONE,
    )
