"""The reconcile of a LifecyclePolicy. It writes nothing to a store; it reports what became of the rules on each bucket.

Only the reconcile of a bucket writes its rules, so a policy needs no finalizer: rules of a deleted policy are known by their
ids and by the bucket's own status, and are removed as soon as the store answers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from imagestore.api.bucketstatus import FacetStatus, FieldDrift, Held
from imagestore.api.lifecyclepolicy import (
    BucketCounts,
    BucketOutcome,
    BucketState,
    LifecyclePolicySpec,
    LifecyclePolicyStatus,
)
from imagestore.core.conditions import Condition, condition, find, is_true, reconciling, settle, stalled
from imagestore.core.model import cut
from imagestore.core.outcome import Event, Finalizer, Outcome, Requeue
from imagestore.core.reasons import Reason
from imagestore.core.remembered import recalls
from imagestore.reconcile.lifecycle.bucket_view import BucketView
from imagestore.reconcile.lifecycle.merging import FACET
from imagestore.reconcile.lifecycle.previews import preview_status
from imagestore.reconcile.shared.situation import Meta, Settings

PolicyOutcome = Outcome[LifecyclePolicyStatus]

_NAMED = 5  # buckets that a condition's message names
UNSHOWN = "rules of this policy; the bucket's status lists only the first of what differs"
_TROUBLE: tuple[BucketState, ...] = ("Conflict", "Lossy", "Held", "Pending", "Suspended", "Applied")


@dataclass(frozen=True)
class PolicySituation:
    """One LifecyclePolicy and its surroundings at one moment. ``buckets``: all that it matches."""

    meta: Meta
    spec: LifecyclePolicySpec
    status: LifecyclePolicyStatus
    buckets: tuple[BucketView, ...]
    settings: Settings
    now: datetime


def reconcile(s: PolicySituation) -> PolicyOutcome:
    """Report what became of the rules on each bucket."""
    meta, spec, status = s.meta, s.spec, s.status
    if meta.deleting:
        return Outcome(None, finalizer=Finalizer.LEAVE)
    told = status.observed_generation == meta.generation
    settled = told and _settled(status)
    outcomes = sorted((_outcome(meta.name, spec, b, settled=settled) for b in s.buckets), key=_order)
    conditions = [*_judged(spec, outcomes), *_drifted(meta.name, s.buckets)]
    after = LifecyclePolicyStatus(
        observed_generation=meta.generation,
        conditions=settle(s.now, meta.generation, conditions, status.conditions),
        counts=_counts(outcomes),
        buckets=tuple(outcomes),
        preview=preview_status(meta.name, spec, s.buckets, status.preview if told else None),
    )
    return Outcome(after, _events(status, after), Requeue(s.settings.default_interval), Finalizer.LEAVE)


def _settled(status: LifecyclePolicyStatus) -> bool:
    """Whether every bucket was observed to hold these very rules: a later change of one is another author's edit.

    Without this, one edit of one policy would make all others of its buckets Pending and Applied again.
    """
    counts = status.counts
    return counts is not None and counts.applied + counts.suspended == counts.matched


def _order(outcome: BucketOutcome) -> tuple[int, str]:
    return _TROUBLE.index(outcome.state), outcome.name


def _counts(outcomes: Iterable[BucketOutcome]) -> BucketCounts:
    found = Counter(o.state for o in outcomes)
    by_state = {state.lower(): found[state] for state in get_args(BucketState)}
    return BucketCounts.model_validate({"matched": found.total(), **by_state})


def _outcome(policy: str, spec: LifecyclePolicySpec, bucket: BucketView, *, settled: bool) -> BucketOutcome:
    state, message = _state(bucket, settled=settled)
    remarks = [message, _unversioned(spec, bucket), _drift_sentence(policy, bucket)]
    said = "; ".join(r for r in remarks if r)
    return BucketOutcome(name=bucket.name, state=state, lost=bucket.verdict.lost, message=said or None)


def _state(bucket: BucketView, *, settled: bool) -> tuple[BucketState, str]:
    """The state of one bucket. Applied means that the bucket's own status has read back all rules."""
    if bucket.verdict.state is not None:
        return bucket.verdict.state, bucket.verdict.message
    facet = next((f for f in bucket.status.facets if f.name == FACET), None)
    held = (
        facet is not None
        and facet.state == "InSync"
        and all(recalls(facet.parts, r) for r in bucket.verdict.parts)
    )
    if held and (bucket.current or settled):
        return "Applied", ""
    if bucket.suspended:
        return "Suspended", "the operator does not change it until spec.suspend of the ImageBucket is false"
    if bucket.heard and facet is not None and facet.state == "Held":
        return _unsettled(bucket, facet)
    if not bucket.current:
        return "Pending", _waiting(bucket) or "the bucket has not acted on the last change yet"
    if facet is None:
        return "Pending", _waiting(bucket) or "the bucket has not reported its rules yet"
    return _unsettled(bucket, facet)


def _unsettled(bucket: BucketView, facet: FacetStatus) -> tuple[BucketState, str]:
    token = next((h.token for h in _held(bucket) if h.facet == FACET), None)
    if facet.state == "Held" and token:
        return (
            "Held",
            f"{facet.message}; to agree, add {token} to spec.approve of the ImageBucket {bucket.name}",
        )
    return "Pending", facet.message or facet.reason or facet.state


