"""Plan one bucket with the operator's own functions. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.backends.base import Backend, Observation
from imagestore.backends.foretelling import Foretells
from imagestore.cli.gathering.surroundings import NOT_CREATED, ClaimRank, Surroundings
from imagestore.cli.manifests.objects import Object
from imagestore.cli.manifests.problems import Problem
from imagestore.cli.planning.bucket_plan import BucketPlan
from imagestore.core.conditions import find
from imagestore.core.errors import Rejected, StoreError
from imagestore.core.plan import Op, Plan
from imagestore.core.policies import hold_risky, observe_only, without_risk
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import ownership
from imagestore.reconcile.bucket.desired import desired_of, directed, planned
from imagestore.reconcile.bucket.drift import snooze_over, snoozed
from imagestore.reconcile.bucket.observe import blank, observe_settings
from imagestore.reconcile.bucket.ownership import Owner
from imagestore.reconcile.bucket.pauses import stopped
from imagestore.reconcile.bucket.restraints import weighed
from imagestore.reconcile.bucket.situation import BucketRun, BucketSituation, Referenced, known_holds
from imagestore.reconcile.shared.situation import Meta, Settings, Store
from imagestore.reconcile.shared.survey import Bounded

_UNREADABLE = frozenset({
    Reason.DENIED, Reason.THROTTLED, Reason.UNAVAILABLE, Reason.CONFLICT, Reason.REJECTED, Reason.UNEXPECTED,
    Reason.UNREPRESENTABLE, Reason.NOT_FOUND,
})  # fmt: skip
_PAGES = 10  # of a bucket with new rules that remove are counted; the operator counts to the end
_TAGS = 30  # keys, on each of them
OWNER_UNKNOWN = "the store keeps no owner mark, so without a cluster the bucket's owner is unknown"

_ASK_FOR_MANIFEST = "plan is not connected to a cluster; give the manifest of that ImageBucket with -f, too"


@dataclass(frozen=True)
class PlanRequest:
    """What to plan. ``installation`` None: the one that the bucket's owner mark names.

    ``pages``: how many pages of a bucket are counted where rules would remove something new. ``stores``: by name, of
    buckets that are named as destinations.
    """

    object: Object[ImageBucketSpec]
    around: Surroundings
    store: Store
    now: datetime
    installation: str | None = None
    pages: int = _PAGES
    stores: Callable[[str], Store] = lambda _: Store()


def plan_bucket(request: PlanRequest) -> BucketPlan:
    """Plan the bucket. A store's error becomes a problem of the plan."""
    s = situation(request)
    result = _empty_plan(request)
    if s.spec.suspend:
        return replace(result, notes=("suspended: the operator neither checks nor changes the bucket",))
    if s.meta.deleting:
        return replace(
            result,
            notes=("the ImageBucket is being deleted in the cluster: the operator changes no setting",),
        )
    outcome = stopped(s)
    if outcome is not None:
        ready = find(outcome.status.conditions if outcome.status else (), "Ready")
        return _refuse(request, result, f"{ready.reason}: {ready.message}" if ready else "refused")
    assert s.store.backend is not None, "stopped() ensures it"  # noqa: S101
    try:
        return _plan_existing(request, s, directed(s, s.store.backend), result)
    except StoreError as error:
        return _refuse(request, result, f"{type(error).__name__}: {error}")


def situation(request: PlanRequest) -> BucketSituation:
    """The operator's situation for this bucket; without a cluster, with an empty status."""
    o, around = request.object, request.around
    known = around.known.get(o.label)
    rank = around.standings.get(o.label, ClaimRank())
    return BucketSituation(
        meta=known.meta if known else Meta(o.namespace, o.name, "", 1, NOT_CREATED),
        spec=o.spec,
        status=known.status if known else ImageBucketStatus(),
        store=request.store,
        settings=Settings(installation=request.installation or "<installation>"),
        now=request.now,
        clock=0.0,  # the memo is empty
        token=lambda: "",
        namespace_labels=around.labels.get(o.namespace, {}),
        older_rival=rank.older_rival,
        earlier_buckets=rank.earlier,
        referenced={n: _reached(request, r) for n, r in around.others.get(o.namespace, {}).items()},
        contributions=around.contributions_to(o, request.stores),
        surveys=Bounded(request.pages, _TAGS),
    )


def _reached(request: PlanRequest, other: Referenced) -> Referenced:
    return replace(other, store=lambda: request.stores(other.backend))


def _empty_plan(request: PlanRequest) -> BucketPlan:
    o = request.object
    return BucketPlan(o.label, o.place, o.spec.backend_ref.name, o.spec.bucket_name)


def _refuse(request: PlanRequest, result: BucketPlan, message: str, facet: str = "") -> BucketPlan:
    path = f"spec.{facet}" if facet else ""
    steps = ("spec", facet) if facet else ("spec", "bucketName")
    problem = Problem(request.object.lines.at(steps), path or request.object.label, message)
    return replace(result, problems=(*result.problems, problem))


