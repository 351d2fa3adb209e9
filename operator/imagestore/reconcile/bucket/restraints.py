"""One visit to a bucket that is there and ours: observe, plan, restrain, apply, verify."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imagestore.api.bucketstatus import FacetStatus, Held
from imagestore.api.imagebucket import FACETS
from imagestore.backends.base import Backend, Observation
from imagestore.core.diff import FieldDiff
from imagestore.core.facet import WHOLE, Facet
from imagestore.core.plan import Change, Managed, Op, Plan, plan
from imagestore.core.policies import hold_everything, hold_risky, observe_only, without_risk
from imagestore.core.reading import Found, Missing, Reading, Support
from imagestore.core.reasons import Reason
from imagestore.facets.tags import Tags
from imagestore.reconcile.bucket import drift, holds, ownership
from imagestore.reconcile.bucket.apply import Result, Settings, apply
from imagestore.reconcile.bucket.claims import claimed
from imagestore.reconcile.bucket.desired import Wanted, relaxed, unsupported
from imagestore.reconcile.bucket.interrupted import resumed
from imagestore.reconcile.bucket.observe import readings
from imagestore.reconcile.bucket.removals import weighed
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.bucket.visibility import awaited, patience, remember
from imagestore.reconcile.shared.tenancy import Refusal


@dataclass(frozen=True)
class Visit:
    """What a visit found and did. ``held`` are the holds that a person can approve.

    ``claims``: nothing was done yet, because status has to say first what will be set for the first time.
    """

    results: tuple[Result, ...] = ()
    wishes: Mapping[str, Facet] = field(default_factory=dict)  # as they were planned
    fields: tuple[FieldDiff, ...] = ()  # of drift that is believed
    confirm_in: float | None = None
    declared: bool = False
    snoozed: bool = False
    held: tuple[Held, ...] = ()
    digest: str = ""
    claims: tuple[FacetStatus, ...] | None = None


def look_at(s: BucketSituation, backend: Backend, sight: Observation, want: Wanted) -> dict[str, Reading]:
    """The readings of everything that is or was managed; what cannot be held is not read."""
    names = [n for n in FACETS if n in want.wishes or n in want.managed]
    barred = _barred(backend.support_of(s.spec.bucket_name), want.wishes)
    read = readings(backend, s.spec.bucket_name, [n for n in names if n not in barred], sight)
    return {**read, **barred}


def _barred(support: Mapping[str, Support], wishes: Mapping[str, Facet]) -> dict[str, Reading]:
    judged = {n: unsupported(w, n, support[n]) for n, w in wishes.items()}
    return {n: reading for n, reading in judged.items() if reading is not None}


def blank(backend: Backend, want: Wanted) -> dict[str, Reading]:
    """The readings of a bucket that was made a moment ago: nothing is set, so nothing is read."""
    read: dict[str, Reading] = dict.fromkeys(want.wishes.keys() | want.managed.keys(), Missing())
    if "tags" in backend.drivers:
        read["tags"] = Found(Tags.from_store(values={}))
    return read | _barred(backend.support, want.wishes)


def planned(s: BucketSituation, want: Wanted, read: Mapping[str, Reading]) -> Plan:
    """What would make the store agree, before any restraint."""
    return plan(_relaxed(s, want, read), read, want.managed, FACETS)


def _relaxed(s: BucketSituation, want: Wanted, read: Mapping[str, Reading]) -> dict[str, Facet]:
    return relaxed(want.wishes, read, s.spec.drift.ignore if s.spec.drift else (), want.managed)


def visit(
    s: BucketSituation,
    backend: Backend,
    want: Wanted,
    read: Mapping[str, Reading],
    *,
    consented: bool,
    fresh: bool = False,
) -> Visit:
    """Plan, restrain, and apply what status knows of.

    ``consented``: the bucket is ``fresh``, or a person has approved this very plan.
    """
    todo = planned(s, want, read)
    verdict = drift.Verdict(todo) if consented else drift.assess(s, todo, want.wishes)
    restrained = awaited(s, _restrain(s, backend, verdict.plan, consented=consented, fresh=fresh))
    claims = claimed(s.status.facets, restrained)
    if claims is not None:
        return Visit(claims=claims)
    results = _apply(s, backend, restrained, _relaxed(s, want, read), want.managed)
    return Visit(
        (*results, *_withheld(want.withheld)),
        want.wishes,
        _left(verdict.fields, results),
        verdict.confirm_in or patience(s, restrained),
        verdict.declared,
        verdict.snoozed,
        holds.held(results),
        restrained.digest,
    )


def _restrain(s: BucketSituation, backend: Backend, todo: Plan, *, consented: bool, fresh: bool) -> Plan:
    """Who agreed to a plan saw its paths, and no numbers: what it removes is counted all the same."""
    if s.spec.mode == "Observe":
        return observe_only(todo)
    todo = without_risk(todo) if consented else resumed(todo, s.status)
    if not fresh:
        todo = weighed(s, backend, todo)
        todo = hold_risky(holds.tokens(s, todo), frozenset(s.spec.approve))(todo)
    return _breaker(s, todo)


def _breaker(s: BucketSituation, todo: Plan) -> Plan:
    """Stop writing what never lasts (upjet-aws#2055: several PUTs a second for a field the store added)."""
    if edited(s) or not any(c.fields and not c.by_hand for c in todo.changes):
        s.memo.repeats = 0
    if todo.digest != s.memo.written or s.memo.repeats < s.settings.max_repeats:
        return todo
    message = (
        f"written {s.memo.repeats} times and it does not last: the store, or somebody else, changes it back;"
        " find out who, then set spec.reconcileRequest to a new value"
    )
    return hold_everything(Reason.NOT_CONVERGING, message)(todo)


def edited(s: BucketSituation) -> bool:
    """Whether the user has said something since the last status."""
    told = s.spec.reconcile_request != s.status.reconcile_request
    return s.meta.generation != s.status.observed_generation or told


def _apply(
    s: BucketSituation, backend: Backend, todo: Plan, wishes: Mapping[str, Facet], managed: Managed
) -> tuple[Result, ...]:
    def beside_mark(seen: Settings, wanted: Settings) -> Settings:
        return ownership.write_mark(s, backend, Observation(values=seen), wanted).values

    results = apply(backend, s.spec.bucket_name, todo, wishes, managed, beside_mark)
    if any(r.accepted for r in results):
        s.memo.repeats = s.memo.repeats + 1 if todo.digest == s.memo.written else 1
        s.memo.written = todo.digest
    remember(s, results)
    return results


def _left(fields: Sequence[FieldDiff], results: Sequence[Result]) -> tuple[FieldDiff, ...]:
    """The drift that is still there: that of settings which are not in sync now."""
    mended = {r.change.facet for r in results if r.state == "InSync"}
    return tuple(f for f in fields if f.path.partition(".")[0].partition("[")[0] not in mended)


def _withheld(refusals: Sequence[Refusal]) -> tuple[Result, ...]:
    """Settings that the tenancy does not allow, or whose references lead nowhere, as results."""
    return tuple({r.facet: _result(r) for r in refusals if r.facet}.values())


def _result(refusal: Refusal) -> Result:
    change = Change(refusal.facet, Op.HOLD, reason=refusal.reason, message=refusal.message)
    return Result(change, "Pending" if refusal.waits else "Held", change.reason, change.message)


def ensure_mark(
    s: BucketSituation, backend: Backend, seen: Observation, wishes: Mapping[str, Facet]
) -> Observation:
    """Write the owner's mark, together with the wishes that the store keeps beside it: a new bucket costs one call for both."""
    place = backend.mark_place
    if place is None:
        return seen
    ownership.await_mark(s)
    beside = {n: w for n, w in wishes.items() if n in place.beside}
    wanted = {n: w.merge(seen.values.get(n), w.parts() or WHOLE) for n, w in beside.items()}
    return ownership.write_mark(s, backend, seen, wanted)
