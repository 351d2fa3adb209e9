"""A bucket's listing, or one in a file, walked through the rules that hold for it."""

import argparse

from imagestore.cli.errors import Wrong
from imagestore.cli.forecasting.curves import Curve, drawn
from imagestore.cli.forecasting.listing import ordered, read
from imagestore.cli.forecasting.preview import Options, preview
from imagestore.cli.forecasting.scenario import Scenario, chosen, scenario
from imagestore.cli.manifests.load import Manifests
from imagestore.cli.planning.plan_bucket import Question, plan_bucket
from imagestore.core.stored import StoredVersion
from imagestore.forecast.forecast import Forecast, by_key
from imagestore.forecast.forecast import Question as Asked

UNTOLD = "rules ask for tags and the listing has no column tags: such rules are taken to match nothing"


def simulated(
    args: argparse.Namespace, manifests: Manifests, questions: list[Question], options: Options
) -> Curve:
    """Raises Wrong."""
    question = chosen(args, questions)
    if args.listing is not None:
        return _of_file(args.listing, scenario(args, manifests, question), options)
    if question is None:
        raise Wrong("give an ImageBucket with -f, or a listing with --listing")
    return _of_bucket(question, options)


def _of_bucket(question: Question, options: Options) -> Curve:
    said = preview(question, plan_bucket(question), options)
    if said.problems:
        raise Wrong(*said.problems)
    if said.ledger is None:
        raise Wrong(f"{question.object.label}: {'; '.join(said.notes)}")
    title = f"{question.object.label}  ({said.verdict.bucket} on {said.verdict.backend})"
    span = (options.today, options.today + options.days)
    return drawn(title, said.ledger, said.ladder, span, said.notes)


def _of_file(path: str, what: Scenario, options: Options) -> Curve:
    span = (options.today, options.today + options.days)
    forecast = Forecast(Asked(what.rules, what.terms, *span, what.prices, tags=0))
    for group in by_key(ordered(read(path), path)):  # an inventory has a key's versions in any order
        forecast.feed(sorted(group, key=_newest_first))
    ledger = forecast.ledger
    classes = frozenset({*ledger.start, *(f.target for f in ledger.flows if f.target)})
    notes = (*((UNTOLD,) if forecast.sample.seen else ()), *what.remarks(classes))
    return drawn(path, ledger, what.terms.ladder, span, notes)


def _newest_first(stored: StoredVersion) -> tuple[bool, int]:
    return not stored.latest, -stored.modified
