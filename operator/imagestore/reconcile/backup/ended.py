"""What the status says of a backup that was made. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

from imagestore.api.backup import BackupDefinition, BackupStatus, LeftOutObjects
from imagestore.api.replicationstatus import FailedReason
from imagestore.core.conditions import Condition, condition, stalled
from imagestore.core.reasons import Reason
from imagestore.core.units import grouped, size
from imagestore.reconcile.backup.runs import BackupResult
from imagestore.reconcile.shared.runs import counted


def ended_status(definition: BackupDefinition, made: BackupResult, began: datetime) -> BackupStatus:
    """The status without its conditions. ``began``: when the run did, as the operator knows it.

    A store whose clock is ahead tells a later time, and the backup would seem to hold changes that it does not have.
    """
    return BackupStatus(
        phase="PartiallyFailed" if made.partial else "Succeeded",
        started=min(_time(made.started), began),
        finished=_time(made.finished),
        backup=made.name,
        base=made.base or None,
        source=definition.source,
        repository=definition.repository,
        objects=made.objects,
        bytes=made.bytes,
        new_objects=made.read,
        new_bytes=made.stored_bytes,
        deduplicated_bytes=max(0, made.read_bytes - made.stored_bytes),
        stale=made.stale or None,
        skipped=_left_out(made.skipped),
        failed=_left_out(made.failed),
    )


def result_conditions(made: BackupResult) -> list[Condition]:
    """Ready: the root was read back, and every object that can be read is in it."""
    if made.partial:
        failed = sum(made.failed.values())
        message = (
            f"{grouped(failed)} objects could not be backed up ({counted(made.failed)}); imagestore backup show names them;"
            " the next backup tries them again"
        )
        return stalled(Reason.OBJECTS_FAILED, message)
    skipped = sum(made.skipped.values())
    left = (
        f"; {grouped(skipped)} objects that cannot be read were skipped ({counted(made.skipped)})"
        if skipped
        else ""
    )
    message = f"{grouped(made.objects)} objects, {size(made.bytes)}, are in the backup {made.name}, whose root was read back"
    return [condition("Ready", Reason.BACKED_UP, message + left)]


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, UTC)


def _left_out(found: Mapping[str, int]) -> LeftOutObjects | None:
    if not found:
        return None
    reasons = tuple(FailedReason(reason=r, objects=n) for r, n in sorted(found.items()))
    return LeftOutObjects(count=sum(found.values()), by_reason=reasons)
