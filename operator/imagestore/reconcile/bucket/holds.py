"""Holds: what a person has to approve, with its token, as a status remembers it. Pure."""

from collections.abc import Iterable

from imagestore.api.bucketstatus import Held, ImageBucketStatus
from imagestore.core.model import cut
from imagestore.core.plan import Change, Op, Plan
from imagestore.reconcile.bucket import drift
from imagestore.reconcile.bucket.situation import BucketSituation

# Holds that are not about a setting.
CONTENT = "content"  # a loss is to be acknowledged
ADOPTION = "adoption"
CREATION = "creation"  # whether a bucket that a crash left without a mark is this object's


def hold_of(status: ImageBucketStatus, facet: str) -> Held | None:
    """The hold of this name."""
    return next((h for h in (status.plan.held if status.plan else ()) if h.facet == facet), None)


def with_loss(status: ImageBucketStatus, *others: Held) -> tuple[Held, ...]:
    """These, and the loss that is to be acknowledged, which waits beside any other hold."""
    loss = hold_of(status, CONTENT)
    return others if loss is None else (loss, *others)


def loss(s: BucketSituation) -> Held:
    """The hold of a loss that was found just now, with a new token to acknowledge it."""
    why = "the bucket was found missing; its content is lost"
    return Held(facet=CONTENT, token=s.token(), why=why, digest=s.now.isoformat())


def acknowledged(s: BucketSituation) -> dict[str, object]:
    """The changes of the status by which a loss whose token is approved is over, or one without a token gets one."""
    hold = hold_of(s.status, CONTENT)
    if s.status.lost_at is not None and hold is None:
        return {"content_holds": (loss(s),)}
    if hold is None or hold.token not in s.spec.approve:
        return {}
    return {"lost_at": None, "content_holds": ()}


def known_holds(s: BucketSituation) -> dict[str, Held]:
    """The holds that the status has, by change."""
    return {h.digest: h for h in (s.status.plan.held if s.status.plan else ())}


def tokens(s: BucketSituation, todo: Plan) -> dict[str, str]:
    """Each risky change's token: the one of the same hold, else a new one."""
    told = known_holds(s)
    return {c.digest: told[c.digest].token if c.digest in told else s.token() for c in todo.writes if c.risk}


def held(changes: Iterable[Change]) -> tuple[Held, ...]:
    """The holds that a person can approve."""
    waiting = [c for c in changes if c.op is Op.HOLD and c.token]
    return tuple(
        Held(facet=c.facet, token=c.token, why=_why(c), digest=c.digest, removes=c.removes) for c in waiting
    )


def _why(change: Change) -> str:
    return f"{cut(change.message, 2048)} ({drift.paths(change.fields)})"
