"""Report: the status that a reconcile writes, and the Events for what is new in it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from imagestore.api.bucketstatus import FacetStatus, Held, ImageBucketStatus, PlanStatus
from imagestore.core.conditions import Condition, condition, find, is_true, reconciling, settle, stalled
from imagestore.core.diff import FieldDiff, some_paths
from imagestore.core.facet import Facet
from imagestore.core.outcome import Event
from imagestore.core.plan import Op
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import drift, observe
from imagestore.reconcile.bucket.apply import Applied, owned_parts
from imagestore.reconcile.bucket.situation import CONTENT, BucketSituation, hold_of, with_loss
from imagestore.reconcile.shared.digests import WRITTEN, inputs_hash, wish_digest


@dataclass(frozen=True)
class Reconciled:
    """What a reconcile of an existing bucket observed and did.

    ``desired``: the desired values that were planned. ``fields``: confirmed drift that is still there. ``confirm_in``: seconds
    until drift, or a write, has to be checked again. ``declared``: drift was declared by this very check. ``held``: what a
    person can approve. ``digest``: of the plan.
    """

    results: tuple[Applied, ...] = ()
    desired: Mapping[str, Facet] = field(default_factory=dict)
    fields: tuple[FieldDiff, ...] = ()
    confirm_in: float | None = None
    declared: bool = False
    snoozed: bool = False
    held: tuple[Held, ...] = ()
    digest: str = ""


def status(s: BucketSituation, conditions: Iterable[Condition], **changes: Any) -> ImageBucketStatus:
    """The last status with these conditions and changes. Findings stay until a check observes them again."""
    return _status(s, [*conditions, *observe.conditions(s, ())], changes)


def _status(
    s: BucketSituation, conditions: Iterable[Condition], changes: Mapping[str, Any]
) -> ImageBucketStatus:
    """ContentLost stays until it is acknowledged."""
    merged = s.status.model_copy(update=changes)
    fresh = [*conditions, *content_lost(merged), *observe.quota_conditions(s.spec, merged.usage)]
    update = {
        "observed_generation": s.meta.generation,
        "bucket_name": s.spec.bucket_name,
        "inputs_hash": inputs_hash(s.store.spec, s.contributions),
        "reconcile_request": s.spec.reconcile_request,
        "conditions": settle(s.now, s.meta.generation, fresh, s.status.conditions),
    }
    return merged.model_copy(update=update)


def content_lost(status: ImageBucketStatus) -> list[Condition]:
    """ContentLost, while a loss is not acknowledged."""
    if status.lost_at is None:
        return []
    hold = hold_of(status, CONTENT)
    made = status.intent is not None or status.created is None or status.created >= status.lost_at
    now = (
        "was recreated empty; restore its content"
        if made
        else "exists again, not created by the operator: check that its content is complete, or restore it"
    )
    message = (
        f"the bucket was missing at {status.lost_at:%Y-%m-%dT%H:%M:%SZ} and {now}, then acknowledge the loss by adding"
        f" {hold.token if hold else ''} to spec.approve"
    )
    return [condition("ContentLost", Reason.BUCKET_WAS_MISSING, message)]


def reconciled(s: BucketSituation, seen: Reconciled, **changes: Any) -> ImageBucketStatus:
    """The status of a bucket that was checked, and perhaps written."""
    told = {
        "intent": None,
        "facets": facets(s.status, seen),
        "drift": _drift(s, seen),
        "plan": _plan(seen, changes.pop("content_holds", with_loss(s.status))),
        **changes,
    }
    found = observe.conditions(s, seen.results)
    return _status(s, [*readiness(s, seen.results), *_drifted(seen), *found], told)


def _plan(seen: Reconciled, content: Sequence[Held]) -> PlanStatus | None:
    held = (*content, *seen.held)
    return PlanStatus(digest=seen.digest or None, held=held) if held else None


def _drift(s: BucketSituation, seen: Reconciled) -> Any:
    corrected = any(r.wrote for r in seen.results)
    if seen.confirm_in is not None and not seen.fields:
        return s.status.drift
    return drift.report(s.status.drift, seen.fields, s.now, "Corrected" if corrected else "Vanished")


def _drifted(seen: Reconciled) -> list[Condition]:
    if not seen.fields or seen.snoozed:
        return []
    return [
        condition("DriftDetected", Reason.DIFFERS, f"changed outside the operator: {some_paths(seen.fields)}")
    ]


def readiness(s: BucketSituation, results: Sequence[Applied]) -> list[Condition]:
    """Ready, with the settings that keep it from being True."""
    for states, verdict in (
        (("Held", "Unsupported", "Failed"), stalled),
        (("Pending", "Drifted"), reconciling),
    ):
        wrong = [r for r in results if r.state in states and not _tolerated(s, r)]
        if wrong:
            return verdict(wrong[0].reason or Reason.PENDING, _sentences(wrong))
    if s.spec.mode == "Observe":
        differing = sum(r.state == "Drifted" for r in results)
        return [
            condition(
                "Ready", Reason.OBSERVED, f"mode Observe: {differing} settings differ, nothing is changed"
            )
        ]
    said = ["the store agrees with the spec", drift.snooze_over(s)]
    return [condition("Ready", Reason.IN_SYNC, "; ".join(filter(None, said)))]


def _tolerated(s: BucketSituation, result: Applied) -> bool:
    return result.state == "Drifted" and (result.reason == Reason.SNOOZED or s.spec.mode == "Observe")


def _sentences(results: Sequence[Applied]) -> str:
    return "; ".join(f"{r.change.facet}: {r.message or r.reason or r.state}" for r in results)


def facets(before: ImageBucketStatus, seen: Reconciled) -> tuple[FacetStatus, ...]:
    """The status of each setting that is or was managed."""
    known = {f.name: f for f in before.facets}
    told = drift.reported(before, seen.fields, snoozed=seen.snoozed, open_=seen.confirm_in is not None)
    return tuple(
        _facet(r, known.get(r.change.facet), seen.desired.get(r.change.facet), told.get(r.change.facet))
        for r in seen.results
        if not _over(r)
    )


def _over(result: Applied) -> bool:
    """Whether a setting that the spec no longer mentions is cleared, or retained and no longer managed."""
    gone = result.change.op is Op.CLEAR and result.state == "InSync"
    return gone or (result.change.op is Op.KEEP and result.reason == Reason.FORGOTTEN)


def _facet(
    result: Applied, known: FacetStatus | None, value: Facet | None, told: drift.ReportedDrift | None
) -> FacetStatus:
    held = result.state == "InSync" and value is not None
    digest = wish_digest(value) if held and value else _memory(result, known, value)
    before = () if held or known is None else known.parts
    return FacetStatus(
        name=result.change.facet,
        state=result.state,
        reason=result.reason,
        message=result.message or None,
        desired_digest=digest,
        parts=owned_parts(result.change, result.change.parts, before) if digest else (),
        drift=told.digest if told else None,
        switched_off=(told.switched_off or None) if told else None,
    )


def _memory(result: Applied, known: FacetStatus | None, value: Facet | None) -> str | None:
    """The digest to remember of a setting that is not in sync.

    A failed correction leaves the digest of the value that the store held: it is still drift. A failed edit does not:
    going back to the old value afterwards is an edit as well, not drift.
    """
    if known is not None and value is not None and known.desired_digest == wish_digest(value):
        return known.desired_digest
    return WRITTEN if result.wrote else known.desired_digest if known else None


def with_actions(actions: Sequence[Event], news: Sequence[Event]) -> tuple[Event, ...]:
    """An action that made the bucket Ready is one Event, not two: each is a write for the API server."""
    ready = next((e for e in news if e.reason == Reason.READY), None)
    if not actions or ready is None:
        return (*actions, *news)
    whole = replace(actions[-1], message=f"{actions[-1].message}; {ready.message}")
    return (*actions[:-1], whole, *(e for e in news if e is not ready))


def news(s: BucketSituation, after: ImageBucketStatus) -> tuple[Event, ...]:
    """Events for what is new in a status."""
    before = s.status
    held = tuple(_hold_events(before, after))
    edited, over = s.meta.generation != before.observed_generation, drift.snooze_over(s)
    return (
        *((Event(Reason.SNOOZE_OVER, over, warning=True),) if edited and over else ()),
        *_readiness(before, after, waits=bool(held)),
        *observe.events(before, after),
        *observe.quota_events(before, after),
        *_drift_events(before, after),
        *held,
    )


def _readiness(before: ImageBucketStatus, after: ImageBucketStatus, *, waits: bool) -> Iterator[Event]:
    """``waits``: for an approval. Its Event has the token, so that the bucket is not ready is no second Event."""
    ready, was = find(after.conditions, "Ready"), find(before.conditions, "Ready")
    if ready is None:
        return
    if ready.status == "True" and not is_true(before.conditions, "Ready"):
        yield Event(Reason.READY, ready.message)
    changed = was is None or (was.status, was.reason) != (ready.status, ready.reason)
    told = waits and not any(f.state in ("Unsupported", "Failed") for f in after.facets)
    if changed and is_true(after.conditions, "Stalled") and not told:
        yield Event(ready.reason, ready.message, warning=True)
    if is_true(after.conditions, "ContentLost") and not is_true(before.conditions, "ContentLost"):
        lost_ = find(after.conditions, "ContentLost")
        yield Event(Reason.CONTENT_LOST, lost_.message if lost_ else "", warning=True)


def _drift_events(before: ImageBucketStatus, after: ImageBucketStatus) -> Iterator[Event]:
    if is_true(after.conditions, "DriftDetected") and not is_true(before.conditions, "DriftDetected"):
        fields = after.drift.fields if after.drift else ()
        said = "; ".join(f"{f.path} is {f.observed}, should be {f.desired}" for f in fields[:5])
        more = (after.drift.total or 0) - 5 if after.drift else 0
        said += f"; and {more} more" if more > 0 else ""
        yield Event(Reason.DRIFT_DETECTED, said, warning=True)
    ended = _ended(after, before.drift.since if before.drift else None)
    if ended is not None:
        yield Event(*ended)


def _ended(after: ImageBucketStatus, since: datetime | None) -> tuple[Reason, str] | None:
    history = after.drift.history if after.drift else ()
    if since is None or not history or history[0].since != since:
        return None
    return _ENDED[history[0].how], ", ".join(history[0].paths[:5])


_ENDED = {
    "Corrected": Reason.DRIFT_CORRECTED,
    "Vanished": Reason.DRIFT_VANISHED,
    "Accepted": Reason.DRIFT_VANISHED,
}


def _hold_events(before: ImageBucketStatus, after: ImageBucketStatus) -> Iterator[Event]:
    """A new loss is reported as ContentLost, with its token."""
    known = {h.token for h in (before.plan.held if before.plan else ())}
    known |= set() if is_true(before.conditions, "ContentLost") else {_token(after, CONTENT)}
    for held in after.plan.held if after.plan else ():
        if held.token not in known:
            message = f"{held.facet} waits for approval: {held.why}; add {held.token} to spec.approve"
            yield Event(Reason.APPROVAL_NEEDED, message, warning=True)


def _token(status: ImageBucketStatus, facet: str) -> str:
    hold = hold_of(status, facet)
    return hold.token if hold else ""
