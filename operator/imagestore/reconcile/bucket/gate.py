"""The gate: what stops a reconcile before any call to the store."""

from dataclasses import replace

from imagestore.api.imagebucket import FINDINGS
from imagestore.core.conditions import Condition, condition, is_true, reconciling, stalled
from imagestore.core.outcome import Finalizer, Outcome, Requeue, Signal
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import report
from imagestore.reconcile.bucket.findings import NEARLY_FULL
from imagestore.reconcile.bucket.requeue import Result, after_failure
from imagestore.reconcile.bucket.situation import BucketRun, BucketSituation
from imagestore.reconcile.shared.store_identity import another
from imagestore.reconcile.shared.tenancy import allowed_namespace, refusals

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
