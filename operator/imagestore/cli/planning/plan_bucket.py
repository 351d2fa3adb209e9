"""One bucket: what the operator would do, found out with the operator's own functions, and reads only."""

from dataclasses import dataclass, replace
from datetime import datetime

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.backends.base import Backend, Observation
from imagestore.backends.foretelling import Foretells
from imagestore.cli.gathering.surroundings import NEVER, Standing, Surroundings
from imagestore.cli.manifests.objects import Object
from imagestore.cli.manifests.problems import Problem
from imagestore.cli.planning.bucket_plan import Verdict
from imagestore.core.conditions import find
from imagestore.core.errors import Rejected, StoreError
from imagestore.core.plan import Op, Plan
from imagestore.core.policies import hold_risky, observe_only, without_risk
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import holds, ownership
from imagestore.reconcile.bucket.desired import desired_of, planned
from imagestore.reconcile.bucket.drift import snooze_over, snoozed
from imagestore.reconcile.bucket.gate import stopped
from imagestore.reconcile.bucket.observe import blank, observe_settings
from imagestore.reconcile.bucket.ownership import Owner
from imagestore.reconcile.bucket.removals import weighed
from imagestore.reconcile.bucket.situation import BucketRun, BucketSituation
from imagestore.reconcile.shared.situation import Meta, Settings, Store
from imagestore.reconcile.shared.survey import Bounded

UNREADABLE = (
    "Denied",
    "Throttled",
    "Unavailable",
    "Conflict",
    "Rejected",
    "Unexpected",
    "Unrepresentable",
    "NotFound",
)
PAGES = 10  # of a bucket with new rules that remove are counted; the operator counts to the end
TAGS = 30  # keys, on each of them
UNCHECKED = "the store has no bucket tags, so whose the bucket is cannot be told without a cluster"

UNSEEN = "no cluster was asked, so give its manifest with -f, too"


@dataclass(frozen=True)
class Question:
    """What to plan, and for whom. ``installation`` None: whatever the bucket's mark says.

    ``pages``: how much of a bucket is counted where rules would remove something new.
    """

    object: Object
    spec: ImageBucketSpec
    around: Surroundings
    store: Store
    now: datetime
    installation: str | None = None
    pages: int = PAGES


def plan_bucket(question: Question) -> Verdict:
    """The verdict. Whatever a store answers becomes a sentence in it."""
    s = situation(question)
    verdict = _blank(question)
    if s.spec.suspend:
        return replace(verdict, notes=("suspended: nothing is looked at or changed",))
    if s.meta.deleting:
        return replace(verdict, notes=("being deleted in the cluster: nothing is set any more",))
    outcome = stopped(s)
    if outcome is not None:
        ready = find(outcome.status.conditions if outcome.status else (), "Ready")
        return _refuse(question, verdict, f"{ready.reason}: {ready.message}" if ready else "refused")
    assert s.store.backend is not None, "the gate has made sure"  # noqa: S101
    try:
        return _looked(question, s, s.store.backend, verdict)
    except StoreError as error:
        return _refuse(question, verdict, f"{type(error).__name__}: {error}")


def situation(question: Question) -> BucketSituation:
    """The operator's view of this bucket. Without a cluster it has no past."""
    o, around = question.object, question.around
    known = around.known.get(o.label)
    standing = around.standings.get(o.label, Standing())
    return BucketSituation(
        meta=known.meta if known else Meta(o.namespace, o.name, "", 1, NEVER),
        spec=question.spec,
        status=known.status if known else ImageBucketStatus(),
        store=question.store,
        settings=Settings(installation=question.installation or "<installation>"),
        now=question.now,
        clock=0.0,  # nothing is remembered
        token=lambda: "",
        namespace_labels=around.labels.get(o.namespace, {}),
        older_rival=standing.older_rival,
        earlier_buckets=standing.earlier,
        referenced=around.others.get(o.namespace, {}),
        contributions=around.contributions_to(o),
        surveys=Bounded(question.pages, TAGS),
    )


def _blank(question: Question) -> Verdict:
    o, spec = question.object, question.spec
    return Verdict(o.label, o.place, spec.backend_ref.name, spec.bucket_name)


def _refuse(question: Question, verdict: Verdict, message: str, facet: str = "") -> Verdict:
    path = f"spec.{facet}" if facet else ""
    steps = ("spec", facet) if facet else ("spec", "bucketName")
    problem = Problem(question.object.lines.at(steps), path or question.object.label, message)
    return replace(verdict, problems=(*verdict.problems, problem))


def _looked(question: Question, s: BucketSituation, backend: Backend, verdict: Verdict) -> Verdict:
    sight = backend.check(s.spec.bucket_name)
    if sight is None:
        return _absent(question, s, backend, verdict)
    s = _recognised(question, s, sight)
    run = BucketRun(s, backend, s.memo)
    judgement = ownership.judge_owner(run, sight)
    unknown = backend.mark_place is None and question.around.offline
    if judgement.owner is Owner.TAKEN and not unknown:
        return _refuse(question, verdict, f"{judgement.reason}: {judgement.message}")
    notes = (UNCHECKED,) if unknown else ()
    verdict = replace(verdict, adopt=judgement.owner is Owner.ADOPTABLE, notes=(*verdict.notes, *notes))
    desired = desired_of(s)
    todo = planned(s, desired, observe_settings(run, sight, desired, {}))
    return _with_plan(question, s, verdict, _restrained(s, backend, todo, consented=verdict.adopt))


