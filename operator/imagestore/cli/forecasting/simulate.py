"""Applies rules to the listing of a bucket, or to a listing in a file, over time."""

import argparse

from imagestore.cli.errors import CommandError
from imagestore.cli.forecasting.curves import Curve, curve_of
from imagestore.cli.forecasting.listing import ordered, read
from imagestore.cli.forecasting.preview import PreviewOptions, preview_bucket
from imagestore.cli.forecasting.scenario import Scenario, pick_request, scenario
from imagestore.cli.manifests.load import Manifests
from imagestore.cli.planning.plan_bucket import PlanRequest, plan_bucket
from imagestore.core.stored import StoredVersion
from imagestore.forecast.forecast import Assumptions, Forecast, by_key

UNTOLD = "rules match tags, and the listing has no column tags: these rules match nothing here"


def simulate(
    args: argparse.Namespace, manifests: Manifests, requests: list[PlanRequest], options: PreviewOptions
) -> Curve:
    """Simulate what the options ask for. Raises CommandError."""
    request = pick_request(args, requests)
    if args.listing is not None:
        return _of_file(args.listing, scenario(args, manifests, request), options)
    if request is None:
        raise CommandError("give an ImageBucket with -f, or a listing with --listing")
    return _of_bucket(request, options)


def _of_bucket(request: PlanRequest, options: PreviewOptions) -> Curve:
    said = preview_bucket(request, plan_bucket(request), options)
    if said.problems:
        raise CommandError(*said.problems)
    if said.ledger is None:
        raise CommandError(f"{request.object.label}: {'; '.join(said.notes)}")
    title = f"{request.object.label}  ({said.plan.bucket} on {said.plan.backend})"
    span = (options.today, options.today + options.days)
    return curve_of(title, said.ledger, said.ladder, span, said.notes)


def _of_file(path: str, what: Scenario, options: PreviewOptions) -> Curve:
    span = (options.today, options.today + options.days)
    forecast = Forecast(Assumptions(what.rules, what.terms, *span, what.prices, tags=0))
    for group in by_key(ordered(read(path), path)):  # an inventory lists the versions of a key in any order
        forecast.feed(sorted(group, key=_newest_first))
    ledger = forecast.ledger
    classes = frozenset({*ledger.start, *(f.target for f in ledger.flows if f.target)})
    notes = (*((UNTOLD,) if forecast.sample.seen else ()), *what.remarks(classes))
    return curve_of(path, ledger, what.terms.ladder, span, notes)


def _newest_first(stored: StoredVersion) -> tuple[bool, int]:
    return not stored.latest, -stored.modified
