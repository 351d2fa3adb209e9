"""How a reconcile ends: the status, the Events, and when to come again."""

from collections.abc import Sequence
from dataclasses import replace

from imagestore.api.bucketstatus import FacetStatus, ImageBucketStatus
from imagestore.backends.base import Backend
from imagestore.core.conditions import find, reconciling, stalled
from imagestore.core.errors import Conflict, Denied, NotFound, StoreError, Throttled, Transient, Unavailable
from imagestore.core.outcome import Continue, Event, Outcome, Requeue, Then
from imagestore.core.reasons import Reason
from imagestore.core.units import seconds
from imagestore.reconcile.backend.tiers import awaited
from imagestore.reconcile.bucket import holds, report
from imagestore.reconcile.bucket import usage as filling
from imagestore.reconcile.bucket.desired import Wanted, asked, inputs_hash, wanted
from imagestore.reconcile.bucket.references import followed
from imagestore.reconcile.bucket.situation import BucketSituation, Observed
from imagestore.reconcile.bucket.visit import Visit
from imagestore.reconcile.shared.situation import SPREAD
from imagestore.reconcile.shared.tenancy import refusals

Result = Outcome[ImageBucketStatus]


def want(s: BucketSituation) -> Wanted:
    """What is wanted and allowed."""
    store = s.store.spec
    refused = refusals(s.meta, s.spec, store, s.earlier_buckets, s.store.own_access) if store else ()
    leads = followed(s, asked(s.spec, s.joined))
    return wanted(awaited(s.store.unready, leads), s.status, refused)


def visited(
    s: BucketSituation,
    backend: Backend,
    seen: Visit,
    *extra: Event,
    progress: Observed | None = None,
    **changes: object,
) -> Result:
    """The outcome of a visit. ``progress``: for the next pass, where this one only writes down what that one sets."""
    if seen.claims is not None:
        return remembered(s, seen.claims, progress)
    if _only_silence(s, seen):
        return later(Requeue(min(_next(s, seen), _trust(s))))
    if _only_suspects(s, seen):
        return later(Requeue(seen.confirm_in or 1.0))
    identity = {
        "endpoint": backend.endpoint,
        "region": backend.region,
        "identifier": backend.identifier(s.spec.bucket_name),
        "arn": backend.arn(s.spec.bucket_name),
    }
    status = report.visited(s, seen, **identity, **filling.asked(s, backend), **_acknowledged(s), **changes)
    if seen.declared and s.spec.mode != "Observe":
        return done(s, status, Continue(), *extra)
    return done(s, status, Requeue(_next(s, seen)), *extra)


def _only_suspects(s: BucketSituation, seen: Visit) -> bool:
    """Whether all there is to say is that a second look is needed: then status stays as it is."""
    ready = find(s.status.conditions, "Ready")
    settled = ready is not None and s.meta.generation == s.status.observed_generation
    quiet = not any(r.wrote for r in seen.results) and s.status.inputs_hash == inputs_hash(
        s.store.spec, s.contributions
    )
    return seen.confirm_in is not None and settled and quiet and not seen.declared


def _only_silence(s: BucketSituation, seen: Visit) -> bool:
    """Whether some settings were not told this time and nothing else is new: what was read last is believed
    for as long as if the whole store were silent. One 503 made Ready flap.
    """
    unsettled = [r for r in seen.results if r.state != "InSync"]
    silent = bool(unsettled) and all(r.reason in _SILENCE and not r.wrote for r in unsettled)
    return silent and not any(r.wrote for r in seen.results) and _believed(s)


_SILENCE = frozenset(kind.reason for kind in (Throttled, Unavailable, Conflict))


def _believed(s: BucketSituation) -> bool:
    """Whether what the status says is for this very wish and not too old, although the store is silent."""
    said = find(s.status.conditions, "Ready") is not None
    return said and _trust(s) > 0 and s.meta.generation == s.status.observed_generation


def _trust(s: BucketSituation) -> float:
    """Seconds for which a silent store's last answer is still believed.

    Where its backend's probe was not answered either, the silence began up to a pulse before this bucket was looked at: a
    bucket behind a proxy's sign-in page was Ready for nine minutes, until its own next look, and for the grace besides.
    """
    if s.memo.unreachable_since is None:
        s.memo.unreachable_since = s.clock
    known = s.settings.pulse + SPREAD if s.store.silent else 0.0
    silent = s.clock - s.memo.unreachable_since + known
    return s.settings.grace_unreachable - silent


