"""What a person has to approve before a bucket counts as this object's: its adoption, or that a crash left it."""

from imagestore.api.bucketstatus import Held, PlanStatus
from imagestore.core.conditions import stalled
from imagestore.core.outcome import Requeue
from imagestore.core.plan import Plan
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import holds, report
from imagestore.reconcile.bucket.ownership import Judgement
from imagestore.reconcile.bucket.requeue import Result, done, interval
from imagestore.reconcile.bucket.situation import BucketSituation


def awaiting_approval(s: BucketSituation, todo: Plan) -> Result | None:
    """Hold an adoption that would change something until its token is approved; None: it may go on."""
    known = holds.hold_of(s.status, holds.ADOPTION)
    same = known if known is not None and known.digest == todo.digest else None
    if not todo.writes or (same is not None and same.token in s.spec.approve):
        return None
    token = same.token if same else s.token()
    paths = [f.path for c in todo.writes for f in c.fields]
    what = f"it would change {', '.join(paths[:20])}" if paths else "it would change nothing"
    why = f"taking over an existing bucket: {what}"
    held = Held(facet=holds.ADOPTION, token=token, why=why, digest=todo.digest or "-")
    message = f"the bucket exists and may be taken over; {what}; to agree, add {token} to spec.approve"
    plan = PlanStatus(digest=todo.digest or None, held=holds.with_loss(s.status, held))
    status = report.status(s, stalled(Reason.ADOPTION_NEEDS_APPROVAL, message), plan=plan)
    return done(s, status, Requeue(interval(s)))


def refused(s: BucketSituation, judgement: Judgement) -> Result:
    """The outcome for a bucket that is not this object's. The intent stays where only it tells who created the bucket."""
    reason, message = judgement.reason, judgement.message
    intent = s.status.intent if reason == Reason.CREATION_NOT_PROVEN else None
    if not judgement.asks:
        return done(s, report.status(s, stalled(reason, message), intent=intent), Requeue(interval(s)))
    known = holds.hold_of(s.status, holds.CREATION)
    token = known.token if known else s.token()
    hold = Held(facet=holds.CREATION, token=token, why=message, digest=token)
    told = f"{message}; if it is this object's, add {token} to spec.approve; else choose another bucketName"
    plan = PlanStatus(held=holds.with_loss(s.status, hold))
    return done(s, report.status(s, stalled(reason, told), intent=intent, plan=plan), Requeue(interval(s)))
