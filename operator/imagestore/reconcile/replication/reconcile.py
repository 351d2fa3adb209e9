"""The reconcile of a ReplicationPolicy. It asks no store: it says what is to be run, and reports what runs have read."""

from collections.abc import Iterator
from dataclasses import replace

from imagestore.api.replicationstatus import (
    FailedObjects,
    FailedReason,
    LostAttribute,
    ObjectAmount,
    ReplicationPolicyStatus,
    WaitingDeletes,
)
from imagestore.core.conditions import Condition, condition, find, reconciling, settle, stalled
from imagestore.core.outcome import Continue, Event, Finalizer, Outcome, Requeue
from imagestore.core.reasons import Reason
from imagestore.core.units import grouped, size
from imagestore.reconcile.replication.conflicts import PolicyRefusal, refused
from imagestore.reconcile.replication.failover import FAILED_OVER, FENCED, advanced, due, failed_over, fenced
from imagestore.reconcile.replication.job import replication_job
from imagestore.reconcile.replication.method import ChosenMethod, chosen_method, native_compared, native_ready
from imagestore.reconcile.replication.objective import WITHIN_OBJECTIVE, deadline, failures, within_objective
from imagestore.reconcile.replication.parity import PARITY_VERIFIED, parity_status, parity_verified
from imagestore.reconcile.replication.publishing import PUBLISHED, published
from imagestore.reconcile.replication.runs import RunReport, RunsState, RunTrouble
from imagestore.reconcile.replication.situation import EndView, ReplicationSituation

ReplicationOutcome = Outcome[ReplicationPolicyStatus]

HELD, CLOCK_SKEW = "Held", "ClockSkew"
_SKEW = 60.0  # seconds
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
    method = chosen_method(s, s.source, s.destination)
    if method.method == "Native" and method.why:
        s.runs.drop()
        said = stalled(Reason.UNSUPPORTED, f"method: Native: {method.why}")
        kept = ReplicationPolicyStatus(
            failover=s.status.failover
        )  # else a promoted destination was overwritten
        return _reported(s, [*said, *_unknown(s, Reason.UNSUPPORTED, method.why)], kept)
    native = method.method == "Native"
    state = s.runs.ask(replication_job(s, s.source, s.destination, only_compare=native))
    role, memo = advanced(s, state)
    moments = [m for m in (deadline(s, state), due(s, memo)) if m is not None and m >= s.clock]
    if moments:
        s.runs.wake_at(min(moments))
    parity = parity_status(s, state)
    found = _found(state, s.status, method).model_copy(update={"failover": role, "parity": parity})
    said = [
        *(_native(s, s.source, state) if native else _ready(state)),
        *_judged(s, state),
        *parity_verified(s, parity),
        *fenced(s, found),
        *failed_over(role),
        *published(s, role),
    ]
    told = _reported(s, said, found, working=state.last is None)
    if role != s.status.failover:  # the next job may be another one
        told = replace(told, then=Continue())
    return told.remembering(memo)


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
    return [*within_objective(s, state), *_held(state.last), *_skewed(state.last)]


def _native(s: ReplicationSituation, source: EndView, state: RunsState) -> list[Condition]:
    """Ready: the rules are in force, and the last run read both buckets to their end."""
    if waits := native_ready(s, source):
        return waits
    last = state.last
    return [native_compared(last.backlog[0])] if last is not None and last.complete else _ready(state)


def _skewed(last: RunReport | None) -> list[Condition]:
    """Times of two stores are compared only when corrected by their clocks, so this is no error; it is worth mending."""
    sides = zip(("source", "destination"), last.skew if last else (), strict=False)
    wrong = [f"the clock of the {side} differs by {skew:+.0f} s" for side, skew in sides if abs(skew) > _SKEW]
    message = f"{' and '.join(wrong)} from the operator's; correct it, or the newer of two changes may be told wrongly"
    return [condition(CLOCK_SKEW, Reason.CLOCK_DIFFERS, message)] if wrong else []


def _ready(state: RunsState) -> list[Condition]:
    """Ready: the last run read both buckets to their end, and every object has an equal copy."""
    last = state.last
    if last is None:
        objects, held = state.copied
        so_far = f"; {grouped(objects)} objects, {size(held)}, are copied so far" if objects else ""
        return reconciling(Reason.FIRST_RUN, f"the operator compares both buckets for the first time{so_far}")
    if last.trouble is not None:
        return _troubled(last.trouble)
    if last.failed:
        return reconciling(Reason.OBJECTS_FAILED, f"{failures(last)}; the next run tries them again")
    message = "the last run read both buckets to the end, and every object of the source has an equal copy"
    guessed = (
        f"; of {grouped(last.unverified)} of them only size and time were compared" if last.unverified else ""
    )
    return [condition("Ready", Reason.REPLICATED, message + guessed)]


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
    approval = f"to let this one run delete them, add {held.token} to spec.approve"
    way = approval if held.token else "no token lets them go before that is over"
    message = f"{held.objects} deletes wait: {held.why}; {way}"
    return [condition(HELD, Reason.DELETES_HELD, message)]


def _found(
    state: RunsState, before: ReplicationPolicyStatus, method: ChosenMethod
) -> ReplicationPolicyStatus:
    """What the status says of the runs; conditions come later. After a restart, what it said before."""
    last, moved = state.last, state.transferred
    why = method.why if method.method == "Copy" and method.why else None
    if last is None:
        return before.model_copy(update={"method": method.method, "method_reason": why})
    return ReplicationPolicyStatus(
        method=method.method,
        method_reason=why,
        backlog=_amount(last.backlog) if last.complete else before.backlog,
        copied=_amount(moved.copied) if moved else before.copied,
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
    return WaitingDeletes(token=held.token or None, objects=held.objects, why=held.why) if held else None


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
            odd = now.type in (HELD, CLOCK_SKEW, FAILED_OVER) or now.status == "False"
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


_TOLD = ("Ready", WITHIN_OBJECTIVE, HELD, CLOCK_SKEW, PARITY_VERIFIED, FENCED, FAILED_OVER, PUBLISHED)
_QUIET = frozenset({Reason.FIRST_RUN, Reason.PENDING})
