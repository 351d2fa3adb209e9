"""What was written a moment ago and is not shown yet: it is looked for again before it is written again.

After a write S3 may answer old and new values alternately for half a minute (ansible community.aws#1085). Each old one was
another write, and a third of them "does not last".
"""

from collections.abc import Iterable
from dataclasses import replace

from imagestore.core.plan import Change, Op, Plan
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket.apply import Result
from imagestore.reconcile.bucket.situation import BucketSituation


def awaited(s: BucketSituation, todo: Plan) -> Plan:
    """The plan with what was just written held back, for as long as drift has to be confirmed."""

    def rule(change: Change) -> Change:
        if not change.writes or _left(s, change) <= 0:
            return change
        message = "written a moment ago, and the store still answers with what was there before"
        return replace(change, op=Op.HOLD, reason=Reason.NOT_YET_VISIBLE, message=message)

    return todo.map(rule)


def patience(s: BucketSituation, todo: Plan) -> float | None:
    """Seconds until what is held back is looked for again; None: nothing is."""
    waiting = [_left(s, c) for c in todo.changes if c.op is Op.HOLD and c.reason == Reason.NOT_YET_VISIBLE]
    return max(1.0, *waiting) if waiting else None


def remember(s: BucketSituation, results: Iterable[Result]) -> None:
    """What of this pass's writes is not shown, and what is."""
    for r in results:
        if r.wrote and r.reason == Reason.NOT_YET_VISIBLE:
            s.memo.unseen[r.change.facet] = (r.change.digest, s.clock)
        elif r.reason != Reason.NOT_YET_VISIBLE:
            s.memo.unseen.pop(r.change.facet, None)


def _left(s: BucketSituation, change: Change) -> float:
    digest, at = s.memo.unseen.get(change.facet, ("", 0.0))
    return at + s.settings.confirm_drift - s.clock if digest == change.digest else 0.0
