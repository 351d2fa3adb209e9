"""Taking over an existing bucket that the administrator granted."""

from imagestore.api.bucketstatus import Held, PlanStatus
from imagestore.backends.base import Backend, Observation
from imagestore.core.conditions import stalled
from imagestore.core.outcome import Event, Requeue
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import holds, report
from imagestore.reconcile.bucket.claims import claimed
from imagestore.reconcile.bucket.requeue import Result, done, interval, remembered, visited, want
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.bucket.visit import ensure_mark, look_at, planned, visit


def adopt(s: BucketSituation, backend: Backend, sight: Observation) -> Result:
    """Take over an existing bucket, once its owner-to-be has seen what would change."""
    wanted = want(s)
    todo = planned(s, wanted, look_at(s, backend, sight, wanted))
    known = holds.of(s.status, holds.ADOPTION)
    same = known is not None and known.digest == todo.digest
    approved = same and known is not None and known.token in s.spec.approve
    if todo.writes and not approved:
        token = known.token if same and known else s.token()
        return _show_adoption(s, token, todo.digest, [f.path for c in todo.writes for f in c.fields])
    claims = claimed(s.status.facets, todo)
    if claims is not None:  # before the mark: once the bucket is ours, this consent is no longer asked for
        return remembered(s, claims)
    sight = ensure_mark(s, backend, sight, {})
    seen = visit(s, backend, wanted, look_at(s, backend, sight, wanted), consented=True)
    note = Event(Reason.ADOPTED, f"bucket {s.spec.bucket_name} was taken over")
    return visited(s, backend, seen, note, created=s.status.created or s.now)


def _show_adoption(s: BucketSituation, token: str, digest: str, paths: list[str]) -> Result:
    what = f"it would change {', '.join(paths[:20])}" if paths else "it would change nothing"
    held = Held(
        facet=holds.ADOPTION,
        token=token,
        why=f"taking over an existing bucket: {what}",
        digest=digest or "-",
    )
    message = f"the bucket exists and may be taken over; {what}; to agree, add {token} to spec.approve"
    conditions = stalled(Reason.ADOPTION_NEEDS_APPROVAL, message)
    plan = PlanStatus(digest=digest or None, held=holds.with_loss(s.status, held))
    return done(s, report.status(s, conditions, plan=plan), Requeue(interval(s)))
