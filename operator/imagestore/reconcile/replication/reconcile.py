"""The reconcile of a ReplicationPolicy. It asks no store: it says what is to be run, and reports what runs have read."""

from collections.abc import Iterator
from dataclasses import replace

from imagestore.api.replicationpolicy import (
    DEFAULT_DELETE_PERCENT,
    DEFAULT_DELETES,
    ReplicationGuard,
    ReplicationLimits,
)
from imagestore.api.replicationstatus import (
    FailedObjects,
    FailedReason,
    LostAttribute,
    ObjectAmount,
    ReplicationPolicyStatus,
    WaitingDeletes,
)
from imagestore.core.conditions import Condition, condition, find, is_true, reconciling, settle, stalled
from imagestore.core.outcome import Continue, Event, Finalizer, Outcome, Requeue
from imagestore.core.reasons import Reason
from imagestore.core.units import byte_count, seconds
from imagestore.reconcile.replication.conflicts import PolicyRefusal, refused
from imagestore.reconcile.replication.failover import FENCED, advanced, both_ways, fenced
from imagestore.reconcile.replication.objective import WITHIN_OBJECTIVE, deadline, failures, within_objective
from imagestore.reconcile.replication.runs import JobEnd, ReplicationJob, RunReport, RunsState, RunTrouble
from imagestore.reconcile.replication.situation import EndView, ReplicationSituation

ReplicationOutcome = Outcome[ReplicationPolicyStatus]

HELD = "Held"
_RUNNING = 5.0  # seconds; a run tells when it ends, so this only says that it is waited for
# What a person has to end; everything else may end by itself.
_BY_HAND = frozenset({Reason.DENIED, Reason.REJECTED, Reason.NOT_FOUND, Reason.ANOTHER_OWNER})


def reconcile(s: ReplicationSituation) -> ReplicationOutcome:
    """Say what is to be run, and report what the last runs read in both buckets."""
    if s.meta.deleting:
        s.runs.drop()
        return Outcome(None, finalizer=Finalizer.LEAVE)
    if s.spec.suspend:
        s.runs.drop()
        return _reported(s, _suspended(s), s.status)
    refusal = refused(s)
    if refusal is not None or s.source is None or s.destination is None:
        s.runs.drop()
        return _reported(s, _refusal(s, refusal), ReplicationPolicyStatus(failover=s.status.failover))
    state = s.runs.ask(_job(s, s.source, s.destination))
    until = deadline(s, state)
    if until is not None and until >= s.clock:
        s.runs.wake_at(until)
    role, memo = advanced(s, state)
    found = _found(state).model_copy(update={"failover": role})
    told = _reported(s, [*_judged(s, state), *fenced(s, found)], found, working=state.last is None)
    if role != s.status.failover:  # the next job may be another one
        told = replace(told, then=Continue())
    return told.remembering(memo)