def _acknowledged(s: BucketSituation) -> dict[str, object]:
    """A loss whose token is approved is over; one whose token is gone from the status gets another."""
    hold = holds.of(s.status, holds.CONTENT)
    if s.status.lost_at is not None and hold is None:
        return {"content_holds": (holds.loss(s),)}
    if hold is None or hold.token not in s.spec.approve:
        return {}
    return {"lost_at": None, "content_holds": ()}


COUNTED_AGAIN = 60.0  # seconds between two reports of how far a count is; its end is told at once


def _next(s: BucketSituation, seen: Visit) -> float:
    """Seconds until the next visit."""
    if seen.confirm_in is not None:
        return seen.confirm_in
    failing = [r for r in seen.results if r.transient or r.state == "Failed"]
    if not failing:
        s.memo.failures = 0
        counting = any(r.reason == Reason.COUNTING for r in seen.results)
        return min(interval(s), COUNTED_AGAIN) if counting else interval(s)
    return max([backoff(s), *(r.retry_after or 0.0 for r in failing)])


def backoff(s: BucketSituation) -> float:
    """Seconds to wait after the n-th failure in a row: doubling, up to ten minutes."""
    s.memo.failures += 1
    return min(s.settings.retry * float(2 ** min(s.memo.failures - 1, 10)), 600.0)


def interval(s: BucketSituation) -> float:
    """Seconds between two looks: the user's wish, but not below what the backend allows."""
    drift = s.spec.drift
    tenancy = s.store.spec.tenancy if s.store.spec else None
    wished = seconds(drift.interval) if drift and drift.interval else s.settings.default_interval
    least = seconds(tenancy.min_drift_interval) if tenancy and tenancy.min_drift_interval else 0
    return float(max(wished, least, 1))


def trouble(s: BucketSituation, error: StoreError) -> Result:
    """The store gave no usable answer. What was last read stays until it is too old to be believed."""
    wait = max(backoff(s), error.retry_after or 0.0)
    if isinstance(error, NotFound):
        return later(Continue() if s.memo.failures <= 1 else Requeue(wait))
    if isinstance(error, Transient):
        return _unreachable(s, error, wait)
    reason = Reason.ACCESS_DENIED if isinstance(error, Denied) else error.reason
    return done(s, report.status(s, stalled(reason, str(error))), Requeue(wait))


def _unreachable(s: BucketSituation, error: StoreError, wait: float) -> Result:
    if _believed(s):
        return later(Requeue(min(wait, _trust(s))))
    conditions = reconciling(Reason.STORE_UNREACHABLE, f"the store does not answer: {error}", "Unknown")
    return done(s, report.status(s, conditions), Requeue(wait))


def later(then: Then) -> Result:
    """Nothing to say."""
    return Outcome(None, then=then)


def remembered(
    s: BucketSituation, facets: tuple[FacetStatus, ...], progress: Observed | None = None
) -> Result:
    """What the store is told next. Conditions and generation stay as they are: nothing is reached yet."""
    status = s.status.model_copy(update={"facets": facets})
    if find(s.status.conditions, "Ready") is None:  # no status yet: a rebuilt cluster
        status = report.status(s, reconciling(Reason.WRITING, "settings are being written"), facets=facets)
    return Outcome(status, then=Continue(progress))


def done(s: BucketSituation, status: ImageBucketStatus, then: Then, *extra: Event) -> Result:
    """This status, the Events for what is new in it, and what comes then."""
    return Outcome(status, _told(extra, report.events(s, status)), then)


def _told(deeds: Sequence[Event], news: Sequence[Event]) -> tuple[Event, ...]:
    """A deed that made the bucket Ready is one Event, not two: each is a write for the API server."""
    ready = next((n for n in news if n.reason == Reason.READY), None)
    if not deeds or ready is None:
        return (*deeds, *news)
    whole = replace(deeds[-1], message=f"{deeds[-1].message}; {ready.message}")
    return (*deeds[:-1], whole, *(n for n in news if n is not ready))
