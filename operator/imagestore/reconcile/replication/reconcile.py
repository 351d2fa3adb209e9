"""The reconcile of a ReplicationPolicy. It asks no store: it says what is to be run, and reports what runs have read."""

from collections.abc import Iterable
from dataclasses import replace

from imagestore.api.replicationstatus import (
    FailedObjects,
    FailedReason,
    LostAttribute,
    ObjectAmount,
    ReplicationPolicyStatus,
    RunningCopy,
)
from imagestore.core.conditions import Condition, condition, reconciling, settle, stalled
from imagestore.core.outcome import Continue, Finalizer, Outcome, Requeue
from imagestore.core.reasons import Reason
from imagestore.core.units import grouped, size
from imagestore.reconcile.replication.canaries import (
    canary_arrives,
    canary_job,
    canary_status,
)
from imagestore.reconcile.replication.canary_runs import CanaryRuns
from imagestore.reconcile.replication.conflicts import refused
from imagestore.reconcile.replication.events import CLOCK_SKEW, policy_events
from imagestore.reconcile.replication.failover import advanced, due, failed_over, role_waits
from imagestore.reconcile.replication.fence import fenced
from imagestore.reconcile.replication.holds import held_status, told_of_holds
from imagestore.reconcile.replication.job import copies_since, replication_job
from imagestore.reconcile.replication.listening import listening
from imagestore.reconcile.replication.method import (
    ChosenMethod,
    chosen_method,
    method_in_force,
    native_compared,
    native_ready,
)
from imagestore.reconcile.replication.objective import (
    WITHIN_OBJECTIVE,
    counted_since,
    deadline,
    failures,
    within_objective,
)
from imagestore.reconcile.replication.parity import parity_status, parity_verified
from imagestore.reconcile.replication.publishing import published
from imagestore.reconcile.replication.runs import RunReport, RunsState
from imagestore.reconcile.replication.situation import ReplicationSituation
from imagestore.reconcile.shared.ends import EndRefusal, EndView
from imagestore.reconcile.shared.runs import RunTrouble

ReplicationOutcome = Outcome[ReplicationPolicyStatus]

_SKEW = 60.0  # seconds
_RUNNING = 5.0  # seconds; a run tells when it ends, so this only says that it is waited for
# What a person has to end; everything else may end by itself.
_BY_HAND = frozenset(
    {Reason.DENIED, Reason.REJECTED, Reason.NOT_FOUND, Reason.ANOTHER_OWNER, Reason.STILL_PROMOTED}
)


def reconcile(s: ReplicationSituation) -> ReplicationOutcome:
    """Say what is to be run, and report what the last runs read in both buckets."""
    if s.meta.deleting:
        _drop(s)
        return Outcome(None, finalizer=Finalizer.LEAVE)
    if s.spec.suspend:
        _drop(s)
        return _reported(s, _suspended(s), s.status)
    refusal = refused(s)
    if refusal is not None or s.source is None or s.destination is None:
        _drop(s)
        return _reported(s, _refusal(s, refusal), _kept(s, refusal))
    method = chosen_method(s.spec, s.source, s.destination, s.status.failover)
    if method.method == "Native" and method.why:
        return _impossible(s, method.why)
    return _working(s, s.source, s.destination, method)


def _impossible(s: ReplicationSituation, why: str) -> ReplicationOutcome:
    """The stores cannot do what ``method: Native`` asks of them. The role stays: else a promoted destination was overwritten."""
    _drop(s)
    said = stalled(Reason.UNSUPPORTED, f"method: Native: {why}")
    return _reported(s, [*said, *_unknown(s, Reason.UNSUPPORTED, why)], _bare(s))


def _working(
    s: ReplicationSituation, source: EndView, destination: EndView, method: ChosenMethod
) -> ReplicationOutcome:
    native = method.method == "Native"
    state = s.runs.ask(replication_job(s, source, destination, only_compare=native))
    canary = _canaries(s, source, destination, native=native)
    role, memo = advanced(s, state)
    _wake(s, [deadline(s, state, canary), due(s, role, memo)])
    parity = parity_status(s, state)
    beside = {
        "failover": role,
        "parity": parity,
        "canary": canary_status(s, canary),
        "counted_since": counted_since(s, state),
        "since": copies_since(s),
    }
    found = _found(state, s, method).model_copy(update=beside)
    said = [
        *(role_waits(s, state, memo) or (_native(s, source, state) if native else _ready(state))),
        *_judged(s, state, canary),
        *canary_arrives(s, source, destination, canary, native=native),
        *parity_verified(s, parity),
        *fenced(s, found),
        *failed_over(s, role, memo),
        *published(s, s.status.failover),  # written down first: a kill in between forgot it
        *listening(s, source, native=native),
    ]
    told = _reported(s, said, found, working=state.last is None)
    if role != s.status.failover:  # the next job may be another one
        told = replace(told, then=Continue())
    return told.remembering(memo)


