"""Whether the copy is young enough: WithinObjective, from what runs have read and nothing else. Pure."""

from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.core.units import seconds
from imagestore.reconcile.replication.runs import RunReport, RunsState
from imagestore.reconcile.replication.situation import ReplicationSituation

WITHIN_OBJECTIVE = "WithinObjective"


def deadline(s: ReplicationSituation, state: RunsState) -> float | None:
    """The moment of the clock at which WithinObjective becomes False unless a run ends before; None: no objective."""
    if s.spec.objectives is None:
        return None
    covered = state.proven.covered if state.proven else None
    return (state.since if covered is None else covered) + seconds(s.spec.objectives.rpo)


def within_objective(s: ReplicationSituation, state: RunsState) -> list[Condition]:
    """The condition: True only if both buckets were read to the end, and all was equal, not longer ago than the objective."""
    until = deadline(s, state)
    if until is None or s.spec.objectives is None:
        return []
    rpo = s.spec.objectives.rpo
    if s.clock > until:
        message = (
            f"changes of the source older than {rpo} may be missing at the destination: {_why(s, state)}"
        )
        return [condition(WITHIN_OBJECTIVE, Reason.OBJECTIVE_MISSED, message, "False")]
    if state.proven is None:
        message = "no run has read both buckets to the end yet"
        return [condition(WITHIN_OBJECTIVE, Reason.FIRST_RUN, message, "Unknown")]
    message = f"every change of the source older than {rpo} is at the destination"
    return [condition(WITHIN_OBJECTIVE, Reason.WITHIN_OBJECTIVE, message)]


def _why(s: ReplicationSituation, state: RunsState) -> str:
    last = state.last
    if last is not None and last.trouble is not None:
        return last.trouble.message
    if last is not None and last.failed:
        return failures(last)
    if state.running:
        return "the run that goes on has not ended yet"
    if last is None:
        return "no run has ended yet"
    return f"runs begin every {s.spec.interval}; make schedule.interval shorter or objectives.rpo longer"


def failures(run: RunReport) -> str:
    """The objects that a run could not copy, by reason."""
    said = ", ".join(f"{reason} {objects}" for reason, objects in sorted(run.failed.items()))
    where = f"; the object {run.report} at the destination lists them" if run.report else ""
    return f"{sum(run.failed.values())} objects could not be copied ({said}){where}"
