"""The one reconcile of an ImageBucket: create, update, resume and the periodic look are the same.

gate -> look -> judge -> (create | adopt | visit) -> report. Nothing here writes to Kubernetes; what has
to be remembered before the next step (the intent to create) is handed back as a status first.
"""

from dataclasses import replace

from imagestore.backends.base import Backend
from imagestore.core.errors import StoreError
from imagestore.reconcile.bucket import deletion
from imagestore.reconcile.bucket.creation import absent, create
from imagestore.reconcile.bucket.gate import barred, stranger
from imagestore.reconcile.bucket.presence import present
from imagestore.reconcile.bucket.removals import uncount
from imagestore.reconcile.bucket.requeue import Result, trouble
from imagestore.reconcile.bucket.situation import BucketSituation, Missing, Observed

BRIEF = 5.0  # seconds: how long what was read is believed by the pass that acts on it
FRESH = 60.0  # seconds: how long the answer "no such bucket" is believed by the pass that creates


def reconcile(s: BucketSituation) -> Result:
    """One visit to one bucket. Raises nothing that a store may answer."""
    s = replace(s, memo=s.memo.copy())
    return replace(_decided(s), memo=s.memo)


def _decided(s: BucketSituation) -> Result:
    if s.meta.deleting:
        uncount(s)
        return deletion.reconcile(s)
    outcome = barred(s)
    if outcome is not None:
        uncount(s)
        return outcome
    backend = s.store.backend
    assert backend is not None, "the gate has made sure"  # noqa: S101
    try:
        outcome = stranger(s, backend) or _reconcile(s, backend)
    except StoreError as error:
        return trouble(s, error)
    if outcome.status is not None:
        s.memo.unreachable_since = None
    return outcome


def _reconcile(s: BucketSituation, backend: Backend) -> Result:
    before = s.progress
    if isinstance(before, Missing) and s.status.intent is not None and s.clock - before.at < FRESH:
        return create(s, backend, before.at)
    if isinstance(before, Observed) and s.clock - before.at < BRIEF:
        return present(s, backend, before.sight, before.read)
    sight = backend.check(s.spec.bucket_name, expected=s.status.created is not None)
    if sight is None:
        return absent(s, backend)
    return present(s, backend, sight, {})
