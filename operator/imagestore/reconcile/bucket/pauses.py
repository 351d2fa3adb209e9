"""Pauses: what stops a reconcile, when the next one is due, and what a store's error means for the status.

The gate comes before any call to the store. What a person has to approve before a bucket counts as this object's stops it
later: its adoption, or that a crash left it.
"""

from dataclasses import replace

from imagestore.api.bucketstatus import Held, ImageBucketStatus, PlanStatus
from imagestore.api.imagebucket import FINDINGS
from imagestore.core.conditions import Condition, condition, find, is_true, reconciling, stalled
from imagestore.core.errors import Conflict, Denied, NotFound, StoreError, Throttled, Transient, Unavailable
from imagestore.core.outcome import Continue, Event, Finalizer, Outcome, Requeue, Signal, Then
from imagestore.core.plan import Plan
from imagestore.core.reasons import Reason
from imagestore.core.units import seconds
from imagestore.reconcile.bucket import report
from imagestore.reconcile.bucket.observe import NEARLY_FULL
from imagestore.reconcile.bucket.ownership import Judgement
from imagestore.reconcile.bucket.report import Reconciled
from imagestore.reconcile.bucket.situation import (
    ADOPTION,
    CREATION,
    BucketRun,
    BucketSituation,
    Memo,
    hold_of,
    with_loss,
)
from imagestore.reconcile.shared.digests import inputs_hash
from imagestore.reconcile.shared.situation import SPREAD, Settings
from imagestore.reconcile.shared.store_identity import another
from imagestore.reconcile.shared.tenancy import allowed_namespace, refusals

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
        return max([after_failure(run), *(r.retry_after for r in failing if r.retry_after)])
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
    s, wait = run.s, longer(after_failure(run), error.retry_after)
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


GATE_INTERVAL = 600.0  # seconds; what is waited for (a backend, a Secret) queues the bucket when it comes


def stopped(s: BucketSituation) -> Result | None:
    """The outcome if the store must not be called, else None."""
    if s.spec.suspend:
        return _stop(s, _suspended(s))
    if s.store.spec is None:
        message = f"there is no StorageBackend {s.spec.backend_ref.name}; ask the administrator, or correct backendRef"
        return _stop(s, reconciling(Reason.BACKEND_NOT_FOUND, message))
    if not allowed_namespace(s.store.spec, s.meta.namespace, s.namespace_labels):
        message = "this namespace may not use the backend; ask the administrator to add it to spec.namespaces"
        return _stop(s, stalled(Reason.NAMESPACE_NOT_ALLOWED, message))
    whole = [
        r
        for r in refusals(s.meta, s.spec, s.store.spec, s.earlier_buckets, s.store.own_access)
        if not r.facet
    ]
    if whole:
        return _stop(s, stalled(whole[0].reason, "; ".join(r.message for r in whole)))
    if s.older_rival is not None:
        return _stop(s, stalled(Reason.CONFLICT, _rival(s, s.older_rival)))
    if s.store.backend is None:
        message = s.store.trouble or "the backend cannot be used yet"
        return _stop(s, reconciling(Reason.BACKEND_UNUSABLE, message, "Unknown"))
    if refusal := s.store.backend.name_refusal(s.spec.bucket_name):
        return _stop(s, stalled(Reason.NAME_NOT_ALLOWED, refusal))
    return _another_store(s) if s.store.standing.another else None


def another_store(run: BucketRun) -> Result | None:
    """The outcome if another account or server answers: a bucket's reconcile may come before its backend's own probe."""
    s = run.s
    if not another(run.backend, s.store.standing, anew=False):
        return None
    signals = doubt(s, (s.spec.bucket_name,))
    return replace(_another_store(s), then=Requeue(after_failure(run)), signals=signals)


def _another_store(s: BucketSituation) -> Result:
    message = "another account or server answers than before; the operator does nothing there until the administrator approves"
    return _stop(s, reconciling(Reason.ANOTHER_STORE, message, "Unknown"))


