"""Canaries of a policy whose store replicates: when one is sent, what the last ones prove, and CanaryArrives. Pure."""

from datetime import timedelta

from imagestore.api.replicationstatus import CanaryStatus
from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.core.units import seconds
from imagestore.reconcile.replication.canary_runs import CanaryJob, CanaryRuns
from imagestore.reconcile.replication.situation import ReplicationSituation
from imagestore.reconcile.shared.ends import EndView

CANARY_ARRIVES = "CanaryArrives"
_LEAST_PATIENCE = 60.0  # seconds
_SLACK = 30.0  # seconds for the sending itself


def canary_job(s: ReplicationSituation, source: EndView, destination: EndView) -> CanaryJob | None:
    """The canaries that the spec asks for; None: none, or it says why not in ``canary_arrives``."""
    spec, chosen = s.spec.canary, s.spec.filter
    if spec is None or _against(source, destination):
        return None
    prefixes = (chosen.prefixes if chosen else None) or ("",)
    return CanaryJob(
        policy=s.meta.uid,
        source=source.end(s.meta.namespace),
        destination=destination.end(s.meta.namespace),
        interval=float(seconds(spec.every)),
        patience=max(_LEAST_PATIENCE, float(_rpo(s) or 0)),
        prefix=spec.prefix or prefixes[0],
        tags=tuple(sorted(((chosen.tags if chosen else None) or {}).items())),
    )


def _rpo(s: ReplicationSituation) -> float | None:
    return seconds(s.spec.objectives.rpo) if s.spec.objectives else None


def _against(source: EndView, destination: EndView) -> str:
    locked = next((e.name for e in (source, destination) if e.locked), "")
    return f"the ImageBucket {locked} has object lock, which keeps every canary" if locked else ""


def canary_deadline(s: ReplicationSituation, found: CanaryRuns | None) -> float | None:
    """The moment of the clock from which on a canary is missing; None: none is expected."""
    rpo = _rpo(s)
    if found is None or rpo is None or s.spec.canary is None:
        return None
    proven = found.since if found.arrived is None else found.arrived.sent
    moments = [proven + seconds(s.spec.canary.every) + rpo + _SLACK]
    if found.sent is not None:
        moments.append(found.sent + rpo)
    elif found.last is not None and found.last.delay is None and found.last.trouble is None:
        moments.append(found.last.sent + rpo)
    return min(moments)


def why_missing(s: ReplicationSituation, found: CanaryRuns) -> str:
    """Why a canary has not arrived."""
    last = found.last
    if found.sent is None and last is not None and last.trouble is not None:
        side = f"the {last.trouble.side}: " if last.trouble.side else ""
        return f"no canary could be sent: {side}{last.trouble.message}"
    sent = found.sent if found.sent is not None else last.sent if last is not None else found.since
    return f"the canary of {max(0.0, s.clock - sent):.0f} s ago has not arrived at the destination"


def canary_arrives(
    s: ReplicationSituation, source: EndView, destination: EndView, found: CanaryRuns | None, *, native: bool
) -> list[Condition]:
    """The condition CanaryArrives, where the spec asks for canaries."""
    if s.spec.canary is None:
        return []
    why = _against(source, destination)
    if not native:
        why = "the operator copies, and compares both buckets in each run"
    if found is None:
        message = f"no canary is sent: {why}; remove spec.canary"
        return [condition(CANARY_ARRIVES, Reason.UNSUPPORTED, message, "False")]
    until = canary_deadline(s, found)
    late = until is not None and s.clock > until
    if late or (found.last is not None and found.last.delay is None):
        return [condition(CANARY_ARRIVES, Reason.CANARY_MISSING, why_missing(s, found), "False")]
    if found.arrived is None:
        return [condition(CANARY_ARRIVES, Reason.FIRST_RUN, "no canary has arrived yet", "Unknown")]
    message = "the last canary arrived at the destination; status.canary says how long it took"
    return [condition(CANARY_ARRIVES, Reason.CANARY_ARRIVED, message)]


def canary_status(s: ReplicationSituation, found: CanaryRuns | None) -> CanaryStatus | None:
    """The last canary that arrived: of this process, or of the one before."""
    known = s.status.canary
    if found is None:
        return None
    if found.arrived is None or found.arrived.delay is None:
        return known
    at = s.now - timedelta(seconds=round(s.clock - found.arrived.sent))
    if known is not None and abs((known.sent - at).total_seconds()) < 2:  # the same one
        return known
    return CanaryStatus(sent=at.replace(microsecond=0), delay_milliseconds=round(found.arrived.delay * 1000))
