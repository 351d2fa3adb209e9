"""A bucket that is not there: the intent first, then the bucket, then a look at it, then the mark.

A crash in between leaves a trace: an intent in status with what will be set, and at most an empty bucket without
a mark.
"""

from collections.abc import Sequence
from dataclasses import replace

from imagestore.api.bucketstatus import FacetStatus, PlanStatus
from imagestore.backends.base import Backend
from imagestore.core.conditions import reconciling, stalled
from imagestore.core.errors import BucketTaken, Denied, NotFound, Unavailable
from imagestore.core.outcome import Continue, Requeue
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import holds, report
from imagestore.reconcile.bucket.claims import claimed, pending
from imagestore.reconcile.bucket.desired import Wanted
from imagestore.reconcile.bucket.gate import PATIENCE, doubt
from imagestore.reconcile.bucket.presence import present
from imagestore.reconcile.bucket.requeue import Result, backoff, done, interval, trouble, want
from imagestore.reconcile.bucket.situation import BucketSituation, Missing
from imagestore.reconcile.bucket.visit import blank, planned
from imagestore.reconcile.shared.situation import Served
from imagestore.reconcile.shared.store_identity import another, roll_call, sample


def absent(s: BucketSituation, backend: Backend) -> Result:
    """Confirmed 404: say what will be done, then do it in the next pass, so that a crash leaves a trace."""
    if s.spec.mode == "Observe":
        message = (
            "the bucket does not exist, and mode Observe creates nothing; set mode: Enforce to create it"
        )
        return done(s, report.status(s, stalled(Reason.BUCKET_MISSING, message)), Requeue(interval(s)))
    wanted = want(s)
    refused = wanted.refusals
    if refused and s.status.created is None:
        message = "; ".join(r.message for r in refused)
        return done(s, report.status(s, stalled(refused[0].reason, message)), Requeue(interval(s)))
    lost = s.status.created is not None and s.status.intent is None
    if lost and backend.check(s.spec.bucket_name) is not None:
        raise Unavailable("by turns it says that the bucket is there and that it is not")
    held = held_back(s, backend)
    if held is not None:
        return held
    s.memo.marked, s.memo.marked_at = False, None
    if s.status.intent is not None:
        return create(s, backend, s.clock)
    # What was ours stays remembered: the store may have denied a bucket that is there.
    known = pending(s.status.facets) if lost else s.status.facets
    claims = _claims(s, backend, wanted, known)
    return _intend(s, s.clock, known if claims is None else claims, **(_loss(s) if lost else {}))


def _claims(
    s: BucketSituation, backend: Backend, wanted: Wanted, known: Sequence[FacetStatus]
) -> tuple[FacetStatus, ...] | None:
    """What is to be said of the settings of a bucket that is to be made, None if that is said already."""
    return claimed(known, planned(s, wanted, blank(backend, wanted)))


def _intend(s: BucketSituation, missing_at: float, facets: tuple[FacetStatus, ...], **more: object) -> Result:
    changes: dict[str, object] = {"intent": s.now, **more, "facets": facets}
    conditions = reconciling(Reason.CREATING, "the bucket does not exist and is being created")
    return done(s, report.status(s, conditions, **changes), Continue(Missing(missing_at)))


def _loss(s: BucketSituation) -> dict[str, object]:
    """A bucket that was there is gone: created again at once, and said until a person acknowledges it."""
    others = (h for h in (s.status.plan.held if s.status.plan else ()) if h.facet != holds.CONTENT)
    return {
        "lost_at": s.now,
        "plan": PlanStatus(held=(*others, holds.loss(s))),
        "drift": None,
        "usage": None,
    }


def create(s: BucketSituation, backend: Backend, missing_at: float) -> Result:
    """Create, and look: 200 proves nothing, for on Ceph RGW and in us-east-1 one's own bucket is answered so, too.

    Believed, it cost a bucket that somebody had made between our look and our call its owner's mark, tags and rules, and
    its content a one-day expiry that nobody had counted.
    """
    wanted = want(s)
    claims = _claims(s, backend, wanted, s.status.facets)
    if claims is not None:  # edited since the intent
        return _intend(s, missing_at, claims)
    at_creation = {n: w for n, w in wanted.wishes.items() if type(w).at_creation and n in backend.drivers}
    try:
        new = backend.create(s.spec.bucket_name, at_creation)
    except BucketTaken as error:
        return _name_taken(s, backend, error)
    sight = backend.check(s.spec.bucket_name, made=True)
    if sight is None:
        return trouble(s, _NOT_YET)
    return present(s, backend, sight, blank(backend, wanted) if new else {}, made=True)


_NOT_YET = NotFound("the store says that the bucket is there, and does not show it yet")


def _name_taken(s: BucketSituation, backend: Backend, error: BucketTaken) -> Result:
    """Another account's, or our own: a create whose answer was lost succeeded, and its repetition is refused."""
    try:
        there = backend.check(s.spec.bucket_name) is not None
        # The intent stays: without it the bucket would be an orphan.
        if there or error.ours:
            return trouble(s, _NOT_YET)
    except Denied:
        pass
    message = f"the name {s.spec.bucket_name} is taken; choose another bucketName"
    return done(s, report.status(s, stalled(Reason.BUCKET_TAKEN, message), intent=None), Requeue(interval(s)))


def held_back(s: BucketSituation, backend: Backend) -> Result | None:
    """The outcome if a bucket that is not there must not be made, None if it may."""
    standing = s.store.standing
    if s.status.created is None:  # a first creation: other namespaces' lost buckets are no reason against it
        return None
    if standing.missing == "Held":
        return _held(s)
    if another(backend, standing, anew=True):
        return _held(s, (s.spec.bucket_name,))
    if standing.missing == "Agreed":
        return None
    mine = Served("", s.spec.bucket_name, made=True, endpoint=s.status.endpoint or "")
    others = [b for b in s.neighbours() if b.bucket != mine.bucket]
    roll = roll_call(backend, sample(others, mine.bucket)).with_missing(mine, backend.endpoint)
    return _held(s, roll.looked) if roll.alarming(s.store.spec) else None


def _held(s: BucketSituation, doubts: tuple[str, ...] = ()) -> Result:
    """Not Stalled: the StorageBackend has the one Event for all of them."""
    message = (
        f"the bucket is not there, and the StorageBackend {s.spec.backend_ref.name} may lead to another store than"
        " before: nothing is made there until its buckets are back, or the administrator agrees"
    )
    conditions = reconciling(Reason.HELD_BY_BACKEND, message)
    outcome = done(s, report.status(s, conditions), Requeue(backoff(s) if doubts else PATIENCE))
    return replace(outcome, signals=doubt(s, doubts))
