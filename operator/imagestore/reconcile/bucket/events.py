"""The Events for what is new in a bucket's status."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.core.conditions import find, is_true
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import drift, findings, holds, usage
from imagestore.reconcile.bucket.situation import BucketSituation


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
        *findings.events(before, after),
        *usage.events(before, after),
        *_drift_events(before, after),
        *held,
    )


def _readiness(before: ImageBucketStatus, after: ImageBucketStatus, *, waits: bool) -> Iterator[Event]:
    """``waits``: for approval, which is told with its token; that it is not ready for this is no second Event."""
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
    """A loss that is new is told as ContentLost, with its token."""
    known = {h.token for h in (before.plan.held if before.plan else ())}
    known |= set() if is_true(before.conditions, "ContentLost") else {_token(after, holds.CONTENT)}
    for held in after.plan.held if after.plan else ():
        if held.token not in known:
            message = f"{held.facet} waits for approval: {held.why}; add {held.token} to spec.approve"
            yield Event(Reason.APPROVAL_NEEDED, message, warning=True)


def _token(status: ImageBucketStatus, facet: str) -> str:
    hold = holds.of(status, facet)
    return hold.token if hold else ""