def _job(s: ReplicationSituation, source: EndView, destination: EndView) -> ReplicationJob:
    spec, guard = s.spec, s.spec.guard or ReplicationGuard()
    limits = spec.limits or ReplicationLimits()
    return ReplicationJob(
        policy=s.meta.uid,
        source=_end(s, source),
        destination=_end(s, destination, spec.destination.prefix or ""),
        interval=float(seconds(spec.interval)),
        two_way=both_ways(s),
        prefixes=(spec.filter.prefixes if spec.filter else None) or (),
        tags=tuple(sorted(((spec.filter.tags if spec.filter else None) or {}).items())),
        since=int(s.meta.created.timestamp() * 1000) if spec.existing_objects is False else None,
        storage_class=destination.class_of(spec.destination.tier) or "",
        deletes=spec.deletes or "Ignore",
        held_by=_held_by(source),
        max_delete_percent=_or(guard.max_delete_percent, DEFAULT_DELETE_PERCENT),
        max_deletes=_or(guard.max_deletes, DEFAULT_DELETES),
        approved=frozenset(spec.approve),
        bytes_per_second=byte_count(limits.bytes_per_second) if limits.bytes_per_second else None,
        requests_per_second=limits.requests_per_second,
        concurrency=limits.concurrency or 8,
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _end(s: ReplicationSituation, end: EndView, prefix: str = "") -> JobEnd:
    """A bucket that its ImageBucket only observes has no owner mark of ours."""
    observed = end.spec is not None and end.spec.mode == "Observe"
    return JobEnd(end.backend, end.bucket, "" if observed else f"{s.meta.namespace}/{end.name}", prefix)


def _held_by(source: EndView) -> str:
    """Why nothing may be deleted: while a loss is not acknowledged, nothing mirrors its emptiness."""
    if is_true(source.status.conditions, "ContentLost"):
        return f"ContentLost is True on the ImageBucket {source.name}; acknowledge it there first"
    return ""


def _suspended(s: ReplicationSituation) -> list[Condition]:
    message = "spec.suspend is true; the operator copies and deletes nothing for this policy"
    return [
        *(c for c in s.status.conditions if c.type in ("Ready", "Stalled")),
        *_unknown(s, Reason.SUSPENDED, message),
        condition("Suspended", Reason.SUSPENDED, message),
    ]


def _unknown(s: ReplicationSituation, reason: Reason, message: str) -> list[Condition]:
    """Nothing reads the buckets any more, so the objective is not known to hold."""
    if s.spec.objectives is None:
        return []
    return [condition(WITHIN_OBJECTIVE, reason, message, "Unknown")]


def _refusal(s: ReplicationSituation, refusal: PolicyRefusal | None) -> list[Condition]:
    if refusal is None:  # refused() names every end that is missing
        raise AssertionError("an end is missing, and nothing says so")
    how = reconciling if refusal.waits else stalled
    return [*how(refusal.reason, refusal.message), *_unknown(s, refusal.reason, refusal.message)]


def _judged(s: ReplicationSituation, state: RunsState) -> list[Condition]:
    return [*_ready(state), *within_objective(s, state), *_held(state.last)]


def _ready(state: RunsState) -> list[Condition]:
    """Ready: the last run read both buckets to their end, and every object has an equal copy."""
    last = state.last
    if last is None:
        return reconciling(Reason.FIRST_RUN, "the operator compares both buckets for the first time")
    if last.trouble is not None:
        return _troubled(last.trouble)
    if last.failed:
        return reconciling(Reason.OBJECTS_FAILED, f"{failures(last)}; the next run tries them again")
    message = "the last run read both buckets to the end, and every object of the source has an equal copy"
    return [condition("Ready", Reason.REPLICATED, message)]


def _troubled(trouble: RunTrouble) -> list[Condition]:
    reason = trouble.reason
    message = f"the {trouble.side}: {trouble.message}" if trouble.side else trouble.message
    if reason in _BY_HAND:
        return stalled(reason, message)
    unreachable = reason in (Reason.UNAVAILABLE, Reason.THROTTLED)
    return reconciling(reason, message, "Unknown" if unreachable else "False")


def _held(last: RunReport | None) -> list[Condition]:
    if last is None or last.held is None:
        return []
    held = last.held
    message = f"{held.objects} deletes wait: {held.why}; to let this one run delete them, add {held.token} to spec.approve"
    return [condition(HELD, Reason.DELETES_HELD, message)]


def _found(state: RunsState) -> ReplicationPolicyStatus:
    """What the status says of the runs; conditions come later."""
    last, moved = state.last, state.transferred
    if last is None:
        return ReplicationPolicyStatus(method="Copy")
    return ReplicationPolicyStatus(
        method="Copy",
        backlog=_amount(last.backlog) if last.complete else None,
        copied=_amount(moved.copied) if moved else None,
        failed=_failed(last),
        held=_waiting(last),
        conflicts=last.conflicts or None,
        lost=tuple(LostAttribute(attribute=a, objects=n) for a, n in sorted(last.lost.items())),
    )


def _amount(of: tuple[int, int]) -> ObjectAmount:
    return ObjectAmount(objects=of[0], bytes=of[1])


def _failed(run: RunReport) -> FailedObjects | None:
    if not run.failed:
        return None
    reasons = tuple(FailedReason(reason=r, objects=n) for r, n in sorted(run.failed.items()))
    return FailedObjects(count=sum(run.failed.values()), by_reason=reasons, report=run.report)


def _waiting(run: RunReport) -> WaitingDeletes | None:
    held = run.held
    return WaitingDeletes(token=held.token, objects=held.objects, why=held.why) if held else None


def _reported(
    s: ReplicationSituation,
    conditions: list[Condition],
    found: ReplicationPolicyStatus,
    *,
    working: bool = False,
) -> ReplicationOutcome:
    settled = settle(s.now, s.meta.generation, conditions, s.status.conditions)
    status = found.model_copy(update={"observed_generation": s.meta.generation, "conditions": settled})
    then = Requeue(_RUNNING if working else s.settings.default_interval)
    return Outcome(status, _events(s.status, status), then, Finalizer.LEAVE)


def _events(before: ReplicationPolicyStatus, after: ReplicationPolicyStatus) -> tuple[Event, ...]:
    """One for each condition that says something else than before, and one for a change of roles."""
    events = list(_switched(before, after))
    for now in after.conditions:
        was = find(before.conditions, now.type)
        if now.type in _TOLD and (was is None or (was.status, was.reason) != (now.status, now.reason)):
            odd = now.type == HELD or now.status == "False"
            events.append(Event(now.reason, now.message, warning=odd and now.reason not in _QUIET))
    if before.held and after.held and before.held.token != after.held.token:
        held = find(after.conditions, HELD)
        events += [Event(held.reason, held.message, warning=True)] if held else []
    return tuple(events)


def _switched(before: ReplicationPolicyStatus, after: ReplicationPolicyStatus) -> Iterator[Event]:
    was, now = before.failover, after.failover
    if was is None or now is None or was.role == now.role:
        return
    side = "destination" if now.role == "Promoted" else "source"
    yield Event(
        Reason.ROLE_CHANGED,
        f"the {side} is written to now; both buckets follow each other until they are equal",
    )


_TOLD = ("Ready", WITHIN_OBJECTIVE, HELD, FENCED)
_QUIET = frozenset({Reason.FIRST_RUN, Reason.PENDING})
