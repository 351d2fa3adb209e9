"""Whether the backups keep what they promise: WithinRpo, Verified, Drilled, Held. Pure.

A condition is true only for bytes that were read back, and says how much that proves.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from imagestore.api.backupschedulestatus import BackedUpBucket, DrillResult, SuccessfulBackup
from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.core.units import grouped, seconds
from imagestore.reconcile.schedule.checking import (
    drill_overdue,
    drilled_since,
    full_days,
    kept_since,
    verification,
)
from imagestore.reconcile.schedule.damage import damage, lost_objects
from imagestore.reconcile.schedule.selections import has_all, selection_digest
from imagestore.reconcile.schedule.situation import ScheduleSituation
from imagestore.reconcile.shared.ends import EndRefusal

WITHIN_RPO, BACKUPS_VERIFIED, DRILLED, REMOVALS_HELD = "WithinRpo", "Verified", "Drilled", "Held"
PROOF_OVERDUE = "ProofOverdue"
_DAY = timedelta(days=1)


def rpo_deadline(s: ScheduleSituation, buckets: tuple[BackedUpBucket, ...]) -> datetime | None:
    """When WithinRpo becomes False unless a backup succeeds before; None: there is no objective."""
    rpo = s.spec.objectives.rpo if s.spec.objectives else None
    if rpo is None:
        return None
    covered = [b.last.started if b.last and not b.last.missing else s.meta.created for b in buckets]
    covered = covered or [s.meta.created]
    return min(covered) + timedelta(seconds=seconds(rpo))


def within_rpo(s: ScheduleSituation, buckets: tuple[BackedUpBucket, ...], why: str) -> list[Condition]:
    """``why``: what keeps backups from succeeding, if it is known."""
    until = rpo_deadline(s, buckets)
    if until is None or s.spec.objectives is None:
        return []
    rpo = s.spec.objectives.rpo
    if lost := next((b for b in buckets if b.last and b.last.missing), None):
        return [condition(WITHIN_RPO, Reason.RPO_MISSED, _lost(lost), "False")]
    if s.now > until:
        since = f"no backup that is younger than {rpo} has succeeded{_of_many(s, buckets)}"
        told = f"{since}: {why}" if why else f"{since}; see status.history, and the Backup that runs"
        return [condition(WITHIN_RPO, Reason.RPO_MISSED, told, "False")]
    if not buckets or any(b.last is None for b in buckets):
        return [condition(WITHIN_RPO, Reason.FIRST_RUN, "no backup has succeeded yet", "Unknown")]
    if lacking := next((b for b in buckets if b.last and _lacks(s, b.last)), None):
        told = f"no backup of {lacking.name} has succeeded since spec.filter takes more objects; the newest one lacks those"
        return [condition(WITHIN_RPO, Reason.FIRST_RUN, told, "Unknown")]
    message = f"the newest backup that succeeded holds every change that is older than {rpo}"
    return [condition(WITHIN_RPO, Reason.WITHIN_RPO, message)]


def _lacks(s: ScheduleSituation, last: SuccessfulBackup) -> bool:
    """Whether the filter takes objects that a backup does not have. Of one whose object is gone, only a digest is known."""
    if last.selection in (None, selection_digest(s.spec.filter)):
        return False
    made = next((b.filter for b in s.backups if b.name == last.name), None)
    return made is None or not has_all(made, s.spec.filter)


def _lost(bucket: BackedUpBucket) -> str:
    assert bucket.last is not None, "it is missing"  # noqa: S101
    return (
        f"the newest backup of {bucket.name} that succeeded, {bucket.last.backup}, is not in the repository; see who deletes there;"
        " imagestore backup list shows which backups there are, and the next Backup that succeeds holds everything again"
    )


def _of_many(s: ScheduleSituation, buckets: tuple[BackedUpBucket, ...]) -> str:
    oldest = min(buckets, key=lambda b: b.last.started if b.last else s.meta.created, default=None)
    return f" for the ImageBucket {oldest.name}" if oldest is not None and s.is_group else ""


def read_back_at(bucket: BackedUpBucket) -> datetime | None:
    """When contents were last read back, all of them whole; None: never, or a damage is known."""
    if damage(bucket):
        return None
    times = [bucket.full.at] if bucket.full and bucket.full.complete else []
    drill = bucket.drill
    times += [drill.at] if drill and drill.sampled and not drill.unrestored else []
    return max(times, default=None)


def backups_verified(s: ScheduleSituation, buckets: tuple[BackedUpBucket, ...]) -> list[Condition]:
    """True if contents of every bucket's backups were read back lately, and all were whole."""
    for bucket in buckets:
        if lost_objects(bucket):
            return [condition(BACKUPS_VERIFIED, Reason.DAMAGED, _lost(bucket), "False")]
        if found := damage(bucket):
            message = (
                f"{grouped(found)} objects of the backups of {bucket.name} are damaged; imagestore backup verify names each of"
                " them, and --heal stores them anew where the source still has the same bytes"
            )
            return [condition(BACKUPS_VERIFIED, Reason.DAMAGED, message, "False")]
    times = [(read_back_at(b), b) for b in buckets]
    unread = next((b for at, b in times if at is None), None)
    if overdue := next((b for at, b in times if at is None and _is_unread_for_long(s, b)), None):
        message = f"the contents of the backups of {overdue.name} were never read back as a whole; see why the checks do not run"
        return [condition(BACKUPS_VERIFIED, Reason.OUTDATED, message, "Unknown")]
    if unread is not None or not buckets:
        return [condition(BACKUPS_VERIFIED, Reason.FIRST_RUN, _unread(unread), "Unknown")]
    at, oldest = min((at, b.name) for at, b in times if at is not None)
    if s.now - at > _most(s):
        message = f"contents of the backups of {oldest} were last read back on {at:%Y-%m-%d}; see why the checks do not run"
        return [condition(BACKUPS_VERIFIED, Reason.OUTDATED, message, "Unknown")]
    return [condition(BACKUPS_VERIFIED, Reason.VERIFIED, _proof(min(buckets, key=_least)))]


