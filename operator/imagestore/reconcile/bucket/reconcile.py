"""The one reconcile of an ImageBucket. Create, update, resume and the periodic check are the same steps, in this order:

1. gate      May the store be called at all?                         ``pauses``
2. observe   Does the bucket exist, whose is it, what is set on it?   ``ownership``, ``observe``; if missing, ``creation``
3. decide    What is desired, what would change, is it drift?         ``desired``, ``drift``
4. restrain  What must not be written, or not yet?                    ``restraints``
5. record    What is set for the first time goes into status first.   ``apply``
6. apply     Write, read back, compare.                               ``apply``
7. report    Status, conditions and Events.                           ``report``
8. requeue   When is the next reconcile?                              ``pauses``

Nothing here writes to Kubernetes. What has to be in status before the next step (an intent) is handed back as an Outcome
that says to continue, and the next reconcile goes on with the progress of this one.
"""

from imagestore.api.bucketstatus import FacetStatus
from imagestore.backends.base import Observation
from imagestore.core.conditions import find, reconciling
from imagestore.core.errors import StoreError
from imagestore.core.outcome import Continue, Event, Outcome, Requeue
from imagestore.core.plan import Readings
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import creation, deletion, drift, observe, ownership, pauses, report
from imagestore.reconcile.bucket.apply import carry_out, recorded, uncorrected, withheld
from imagestore.reconcile.bucket.desired import Desired, desired_of, directed, planned, relaxed
from imagestore.reconcile.bucket.observe import is_foreign, observe_settings, told_by_check
from imagestore.reconcile.bucket.ownership import Judgement, Owner, ensure_mark
from imagestore.reconcile.bucket.pauses import Result
from imagestore.reconcile.bucket.report import Reconciled
from imagestore.reconcile.bucket.restraints import (
    ADOPTED,
    NEW_BUCKET,
    NO_CONSENT,
    Consent,
    count_previews,
    drop_counts,
    restrain,
    visible_in,
)
from imagestore.reconcile.bucket.situation import (
    BucketRun,
    BucketSituation,
    MissingBucket,
    ObservedBucket,
    acknowledged,
    held,
)

_READ_VALID = 5.0  # seconds for which what was read is trusted by the reconcile that goes on with it
_MISSING_VALID = 60.0  # seconds for which the answer that a bucket does not exist is trusted by the reconcile that creates it


def reconcile(s: BucketSituation) -> Result:
    """Reconcile one bucket. Raises nothing that a store may answer."""
    if s.meta.deleting:
        drop_counts(s)
        return deletion.delete(s)
    stopped = pauses.stopped(s)
    if stopped is not None:
        drop_counts(s)
        return stopped
    assert s.store.backend is not None, "the gate has made sure"  # noqa: S101
    run = BucketRun(s, directed(s, s.store.backend), s.memo)
    return _guarded(run).remembering(run.memo)


def _guarded(run: BucketRun) -> Result:
    try:
        outcome = pauses.another_store(run) or _observe(run)
    except StoreError as error:
        return pauses.after_error(run, error)
    if outcome.status is not None:
        run.note(unreachable_since=None)
    return outcome


def _observe(run: BucketRun) -> Result:
    """Does the bucket exist? What the last reconcile found out a moment ago is not asked again."""
    s, before = run.s, run.s.progress
    if (
        isinstance(before, MissingBucket)
        and s.status.intent is not None
        and s.spec.mode != "Observe"  # the mode may have been edited since
        and s.clock - before.at < _MISSING_VALID
    ):
        return _create(run, before.at)
    if isinstance(before, ObservedBucket) and s.clock - before.at < _READ_VALID:
        return _existing(run, before.check, before.read)
    check = run.backend.check(s.spec.bucket_name, expected=s.status.created is not None)
    if check is not None:
        return _existing(run, check, {})
    return creation.prepare(run) or _create(run, s.clock)


def _create(run: BucketRun, missing_at: float) -> Result:
    made = creation.create(run, missing_at)
    return made if isinstance(made, Outcome) else _existing(run, made.check, made.read, made=True)


def _existing(run: BucketRun, check: Observation, known: Readings, *, made: bool = False) -> Result:
    """Whose is the bucket? ``known``: what was read a moment ago. ``made``: the store has just said that it created it."""
    s, desired = run.s, desired_of(run.s)
    judgement = ownership.judge_owner(run, check, made=made)
    if judgement.owner is Owner.FRESH:
        read = observe_settings(run, check, desired, known)
        if not is_foreign(desired, read):
            return _new(run, check, desired, read, made=made)
        judgement = ownership.not_ours(s)
    if judgement.owner is Owner.TAKEN:
        return pauses.refused(s, judgement)
    if judgement.owner is Owner.ADOPTABLE and s.spec.mode != "Observe":
        return _adopt(run, check, desired)
    return _managed(run, check, desired, known, judgement)