def _held(bucket: BucketView) -> Sequence[Held]:
    return bucket.status.plan.held if bucket.status.plan else ()


def _waiting(bucket: BucketView) -> str:
    """Why a bucket is not Ready; empty: it is."""
    ready = find(bucket.status.conditions, "Ready")
    return f"{ready.reason}: {ready.message}" if ready is not None and ready.status != "True" else ""


def _unversioned(spec: LifecyclePolicySpec, bucket: BucketView) -> str:
    old = [r.name for r in spec.rules if r.noncurrent]
    if bucket.versioned or not old:
        return ""
    return f"without versioning there are no old versions for {', '.join(old)}; set versioning.state: Enabled there"


def _drifts(policy: str, bucket: BucketView) -> bool:
    return bucket.status.drift is not None and recalls(bucket.status.drift.policies, policy)


def _drift(policy: str, bucket: BucketView) -> list[FieldDrift]:
    """The drifted fields of this policy that the bucket's status lists; it lists only the first of many."""
    fields = bucket.status.drift.fields if bucket.status.drift else ()
    return [f for f in fields if f.path.startswith(f"{FACET}.rules[name={policy}/")]


def _drift_sentence(policy: str, bucket: BucketView) -> str:
    if not _drifts(policy, bucket):
        return ""
    fields = _drift(policy, bucket)[:_NAMED]
    said = ", ".join(f"{f.path} is {f.observed or 'absent'}, should be {f.desired}" for f in fields)
    return f"changed outside the operator: {said or UNSHOWN}"


def _judged(spec: LifecyclePolicySpec, outcomes: Sequence[BucketOutcome]) -> list[Condition]:
    """Ready, with the buckets that keep it from being True."""
    for state, reason in _STALLED.items():
        if wrong := [o for o in outcomes if o.state == state]:
            return stalled(reason, _named(wrong))
    missing = {r.name for r in spec.bucket_refs or ()} - {o.name for o in outcomes}
    if missing:
        names = ", ".join(sorted(missing)[:_NAMED])
        message = f"there is no ImageBucket {names} in this namespace; create it, or correct bucketRefs"
        return reconciling(Reason.BUCKET_NOT_FOUND, message)
    if wrong := [o for o in outcomes if o.state == "Pending"]:
        return reconciling(Reason.PENDING, _named(wrong))
    if not outcomes:
        message = "no ImageBucket of this namespace has these labels; label one, or correct bucketSelector"
        return [condition("Ready", Reason.NOTHING_MATCHES, message)]
    return [condition("Ready", Reason.APPLIED, _applied(outcomes))]


_STALLED: Mapping[BucketState, Reason] = {
    "Conflict": Reason.CONFLICT,
    "Lossy": Reason.LOSSY,
    "Held": Reason.HELD,
}


def _applied(outcomes: Sequence[BucketOutcome]) -> str:
    """The message of Ready. A suspended bucket does not keep the policy waiting: a wait for it would time out."""
    left = [o.name for o in outcomes if o.state == "Suspended"]
    if not left:
        return "every matched bucket was read back with every rule"
    names = ", ".join(left[:_NAMED]) + (f" and {len(left) - _NAMED} more" if len(left) > _NAMED else "")
    if len(left) == len(outcomes):
        return f"every matched bucket is suspended, so none was checked: {names}"
    awake = "every matched bucket that is not suspended was read back with every rule"
    return f"{awake}; suspended, so not checked: {names}"


def _named(outcomes: Sequence[BucketOutcome]) -> str:
    said = "; ".join(f"{o.name}: {cut(o.message or o.state, 640)}" for o in outcomes[:_NAMED])
    more = len(outcomes) - _NAMED
    return said + (f"; and {more} more" if more > 0 else "")


def _drifted(policy: str, buckets: Iterable[BucketView]) -> list[Condition]:
    drifting = sorted((b for b in buckets if _drifts(policy, b)), key=lambda b: b.name)
    if not drifting:
        return []
    found = [f"{b.name}: {path}" for b in drifting for path in _paths(policy, b)]
    shown = ", ".join(found[:_NAMED]) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
    return [condition("DriftDetected", Reason.DIFFERS, f"changed outside the operator: {shown}")]


def _paths(policy: str, bucket: BucketView) -> list[str]:
    return [f.path for f in _drift(policy, bucket)] or [UNSHOWN]


def _events(before: LifecyclePolicyStatus, after: LifecyclePolicyStatus) -> tuple[Event, ...]:
    was, ready = find(before.conditions, "Ready"), find(after.conditions, "Ready")
    events: list[Event] = []
    if ready is not None and (was is None or (was.status, was.reason) != (ready.status, ready.reason)):
        odd = is_true(after.conditions, "Stalled") or ready.reason in (
            Reason.NOTHING_MATCHES,
            Reason.BUCKET_NOT_FOUND,
        )
        events.append(Event(ready.reason, ready.message, warning=odd))
    drift = find(after.conditions, "DriftDetected")
    if drift is not None and not is_true(before.conditions, "DriftDetected"):
        events.append(Event(Reason.DRIFT_DETECTED, drift.message, warning=True))
    return tuple(events)
