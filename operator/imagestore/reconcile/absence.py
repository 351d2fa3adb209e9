"""A bucket that is not there: the intent first, then the bucket, then the mark.

A crash in between leaves a trace: an intent in status, and at most an empty bucket without a mark.
"""

from imagestore.api.imagebucket import Held, PlanStatus
from imagestore.backends.base import Backend, Sight
from imagestore.core.errors import Rejected
from imagestore.core.outcome import Note
from imagestore.reconcile import report
from imagestore.reconcile.closing import Result, done, interval, later, split, trouble, visited
from imagestore.reconcile.situation import Situation
from imagestore.reconcile.visit import blank, ensure_mark, visit


def absent(s: Situation, backend: Backend) -> Result:
    """Confirmed 404: say what will be done, then do it in the next pass, so that a crash leaves a trace."""
    if s.spec.mode == "Observe":
        message = (
            "the bucket does not exist, and mode Observe creates nothing; set mode: Enforce to create it"
        )
        return done(s, report.status(s, report.stalled("BucketMissing", message)), interval(s))
    _, refusals_ = split(s)
    if refusals_ and s.status.created is None:
        message = "; ".join(r.message for r in refusals_)
        return done(s, report.status(s, report.stalled(refusals_[0].reason, message)), interval(s))
    if (
        s.status.created is not None
        and s.status.intent is None
        and backend.look(s.spec.bucket_name) is not None
    ):
        return later(1.0)
    s.memo.absent_at, s.memo.marked = s.now, False
    if s.status.intent is not None:
        return create(s, backend)
    return _intend(s)


def _intend(s: Situation) -> Result:
    changes: dict[str, object] = {"intent": s.now}
    if s.status.created is not None:
        changes |= _loss(s)
    conditions = report.reconciling("Creating", "the bucket does not exist and is being created")
    return done(s, report.status(s, conditions, **changes), 0.0)


def _loss(s: Situation) -> dict[str, object]:
    """A bucket that was there is gone: created again at once, and said until somebody acknowledges it."""
    old = [h for h in (s.status.plan.held if s.status.plan else ()) if h.facet != report.CONTENT]
    why = "the bucket was found missing; its content is lost"
    held = Held(facet=report.CONTENT, token=s.token(), why=why, digest=s.now.isoformat())
    return {
        "lost_at": s.now,
        "plan": PlanStatus(held=(*old, held)),
        "facets": (),
        "drift": None,
        "usage": None,
    }


def create(s: Situation, backend: Backend) -> Result:
    allowed, refusals_ = split(s)
    at_creation = {n: w for n, w in allowed.items() if type(w).at_creation and n in backend.drivers}
    s.memo.absent_at = None
    try:
        backend.create(s.spec.bucket_name, at_creation)
    except Rejected as error:
        return _name_taken(s, error)
    sight = ensure_mark(s, backend, Sight({} if "tags" in backend.drivers else None), allowed)
    read = blank(backend, allowed, sight)
    seen = visit(s, backend, allowed, read, consented=True)
    return visited(s, backend, seen, refusals_, Note("Created", f"bucket {s.spec.bucket_name} was created"))


def _name_taken(s: Situation, error: Rejected) -> Result:
    if error.code not in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou"):
        return trouble(s, error)
    message = f"the name {s.spec.bucket_name} is taken; choose another bucketName"
    return done(s, report.status(s, report.stalled("BucketTaken", message), intent=None), interval(s))
