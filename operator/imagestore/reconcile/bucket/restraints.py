"""Restrain a plan: hold what must not be written, or must not be written yet. What is held says why.

What a change would have the store delete is counted before it is written, and held if that is much. Only what is new is
counted: rules that are in force, or that delete less than these, cost no listing. Nor does a hold that a person was shown
already: its token is valid for that change, however often the operator restarts.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.lifecyclepolicy import LifecyclePolicySpec
from imagestore.backends.base import Backend, Lists
from imagestore.core.cost import UNPRICED
from imagestore.core.facet import WHOLE, Facet
from imagestore.core.plan import Change, Op, Plan
from imagestore.core.policies import Weight, hold_everything, hold_risky, observe_only, weigh, without_risk
from imagestore.core.reasons import Reason
from imagestore.core.units import grouped
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.pricing import prices
from imagestore.forecast.tally import at_once
from imagestore.forecast.terms import Terms
from imagestore.reconcile.bucket.situation import BucketRun, BucketSituation, Memo, known_holds, tokens
from imagestore.reconcile.lifecycle.merging import Merged
from imagestore.reconcile.shared.digests import inputs_hash, wish_digest
from imagestore.reconcile.shared.survey import Purpose, SurveyAnswer, SurveyQuestion


@dataclass(frozen=True)
class Consent:
    """What needs no approval any more.

    ``risks``: the risks of a plan, because the bucket is new, or because a person has approved this very plan.
    ``removals``: what the plan would remove, because nothing is in the bucket yet. A person who approved a plan saw its
    paths and no numbers, so what it removes is counted all the same.
    """

    risks: bool = False
    removals: bool = False


NO_CONSENT, NEW_BUCKET, ADOPTED = Consent(), Consent(risks=True, removals=True), Consent(risks=True)


def restrain(run: BucketRun, todo: Plan, consent: Consent) -> Plan:
    """The plan with everything held that must not be written now."""
    s = run.s
    if s.spec.mode == "Observe":
        return observe_only(todo)
    todo = without_risk(todo) if consent.risks else _resumed(todo, s.status)
    if not consent.removals:
        todo = weighed(s, run.backend, todo)
        todo = hold_risky(tokens(s, todo), frozenset(s.spec.approve))(todo)
    run.note(repeats=_repeats(s, run.memo, todo))
    return _hold_invisible(s, run.memo, _hold_repeated(s, run.memo, todo))


def _repeats(s: BucketSituation, memo: Memo, todo: Plan) -> int:
    """How often the last writes were made without lasting; none after an edit, or once nothing differs."""
    differs = any(c.fields and not c.by_hand for c in todo.changes)
    return memo.repeats if differs and not _edited(s) else 0


def _edited(s: BucketSituation) -> bool:
    """Whether the user has changed the spec, or asked for a reconcile, since the last status."""
    asked = s.spec.reconcile_request != s.status.reconcile_request
    return s.meta.generation != s.status.observed_generation or asked


def _hold_repeated(s: BucketSituation, memo: Memo, todo: Plan) -> Plan:
    """Stop writing what never lasts (upjet-aws#2055: several PUTs a second for a field the store added)."""
    if todo.digest != memo.written or memo.repeats < s.settings.max_repeats:
        return todo
    message = (
        f"written {memo.repeats} times and it does not last: the store or another program changes it back;"
        " find out which, then set spec.reconcileRequest to a new value"
    )
    return hold_everything(Reason.NOT_CONVERGING, message)(todo)


def _hold_invisible(s: BucketSituation, memo: Memo, todo: Plan) -> Plan:
    """Hold what was written a moment ago and is not shown yet, for as long as drift has to be confirmed.

    After a write S3 may answer old and new values alternately for half a minute (ansible community.aws#1085). Each old
    answer was another write, and a third of them "does not last".
    """

    def rule(change: Change) -> Change:
        if not change.writes or _invisible_for(s, memo, change) <= 0:
            return change
        message = "written a moment ago, and the store still answers with what was there before"
        return replace(change, op=Op.HOLD, reason=Reason.NOT_YET_VISIBLE, message=message)

    return todo.map(rule)


def visible_in(s: BucketSituation, memo: Memo, todo: Plan) -> float | None:
    """Seconds until a write that is not shown yet is checked again; None: there is none."""
    held = [c for c in todo.changes if c.op is Op.HOLD and c.reason == Reason.NOT_YET_VISIBLE]
    return max(1.0, *(_invisible_for(s, memo, c) for c in held)) if held else None


def _invisible_for(s: BucketSituation, memo: Memo, change: Change) -> float:
    noted = memo.invisible.get(change.facet)
    same = noted is not None and noted.digest == change.digest
    return noted.at + s.settings.confirm_drift - s.clock if noted and same else 0.0


def _resumed(todo: Plan, status: ImageBucketStatus) -> Plan:
    """The plan in which the second half of an interrupted write is no risk: the whole of it was allowed before.

    Lifecycle rules are written disabled, read back, and then enabled. Killed in between, the operator found its own
    disabled rules, took "Disabled to Enabled" for a new risk and waited for an approval for ever: seen in the crash sweep
    at the first of the two writes, for creation and for edits.
    """

    def rule(change: Change) -> Change:
        if (change.risk or change.removing) and _half_done(change, status):
            return replace(change, risk=None, removing=WHOLE)
        return change

    return todo.map(rule)


def _half_done(change: Change, status: ImageBucketStatus) -> bool:
    """Whether all that is left is to enable rules, and the user did not ask for just that."""
    value = change.after
    if not isinstance(value, Lifecycle) or not all(
        _enables(f.path, f.before, f.after) for f in change.fields
    ):
        return False
    known = next((f.desired_digest for f in status.facets if f.name == change.facet), None)
    if known is None:
        return status.created is not None  # newly mentioned: rules with our ids are from this write
    ours = value.restrict(change.parts)
    if known in _digests(ours):
        return _other_drift(change, status)
    disabled = {f.path for f in change.fields}
    return known not in _digests(_switched_off(ours, disabled))


def _enables(path: str, before: object, after: object) -> bool:
    return path.endswith("].state") and (before, after) == ("Disabled", "Enabled")


def _digests(value: Facet) -> set[str]:
    """The digests of a value, whatever it said of foreign rules."""
    return {wish_digest(value.model_copy(update={"exclusive": e})) for e in (None, True, False)}


def _switched_off(value: Lifecycle, paths: Iterable[str]) -> Lifecycle:
    off = set(paths)
    rules = (
        r.model_copy(update={"state": "Disabled"}) if f"lifecycle.rules[name={r.name}].state" in off else r
        for r in value.rules
    )
    return value.model_copy(update={"rules": tuple(rules)})


def _other_drift(change: Change, status: ImageBucketStatus) -> bool:
    """Whether other drift was being corrected. Rules that another program disabled are reported as drift of their own."""
    known = next((f for f in status.facets if f.name == change.facet), None)
    return known is not None and known.drift is not None and not known.switched_off


PERCENT = 20  # of a bucket, which may be deleted without an approval
_COUNT_VALID = 3600.0  # seconds for which a count is good enough to write by
UNCOUNTED = "what it would remove cannot be counted"


def weighed(s: BucketSituation, backend: Backend, todo: Plan) -> Plan:
    """The plan with deletions of content held while they are counted, and a risk where they are too many."""
    removing = [c for c in todo.writes if c.removing]
    weights = {c.digest: known for c in removing if (known := _known(s, c)) is not None}
    asked = [c for c in removing if c.digest not in weights]
    if not asked:
        s.surveys.drop(Purpose.REMOVAL)
    return weigh(weights | {c.digest: _weight(s, backend, c) for c in asked})(todo)


def most(s: BucketSituation) -> int:
    """How many percent of a bucket may be deleted without an approval."""
    limits = s.store.spec.limits if s.store.spec else None
    given = limits.max_removal_percent if limits else None
    return PERCENT if given is None else given


def _known(s: BucketSituation, change: Change) -> Weight | None:
    """The weight that needs no count: no limit here, approved already, or held with a count already."""
    hold = known_holds(s).get(change.digest)
    if most(s) >= 100 or (hold is not None and hold.token in s.spec.approve):
        return Weight()
    if hold is None or s.status.inputs_hash != inputs_hash(s.store.spec, s.contributions):
        return None
    return None if hold.removes is None else Weight(risk=hold.removes)


def _weight(s: BucketSituation, backend: Backend, change: Change) -> Weight:
    if not isinstance(change.after, Lifecycle):
        return Weight(risk=UNCOUNTED, counted=False)
    rules = change.after.restrict(change.parts).rules
    today = s.now.date()
    asked = question(s, backend, tuple(at_once(r, today) for r in rules))
    # A hold for another reason only shows a number: an old one will do.
    age = math.inf if change.risk else _COUNT_VALID
    answer = s.surveys.ask(Purpose.REMOVAL, asked, backend, today, age)
    if answer.counted is None:
        return _uncounted(answer, change)
    census = answer.counted.census
    risky = change.risk or census.exceeds(change.removing, most(s))
    return Weight(risk=census.sentence(change.removing) if risky else None)


def _uncounted(answer: SurveyAnswer, change: Change) -> Weight:
    if answer.final:
        why = f"{UNCOUNTED} ({answer.trouble}); see that the operator may list the bucket"
        return Weight(risk=why, counted=False)
    names = ", ".join(sorted(change.removing)[:5])
    far = f"what {names} would remove is being counted: {grouped(answer.keys)} keys so far"
    return Weight(pending=f"{far}; {answer.trouble}" if answer.trouble else far)


def question(s: BucketSituation, backend: Backend, rules: tuple[LifecycleRule, ...]) -> SurveyQuestion:
    """The question about this bucket, with its store's terms and prices."""
    terms = backend.terms(versioned=False) if isinstance(backend, Lists) else Terms()
    wished = s.spec.versioning.state if s.spec.versioning else None
    table = prices(backend.name, s.store.spec, backend.list_prices) if s.store.spec else UNPRICED
    return SurveyQuestion(backend.name, s.spec.bucket_name, rules, terms, wished, table, s.merged.digest)


def count_previews(s: BucketSituation, backend: Backend) -> None:
    """Have counted what the policies of this bucket would do, as often as they ask for a preview."""
    asking = dict(_previewed(s))
    merged = s.merged if asking else Merged()
    hours = [h for name, h in asking.items() if merged.verdicts[name].parts]
    if not hours:
        s.surveys.drop(Purpose.PREVIEW)
        return
    asked = question(s, backend, merged.wish.canonical().rules)
    s.surveys.ask(Purpose.PREVIEW, asked, backend, s.now.date(), min(hours) * 3600.0)


def _previewed(s: BucketSituation) -> Iterator[tuple[str, int]]:
    """The LifecyclePolicies that ask for a preview, and every how many hours."""
    for contribution in s.contributions:
        spec = contribution.value
        if isinstance(spec, LifecyclePolicySpec) and (hours := spec.previewed_every):
            yield contribution.origin.name, hours


def drop_counts(s: BucketSituation) -> None:
    """Stop all counts of this bucket."""
    for purpose in Purpose:
        s.surveys.drop(purpose)
