"""The reconcile of a Restore. It asks no store: it says what is to be run, and reports what the run has read."""

from dataclasses import replace

from imagestore.api.restorestatus import RestorePlanStatus, RestoreStatus
from imagestore.core.conditions import Condition, condition, find, reconciling, settle, stalled
from imagestore.core.outcome import Event, Finalizer, OnChange, Outcome, Requeue, Then
from imagestore.core.reasons import Reason
from imagestore.core.units import grouped, size
from imagestore.reconcile.restore.job import is_approved, restore_job, restore_refused, tidy_job
from imagestore.reconcile.restore.origin import origin_status
from imagestore.reconcile.restore.runs import RestoreFound
from imagestore.reconcile.restore.situation import RestoreSituation
from imagestore.reconcile.restore.told import restore_ended, restore_going
from imagestore.reconcile.shared.runs import OneRunState, RunTrouble, counted

HELD = "Held"
_OVER = ("Succeeded", "Failed")
_WAITING = 120.0  # seconds; a change of what is named comes first
_TIDY = 1.0  # seconds until the folder of a restore that is over is emptied
_RUNNING = 5.0  # seconds; a run tells when it ends, so this only says that it is waited for


def reconcile(s: RestoreSituation) -> Outcome[RestoreStatus]:
    """Say what is to be run, and report what the run wrote and read back."""
    if s.meta.deleting:
        s.runs.drop()
        return Outcome(None, finalizer=Finalizer.LEAVE)
    if s.status.phase in _OVER:
        return _over(s)
    if s.spec.suspend:
        s.runs.drop()
        return _suspended(s)
    refusal = restore_refused(s)
    if refusal is not None:
        s.runs.drop()
        how = reconciling if refusal.waits else stalled
        waiting = s.status.model_copy(update={"phase": "Pending", "progress": None, "priorities": ()})
        then = Requeue(_WAITING) if refusal.waits else OnChange()
        return _reported(s, how(refusal.reason, refusal.message), waiting, then)
    if s.status.phase == "Held" and not is_approved(s):
        s.runs.drop()
        return _reported(s, _held(s.status), s.status, OnChange())
    return _run(s)


def _over(s: RestoreSituation) -> Outcome[RestoreStatus]:
    """It stays as it is. Its folder is emptied only now that the status is written: until then a run may have to report again."""
    kept = [c for c in s.status.conditions if c.type != "Suspended"]
    tidy = tidy_job(s)
    if tidy is not None and not (state := s.runs.ask(tidy)).done:
        return _reported(s, kept, s.status, Requeue(_RUNNING if state.last is None else _WAITING))
    s.runs.drop()
    return _reported(s, kept, s.status, OnChange())


def _run(s: RestoreSituation) -> Outcome[RestoreStatus]:
    begun = s.status.origin or origin_status(s.origin)
    s = replace(s, status=s.status.model_copy(update={"origin": begun}))
    state = s.runs.ask(restore_job(s))
    found = state.last
    if isinstance(found, RestoreFound) and found.held:
        s.runs.drop()
        held = restore_ended(s, found, "Held")
        return _reported(s, _held(held), held, OnChange())
    if not state.done or found is None:
        return _going(s, state)
    s.runs.drop()
    then = OnChange() if s.spec.drill is not None else Requeue(_TIDY)
    if not isinstance(found, RestoreFound) or found.trouble is not None:
        return _given_up(s, found.trouble, then)
    status = restore_ended(s, found, "Succeeded" if found.succeeded else "Failed")
    return _reported(s, _ended(found), status, then)


def _given_up(s: RestoreSituation, trouble: RunTrouble | None, then: Then) -> Outcome[RestoreStatus]:
    """It counted nothing: what status told before holds."""
    assert trouble is not None, "that is why it ended"  # noqa: S101
    over = {"phase": "Failed", "finished": s.now, "progress": None, "priorities": ()}
    return _reported(s, stalled(trouble.reason, trouble.message), s.status.model_copy(update=over), then)


def _going(s: RestoreSituation, state: OneRunState[RestoreFound]) -> Outcome[RestoreStatus]:
    status = restore_going(s, state)
    trouble = state.last.trouble if state.last is not None else None
    if trouble is not None and not state.running:
        said = reconciling(trouble.reason, f"{trouble.message}; the operator tries again by itself")
    elif not state.running:
        said = reconciling(Reason.PENDING, "the restore waits for its turn, or for a run on the same backend")
    else:
        said = reconciling(Reason.RESTORING, _how_far(status))
    waits = trouble is not None and not state.running
    return _reported(s, said, status, Requeue(_WAITING if waits else _RUNNING))


def _how_far(status: RestoreStatus) -> str:
    plan, done = status.plan, status.progress
    if status.drill is not None or plan is None or done is None:
        return "the operator reads what is to be restored"
    return f"{grouped(done.objects)} of {grouped(plan.objects)} objects are done"


