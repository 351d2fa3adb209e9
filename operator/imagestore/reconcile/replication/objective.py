"""Whether the copy is young enough: WithinObjective, from what runs have read and nothing else. Pure."""

from datetime import datetime, timedelta
from math import isfinite

from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.core.units import seconds
from imagestore.reconcile.replication.canaries import canary_deadline, why_missing
from imagestore.reconcile.replication.canary_runs import CanaryRuns
from imagestore.reconcile.replication.failover import both_ways
from imagestore.reconcile.replication.runs import RunReport, RunsState
from imagestore.reconcile.replication.situation import ReplicationSituation

WITHIN_OBJECTIVE = "WithinObjective"
_STEPS = 4  # of an objective's time, in which the status follows


def deadline(s: ReplicationSituation, state: RunsState, canary: CanaryRuns | None) -> float | None:
    """The moment of the clock at which WithinObjective becomes False unless a run ends before, or a canary arrives; None: no
    objective.
    """
    moments = (_run_deadline(s, state), canary_deadline(s, canary))
    return min((m for m in moments if m is not None), default=None)


def _run_deadline(s: ReplicationSituation, state: RunsState) -> float | None:
    if s.spec.objectives is None:
        return None
    rpo, covered = seconds(s.spec.objectives.rpo), state.proven.covered if state.proven else None
    if covered is not None:
        return covered + rpo
    known = s.counted.counted_since
    before = state.since if known is None else s.clock - (s.now - known).total_seconds() + rpo / _STEPS
    return min(state.since, before) + rpo


def counted_since(s: ReplicationSituation, state: RunsState) -> datetime | None:
    """For the status: an operator that was killed again and again before a run had ended counted anew each time.

    Written in steps, not after each run.
    """
    if s.spec.objectives is None:
        return None
    covered, known = state.proven.covered if state.proven else None, s.counted.counted_since
    if covered is None and (known is not None or not isfinite(state.since)):
        return known
    age = s.clock - (state.since if covered is None else covered)
    moment = (s.now - timedelta(seconds=age)).replace(microsecond=0)
    step = seconds(s.spec.objectives.rpo) / _STEPS
    return known if known is not None and abs((moment - known).total_seconds()) < step else moment


def within_objective(s: ReplicationSituation, state: RunsState, canary: CanaryRuns | None) -> list[Condition]:
    """The condition: True only if both buckets were read to the end, and all was equal, not longer ago than the objective.

    A canary proves nothing about other objects; one that does not arrive proves that the way is closed.
    """
    until = deadline(s, state, canary)
    if until is None or s.spec.objectives is None:
        return []
    rpo = s.spec.objectives.rpo
    if s.clock > until:
        changes = "changes of either bucket older than {} may be missing in the other one"
        if not both_ways(s):
            changes = "changes of the source older than {} may be missing at the destination"
        message = f"{changes.format(rpo)}: {_why(s, state, canary)}"
        return [condition(WITHIN_OBJECTIVE, Reason.OBJECTIVE_MISSED, message, "False")]
    if state.proven is None:
        message = "no run has read both buckets to the end yet"
        return [condition(WITHIN_OBJECTIVE, Reason.FIRST_RUN, message, "Unknown")]
    message = f"every change of the source older than {rpo} is at the destination"
    if state.proven.two_way:
        message = f"every change of either bucket older than {rpo} is in the other one"
    return [condition(WITHIN_OBJECTIVE, Reason.WITHIN_OBJECTIVE, message)]


def _why(s: ReplicationSituation, state: RunsState, canary: CanaryRuns | None) -> str:
    last, until = state.last, canary_deadline(s, canary)
    if canary is not None and until is not None and s.clock > until:
        return why_missing(s, canary)
    if last is not None and last.trouble is not None:
        return last.trouble.message
    if last is not None and (last.failed or last.mismatched):
        return failures(last)
    if state.running:
        return "the run that goes on has not ended yet"
    if last is None:
        return "no run has ended yet"
    return f"runs begin every {s.spec.interval}; make schedule.interval shorter or objectives.rpo longer"


def failures(run: RunReport) -> str:
    """The objects that a run could not copy, by reason, or that its sample found to differ."""
    if not run.failed:
        return f"{run.mismatched} objects of a sample differ byte by byte"
    said = ", ".join(f"{reason} {objects}" for reason, objects in sorted(run.failed.items()))
    where = f"; the object {run.report} at the destination lists them" if run.report else ""
    return f"{sum(run.failed.values())} objects could not be copied ({said}){where}"
