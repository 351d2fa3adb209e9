"""The Events of a ReplicationPolicy: what its status says now and did not say before. Pure."""

from collections.abc import Iterator

from imagestore.api.replicationstatus import FailoverStatus, ReplicationPolicyStatus
from imagestore.core.conditions import find
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.canaries import CANARY_ARRIVES
from imagestore.reconcile.replication.failover import FAILED_OVER
from imagestore.reconcile.replication.fence import FENCED
from imagestore.reconcile.replication.holds import HELD
from imagestore.reconcile.replication.listening import LISTENING
from imagestore.reconcile.replication.objective import WITHIN_OBJECTIVE
from imagestore.reconcile.replication.parity import PARITY_VERIFIED
from imagestore.reconcile.replication.publishing import PUBLISHED

CLOCK_SKEW = "ClockSkew"


def policy_events(before: ReplicationPolicyStatus, after: ReplicationPolicyStatus) -> tuple[Event, ...]:
    """One for each condition that says something else than before, and one for a change of roles."""
    events = list(_switched(before, after))
    for now in after.conditions:
        was = find(before.conditions, now.type)
        if now.type in _TOLD and (was is None or (was.status, was.reason) != (now.status, now.reason)):
            odd = now.type in (HELD, CLOCK_SKEW, FAILED_OVER) or now.status == "False"
            events.append(Event(now.reason, now.message, warning=odd and now.reason not in _QUIET))
    if before.held and after.held and before.held.token != after.held.token:
        waits = find(after.conditions, HELD)
        events += [Event(waits.reason, waits.message, warning=True)] if waits else []
    return tuple(events)


def _switched(before: ReplicationPolicyStatus, after: ReplicationPolicyStatus) -> Iterator[Event]:
    was, now = before.failover, after.failover
    if was is None or now is None:
        return
    if was.role == now.role:
        yield from _late_writes(was, now)
        return
    side = "destination" if now.role == "Promoted" else "source"
    yield Event(
        Reason.ROLE_CHANGED,
        f"the {side} is written to now; both buckets follow each other until they are equal",
    )


def _late_writes(was: FailoverStatus, now: FailoverStatus) -> Iterator[Event]:
    before, late = was.late_writes.objects if was.late_writes else 0, now.late_writes
    if late is None or late.objects <= before:
        return
    side = "source" if now.role == "Promoted" else "destination"
    where = f"; the object {late.report} at the destination lists them" if late.report else ""
    message = (
        f"{late.objects - before} objects reached the {side} after it was left, and were brought over{where}"
    )
    yield Event(Reason.LATE_WRITES, message, warning=True)


_TOLD = (
    "Ready", WITHIN_OBJECTIVE, HELD, CLOCK_SKEW, PARITY_VERIFIED, FENCED, FAILED_OVER, PUBLISHED, LISTENING,
    CANARY_ARRIVES,
)  # fmt: skip
_QUIET = frozenset({Reason.FIRST_RUN, Reason.PENDING, Reason.ROLE_WAITS})
