"""The status of a Restore, from what its run told. Pure."""

from datetime import timedelta
from typing import Any

from imagestore.api.replicationstatus import FailedObjects, FailedReason
from imagestore.api.restore import RestorePhase
from imagestore.api.restorestatus import (
    RestoreDrillStatus,
    RestorePlanStatus,
    RestorePriorityStatus,
    RestoreStatus,
)
from imagestore.reconcile.restore.runs import DrillFound, RestoreFound, RestorePasses
from imagestore.reconcile.restore.situation import RestoreSituation
from imagestore.reconcile.shared.progress import progress_status
from imagestore.reconcile.shared.runs import OneRunState


def restore_going(s: RestoreSituation, state: OneRunState[RestoreFound]) -> RestoreStatus:
    """The status of a restore that goes on, or waits."""
    progress = state.progress
    passes = progress.passes if state.running and isinstance(progress, RestorePasses) else ()
    changed: dict[str, Any] = {
        "phase": "Running" if state.running else "Pending",
        "started": s.status.started or (s.now if state.running else None),
        "progress": progress_status(state, s.clock, s.now),
        "priorities": tuple(
            RestorePriorityStatus(
                prefix=one.first,
                objects=one.planned.objects,
                done=one.done.objects,
                eta=None if one.seconds is None else s.now + timedelta(seconds=round(one.seconds)),
            )
            for one in passes
        ),
    }
    if passes:
        plan = RestorePlanStatus(
            objects=sum(one.planned.objects for one in passes),
            bytes=sum(one.planned.bytes for one in passes),
            present=s.status.plan.present if s.status.plan else 0,
            token=s.status.plan.token if s.status.plan else None,  # it is what spec.approve names
        )
        changed["plan"] = plan
    return s.status.model_copy(update=changed)


def restore_ended(s: RestoreSituation, found: RestoreFound, phase: RestorePhase) -> RestoreStatus:
    """The status of a restore that has ended, or is held."""
    c, over = found.counts, phase != "Held"
    return RestoreStatus(
        phase=phase,
        started=s.status.started or s.now - timedelta(seconds=max(0.0, s.clock - found.began)),
        finished=s.now if over else None,
        origin=s.status.origin,
        source="Versions" if found.source == "Versions" else "Repository" if found.source else None,
        source_reason=found.source_reason or None,
        backup=found.backup or None,
        objects=c.restored,
        bytes=c.bytes,
        equal=c.equal,
        kept=c.kept,
        verified=c.verified,
        mismatched=c.mismatched,
        undecodable=found.undecodable,
        incomplete_attributes=c.lost,
        stale=c.stale,
        unread=found.unread if found.source == "Repository" else None,
        seconds=max(0, round(found.ended - found.began)) if over else None,
        failed=_failed(found),
        plan=_plan(found),
        drill=_drill(found.drill),
    )


def _failed(found: RestoreFound) -> FailedObjects | None:
    if not found.counts.failed:
        return None
    reasons = tuple(FailedReason(reason=r, objects=n) for r, n in sorted(found.failed.items()))
    return FailedObjects(count=found.counts.failed, by_reason=reasons, report=found.report or None)


def _plan(found: RestoreFound) -> RestorePlanStatus | None:
    if found.totals is None:
        return None
    t = found.totals
    return RestorePlanStatus(
        objects=t.objects,
        bytes=t.bytes,
        present=t.present,
        unapproved=found.unapproved,
        token=found.held or None,
    )


def _drill(drill: DrillFound | None) -> RestoreDrillStatus | None:
    if drill is None:
        return None
    return RestoreDrillStatus(
        sampled=drill.sampled,
        decoded=drill.decoded,
        finds_percent=f"{100 * drill.finds:.1f}",
        whole_restore_seconds=round(drill.whole),
        left=drill.left,
    )
