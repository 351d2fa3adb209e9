"""Deleting an ImageBucket. The default keeps the bucket; what removes data is asked for, and stoppable.

Whatever is not certainly ours is let go, never deleted. A deletion validates as little as it can, and
what blocks it is a condition that says the way out (rook#16432, KCC#463: hung for ever).
"""

from imagestore.api.bucketstatus import Emptying, ImageBucketStatus
from imagestore.backends.base import Backend, Remains, Sight, Swept
from imagestore.core.errors import NotFound, StoreError
from imagestore.core.outcome import Finalizer, Note, Outcome
from imagestore.facets.tags import OWNER
from imagestore.reconcile import report
from imagestore.reconcile.closing import backoff
from imagestore.reconcile.ownership import mark
from imagestore.reconcile.situation import Situation
from imagestore.reconcile.tenancy import allowed_namespace

Result = Outcome[ImageBucketStatus]
WAY_OUT = "to keep the bucket and let this object go, set deletionPolicy: Retain"


def reconcile(s: Situation) -> Result:
    """One step of a deletion."""
    if not s.meta.finalized:
        return Outcome(None, finalizer=Finalizer.LEAVE)
    reason = _let_go(s)
    if reason is not None:
        return _release("Retained", reason)
    backend = s.store.backend
    if backend is None:
        message = f"{s.store.trouble or 'the StorageBackend is gone'}; {WAY_OUT}"
        return _blocked(s, "BackendUnusable", message)
    if s.store.standing.another:
        message = f"another account or server answers than the one that had the bucket; {WAY_OUT}"
        return _blocked(s, "AnotherStore", message)
    try:
        return _delete(s, backend)
    except NotFound:
        return _release("Deleted", f"bucket {s.spec.bucket_name} is gone")
    except StoreError as error:
        return _blocked(s, type(error).__name__, f"{error}; {WAY_OUT}", error.retry_after or 0.0)


def _let_go(s: Situation) -> str | None:
    """Why the bucket is kept, or None if it shall be deleted."""
    bucket, policy = s.spec.bucket_name, s.spec.deletion_policy or "Retain"
    if policy == "Retain":
        return f"bucket {bucket} is kept, with everything in it; to remove it, delete it in the store"
    if s.withdrawn:
        return f"bucket {bucket} is kept: the CRD was deleted, and with it every ImageBucket; that asks for no data to go"
    if s.spec.suspend or s.spec.mode == "Observe":
        return f"bucket {bucket} is kept: the object was suspended or only observing"
    if s.status.created is None and s.status.intent is None:
        return f"bucket {bucket} was never this object's; nothing was deleted"
    if s.older_rival is not None:
        return f"bucket {bucket} is kept: another object claims it"
    return _not_allowed(s, policy)


def _not_allowed(s: Situation, policy: str) -> str | None:
    if s.store.spec is None:
        return None
    tenancy = s.store.spec.tenancy
    policies = (tenancy.deletion_policies if tenancy else None) or ("Retain", "DeleteIfEmpty")
    if allowed_namespace(s.store.spec, s.meta.namespace, s.namespace_labels) and policy in policies:
        return None
    return f"bucket {s.spec.bucket_name} is kept: deletionPolicy {policy} is not allowed to this namespace any more"


def _delete(s: Situation, backend: Backend) -> Result:
    sight = backend.look(s.spec.bucket_name)
    if sight is None:
        return _release("Deleted", f"bucket {s.spec.bucket_name} is gone")
    if not _ours(s, backend, sight):
        message = f"bucket {s.spec.bucket_name} does not carry this object's mark, so it is kept"
        return _release("Retained", message, warning=True)
    remains = backend.remains(s.spec.bucket_name)
    if remains.empty:
        backend.delete(s.spec.bucket_name)
        return _release("Deleted", f"bucket {s.spec.bucket_name} was deleted")
    if s.spec.deletion_policy == "DeleteIfEmpty":
        return _blocked(s, "NotEmpty", f"{_contents(remains)}; empty it, or {WAY_OUT}")
    return _sweep(s, backend)


def _ours(s: Situation, backend: Backend, sight: Sight) -> bool:
    """The mark decides at this very moment; a store without bucket tags has only the status to go by.

    Killed between creating and marking, the operator left a bucket that nobody answered for when the object
    was deleted before its next start (crash sweep). An intent is believed of an empty bucket, as ever.
    """
    owner = None if sight.tags is None else sight.tags.get(OWNER)
    if owner == mark(s) or (sight.tags is None and s.status.created is not None):
        return True
    return owner is None and s.status.intent is not None and backend.remains(s.spec.bucket_name).empty


def _contents(remains: Remains) -> str:
    more = " or more" if remains.more else ""
    some = f", such as {', '.join(remains.sample)}" if remains.sample else ""
    return f"the bucket holds {remains.versions}{more} versions and {remains.uploads} open uploads{some}"


def _sweep(s: Situation, backend: Backend) -> Result:
    """Empty a step's worth, then show how far it is: the next step can be stopped in between."""
    swept = backend.sweep(s.spec.bucket_name, s.settings.sweep_step)
    before = s.status.deletion.removed if s.status.deletion else 0
    progress = Emptying(removed=before + swept.removed, message=_waits(swept))
    if swept.blocked and not swept.removed:
        return _blocked(s, "ObjectLocked", f"{_waits(swept)}; {WAY_OUT}", deletion=progress)
    message = (
        f"emptying: {progress.removed} versions and uploads removed; to stop, set deletionPolicy: Retain"
    )
    s.memo.failures = 0
    status = report.status(s, report.reconciling("Emptying", message), deletion=progress)
    return Outcome(status, report.notes(s, status), 0.0)


def _waits(swept: Swept) -> str | None:
    if not swept.blocked:
        return None
    more = f" and {len(swept.blocked) - 5} more" if len(swept.blocked) > 5 else ""
    return f"may not be removed: {'; '.join(swept.blocked[:5])}{more}"


def _blocked(s: Situation, reason: str, message: str, wait: float = 0.0, **changes: object) -> Result:
    """Ready is false and says why while a deletion cannot go on; tries back off (ACK: 299 calls in 30 s)."""
    status = report.status(s, report.stalled(reason, message), **changes)
    return Outcome(status, report.notes(s, status), max(backoff(s), wait))


def _release(reason: str, message: str, *, warning: bool = False) -> Result:
    return Outcome(None, (Note(reason, message, "Delete", warning),), finalizer=Finalizer.RELEASE)
