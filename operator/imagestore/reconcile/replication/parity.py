"""What the samples prove: ParityVerified. Pure."""

from datetime import timedelta

from imagestore.api.replicationstatus import ParityStatus
from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import RunsState
from imagestore.reconcile.replication.situation import ReplicationSituation

PARITY_VERIFIED = "ParityVerified"


def parity_status(s: ReplicationSituation, state: RunsState) -> ParityStatus | None:
    """The last sample: of this process, or of the one before."""
    found, known = state.parity, s.status.parity
    if s.spec.verify is None:
        return None
    if found is None:
        return known
    at = s.now - timedelta(seconds=round(s.clock - found.at))
    if known is not None and abs((known.at - at).total_seconds()) < 2:  # the same one: rounding is no news
        return known
    return ParityStatus(
        sampled=found.sampled,
        mismatched=found.mismatched,
        unreadable=found.unreadable,
        at=at.replace(microsecond=0),
    )


def parity_verified(s: ReplicationSituation, found: ParityStatus | None) -> list[Condition]:
    """The condition, with what the number of samples can prove: n without a difference say 3/n, with 95 %."""
    if s.spec.verify is None:
        return []
    if found is None or not found.sampled:
        message = "no object has been read on both sides yet"
        return [condition(PARITY_VERIFIED, Reason.FIRST_RUN, message, "Unknown")]
    if found.mismatched:
        message = (
            f"{found.mismatched} of {found.sampled} objects differ; imagestore transfer verify lists them"
        )
        return [condition(PARITY_VERIFIED, Reason.MISMATCHED, message, "False")]
    if found.unreadable:
        message = f"{found.unreadable} objects of the sample could not be read"
        return [condition(PARITY_VERIFIED, Reason.UNREADABLE, message, "False")]
    most = min(100.0, 300.0 / found.sampled)
    share = f"{most:.0f}" if most >= 10 else f"{most:.2g}"
    message = f"{found.sampled} objects are equal byte by byte, so with 95 % at most {share} % of all objects differ"
    return [condition(PARITY_VERIFIED, Reason.VERIFIED, message)]