def _most(s: ScheduleSituation) -> timedelta:
    """How old the last proof may be."""
    return full_days(s) * 2 * _DAY + _DAY


def _is_unread_for_long(s: ScheduleSituation, bucket: BackedUpBucket) -> bool:
    """Whether all of it should have been read by now."""
    began = bucket.full.began if bucket.full else kept_since(s, bucket)
    return s.now - began > _most(s)


def proof_overdue(said: Iterable[Condition]) -> list[Condition]:
    """Beside Verified and Drilled, which are Unknown as those of a new schedule are, when what they wait for is overdue."""
    late = [c for c in said if c.type in (BACKUPS_VERIFIED, DRILLED) and c.reason == Reason.OUTDATED]
    return [condition(PROOF_OVERDUE, Reason.OUTDATED, c.message) for c in late[:1]]


def _unread(bucket: BackedUpBucket | None) -> str:
    if bucket is None or bucket.full is None:
        return "no contents have been read back yet"
    full = bucket.full
    return f"part {full.next} of {full.of} of the contents was read and is whole; the whole is read in {full.of} days"


def _least(bucket: BackedUpBucket) -> tuple[bool, int]:
    """The bucket of which least is proven."""
    return bool(bucket.full and bucket.full.complete), bucket.drill.sampled if bucket.drill else 0


def _proof(bucket: BackedUpBucket) -> str:
    return f"{_read_back(bucket)}{_rejected(bucket)}"


def _rejected(bucket: BackedUpBucket) -> str:
    """What is no backup is not read: it may have been one."""
    count = bucket.full.rejected if bucket.full else 0
    if not count:
        return ""
    what = (
        "1 file that looks like a backup does"
        if count == 1
        else f"{grouped(count)} files that look like backups do"
    )
    return f"; {what} not count, and imagestore backup list says why"


def _read_back(bucket: BackedUpBucket) -> str:
    if bucket.full and bucket.full.complete:
        began = f"{bucket.full.complete:%Y-%m-%dT%H:%MZ}"
        return f"every byte of the backups that were there at {began} was read back since then and is whole"
    assert bucket.drill is not None, "nothing else proves anything"  # noqa: S101
    return f"a sample was read back and is whole: {_power(bucket.drill)}"


