"""Delete an ImageBucket. The default retains the bucket; deleting data has to be asked for, and can be stopped.

A bucket that is not certainly this object's is released, never deleted. A deletion validates as little as it can, and what
blocks it is a condition that says the way out (rook#16432, KCC#463: hung for ever).
"""

from dataclasses import replace

from imagestore.api.bucketstatus import Emptying
from imagestore.backends.base import Backend, Observation, Swept
from imagestore.core.conditions import reconciling, stalled
from imagestore.core.errors import NotFound, StoreError
from imagestore.core.outcome import Continue, Event, Finalizer, Outcome, Requeue
from imagestore.core.reasons import Reason
from imagestore.core.units import grouped
from imagestore.reconcile.bucket import report
from imagestore.reconcile.bucket.ownership import carries_mark, unmarked_ours
from imagestore.reconcile.bucket.pauses import Result, backoff, failed_once_more, longer
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.shared.store_identity import another
from imagestore.reconcile.shared.tenancy import allowed_namespace, deletion_policies

_REASONS = 5  # of what stays that a sentence names
WAY_OUT = "to keep the bucket and delete only this object, set deletionPolicy: Retain"


def delete(s: BucketSituation) -> Result:
    """One step of a deletion."""
    if not s.meta.finalized:
        return Outcome(None, finalizer=Finalizer.LEAVE)
    reason = _retained(s)
    if reason is not None:
        return _release(Reason.RETAINED, f"{reason}{_deleted_before(s)}")
    backend = s.store.backend
    if backend is None:
        message = f"{s.store.trouble or 'the StorageBackend does not exist'}; {WAY_OUT}"
        return _blocked(s, Reason.BACKEND_UNUSABLE, message)
    try:
        return _delete(s, backend)
    except NotFound:
        return _release(Reason.DELETED, f"bucket {s.spec.bucket_name} does not exist any more")
    except StoreError as error:
        return _blocked(s, error.reason, f"{error}; {WAY_OUT}", error.retry_after)


def _removed(s: BucketSituation) -> int:
    return s.status.deletion.removed if s.status.deletion else 0


def _deleted_before(s: BucketSituation) -> str:
    """What was deleted before: "with everything in it" was said of half a bucket."""
    if not _removed(s):
        return ""
    return (
        f"; at least {grouped(_removed(s))} versions, delete markers and uploads were deleted from it before"
    )


def _retained(s: BucketSituation) -> str | None:
    """Why the bucket is retained, or None if it is to be deleted."""
    bucket, policy = s.spec.bucket_name, s.spec.deletion_policy or "Retain"
    if policy == "Retain":
        what = "what is left" if _removed(s) else "everything"
        return f"bucket {bucket} is retained, with {what} in it; to delete it, use the store's own tools"
    if s.withdrawn:
        return f"bucket {bucket} is retained: {s.withdrawn}"
    if s.spec.suspend or s.spec.mode == "Observe":
        return f"bucket {bucket} is retained: the object was suspended, or in mode Observe"
    if s.status.created is None and s.status.intent is None:
        return f"bucket {bucket} was never this object's; nothing was deleted"
    if s.older_rival is not None:
        return f"bucket {bucket} is retained: another object claims it"
    return _not_allowed(s, policy)


def _not_allowed(s: BucketSituation, policy: str) -> str | None:
    if s.store.spec is None:
        return None
    allowed = allowed_namespace(s.store.spec, s.meta.namespace, s.namespace_labels)
    if allowed and policy in deletion_policies(s.store.spec):
        return None
    return f"bucket {s.spec.bucket_name} is retained: deletionPolicy {policy} is no longer allowed in this namespace"


def _delete(s: BucketSituation, backend: Backend) -> Result:
    if s.store.standing.another or another(backend, s.store.standing, anew=False):
        return _another_store(s)
    check = backend.check(s.spec.bucket_name)
    if check is None:
        # The last probe may be a minute old: at an empty second site since then every bucket looked deleted.
        if another(backend, s.store.standing, anew=True):
            return _another_store(s)
        return _release(Reason.DELETED, f"bucket {s.spec.bucket_name} does not exist any more")
    if not _ours(s, backend, check):
        message = f"bucket {s.spec.bucket_name} does not carry this object's owner mark, so it is retained{_deleted_before(s)}"
        return _release(Reason.RETAINED, message, warning=True)
    remains = backend.remains(s.spec.bucket_name)
    if remains.empty:
        backend.delete(s.spec.bucket_name)
        return _release(Reason.DELETED, f"bucket {s.spec.bucket_name} was deleted")
    if s.spec.deletion_policy == "DeleteIfEmpty":
        return _blocked(s, Reason.NOT_EMPTY, f"the bucket holds {remains}; empty it, or {WAY_OUT}")
    return _sweep(s, backend)


