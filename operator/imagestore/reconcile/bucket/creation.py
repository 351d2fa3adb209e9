"""Create a bucket: the intent goes into status first, then the bucket is created, then checked, then marked.

A crash in between leaves a trace: an intent in status with what will be set, and at most an empty bucket without a mark.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from imagestore.api.bucketstatus import FacetStatus, PlanStatus
from imagestore.backends.base import Observation
from imagestore.core.conditions import reconciling, stalled
from imagestore.core.errors import BucketTaken, Denied, NotFound, Unavailable
from imagestore.core.outcome import Continue, Requeue
from imagestore.core.plan import Readings
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import report
from imagestore.reconcile.bucket.apply import pending, recorded
from imagestore.reconcile.bucket.desired import Desired, desired_of, planned
from imagestore.reconcile.bucket.observe import blank
from imagestore.reconcile.bucket.pauses import (
    GATE_INTERVAL,
    Result,
    after_error,
    after_failure,
    done,
    doubt,
    interval,
)
from imagestore.reconcile.bucket.situation import CONTENT, BucketRun, BucketSituation, MissingBucket, loss
from imagestore.reconcile.shared.situation import Served
from imagestore.reconcile.shared.store_identity import another, roll_call, sample


@dataclass(frozen=True)
class Made:
    """A bucket that exists after a create: what its check told, and its readings if the store said that it is new."""

    check: Observation
    read: Readings


def prepare(run: BucketRun) -> Result | None:
    """The bucket does not exist. Return what keeps it from being created now; None: create it.

    The intent is written first, and the next reconcile creates, so that a crash leaves a trace.
    """
    s = run.s
    desired = desired_of(s)
    stopped = _stopped(s, desired) or _held_back(run)
    if stopped is not None:
        return stopped
    run.memo = replace(run.memo, marked=False, marked_at=None)
    if s.status.intent is not None:
        return None
    # What is ours stays remembered: the store may have denied a bucket that is there.
    lost = _is_lost(s)
    known = pending(s.status.facets) if lost else s.status.facets
    facets = _recorded(run, desired, known)
    return _intend(s, s.clock, known if facets is None else facets, **(_loss(s) if lost else {}))


def _stopped(s: BucketSituation, desired: Desired) -> Result | None:
    if s.spec.mode == "Observe":
        message = (
            "the bucket does not exist, and mode Observe creates nothing; set mode: Enforce to create it"
        )
        return done(s, report.status(s, stalled(Reason.BUCKET_MISSING, message)), Requeue(interval(s)))
    refused = desired.refusals
    if not refused or s.status.created is not None:
        return None
    message = "; ".join(r.message for r in refused)
    return done(s, report.status(s, stalled(refused[0].reason, message)), Requeue(interval(s)))


def _is_lost(s: BucketSituation) -> bool:
    """Whether the bucket existed before, and this is the first check that misses it."""
    return s.status.created is not None and s.status.intent is None


def _held_back(run: BucketRun) -> Result | None:
    """What keeps a bucket that existed before from being recreated: it may be another store that answers."""
    s, backend, standing = run.s, run.backend, run.s.store.standing
    if _is_lost(s) and backend.check(s.spec.bucket_name) is not None:
        raise Unavailable("it says both that the bucket exists and that it does not")
    if s.status.created is None:  # a first creation: other namespaces' lost buckets are no reason against it
        return None
    if standing.missing == "Held":
        return _held(run)
    if another(backend, standing, anew=True):
        return _held(run, (s.spec.bucket_name,))
    if standing.missing == "Agreed":
        return None
    mine = Served("", s.spec.bucket_name, made=True, endpoint=s.status.endpoint or "")
    others = [b for b in s.neighbours() if b.bucket != mine.bucket]
    roll = roll_call(backend, sample(others, mine.bucket)).with_missing(mine, backend.endpoint)
    return _held(run, roll.checked) if roll.alarming(s.store.spec) else None


def _held(run: BucketRun, doubts: tuple[str, ...] = ()) -> Result:
    """Not Stalled: the StorageBackend has the one Event for all of its buckets."""
    s = run.s
    message = (
        f"the bucket does not exist, and the StorageBackend {s.spec.backend_ref.name} may lead to another store than"
        " before: nothing is created there until its buckets are back, or the administrator approves"
    )
    conditions = reconciling(Reason.HELD_BY_BACKEND, message)
    outcome = done(s, report.status(s, conditions), Requeue(after_failure(run) if doubts else GATE_INTERVAL))
    return replace(outcome, signals=doubt(s, doubts))


def _recorded(
    run: BucketRun, desired: Desired, known: Sequence[FacetStatus]
) -> tuple[FacetStatus, ...] | None:
    """What status has to say of the settings before the bucket is created; None: it says it already."""
    return recorded(known, planned(run.s, desired, blank(run.backend, desired)))


def _intend(s: BucketSituation, missing_at: float, facets: tuple[FacetStatus, ...], **more: object) -> Result:
    changes: dict[str, object] = {"intent": s.now, **more, "facets": facets}
    conditions = reconciling(Reason.CREATING, "the bucket does not exist and is being created")
    return done(s, report.status(s, conditions, **changes), Continue(MissingBucket(missing_at)))


def _loss(s: BucketSituation) -> dict[str, object]:
    """A bucket that existed before is missing: it is recreated at once, and reported until a person acknowledges it."""
    others = (h for h in (s.status.plan.held if s.status.plan else ()) if h.facet != CONTENT)
    return {
        "lost_at": s.now,
        "plan": PlanStatus(held=(*others, loss(s))),
        "drift": None,
        "usage": None,
    }


def create(run: BucketRun, missing_at: float) -> Result | Made:
    """Create the bucket, and check it: 200 proves nothing.

    Ceph RGW and us-east-1 answer 200 for one's own bucket, too. When that was believed, a bucket that another program had
    created between the check and the call lost its owner mark, tags and rules, and its content got a one-day expiry that
    had not been counted.
    """
    s, backend, desired = run.s, run.backend, desired_of(run.s)
    facets = _recorded(run, desired, s.status.facets)
    if facets is not None:  # edited since the intent
        return _intend(s, missing_at, facets)
    at_creation = {n: w for n, w in desired.values.items() if type(w).at_creation and n in backend.drivers}
    try:
        new = backend.create(s.spec.bucket_name, at_creation)
    except BucketTaken as error:
        return _name_taken(run, error)
    check = backend.check(s.spec.bucket_name, made=True)
    if check is None:
        return after_error(run, _NOT_YET)
    return Made(check, blank(backend, desired) if new else {})


_NOT_YET = NotFound("the store says that the bucket exists, and does not show it yet")


def _name_taken(run: BucketRun, error: BucketTaken) -> Result:
    """Another account has the bucket, or we have: a create whose answer was lost succeeded, and its repetition fails."""
    s = run.s
    try:
        there = run.backend.check(s.spec.bucket_name) is not None
        # The intent stays: without it the bucket would be an orphan.
        if there or error.ours:
            return after_error(run, _NOT_YET)
    except Denied:
        pass
    message = f"the name {s.spec.bucket_name} is taken; choose another bucketName"
    return done(s, report.status(s, stalled(Reason.BUCKET_TAKEN, message), intent=None), Requeue(interval(s)))
