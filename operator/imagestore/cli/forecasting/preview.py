"""Forecasts what the desired lifecycle rules do to a bucket's present content. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from imagestore.backends.base import Backend, Lists
from imagestore.backends.walk import Walk, scopes
from imagestore.cli.forecasting.checkpoint import Checkpoint, question_digest
from imagestore.cli.planning.bucket_plan import BucketPlan
from imagestore.cli.planning.plan_bucket import PlanRequest, situation
from imagestore.core.cost import UNPRICED
from imagestore.core.errors import StoreError
from imagestore.facets.versioning import Versioning
from imagestore.forecast.forecast import Assumptions, Forecast
from imagestore.forecast.ledger import Ledger
from imagestore.forecast.pricing import prices, remarks
from imagestore.reconcile.bucket.situation import BucketSituation

ABSENT = "the bucket does not exist yet; there is nothing to list"
SUSPENDED = "versioning is suspended: of objects written since, an expiry leaves no old version, contrary to this forecast"


@dataclass(frozen=True)
class PreviewOptions:
    """``today`` is an ordinal; ``days``: how far to look ahead. ``tags``: of how many keys of a bucket to read tags."""

    today: int
    days: int
    tags: int
    checkpoint: Checkpoint = field(default_factory=lambda: Checkpoint(None))


@dataclass(frozen=True)
class BucketPreview:
    """One bucket. ``ledger`` None: nothing was listed, and ``notes`` or ``problems`` say why.

    ``ladder``: the store's classes from warm to cold. ``sampled``: of how many keys tags were asked, and how many there are whose fate depends on them.
    """

    plan: BucketPlan
    rules: tuple[str, ...] = ()
    ladder: tuple[str, ...] = ()
    ledger: Ledger | None = None
    sampled: tuple[int, int] = (0, 0)
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def preview_bucket(request: PlanRequest, plan: BucketPlan, options: PreviewOptions) -> BucketPreview:
    """Forecast one bucket. A store's error becomes a problem of the preview."""
    said = BucketPreview(plan, problems=_barring(plan))
    if said.problems:
        return said
    if plan.create:
        return replace(said, notes=(ABSENT,))
    s = situation(request)
    try:
        return _listed(s, said, options)
    except StoreError as error:
        again = "" if options.checkpoint.path is None else "; the same command resumes from the checkpoint"
        problem = f"{plan.backend}/{plan.bucket}: {type(error).__name__}: {error}{again}"
        return replace(said, problems=(problem,))


def _barring(plan: BucketPlan) -> tuple[str, ...]:
    """The problems that keep the rules from being applied. Problems of other settings do not matter here."""
    return tuple(str(p) for p in plan.problems if p.path in (plan.label, "spec.lifecycle"))


def _listed(s: BucketSituation, said: BucketPreview, options: PreviewOptions) -> BucketPreview:
    backend, rules = s.store.backend, s.merged.rules
    if not rules:
        return replace(said, notes=("the bucket has no lifecycle rule",))
    if backend is None or not isinstance(backend, Lists):
        return replace(said, notes=(f"the store of {said.plan.backend} offers no listing",))
    found = _versioning(s, backend)
    table = prices(backend.name, s.store.spec, backend.list_prices) if s.store.spec else UNPRICED
    terms = backend.terms(versioned=found is not None)
    asked = Assumptions(rules, terms, options.today, options.today + options.days, table, options.tags)
    walk = Walk(
        backend, s.spec.bucket_name, scopes(rules, versions=found is not None), Forecast(asked), _unsaved
    )
    notes = [*_resumed(walk, said.plan, asked, backend.endpoint, options.checkpoint)]
    walk.run()
    ledger = walk.forecast.finish(lambda v: backend.tags_of(s.spec.bucket_name, v))
    sampled = (len(walk.forecast.sample.groups), walk.forecast.sample.seen)
    notes += [*_remarks(s, ledger, sampled), *([SUSPENDED] if found == "Suspended" else [])]
    names = tuple(r.name for r in rules)
    return replace(said, rules=names, ladder=terms.ladder, ledger=ledger, sampled=sampled, notes=tuple(notes))


def _unsaved(_state: object) -> None:
    """Save no progress."""


def _versioning(s: BucketSituation, backend: Backend) -> str | None:
    """The desired state of versioning, else the observed one."""
    driver = backend.drivers.get("versioning")
    held = driver.read(s.spec.bucket_name) if driver else None
    desired = s.spec.versioning.state if s.spec.versioning else None
    return desired or (held.state if isinstance(held, Versioning) else None)


def _resumed(
    walk: Walk, plan: BucketPlan, asked: Assumptions, endpoint: str, checkpoint: Checkpoint
) -> Iterator[str]:
    question = question_digest(endpoint, plan.bucket, asked, walk.scopes)
    walk.save = lambda state: checkpoint.save(plan.label, question, state)
    if (stands := checkpoint.of(plan.label, question)) is not None:
        walk.resume(stands)
        yield f"resumed from the checkpoint, after {walk.forecast.ledger.keys} keys"


def _remarks(s: BucketSituation, ledger: Ledger, sampled: tuple[int, int]) -> Iterator[str]:
    if sampled[1]:
        yield _sampling(*sampled)
    if ledger.uploads:
        yield "a listing has no sizes of unfinished uploads: they count without bytes"
    classes = {*ledger.start, *(f.target for f in ledger.flows if f.target)}
    if s.store.spec:
        yield from remarks(s.store.spec, ledger.prices, frozenset(classes))


def _sampling(asked: int, of: int) -> str:
    why = "rules match tags, which a listing does not have: tags were read of"
    if asked == of:
        return f"{why} all {of} keys that those rules may match"
    return f"{why} {asked} of the {of} keys that those rules may match; the result for the other keys is extrapolated"
