"""Restrain a plan: hold what must not be written, or must not be written yet. What is held says why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.core.facet import WHOLE, Facet
from imagestore.core.plan import Change, Op, Plan
from imagestore.core.policies import hold_everything, hold_risky, observe_only, without_risk
from imagestore.core.reasons import Reason
from imagestore.facets.lifecycle import Lifecycle
from imagestore.reconcile.bucket import holds
from imagestore.reconcile.bucket.removals import weighed
from imagestore.reconcile.bucket.situation import BucketRun, BucketSituation, Memo
from imagestore.reconcile.shared.digests import wish_digest


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
        todo = hold_risky(holds.tokens(s, todo), frozenset(s.spec.approve))(todo)
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
