"""The one reconcile of an ImageBucket: create, update, resume and the periodic look are the same.

gate -> look -> judge -> (create | adopt | visit) -> report. Nothing here writes to Kubernetes; what has
to be remembered before the next step (the intent to create) is handed back as a status first.
"""

from collections.abc import Mapping
from datetime import timedelta

from imagestore.backends.base import Backend, Sight
from imagestore.core.errors import StoreError
from imagestore.core.reading import Reading
from imagestore.reconcile import deletion, ownership, report
from imagestore.reconcile.absence import absent, create
from imagestore.reconcile.adoption import adopt
from imagestore.reconcile.closing import Result, done, interval, trouble, visited, want
from imagestore.reconcile.gate import barred
from imagestore.reconcile.ownership import Claim
from imagestore.reconcile.removals import preview, uncount
from imagestore.reconcile.situation import Glimpse, Situation
from imagestore.reconcile.visit import ensure_mark, look_at, visit

BRIEF = timedelta(seconds=5)  # how long what was read is believed by the pass that acts on it
FRESH = timedelta(seconds=60)  # how long the answer "no such bucket" is believed by the pass that creates


def reconcile(s: Situation) -> Result:
    """One visit to one bucket. Raises nothing that a store may answer."""
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
        outcome = _reconcile(s, backend)
    except StoreError as error:
        return trouble(s, error)
    if outcome.status is not None:
        s.memo.unreachable_since = None
    return outcome


def _reconcile(s: Situation, backend: Backend) -> Result:
    if s.status.intent is not None and _absent_just_now(s):
        return create(s, backend)
    glimpse, s.memo.glimpse = s.memo.glimpse, None
    if glimpse is not None and s.now - glimpse.at < BRIEF:
        return _present(s, backend, glimpse.sight, glimpse.read)
    sight = backend.look(s.spec.bucket_name, expected=s.status.created is not None)
    if sight is None:
        return absent(s, backend)
    return _present(s, backend, sight, {})


def _absent_just_now(s: Situation) -> bool:
    return s.memo.absent_at is not None and s.now - s.memo.absent_at < FRESH


def _present(s: Situation, backend: Backend, sight: Sight, known: Mapping[str, Reading]) -> Result:
    judgement = ownership.judge(s, backend, sight)
    if judgement.claim is Claim.TAKEN:
        return _taken(s, judgement)
    if judgement.claim is Claim.ADOPTABLE and s.spec.mode != "Observe":
        return adopt(s, backend, sight)
    # Until the whole creation has been reported, by this process or by one that was killed after the mark:
    # what is half set has no risk yet, and nobody is asked to approve it.
    fresh = s.status.intent is not None and judgement.claim in (Claim.UNMARKED, Claim.OURS)
    if judgement.claim is Claim.UNMARKED and s.spec.mode != "Observe":
        sight = ensure_mark(s, backend, sight, {})
    s.memo.marked = sight.tags is not None and judgement.claim is not Claim.ADOPTABLE
    wanted = want(s)
    whole = wanted.wishes.keys() | wanted.managed.keys() <= known.keys()
    read = known if whole else look_at(s, backend, sight, wanted)
    seen = visit(s, backend, wanted, read, consented=fresh, fresh=fresh)
    if seen.claims is not None:
        s.memo.glimpse = Glimpse(s.now, sight, read)
    preview(s, backend)
    return visited(s, backend, seen)


def _taken(s: Situation, judgement: ownership.Judgement) -> Result:
    conditions = report.stalled(judgement.reason, judgement.message)
    return done(s, report.status(s, conditions, intent=None), interval(s))