def _rival(s: BucketSituation, rival: str) -> str:
    """The older claimant is named only where it is in the same namespace."""
    namespace, _, name = rival.partition("/")
    whom = (
        f"the ImageBucket {name}" if namespace == s.meta.namespace else "an ImageBucket of another namespace"
    )
    return f"{whom} claimed this bucket first; delete this object, or choose another bucketName"


def _suspended(s: BucketSituation) -> list[Condition]:
    """Ready keeps what the last check said.

    Before the first check there is no Ready: kstatus takes Ready=Unknown for work that is under way, so Flux waited for a
    suspended bucket until it gave up, each time anew.
    """
    replaced = {
        "Suspended",
        "ContentLost",
        "Reconciling",
        NEARLY_FULL,
        *FINDINGS,
    }  # report.status adds what is still so
    if not _was_seen(s):
        replaced |= {"Ready", "Stalled"}
    return [
        *(c for c in s.status.conditions if c.type not in replaced),
        condition(
            "Suspended",
            Reason.SUSPENDED,
            "spec.suspend is true; the operator neither checks nor changes the bucket",
        ),
    ]


def _was_seen(s: BucketSituation) -> bool:
    """Whether the status tells of a check of the store, and not only of what stopped one."""
    known = s.status.created is not None or bool(s.status.facets)
    return known or is_true(s.status.conditions, "Ready")


def _stop(s: BucketSituation, conditions: list[Condition]) -> Result:
    """An object that never had a bucket leaves nothing in the store, so it needs no finalizer."""
    status = report.status(s, conditions)
    finalizer = Finalizer.LEAVE if s.status.created is None else Finalizer.HOLD
    return Outcome(status, report.news(s, status), Requeue(GATE_INTERVAL), finalizer)


def doubt(s: BucketSituation, buckets: tuple[str, ...]) -> tuple[Signal, ...]:
    """Its backend judges whether the store is another one: once, for all of its buckets."""
    return (Signal("StorageBackend", "", s.spec.backend_ref.name, buckets),) if buckets else ()


def awaiting_approval(s: BucketSituation, todo: Plan) -> Result | None:
    """Hold an adoption that would change something until its token is approved; None: it may go on."""
    known = hold_of(s.status, ADOPTION)
    same = known if known is not None and known.digest == todo.digest else None
    if not todo.writes or (same is not None and same.token in s.spec.approve):
        return None
    token = same.token if same else s.token()
    paths = [f.path for c in todo.writes for f in c.fields]
    what = f"it would change {', '.join(paths[:20])}" if paths else "it would change nothing"
    why = f"taking over an existing bucket: {what}"
    held = Held(facet=ADOPTION, token=token, why=why, digest=todo.digest)
    message = f"the bucket exists and may be taken over; {what}; to agree, add {token} to spec.approve"
    plan = PlanStatus(digest=todo.digest, held=with_loss(s.status, held))
    status = report.status(s, stalled(Reason.ADOPTION_NEEDS_APPROVAL, message), plan=plan)
    return done(s, status, Requeue(interval(s)))


def refused(s: BucketSituation, judgement: Judgement) -> Result:
    """The outcome for a bucket that is not this object's. The intent stays where only it tells who created the bucket."""
    reason, message = judgement.reason, judgement.message
    intent = s.status.intent if reason == Reason.CREATION_NOT_PROVEN else None
    if not judgement.asks:
        return done(s, report.status(s, stalled(reason, message), intent=intent), Requeue(interval(s)))
    known = hold_of(s.status, CREATION)
    token = known.token if known else s.token()
    hold = Held(facet=CREATION, token=token, why=message, digest=token)
    told = f"{message}; if it is this object's, add {token} to spec.approve; else choose another bucketName"
    plan = PlanStatus(held=with_loss(s.status, hold))
    return done(s, report.status(s, stalled(reason, told), intent=intent, plan=plan), Requeue(interval(s)))


def longer(pause: float, asked: float | None) -> float:
    """The pause, or what the store asks for if that is longer."""
    return max(pause, asked or pause)