def _new(run: BucketRun, check: Observation, desired: Desired, read: Readings, *, made: bool) -> Result:
    """Mark a new bucket, and set everything: nothing is at risk in it, so nothing is held."""
    s = run.s
    if s.spec.mode == "Observe":
        # Switched since the intent. The intent stays: it is all that tells whose the bucket is.
        return _settle(run, check, desired, read, NO_CONSENT, intent=s.status.intent)
    # Edited since the intent: what status does not say yet is not set with the mark, else it stays when the answer is lost.
    said = made or recorded(s.status.facets, planned(s, desired, read)) is None
    marked = ensure_mark(run, check, desired.values if said else {})
    read = {**read, **told_by_check(marked)}
    events = (Event(Reason.CREATED, f"bucket {s.spec.bucket_name} was created"),) if made else ()
    # By a clock that was set back it was created before it was lost, and so not by the operator.
    created = max(s.now, s.status.lost_at or s.now)
    return _settle(run, marked, desired, read, NEW_BUCKET, *events, created=created)


def _adopt(run: BucketRun, check: Observation, desired: Desired) -> Result:
    """Take over an existing bucket, once a person has seen and approved what would change."""
    s = run.s
    todo = planned(s, desired, observe_settings(run, check, desired, {}))
    awaiting = pauses.awaiting_approval(s, todo)
    if awaiting is not None:
        return awaiting
    facets = recorded(s.status.facets, todo)
    if facets is not None:  # before the mark: once the bucket is ours, this approval is no longer asked for
        return _continued(s, facets, None)
    marked = ensure_mark(run, check, {})
    event = Event(Reason.ADOPTED, f"bucket {s.spec.bucket_name} was taken over")
    read = observe_settings(run, marked, desired, {})
    return _settle(run, marked, desired, read, ADOPTED, event, created=s.status.created or s.now)


def _managed(
    run: BucketRun, check: Observation, desired: Desired, known: Readings, judgement: Judgement
) -> Result:
    """The bucket is this object's, or only observed."""
    s, ours = run.s, judgement.owner is not Owner.ADOPTABLE
    consent = NEW_BUCKET if ours and _half_made(run) else NO_CONSENT
    if judgement.owner is Owner.UNMARKED and s.spec.mode != "Observe":
        check, known = ensure_mark(run, check, {}), {}
    run.note(marked=ours and (run.memo.marked or check.owner is not None))
    read = observe_settings(run, check, desired, known)
    created = {"created": s.status.created or s.now} if ours else {}
    outcome = _settle(run, check, desired, read, consent, **created)
    count_previews(s, run.backend)
    return outcome


def _half_made(run: BucketRun) -> bool:
    """Whether the operator was killed between mark and report: in an empty bucket nothing that is half set is a risk.

    A bucket that existed before is not half made, whatever an intent says: a store that had denied it twice got what waited
    for approval carried out.
    """
    begun = run.s.status.intent is not None and run.s.status.created is None
    return begun and run.backend.remains(run.s.spec.bucket_name).empty


def _settle(
    run: BucketRun,
    check: Observation,
    desired: Desired,
    read: Readings,
    consent: Consent,
    *events: Event,
    **changes: object,
) -> Result:
    """Decide, restrain, record, apply. ``events`` and ``changes`` of the status are what led here."""
    s = run.s
    found = drift.Assessment(planned(s, desired, read))
    if not consent.risks:
        found = drift.assess(s, run.memo.suspected, found.plan, desired.values)
        run.note(suspected=found.suspected)
    todo = restrain(run, found.plan, consent)
    facets = recorded(s.status.facets, todo)
    if facets is not None:
        return _continued(s, facets, ObservedBucket(s.clock, check, read))
    results = carry_out(run, todo, relaxed(s, desired, read), desired.managed)
    seen = Reconciled(
        (*results, *withheld(desired.withheld)),
        desired.values,
        uncorrected(found.fields, results),
        found.confirm_in or visible_in(s, run.memo, todo),
        found.declared,
        found.snoozed,
        held(r.change for r in results),
        todo.digest,
    )
    return _report(run, seen, *events, **changes)


def _continued(
    s: BucketSituation, facets: tuple[FacetStatus, ...], progress: ObservedBucket | None
) -> Result:
    """Record what is set next, and continue. Conditions and generation stay: nothing is reached yet."""
    status = s.status.model_copy(update={"facets": facets})
    if find(s.status.conditions, "Ready") is None:  # no status yet: a rebuilt cluster
        conditions = reconciling(Reason.WRITING, "settings are being written")
        status = report.status(s, conditions, facets=facets)
    return Outcome(status, then=Continue(progress))


def _report(run: BucketRun, seen: Reconciled, *events: Event, **changes: object) -> Result:
    s, backend = run.s, run.backend
    if pauses.only_silence(seen):
        pauses.count_silence(run)
        if trusted := pauses.trusted_for(s, run.memo):
            return pauses.unchanged(Requeue(min(pauses.wait(run, seen), trusted)))
    if pauses.only_suspects(s, seen):
        return pauses.unchanged(Requeue(pauses.wait(run, seen)))
    identity = {
        "endpoint": backend.endpoint,
        "region": backend.region,
        "identifier": backend.identifier(s.spec.bucket_name),
        "arn": backend.arn(s.spec.bucket_name),
    }
    status = report.reconciled(s, seen, **identity, **observe.usage(run), **acknowledged(s), **changes)
    return pauses.done(s, status, pauses.following(run, seen), *events)