def _plan_existing(
    request: PlanRequest, s: BucketSituation, backend: Backend, result: BucketPlan
) -> BucketPlan:
    observation = backend.check(s.spec.bucket_name)
    if observation is None:
        return _plan_new(request, s, backend, result)
    s = _with_installation(request, s, observation)
    run = BucketRun(s, backend, s.memo)
    judgement = ownership.judge_owner(run, observation)
    unknown = backend.mark_place is None and request.around.offline
    if judgement.owner is Owner.TAKEN and not unknown:
        return _refuse(request, result, f"{judgement.reason}: {judgement.message}")
    notes = (OWNER_UNKNOWN,) if unknown else ()
    result = replace(result, adopt=judgement.owner is Owner.ADOPTABLE, notes=(*result.notes, *notes))
    desired = desired_of(s)
    todo = planned(s, desired, observe_settings(run, observation, desired, {}))
    return _with_plan(request, s, result, _restrained(s, backend, todo, approved=result.adopt))


def _with_installation(request: PlanRequest, s: BucketSituation, observation: Observation) -> BucketSituation:
    """Without --installation, an owner mark with this namespace and name counts as this object's."""
    installation, _, rest = (observation.owner or "").partition("/")
    if request.installation is not None or rest != f"{s.meta.namespace}/{s.meta.name}":
        return s
    return replace(s, settings=replace(s.settings, installation=installation))


def _plan_new(request: PlanRequest, s: BucketSituation, backend: Backend, result: BucketPlan) -> BucketPlan:
    if s.spec.mode == "Observe":
        return _refuse(
            request,
            result,
            f"{Reason.BUCKET_MISSING}: the bucket does not exist, and mode Observe creates nothing",
        )
    desired = desired_of(s)
    if desired.refusals and s.status.created is None:
        note = "the bucket does not exist, and the operator creates it only after this is corrected"
        return _refusals(request, s, replace(result, notes=(note,)))
    if s.status.created is not None:
        result = replace(
            result, notes=("the bucket is missing in the store and would be recreated: its content is lost",)
        )
    todo = planned(s, desired, blank(backend, desired))
    return _with_plan(request, s, replace(result, create=True), todo)


def _restrained(s: BucketSituation, backend: Backend, todo: Plan, *, approved: bool) -> Plan:
    """Hold changes as the operator would, except for what needs its memory: drift confirmation and the convergence breaker."""
    if s.spec.mode == "Observe":
        return observe_only(todo)
    todo = weighed(s, backend, without_risk(todo) if approved else todo)
    known = {h.digest: h.token for h in known_holds(s).values()}
    return hold_risky(known, frozenset(s.spec.approve))(todo)


def _with_plan(request: PlanRequest, s: BucketSituation, result: BucketPlan, plan: Plan) -> BucketPlan:
    """Add the plan, and a problem at the line of each setting that cannot be applied."""
    result = replace(result, plan=plan)
    result = replace(result, notes=(*result.notes, *_notes(s, result)))
    result = _refusals(request, s, _with_calls(request, s, result, plan))
    for change in plan.changes:
        if change.op is Op.SKIP:
            result = _refuse(request, result, f"not supported: {change.message}", change.facet)
        elif change.op is Op.HOLD and change.reason in _UNREADABLE:
            result = _refuse(
                request, result, f"cannot be read: {change.reason}: {change.message}", change.facet
            )
    return result


def _refusals(request: PlanRequest, s: BucketSituation, result: BucketPlan) -> BucketPlan:
    for refusal in desired_of(s).withheld:
        unseen = refusal.reason is Reason.REFERENCE_NOT_FOUND and request.around.offline
        more = f"; {_ASK_FOR_MANIFEST}" if unseen else ""
        result = _refuse(request, result, f"{refusal.reason}: {refusal.message}{more}", refusal.facet)
    return result


def _notes(s: BucketSituation, result: BucketPlan) -> list[str]:
    notes = ["drift is snoozed: the operator corrects no drift for now"] if snoozed(s) else []
    notes += [over] if (over := snooze_over(s)) else []
    if s.spec.mode == "Observe":
        notes.append("mode Observe: the operator reports differences and changes nothing")
    notes += [f"{name}: {w}" for name in desired_of(s).values for w in _weak(s, name)]
    verdicts = s.merged.verdicts.items()
    notes += [f"LifecyclePolicy {name}: {v.state}: {v.message}" for name, v in verdicts if v.state and name]
    if result.adopt and result.plan.writes:
        notes.append("the operator adopts the bucket after you add the token in its status to spec.approve")
    elif result.adopt:
        notes.append("the operator adopts the bucket at once, because that changes no setting")
    return notes


def _weak(s: BucketSituation, name: str) -> tuple[str, ...]:
    """What the store stores of the setting without enforcing it."""
    support = s.store.backend.support.get(name) if s.store.backend else None
    return support.weak if support else ()


def _with_calls(request: PlanRequest, s: BucketSituation, result: BucketPlan, plan: Plan) -> BucketPlan:
    """Add the calls that would be sent. What the driver would refuse to send is a problem of the plan."""
    backend = s.store.backend
    if not isinstance(backend, Foretells):
        return result
    bucket, owner = s.spec.bucket_name, ownership.owner_of(s)
    made = {"create": backend.calls_to_create(bucket, desired_of(s).values, owner)} if result.create else {}
    for change in plan.writes:
        try:
            made[change.facet] = backend.calls_of(bucket, change, owner)
        except Rejected as error:
            result = _refuse(request, result, f"cannot be written: {error}", change.facet)
    return replace(result, calls=made)