def _power(found: DrillResult) -> str:
    most = min(100.0, 300.0 / found.sampled)
    share = f"{most:.0f}" if most >= 10 else f"{most:.2g}"
    return f"{grouped(found.sampled)} samples find a damage of {share} % of the objects with 95 %"


def drilled(
    s: ScheduleSituation, buckets: tuple[BackedUpBucket, ...], refusal: EndRefusal | None
) -> list[Condition]:
    """True if the last drill of every bucket brought its whole sample back, within the recovery time objective."""
    if verification(s).drill is None:
        return []
    if refusal is not None:
        return [condition(DRILLED, refusal.reason, refusal.message, "False")]
    first = next(
        (
            b
            for b in buckets
            if b.drill is None or not (b.drill.sampled or b.drill.failed or b.drill.unrestored)
        ),
        None,
    )
    told = next(_undrilled(s, buckets), None)
    if told is not None:
        return [told]
    if first is not None or not buckets:
        return [condition(DRILLED, Reason.FIRST_RUN, "no drill has restored anything yet", "Unknown")]
    worst = min((b.drill for b in buckets if b.drill), key=lambda d: d.sampled)
    rto = s.spec.objectives.rto if s.spec.objectives else None
    time = f"; a restore of everything takes about {_duration(worst.estimate_seconds)} at its rate"
    message = f"the last drill restored its sample and read it back: {_power(worst)}{time}{f', within {rto}' if rto else ''}"
    return [condition(DRILLED, Reason.DRILLED, message)]


def _undrilled(s: ScheduleSituation, buckets: tuple[BackedUpBucket, ...]) -> Iterator[Condition]:
    rto = s.spec.objectives.rto if s.spec.objectives else None
    for bucket in buckets:
        found = bucket.drill
        if found is None:
            if drill_overdue(s, bucket):
                message = f"no drill of {bucket.name} has ended, and two were due since {drilled_since(s, bucket):%Y-%m-%d}; see why"
                yield condition(DRILLED, Reason.OUTDATED, message, "Unknown")
            continue
        if found.failed:
            message = (
                f"{grouped(found.failed)} objects of the last drill of {bucket.name} did not come back whole; imagestore backup"
                " drill names them"
            )
            yield condition(DRILLED, Reason.DAMAGED, message, "False")
        elif found.unrestored:
            message = (
                f"{grouped(found.unrestored)} objects of the last drill of {bucket.name} were not taken or not given back by the"
                " bucket that it restores to; the backup has them whole; see the rights, the space and the limits there"
            )
            yield condition(DRILLED, Reason.SCRATCH_FAILED, message, "False")
        elif rto and found.estimate_seconds > seconds(rto):
            message = (
                f"a restore of {bucket.name} takes about {_duration(found.estimate_seconds)} at the rate of the last drill, longer"
                f" than {rto}; raise limits of the StorageBackends, or objectives.rto"
            )
            yield condition(DRILLED, Reason.RTO_MISSED, message, "False")
        elif drill_overdue(s, bucket):
            message = f"the last drill of {bucket.name} was due on {found.scheduled:%Y-%m-%d}, and two more were due since; see why none ended"
            yield condition(DRILLED, Reason.OUTDATED, message, "Unknown")


def _duration(total: int) -> str:
    if total < 120:
        return f"{total} s"
    return f"{total // 60} min" if total < 7200 else f"{total / 3600:.1f} h"


def removal_held(buckets: tuple[BackedUpBucket, ...]) -> list[Condition]:
    """Present while backups that the retention does not keep wait."""
    for bucket in buckets:
        held = bucket.removal.held if bucket.removal else None
        if held is None:
            continue
        approval = f"to delete these, add {held.token} to spec.approve" if held.token else ""
        way = approval or "nothing is deleted before that is over"
        count = f"{held.backups} backups" if held.backups else "backups"
        message = f"the removal of {count} of {bucket.name} waits: {held.why}; {way}"
        return [condition(REMOVALS_HELD, Reason.REMOVAL_HELD, message)]
    return []
