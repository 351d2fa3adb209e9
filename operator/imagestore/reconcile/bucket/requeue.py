"""Requeue: when to reconcile again, and what a store's error means for the status."""

from dataclasses import replace

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.core.conditions import find, reconciling, stalled
from imagestore.core.errors import Conflict, Denied, NotFound, StoreError, Throttled, Transient, Unavailable
from imagestore.core.outcome import Continue, Event, Outcome, Requeue, Then
from imagestore.core.reasons import Reason
from imagestore.core.units import seconds
from imagestore.reconcile.bucket import report
from imagestore.reconcile.bucket.report import Reconciled
from imagestore.reconcile.bucket.situation import BucketRun, BucketSituation, Memo
from imagestore.reconcile.shared.digests import inputs_hash
from imagestore.reconcile.shared.situation import SPREAD, Settings

Result = Outcome[ImageBucketStatus]
_COUNTED_AGAIN = 60.0  # seconds between two reports of how far a count is; its end is reported at once
_LONGEST = 600.0  # seconds between two tries


def done(s: BucketSituation, status: ImageBucketStatus, then: Then, *actions: Event) -> Result:
    """This status, the Events for what is new in it and for ``actions``, and what comes then."""
    return Outcome(status, report.with_actions(actions, report.news(s, status)), then)


def unchanged(then: Then) -> Result:
    """The status stays as it is."""
    return Outcome(None, then=then)


def interval(s: BucketSituation) -> float:
    """Seconds between two checks: the user's, but not below what the backend allows."""
    drift = s.spec.drift
    tenancy = s.store.spec.tenancy if s.store.spec else None
    asked = seconds(drift.interval) if drift and drift.interval else s.settings.default_interval
    least = seconds(tenancy.min_drift_interval) if tenancy and tenancy.min_drift_interval else 0
    return float(max(asked, least, 1))


def backoff(settings: Settings, failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubling, up to ten minutes."""
    return min(settings.retry * float(2 ** min(failures - 1, 10)), _LONGEST)


def failed_once_more(memo: Memo) -> Memo:
    """The memo with one more failure in a row."""
    return replace(memo, failures=memo.failures + 1)


def after_failure(run: BucketRun) -> float:
    """Count one more failure in a row. Return the seconds to wait."""
    run.memo = failed_once_more(run.memo)
    return backoff(run.s.settings, run.memo.failures)


def following(run: BucketRun, seen: Reconciled) -> Then:
    """When the next reconcile is due. Drift that was just declared is corrected at once."""
    if seen.declared and run.s.spec.mode != "Observe":
        return Continue()
    return Requeue(wait(run, seen))


def wait(run: BucketRun, seen: Reconciled) -> float:
    """Count a failure, or end the row of failures. Return the seconds to the next reconcile."""
    if seen.confirm_in is not None:
        return seen.confirm_in
    failing = [r for r in seen.results if r.transient or r.state == "Failed"]
    if failing:
        return max([after_failure(run), *(r.retry_after or 0.0 for r in failing)])
    run.note(failures=0)
    counting = any(r.reason == Reason.COUNTING for r in seen.results)
    return min(interval(run.s), _COUNTED_AGAIN) if counting else interval(run.s)


def only_suspects(s: BucketSituation, seen: Reconciled) -> bool:
    """Whether all there is to report is that drift has to be confirmed: then the status stays as it is."""
    if seen.confirm_in is None or seen.declared or any(r.wrote for r in seen.results):
        return False
    known = find(s.status.conditions, "Ready") is not None
    settled = known and s.meta.generation == s.status.observed_generation
    return settled and s.status.inputs_hash == inputs_hash(s.store.spec, s.contributions)


def only_silence(seen: Reconciled) -> bool:
    """Whether the store did not answer for some settings, and nothing else is new. One 503 made Ready flap."""
    unsettled = [r for r in seen.results if r.state != "InSync"]
    silent = bool(unsettled) and all(r.reason in _SILENCE for r in unsettled)
    return silent and not any(r.wrote for r in seen.results)


_SILENCE = frozenset(kind.reason for kind in (Throttled, Unavailable, Conflict))


def count_silence(run: BucketRun) -> None:
    """The store did not answer: the grace begins, if it has not. Before there is any status none is needed."""
    if run.memo.unreachable_since is None and find(run.s.status.conditions, "Ready") is not None:
        run.memo = replace(run.memo, unreachable_since=run.s.clock)


def trusted_for(s: BucketSituation, memo: Memo) -> float:
    """Seconds for which the status of a bucket whose store does not answer is still trusted; 0: it is not.

    Where the backend's probe was not answered either, the silence began up to a pulse before this bucket was checked: a
    bucket behind a proxy's sign-in page was Ready for nine minutes, until its own next check, and for the grace besides.
    """
    reported = find(s.status.conditions, "Ready") is not None
    current = reported and s.meta.generation == s.status.observed_generation
    if memo.unreachable_since is None or not current:
        return 0.0
    known = s.settings.pulse + SPREAD if s.store.silent else 0.0
    silent = s.clock - memo.unreachable_since + known
    return max(0.0, s.settings.grace_unreachable - silent)


def after_error(run: BucketRun, error: StoreError) -> Result:
    """The outcome of an error that ended the reconcile. What was last observed is trusted for the grace."""
    s, wait = run.s, max(after_failure(run), error.retry_after or 0.0)
    if isinstance(error, NotFound):
        return unchanged(Continue() if run.memo.failures <= 1 else Requeue(wait))
    if isinstance(error, Transient):
        return _unreachable(run, error, wait)
    reason = Reason.ACCESS_DENIED if isinstance(error, Denied) else error.reason
    return done(s, report.status(s, stalled(reason, str(error))), Requeue(wait))


def _unreachable(run: BucketRun, error: StoreError, wait: float) -> Result:
    s = run.s
    count_silence(run)
    if trusted := trusted_for(s, run.memo):
        return unchanged(Requeue(min(wait, trusted)))
    conditions = reconciling(Reason.STORE_UNREACHABLE, f"the store does not answer: {error}", "Unknown")
    return done(s, report.status(s, conditions), Requeue(wait))
