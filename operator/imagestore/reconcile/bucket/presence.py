"""A bucket that is there: whose is it, and what is to be done about it?"""

from collections.abc import Mapping

from imagestore.api.bucketstatus import Held, PlanStatus
from imagestore.backends.base import Backend, Observation
from imagestore.core.conditions import stalled
from imagestore.core.facet import WHOLE, Facet, Removal
from imagestore.core.outcome import Event, Requeue
from imagestore.core.reading import Found, Reading
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import holds, ownership, report
from imagestore.reconcile.bucket.adoption import adopt
from imagestore.reconcile.bucket.claims import claimed
from imagestore.reconcile.bucket.desired import Wanted
from imagestore.reconcile.bucket.observe import found
from imagestore.reconcile.bucket.ownership import Claim, Judgement
from imagestore.reconcile.bucket.removals import preview
from imagestore.reconcile.bucket.requeue import Result, done, interval, visited, want
from imagestore.reconcile.bucket.situation import BucketSituation, Observed
from imagestore.reconcile.bucket.visit import ensure_mark, look_at, planned, visit

Readings = Mapping[str, Reading]


def present(
    s: BucketSituation, backend: Backend, sight: Observation, known: Readings, *, made: bool = False
) -> Result:
    """``known``: what was read of it a moment ago. ``made``: the store has just answered that it created it."""
    judgement = ownership.judge(s, backend, sight, made=made)
    wanted = want(s)
    if judgement.claim is Claim.FRESH:
        read = _read(s, backend, sight, wanted, known)
        if not _foreign(wanted, read):
            return _fresh(s, backend, sight, wanted, read, made=made)
        judgement = ownership.not_ours(s)
    if judgement.claim is Claim.TAKEN:
        return _taken(s, judgement)
    if judgement.claim is Claim.ADOPTABLE and s.spec.mode != "Observe":
        return adopt(s, backend, sight)
    return _visit(s, backend, sight, judgement, wanted, known)


def _read(
    s: BucketSituation, backend: Backend, sight: Observation, wanted: Wanted, known: Readings
) -> Readings:
    whole = wanted.wishes.keys() | wanted.managed.keys() <= known.keys()
    return known if whole else look_at(s, backend, sight, wanted)


def _foreign(wanted: Wanted, read: Readings) -> bool:
    """Whether something is set that neither this object wants nor any store sets by itself: then it was made by another.

    What stores set by themselves is what stays when it is no longer mentioned: encryption, a public access block.
    """
    found = ((n, r.value) for n, r in read.items() if isinstance(r, Found) and n in wanted.wishes)
    return any(_theirs(wanted.wishes[n].canonical(), value.canonical()) for n, value in found)


def _theirs(wish: Facet, have: Facet) -> bool:
    parts = have.parts()
    if have.removal not in (Removal.CLEAR, Removal.HOLD) or have.is_empty():
        return False
    return have != wish.filled(have) if parts is None else not parts <= (wish.parts() or WHOLE)


def _fresh(
    s: BucketSituation, backend: Backend, sight: Observation, wanted: Wanted, read: Readings, *, made: bool
) -> Result:
    """Mark it, and set everything: in a new bucket nothing is at risk, so nothing is held."""
    if s.spec.mode == "Observe":
        # Switched since the intent, which stays: it is all that tells whose the bucket is.
        seen = visit(s, backend, wanted, read, consented=False)
        return visited(s, backend, seen, intent=s.status.intent)
    # Edited since the intent: what status does not say yet is not set beside the mark, else it stays when the answer is lost.
    said = made or claimed(s.status.facets, planned(s, wanted, read)) is None
    marked = ensure_mark(s, backend, sight, wanted.wishes if said else {})
    read = {**read, **{n: found(v) for n, v in marked.values.items()}}
    seen = visit(s, backend, wanted, read, consented=True, fresh=True)
    progress = Observed(s.clock, marked, read)
    told = (Event(Reason.CREATED, f"bucket {s.spec.bucket_name} was created"),) if made else ()
    # By a clock that was set back it was made before it was lost, and so by no one here.
    created = max(s.now, s.status.lost_at or s.now)
    return visited(s, backend, seen, *told, progress=progress, created=created)


def _visit(
    s: BucketSituation,
    backend: Backend,
    sight: Observation,
    judgement: Judgement,
    wanted: Wanted,
    known: Readings,
) -> Result:
    ours = judgement.claim is not Claim.ADOPTABLE
    fresh = ours and _half_made(s, backend)
    if judgement.claim is Claim.UNMARKED and s.spec.mode != "Observe":
        sight, known = ensure_mark(s, backend, sight, {}), {}
    s.memo.marked = ours and (s.memo.marked or sight.owner is not None)
    read = _read(s, backend, sight, wanted, known)
    seen = visit(s, backend, wanted, read, consented=fresh, fresh=fresh)
    preview(s, backend)
    created = {"created": s.status.created or s.now} if ours else {}
    return visited(s, backend, seen, progress=Observed(s.clock, sight, read), **created)


def _half_made(s: BucketSituation, backend: Backend) -> bool:
    """Killed between mark and report: what is half set has no risk yet in an empty bucket, and no person is asked.

    One that was there before is not half made, whatever an intent says: a store that had denied it twice got what waited for
    approval carried out.
    """
    begun = s.status.intent is not None and s.status.created is None
    return begun and backend.remains(s.spec.bucket_name).empty


def _taken(s: BucketSituation, judgement: Judgement) -> Result:
    """Not this object's. The intent stays where it is all that tells how the bucket came about."""
    reason, message = judgement.reason, judgement.message
    intent = s.status.intent if reason == Reason.CREATION_NOT_PROVEN else None
    if not judgement.asks:
        return done(s, report.status(s, stalled(reason, message), intent=intent), Requeue(interval(s)))
    known = holds.of(s.status, holds.CREATION)
    token = known.token if known else s.token()
    hold = Held(facet=holds.CREATION, token=token, why=message, digest=token)
    told = f"{message}; if it is this object's, add {token} to spec.approve; else choose another bucketName"
    plan = PlanStatus(held=holds.with_loss(s.status, hold))
    return done(s, report.status(s, stalled(reason, told), intent=intent, plan=plan), Requeue(interval(s)))
