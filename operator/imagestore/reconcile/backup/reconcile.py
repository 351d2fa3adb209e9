"""The reconcile of a Backup. It asks no store: it says what is to be run, and reports what the run has made."""

import json
from datetime import timedelta

from imagestore.api.backup import DEFAULT_DEADLINE, LONGEST_DEFINITION, BackupDefinition, BackupStatus
from imagestore.core.conditions import Condition, find, reconciling, settle, stalled
from imagestore.core.outcome import Event, Finalizer, OnChange, Outcome, Requeue
from imagestore.core.reasons import Reason
from imagestore.core.units import grouped, seconds
from imagestore.reconcile.backup.ended import ended_status, result_conditions
from imagestore.reconcile.backup.job import backup_job, backup_refusals
from imagestore.reconcile.backup.runs import BackupReport
from imagestore.reconcile.backup.situation import BackupSituation
from imagestore.reconcile.shared.ends import EndRefusal
from imagestore.reconcile.shared.progress import progress_status
from imagestore.reconcile.shared.runs import OneRunState, RunTrouble

BackupOutcome = Outcome[BackupStatus]
OVER = frozenset({"Succeeded", "PartiallyFailed", "Failed"})
_RUNNING = 5.0  # seconds; a run tells when it ends, so this only says that it is waited for
# What a person has to end; everything else may end by itself.
_BY_HAND = frozenset({
    Reason.DENIED, Reason.REJECTED, Reason.NOT_FOUND, Reason.ANOTHER_OWNER, Reason.ANOTHER_STORE, Reason.SECRET_NOT_FOUND,
    Reason.SECRET_UNUSABLE, Reason.SECRET_DENIED, Reason.WRONG_KEY, Reason.NEWER_FORMAT, Reason.NO_REPOSITORY,
    Reason.REPOSITORY_DAMAGED, Reason.UNSUPPORTED,
})  # fmt: skip


def reconcile(s: BackupSituation) -> BackupOutcome:
    """Say what is to be run, and report what the run has made. Deletion stops it; the repository stays as it is."""
    if s.meta.deleting or s.status.phase in OVER:
        s.runs.drop()
        return Outcome(None, finalizer=Finalizer.LEAVE)
    if s.definition is None:
        s.runs.drop()
        return _refused(s, s.undefined)
    refusal = next(backup_refusals(s, s.definition), None)
    if refusal is not None or s.source is None or s.repository is None:
        s.runs.drop()
        return _refused(s, refusal)
    state = s.runs.ask(backup_job(s, s.definition, s.source, s.repository))
    last = state.last
    if isinstance(last, BackupReport) and last.backup is not None:
        s.runs.drop()
        status = ended_status(s.definition, last.backup, s.status.started or s.time(last.began))
        return _over(s, status, result_conditions(last.backup))
    if last is not None and last.trouble is not None and not state.running:
        return _troubled(s, last.trouble)
    return _working(s, state)


def _refused(s: BackupSituation, refusal: EndRefusal | None) -> BackupOutcome:
    if refusal is None:  # backup_refusals() names every end that is missing
        raise AssertionError("an end is missing, and nothing says so")
    if refusal.reason is Reason.SAME_BUCKET or _is_late(s):
        return _failed(s, refusal.reason, refusal.message)
    how = reconciling if refusal.waits else stalled
    status = s.status.model_copy(update={"phase": "Pending", "progress": None, "started": None})
    return _reported(s, status, how(refusal.reason, refusal.message), s.settings.default_interval)


def _troubled(s: BackupSituation, trouble: RunTrouble) -> BackupOutcome:
    message = _told(trouble)
    if trouble.final or _is_late(s):
        return _failed(s, trouble.reason, message)
    how = stalled if trouble.reason in _BY_HAND else reconciling
    status = s.status.model_copy(update={"phase": "Pending", "progress": None, "started": None})
    return _reported(s, status, how(trouble.reason, message), s.settings.default_interval)


def _told(trouble: RunTrouble) -> str:
    return f"the {trouble.side}: {trouble.message}" if trouble.side else trouble.message


def _working(s: BackupSituation, state: OneRunState[BackupReport]) -> BackupOutcome:
    """It runs, or waits for its place."""
    progress = progress_status(state, s.clock, s.now)
    phase = "Running" if state.running else "Pending"
    began = s.status.started or (s.time(state.began) if state.running and state.began is not None else None)
    status = s.status.model_copy(update={"phase": phase, "progress": progress, "started": began})
    if state.running and s.spec.schedule_ref is not None:  # an edit of the schedule is for the next backup
        status = status.model_copy(update={"definition": _kept(s.definition)})
    if not state.running:
        said = reconciling(
            Reason.BACKUP_WAITS, "the backup begins when other runs on these stores have ended"
        )
    else:
        total = state.progress.of_objects
        of = f" of about {grouped(total)}" if total else ""
        said = reconciling(
            Reason.BACKING_UP,
            f"the backup runs; {grouped(state.progress.objects)}{of} objects are done{_before(state)}",
        )
    return _reported(s, status, said, _RUNNING)


def _before(state: OneRunState[BackupReport]) -> str:
    """A run that takes longer than the pause until the next one is followed at once, so that its trouble is in no status otherwise."""
    trouble = state.last.trouble if state.last else None
    return f"; the run before failed: {_told(trouble)}" if trouble else ""


def _kept(definition: BackupDefinition | None) -> str | None:
    """What a status has room for."""
    text = json.dumps(definition.to_json()) if definition is not None else ""
    return text if 0 < len(text) <= LONGEST_DEFINITION else None


def _is_late(s: BackupSituation) -> bool:
    allowed = timedelta(seconds=seconds(s.spec.deadline or DEFAULT_DEADLINE))
    return s.now >= s.meta.created + allowed


def _failed(s: BackupSituation, reason: Reason, message: str) -> BackupOutcome:
    s.runs.drop()
    status = BackupStatus(phase="Failed", finished=s.now)
    return _over(s, status, stalled(reason, f"there is no backup: {message}"))


def _over(s: BackupSituation, status: BackupStatus, conditions: list[Condition]) -> BackupOutcome:
    told = _judged(s, status, conditions)
    ready = find(told.conditions, "Ready")
    assert ready is not None, "it is in what was said"  # noqa: S101
    event = Event(ready.reason, ready.message, "Backup", warning=ready.status != "True")
    return Outcome(told, (event,), OnChange(), Finalizer.LEAVE)


def _reported(
    s: BackupSituation, status: BackupStatus, conditions: list[Condition], again: float
) -> BackupOutcome:
    told = _judged(s, status, conditions)
    return Outcome(told, _events(s.status, told), Requeue(again), Finalizer.LEAVE)


def _judged(s: BackupSituation, status: BackupStatus, conditions: list[Condition]) -> BackupStatus:
    settled = settle(s.now, s.meta.generation, conditions, s.status.conditions)
    return status.model_copy(update={"observed_generation": s.meta.generation, "conditions": settled})


def _events(before: BackupStatus, after: BackupStatus) -> tuple[Event, ...]:
    """One when the run begins, and one for each other trouble."""
    was, now = find(before.conditions, "Ready"), find(after.conditions, "Ready")
    if now is None or (was is not None and was.reason == now.reason) or now.reason is Reason.BACKUP_WAITS:
        return ()
    if now.reason is Reason.BACKING_UP:
        return (Event(Reason.BACKING_UP, "the backup began", "Backup"),)
    return (Event(now.reason, now.message, "Backup", warning=True),)
