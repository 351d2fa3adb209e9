"""What the rules that a bucket is about to have will do to what is in it now. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from imagestore.backends.base import Backend, Lists
from imagestore.backends.walk import Walk, scopes
from imagestore.cli.forecasting.checkpoint import Checkpoint, identity
from imagestore.cli.planning.bucket_plan import Verdict
from imagestore.cli.planning.plan_bucket import Question, situation
from imagestore.core.cost import UNPRICED
from imagestore.core.errors import StoreError
from imagestore.facets.versioning import Versioning
from imagestore.forecast.forecast import Forecast
from imagestore.forecast.forecast import Question as Asked
from imagestore.forecast.ledger import Ledger
from imagestore.forecast.pricing import prices, remarks
from imagestore.reconcile.bucket.situation import BucketSituation

ABSENT = "the bucket does not exist yet, so there is nothing to list"
SUSPENDED = "versioning is suspended: of objects that were written since, an expiry leaves no old version, as is assumed here"


@dataclass(frozen=True)
class Options:
    """``today`` as an ordinal; ``days`` are looked ahead. ``tags``: keys of a bucket whose tags are asked for."""

    today: int
    days: int
    tags: int
    checkpoint: Checkpoint = field(default_factory=lambda: Checkpoint(None))


@dataclass(frozen=True)
class Preview:
    """One bucket. ``ledger`` None: nothing was listed, and ``notes`` or ``problems`` say why.

    ``ladder``: the store's classes from warm to cold. ``sampled``: of how many keys tags were asked, and how many there are whose fate depends on them.
    """

    verdict: Verdict
    rules: tuple[str, ...] = ()
    ladder: tuple[str, ...] = ()
    ledger: Ledger | None = None
    sampled: tuple[int, int] = (0, 0)
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def preview(question: Question, verdict: Verdict, options: Options) -> Preview:
    """Whatever a store answers becomes a sentence."""
    said = Preview(verdict, problems=_barring(verdict))
    if said.problems:
        return said
    if verdict.create:
        return replace(said, notes=(ABSENT,))
    s = situation(question)
    try:
        return _listed(s, said, options)
    except StoreError as error:
        again = "" if options.checkpoint.path is None else "; the same command goes on from there"
        problem = f"{verdict.backend}/{verdict.bucket}: {type(error).__name__}: {error}{again}"
        return replace(said, problems=(problem,))


def _barring(verdict: Verdict) -> tuple[str, ...]:
    """What keeps the rules from ever being carried out; other settings' troubles are not these rules' affair."""
    return tuple(str(p) for p in verdict.problems if p.path in (verdict.label, "spec.lifecycle"))


def _listed(s: BucketSituation, said: Preview, options: Options) -> Preview:
    backend, rules = s.store.backend, s.merged.rules
    if not rules:
        return replace(said, notes=("no lifecycle rule is for this bucket",))
    if backend is None or not isinstance(backend, Lists):
        return replace(said, notes=(f"{said.verdict.backend} tells no listing",))
    found = _versioning(s, backend)
    table = prices(backend.name, s.store.spec, backend.list_prices) if s.store.spec else UNPRICED
    terms = backend.terms(versioned=found is not None)
    asked = Asked(rules, terms, options.today, options.today + options.days, table, options.tags)
    walk = Walk(
        backend, s.spec.bucket_name, scopes(rules, versions=found is not None), Forecast(asked), _unsaved
    )
    notes = [*_resumed(walk, said.verdict, asked, backend.endpoint, options.checkpoint)]
    walk.run()
    ledger = walk.forecast.finish(lambda v: backend.tags_of(s.spec.bucket_name, v))
    sampled = (len(walk.forecast.sample.groups), walk.forecast.sample.seen)
    notes += [*_remarks(s, ledger, sampled), *([SUSPENDED] if found == "Suspended" else [])]
    names = tuple(r.name for r in rules)
    return replace(said, rules=names, ladder=terms.ladder, ledger=ledger, sampled=sampled, notes=tuple(notes))


def _unsaved(_state: object) -> None:
    """Nothing is kept."""


def _versioning(s: BucketSituation, backend: Backend) -> str | None:
    """What it is, or is about to be."""
    driver = backend.drivers.get("versioning")
    held = driver.read(s.spec.bucket_name) if driver else None
    wished = s.spec.versioning.state if s.spec.versioning else None
    return wished or (held.state if isinstance(held, Versioning) else None)


def _resumed(
    walk: Walk, verdict: Verdict, asked: Asked, endpoint: str, checkpoint: Checkpoint
) -> Iterator[str]:
    question = identity(endpoint, verdict.bucket, asked, walk.scopes)
    walk.save = lambda state: checkpoint.save(verdict.label, question, state)
    if (stands := checkpoint.of(verdict.label, question)) is not None:
        walk.resume(stands)
        yield f"goes on from the checkpoint, after {walk.forecast.ledger.keys} keys"


def _remarks(s: BucketSituation, ledger: Ledger, sampled: tuple[int, int]) -> Iterator[str]:
    if sampled[1]:
        yield _sampling(*sampled)
    if ledger.uploads:
        yield "a listing does not tell the sizes of unfinished uploads: they count without bytes"
    classes = {*ledger.start, *(f.target for f in ledger.flows if f.target)}
    if s.store.spec:
        yield from remarks(s.store.spec, ledger.prices, frozenset(classes))


def _sampling(asked: int, of: int) -> str:
    why = "rules ask for tags, which no listing tells: they were asked of"
    if asked == of:
        return f"{why} all {of} keys that they concern"
    return f"{why} {asked} of the {of} keys that they concern, what becomes of the others is extrapolated"