def _wake(s: ReplicationSituation, moments: Iterable[float | None]) -> None:
    """Look again at the first of these moments, by the monotonic clock, that has not passed."""
    coming = [moment for moment in moments if moment is not None and moment >= s.clock]
    if coming:
        s.runs.wake_at(min(coming))


def _drop(s: ReplicationSituation) -> None:
    s.runs.drop()
    if s.canaries is not None:
        s.canaries.drop()


def _canaries(
    s: ReplicationSituation, source: EndView, destination: EndView, *, native: bool
) -> CanaryRuns | None:
    """What is known of the canaries that are asked for; None: none are."""
    job = canary_job(s, source, destination) if native else None
    if s.canaries is None or job is None:
        if s.canaries is not None:
            s.canaries.drop()
        return None
    return s.canaries.ask(job)


def _kept(s: ReplicationSituation, refusal: EndRefusal | None) -> ReplicationPolicyStatus:
    """The role stays. So does all that is known of a policy that resumes by itself: a Secret that was missing for a moment took
    the store's rules away.
    """
    if refusal is not None and refusal.waits:
        return s.status.model_copy(update={"running": None})
    return _bare(s)


def _bare(s: ReplicationSituation) -> ReplicationPolicyStatus:
    return ReplicationPolicyStatus(failover=s.status.failover, since=s.status.since)


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


def _refusal(s: ReplicationSituation, refusal: EndRefusal | None) -> list[Condition]:
    if refusal is None:  # refused() names every end that is missing
        raise AssertionError("an end is missing, and nothing says so")
    how = reconciling if refusal.waits else stalled
    return [*how(refusal.reason, refusal.message), *_unknown(s, refusal.reason, refusal.message)]


def _judged(s: ReplicationSituation, state: RunsState, canary: CanaryRuns | None) -> list[Condition]:
    return [*within_objective(s, state, canary), *told_of_holds(state.last, s.counted), *_skewed(state.last)]


def _native(s: ReplicationSituation, source: EndView, state: RunsState) -> list[Condition]:
    """Ready: the rules are in force, and the last run read both buckets to their end."""
    if method_in_force(s, state, ChosenMethod("Native")) is None:
        return _ready(state)
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
    if last.failed or last.mismatched:
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


def _found(state: RunsState, s: ReplicationSituation, method: ChosenMethod) -> ReplicationPolicyStatus:
    """What the status says of the runs; conditions come later. After a restart, what it said before."""
    last, moved, running, before = state.last, state.transferred, _running(state), s.counted
    why = method.why if method.method == "Copy" and method.why else None
    in_force = method_in_force(s, state, method)
    if last is None:
        return before.model_copy(update={"method": in_force, "method_reason": why, "running": running})
    return ReplicationPolicyStatus(
        method=in_force,
        method_reason=why,
        backlog=_amount(last.backlog) if last.complete else before.backlog,
        copied=_amount(moved.copied) if moved else before.copied,
        running=running,
        failed=_failed(last),
        held=held_status(last),
        conflicts=last.conflicts or None,
        lost=tuple(LostAttribute(attribute=a, objects=n) for a, n in sorted(last.lost.items())),
    )


def _running(state: RunsState) -> RunningCopy | None:
    """A run that copies nothing is not told of: most runs only compare."""
    if not state.running or not state.copied[0]:
        return None
    return RunningCopy(copied=_amount(state.copied), backlog=_amount(state.left) if state.left else None)


def _amount(of: tuple[int, int]) -> ObjectAmount:
    return ObjectAmount(objects=of[0], bytes=of[1])


def _failed(run: RunReport) -> FailedObjects | None:
    if not run.failed:
        return None
    reasons = tuple(FailedReason(reason=r, objects=n) for r, n in sorted(run.failed.items()))
    return FailedObjects(count=sum(run.failed.values()), by_reason=reasons, report=run.report)


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
    return Outcome(status, policy_events(s.status, status), then, Finalizer.LEAVE)