def _suspended(s: RestoreSituation) -> Outcome[RestoreStatus]:
    message = "spec.suspend is true; the restore pauses, and resumes when this is removed"
    kept = [c for c in s.status.conditions if c.type == "Ready"]
    said = [*kept, condition("Suspended", Reason.SUSPENDED, message)]
    status = s.status.model_copy(
        update={"phase": s.status.phase or "Pending", "progress": None, "priorities": ()}
    )
    return _reported(s, said, status, OnChange())


def _held(status: RestoreStatus) -> list[Condition]:
    plan = status.plan
    assert plan is not None, "what is held has a plan"  # noqa: S101
    message = f"{_lost(status, plan)}. Add {plan.token} to spec.approve, or {_instead(plan)}"
    return [*stalled(Reason.OVERWRITE_HELD, message), condition(HELD, Reason.OVERWRITE_HELD, message)]


def _lost(status: RestoreStatus, plan: RestorePlanStatus) -> str:
    """What is held, and what was written before: a restore that goes on may be held as well."""
    if plan.unapproved is None:
        would = f"{grouped(plan.present)} objects of the destination would be overwritten, and it keeps no versions of them"
        return f"{would}; nothing was written"
    return (
        f"{grouped(plan.unapproved)} objects of the destination would be overwritten, and it keeps no versions of them: they were written"
        " there after the restore was counted, or the approval was withdrawn; the restore wrote at least"
        f" {grouped(status.objects or 0)} objects before"
    )


def _instead(plan: RestorePlanStatus) -> str:
    if plan.unapproved is None:
        return "create a new Restore with conflict: Skip or another destination"
    return "create a new Restore with conflict: Skip, which keeps them"


def _ended(found: RestoreFound) -> list[Condition]:
    drill = found.drill
    if drill is not None:
        power = f"a damage of {drill.finds:.1%} of the objects would be found in 95 of 100 drills"
        if found.succeeded:
            told = f"{grouped(drill.sampled)} objects were restored, read back and hashed, {grouped(drill.decoded)} images decoded; {power}"
            return [condition("Ready", Reason.DRILLED, told)]
        lost = f"{grouped(found.counts.failed)} of {grouped(drill.sampled)} objects did not come back"
        return stalled(Reason.DRILL_FAILED, f"{lost}{_reasons(found)}; {power}")
    if found.succeeded:
        return [condition("Ready", Reason.RESTORED, _restored(found))]
    if found.counts.failed:
        lost = f"{grouped(found.counts.failed)} objects are not at the destination{_reasons(found)}{_not_whole(found)}"
        return stalled(Reason.NOT_RESTORED, f"{lost}; {found.why}" if found.why else lost)
    return stalled(Reason.NOT_RESTORED, found.why)


def _restored(found: RestoreFound) -> str:
    c = found.counts
    there = f", {grouped(c.equal)} were equal" if c.equal else ""
    kept = f", {grouped(c.kept)} were kept as they are" if c.kept else ""
    return (
        f"{grouped(c.restored)} objects ({size(c.bytes)}) were written and found again in a listing{there}{kept};"
        f" {grouped(c.verified)} were read back and hashed{_not_whole(found)}"
    )


def _not_whole(found: RestoreFound) -> str:
    """A restore brings back no more than the backup has."""
    if not found.unread:
        return ""
    told = f"{grouped(found.unread)} objects of the bucket could not be read when it was made, so it does not have them, or an earlier content"
    stale = f"; {grouped(found.counts.stale)} of the restored ones are such" if found.counts.stale else ""
    return f"; the backup is not whole: {told}{stale}"


def _reasons(found: RestoreFound) -> str:
    told = f" ({counted(found.failed)})" if found.failed else ""
    return f"{told}; the object {found.report} lists them" if found.report else told


def _reported(
    s: RestoreSituation, conditions: list[Condition], found: RestoreStatus, then: Then
) -> Outcome[RestoreStatus]:
    settled = settle(s.now, s.meta.generation, conditions, s.status.conditions)
    status = found.model_copy(update={"observed_generation": s.meta.generation, "conditions": settled})
    return Outcome(status, _events(s.status, status), then, Finalizer.LEAVE)


def _events(before: RestoreStatus, after: RestoreStatus) -> tuple[Event, ...]:
    """One when Ready says something else than before."""
    was, now = find(before.conditions, "Ready"), find(after.conditions, "Ready")
    if now is None or (was is not None and (was.status, was.reason) == (now.status, now.reason)):
        return ()
    odd = now.status == "False" and find(after.conditions, "Stalled") is not None
    return (Event(now.reason, now.message, "Restore", warning=odd),)
