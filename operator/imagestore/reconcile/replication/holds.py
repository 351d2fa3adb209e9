"""What a run did not do before a person approves it: the condition Held, and status.held. Pure."""

from imagestore.api.replicationstatus import ReplicationPolicyStatus, WaitingDeletes
from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import HeldRun, RunReport

HELD = "Held"


def told_of_holds(last: RunReport | None, before: ReplicationPolicyStatus) -> list[Condition]:
    """The condition. Until a run has ended, what the status said before a restart stands: the alert counted its day anew."""
    if last is None:
        return [c for c in before.conditions if c.type == HELD and before.held is not None]
    if last.held is None:
        return []
    told = _copies if last.held.copies else _deletes
    return [told(last.held)]


def _copies(held: HeldRun) -> Condition:
    message = f"{held.objects} copies wait: {held.why}; to let these be overwritten, add {held.token} to spec.approve"
    return condition(HELD, Reason.OVERWRITES_HELD, message)


def _deletes(held: HeldRun) -> Condition:
    approval = f"to let this one run delete them, add {held.token} to spec.approve"
    way = approval if held.token else "no token lets them go before that is over"
    return condition(HELD, Reason.DELETES_HELD, f"{held.objects} deletes wait: {held.why}; {way}")


def held_status(run: RunReport) -> WaitingDeletes | None:
    """For the status."""
    held = run.held
    return WaitingDeletes(token=held.token or None, objects=held.objects, why=held.why) if held else None
