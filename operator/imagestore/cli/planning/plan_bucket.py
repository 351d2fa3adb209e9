"""One bucket: what the operator would do, found out with the operator's own functions, and reads only."""

from dataclasses import dataclass, replace
from datetime import datetime

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.backends.base import Backend, Observation
from imagestore.backends.foretelling import Foretells
from imagestore.cli.gathering.surroundings import NEVER, Rank, Surroundings
from imagestore.cli.manifests.objects import Object
from imagestore.cli.manifests.problems import Problem
from imagestore.cli.planning.bucket_plan import BucketPlan
from imagestore.core.conditions import find
from imagestore.core.errors import Rejected, StoreError
from imagestore.core.plan import Op, Plan
from imagestore.core.policies import hold_risky, observe_only, without_risk
from imagestore.core.reasons import Reason
from imagestore.reconcile import holds, ownership
from imagestore.reconcile.closing import want
from imagestore.reconcile.drift import snooze_over, snoozed
from imagestore.reconcile.gate import barred
from imagestore.reconcile.ownership import Claim
from imagestore.reconcile.removals import weighed
from imagestore.reconcile.situation import Meta, Settings, Situation, Store
from imagestore.reconcile.survey import Bounded
from imagestore.reconcile.visit import blank, look_at, planned

UNREADABLE = frozenset({
    Reason.DENIED, Reason.THROTTLED, Reason.UNAVAILABLE, Reason.CONFLICT, Reason.REJECTED, Reason.UNEXPECTED,
    Reason.UNREPRESENTABLE, Reason.NOT_FOUND,
})  # fmt: skip
PAGES = 10  # of a bucket with new rules that remove are counted; the operator counts to the end
TAGS = 30  # keys, on each of them
UNCHECKED = "the store has no bucket tags, so whose the bucket is cannot be told without a cluster"

UNSEEN = "no cluster was asked, so give its manifest with -f, too"


@dataclass(frozen=True)
class PlanRequest:
    """What to plan, and for whom. ``installation`` None: whatever the bucket's mark says.

    ``pages``: how much of a bucket is counted where rules would remove something new.
    """

    object: Object[ImageBucketSpec]
    around: Surroundings
    store: Store
    now: datetime
    installation: str | None = None
    pages: int = PAGES


def plan_bucket(request: PlanRequest) -> BucketPlan:
    """The result. Whatever a store answers becomes a sentence in it."""
    s = situation(request)
    result = _blank(request)
    if s.spec.suspend:
        return replace(result, notes=("suspended: nothing is looked at or changed",))
    if s.meta.deleting:
        return replace(result, notes=("being deleted in the cluster: nothing is set any more",))
    outcome = barred(s)
    if outcome is not None:
        ready = find(outcome.status.conditions if outcome.status else (), "Ready")
        return _refuse(request, result, f"{ready.reason}: {ready.message}" if ready else "refused")
    assert s.store.backend is not None, "the gate has made sure"  # noqa: S101
    try:
        return _looked(request, s, s.store.backend, result)
    except StoreError as error:
        return _refuse(request, result, f"{type(error).__name__}: {error}")


def situation(request: PlanRequest) -> Situation:
    """The operator's view of this bucket. Without a cluster it has no past."""
    o, around = request.object, request.around
    known = around.known.get(o.label)
    standing = around.standings.get(o.label, Rank())
    return Situation(
        meta=known.meta if known else Meta(o.namespace, o.name, "", 1, NEVER),
        spec=o.spec,
        status=known.status if known else ImageBucketStatus(),
        store=request.store,
        settings=Settings(installation=request.installation or "<installation>"),
        now=request.now,
        clock=0.0,  # nothing is remembered
        token=lambda: "",
        namespace_labels=around.labels.get(o.namespace, {}),
        older_rival=standing.older_rival,
        earlier_buckets=standing.earlier,
        referenced=around.others.get(o.namespace, {}),
        contributions=around.contributions_to(o),
        surveys=Bounded(request.pages, TAGS),
    )


def _blank(request: PlanRequest) -> BucketPlan:
    o = request.object
    return BucketPlan(o.label, o.place, o.spec.backend_ref.name, o.spec.bucket_name)


def _refuse(request: PlanRequest, result: BucketPlan, message: str, facet: str = "") -> BucketPlan:
    path = f"spec.{facet}" if facet else ""
    steps = ("spec", facet) if facet else ("spec", "bucketName")
    problem = Problem(request.object.lines.at(steps), path or request.object.label, message)
    return replace(result, problems=(*result.problems, problem))