def _another_store(s: BucketSituation) -> Result:
    message = f"another account or server answers than the one that had the bucket; {WAY_OUT}"
    return _blocked(s, Reason.ANOTHER_STORE, message)


def _ours(s: BucketSituation, backend: Backend, check: Observation) -> bool:
    """Whether the mark says so at this very moment; on a store that keeps no mark only the status tells."""
    if carries_mark(s, backend, check) or (backend.mark_place is None and s.status.created is not None):
        return True
    return check.owner is None and unmarked_ours(s, backend, check)


def _sweep(s: BucketSituation, backend: Backend) -> Result:
    """Delete one step's worth of content, then report how far it is, so that the user can stop before the next step."""
    _stop_replicating(backend, s.spec.bucket_name)
    swept = backend.sweep(s.spec.bucket_name, s.settings.sweep_step)
    again = bool(swept.digest) and swept.digest == s.memo.emptied
    memo = replace(s.memo, emptied=swept.digest)
    removed = 0 if again else swept.removed
    progress = Emptying(removed=_removed(s) + removed, message=_stays(swept))
    if not removed:
        return _stuck(replace(s, memo=memo), swept, progress, again=again)
    message = f"emptying: {grouped(progress.removed)} versions and uploads deleted; to stop, set deletionPolicy: Retain"
    status = report.status(s, reconciling(Reason.EMPTYING, message), deletion=progress)
    return Outcome(status, report.news(s, status), Continue(), memo=replace(memo, failures=0))


def _stop_replicating(backend: Backend, bucket: str) -> None:
    """Before anything is deleted: a rule with permanentDeletes deletes the copies together with the objects."""
    driver = backend.drivers.get("replication")
    seen = driver.read(bucket) if driver else None
    if driver and seen is not None and not seen.is_empty():
        driver.clear(bucket, seen)


def _stuck(s: BucketSituation, swept: Swept, progress: Emptying, *, again: bool) -> Result:
    """Nothing was deleted. A store that says 200 and keeps the objects was asked for ever, with a status each time."""
    if again:
        return _blocked(s, Reason.NOT_REMOVED, f"{_AGAIN}; {WAY_OUT}", deletion=progress)
    if not (swept.refused or swept.kept):  # it was deleted meanwhile; the next step tells
        memo = failed_once_more(s.memo)
        return Outcome(None, then=Requeue(backoff(s.settings, memo.failures)), memo=memo)
    message = f"{_stays(swept)}; {WAY_OUT}"
    if swept.refused:
        return _blocked(s, Reason.OBJECT_LOCKED, message, deletion=progress)
    return _blocked(s, Reason.NOT_REMOVED, message, deletion=progress)


_AGAIN = (
    "what was deleted is listed again: the store does not delete it, or a program puts it back; stop that program, or"
    " delete it with the store's own tools"
)


def _stays(swept: Swept) -> str | None:
    """How many versions and uploads stay, and why; without their keys."""
    staying = {**swept.refused, **swept.kept}
    if not staying:
        return None
    least = "at least " if swept.more else ""
    total, most = sum(staying.values()), sorted(staying.items(), key=lambda pair: (-pair[1], pair[0]))
    said = "; ".join(f"{grouped(count)}: {reason}" for reason, count in most[:_REASONS])
    others = sum(count for _, count in most[_REASONS:])
    rest = f"; {grouped(others)} for {len(most) - _REASONS} more reasons" if others else ""
    return f"{least}{grouped(total)} versions and uploads stay ({said}{rest})"


def _blocked(
    s: BucketSituation, reason: Reason, message: str, wait: float | None = None, **changes: object
) -> Result:
    """Ready is False and says why while a deletion cannot continue; tries back off (ACK: 299 calls in 30 s)."""
    status = report.status(s, stalled(reason, message), **changes)
    memo = failed_once_more(s.memo)
    then = Requeue(longer(backoff(s.settings, memo.failures), wait))
    return Outcome(status, report.news(s, status), then, memo=memo)


def _release(reason: Reason, message: str, *, warning: bool = False) -> Result:
    return Outcome(None, (Event(reason, message, "Delete", warning),), finalizer=Finalizer.RELEASE)