def _recognised(question: Question, s: BucketSituation, sight: Observation) -> BucketSituation:
    """Without an installation to go by, a mark with our namespace and name is believed."""
    installation, _, rest = (sight.owner or "").partition("/")
    if question.installation is not None or rest != f"{s.meta.namespace}/{s.meta.name}":
        return s
    return replace(s, settings=replace(s.settings, installation=installation))


def _absent(question: Question, s: BucketSituation, backend: Backend, verdict: Verdict) -> Verdict:
    if s.spec.mode == "Observe":
        return _refuse(
            question, verdict, "BucketMissing: the bucket does not exist, and mode Observe creates nothing"
        )
    desired = desired_of(s)
    if desired.refusals and s.status.created is None:
        note = "the bucket does not exist, and is not created before this is corrected"
        return _refusals(question, s, replace(verdict, notes=(note,)))
    if s.status.created is not None:
        verdict = replace(verdict, notes=("the bucket was there before: its content is lost",))
    todo = planned(s, desired, blank(backend, desired))
    return _with_plan(question, s, replace(verdict, create=True), todo)


def _restrained(s: BucketSituation, backend: Backend, todo: Plan, *, consented: bool) -> Plan:
    """As the operator would, less what needs its memory: second looks and the convergence breaker."""
    if s.spec.mode == "Observe":
        return observe_only(todo)
    todo = weighed(s, backend, without_risk(todo) if consented else todo)
    known = {h.digest: h.token for h in holds.known_holds(s).values()}
    return hold_risky(known, frozenset(s.spec.approve))(todo)


def _with_plan(question: Question, s: BucketSituation, verdict: Verdict, plan: Plan) -> Verdict:
    """The plan, with what cannot be done as problems at the lines of their settings."""
    verdict = replace(verdict, plan=plan)
    verdict = replace(verdict, notes=(*verdict.notes, *_notes(s, verdict)))
    verdict = _refusals(question, s, _with_calls(question, s, verdict, plan))
    for change in plan.changes:
        if change.op is Op.SKIP:
            verdict = _refuse(question, verdict, f"not supported: {change.message}", change.facet)
        elif change.op is Op.HOLD and change.reason in UNREADABLE:
            verdict = _refuse(
                question, verdict, f"cannot be read: {change.reason}: {change.message}", change.facet
            )
    return verdict


def _refusals(question: Question, s: BucketSituation, verdict: Verdict) -> Verdict:
    for refusal in desired_of(s).withheld:
        unseen = refusal.reason is Reason.REFERENCE_NOT_FOUND and question.around.offline
        more = f"; {UNSEEN}" if unseen else ""
        verdict = _refuse(question, verdict, f"{refusal.reason}: {refusal.message}{more}", refusal.facet)
    return verdict


def _notes(s: BucketSituation, verdict: Verdict) -> list[str]:
    notes = ["drift is snoozed: what differs without an edit is left alone for now"] if snoozed(s) else []
    notes += [over] if (over := snooze_over(s)) else []
    if s.spec.mode == "Observe":
        notes.append("mode Observe: differences are shown, nothing is changed")
    notes += [f"{name}: {w}" for name in desired_of(s).values for w in _weak(s, name)]
    verdicts = s.merged.verdicts.items()
    notes += [f"LifecyclePolicy {name}: {v.state}: {v.message}" for name, v in verdicts if v.state and name]
    if verdict.adopt and verdict.plan.writes:
        notes.append(
            "the bucket would be taken over, once the token that status then shows is in spec.approve"
        )
    elif verdict.adopt:
        notes.append("the bucket would be taken over at once: nothing in it changes, so nobody is asked")
    return notes


def _weak(s: BucketSituation, name: str) -> tuple[str, ...]:
    """What this store makes of the setting besides storing it."""
    support = s.store.backend.support.get(name) if s.store.backend else None
    return support.weak if support else ()


def _with_calls(question: Question, s: BucketSituation, verdict: Verdict, plan: Plan) -> Verdict:
    """What would be sent. What the driver would refuse before it sends anything is a problem of the plan."""
    backend = s.store.backend
    if not isinstance(backend, Foretells):
        return verdict
    bucket, owner = s.spec.bucket_name, ownership.owner_of(s)
    made = {"create": backend.calls_to_create(bucket, desired_of(s).values, owner)} if verdict.create else {}
    for change in plan.writes:
        try:
            made[change.facet] = backend.calls_of(bucket, change, owner)
        except Rejected as error:
            verdict = _refuse(question, verdict, f"cannot be written: {error}", change.facet)
    return replace(verdict, calls=made)