def _looked(request: PlanRequest, s: Situation, backend: Backend, result: BucketPlan) -> BucketPlan:
    sight = backend.check(s.spec.bucket_name)
    if sight is None:
        return _absent(request, s, backend, result)
    s = _recognised(request, s, sight)
    judgement = ownership.judge(s, backend, sight)
    unknown = backend.mark_place is None and request.around.offline
    if judgement.claim is Claim.TAKEN and not unknown:
        return _refuse(request, result, f"{judgement.reason}: {judgement.message}")
    notes = (UNCHECKED,) if unknown else ()
    result = replace(result, adopt=judgement.claim is Claim.ADOPTABLE, notes=(*result.notes, *notes))
    wanted = want(s)
    todo = planned(s, wanted, look_at(s, backend, sight, wanted))
    return _with_plan(request, s, result, _restrained(s, backend, todo, consented=result.adopt))


def _recognised(request: PlanRequest, s: Situation, sight: Observation) -> Situation:
    """Without an installation to go by, a mark with our namespace and name is believed."""
    installation, _, rest = (sight.owner or "").partition("/")
    if request.installation is not None or rest != f"{s.meta.namespace}/{s.meta.name}":
        return s
    return replace(s, settings=replace(s.settings, installation=installation))


def _absent(request: PlanRequest, s: Situation, backend: Backend, result: BucketPlan) -> BucketPlan:
    if s.spec.mode == "Observe":
        return _refuse(
            request, result, "BucketMissing: the bucket does not exist, and mode Observe creates nothing"
        )
    wanted = want(s)
    if wanted.refusals and s.status.created is None:
        note = "the bucket does not exist, and is not created before this is corrected"
        return _refusals(request, s, replace(result, notes=(note,)))
    if s.status.created is not None:
        result = replace(result, notes=("the bucket was there before: its content is lost",))
    todo = planned(s, wanted, blank(backend, wanted))
    return _with_plan(request, s, replace(result, create=True), todo)


def _restrained(s: Situation, backend: Backend, todo: Plan, *, consented: bool) -> Plan:
    """As the operator would, less what needs its memory: second looks and the convergence breaker."""
    if s.spec.mode == "Observe":
        return observe_only(todo)
    todo = weighed(s, backend, without_risk(todo) if consented else todo)
    known = {h.digest: h.token for h in holds.known(s).values()}
    return hold_risky(known, frozenset(s.spec.approve))(todo)


def _with_plan(request: PlanRequest, s: Situation, result: BucketPlan, plan: Plan) -> BucketPlan:
    """The plan, with what cannot be done as problems at the lines of their settings."""
    result = replace(result, plan=plan)
    result = replace(result, notes=(*result.notes, *_notes(s, result)))
    result = _refusals(request, s, _with_calls(request, s, result, plan))
    for change in plan.changes:
        if change.op is Op.SKIP:
            result = _refuse(request, result, f"not supported: {change.message}", change.facet)
        elif change.op is Op.HOLD and change.reason in UNREADABLE:
            result = _refuse(
                request, result, f"cannot be read: {change.reason}: {change.message}", change.facet
            )
    return result


def _refusals(request: PlanRequest, s: Situation, result: BucketPlan) -> BucketPlan:
    for refusal in want(s).withheld:
        unseen = refusal.reason is Reason.REFERENCE_NOT_FOUND and request.around.offline
        more = f"; {UNSEEN}" if unseen else ""
        result = _refuse(request, result, f"{refusal.reason}: {refusal.message}{more}", refusal.facet)
    return result


def _notes(s: Situation, result: BucketPlan) -> list[str]:
    notes = ["drift is snoozed: what differs without an edit is left alone for now"] if snoozed(s) else []
    notes += [over] if (over := snooze_over(s)) else []
    if s.spec.mode == "Observe":
        notes.append("mode Observe: differences are shown, nothing is changed")
    notes += [f"{name}: {w}" for name in want(s).wishes for w in _weak(s, name)]
    verdicts = s.merged.verdicts.items()
    notes += [f"LifecyclePolicy {name}: {v.state}: {v.message}" for name, v in verdicts if v.state and name]
    if result.adopt and result.plan.writes:
        notes.append(
            "the bucket would be taken over, once the token that status then shows is in spec.approve"
        )
    elif result.adopt:
        notes.append("the bucket would be taken over at once: nothing in it changes, so nobody is asked")
    return notes


def _weak(s: Situation, name: str) -> tuple[str, ...]:
    """What this store makes of the setting besides storing it."""
    support = s.store.backend.support.get(name) if s.store.backend else None
    return support.weak if support else ()


def _with_calls(request: PlanRequest, s: Situation, result: BucketPlan, plan: Plan) -> BucketPlan:
    """What would be sent. What the driver would refuse before it sends anything is a problem of the plan."""
    backend = s.store.backend
    if not isinstance(backend, Foretells):
        return result
    bucket, owner = s.spec.bucket_name, ownership.mark(s)
    made = {"create": backend.calls_to_create(bucket, want(s).wishes, owner)} if result.create else {}
    for change in plan.writes:
        try:
            made[change.facet] = backend.calls_of(bucket, change, owner)
        except Rejected as error:
            result = _refuse(request, result, f"cannot be written: {error}", change.facet)
    return replace(result, calls=made)
