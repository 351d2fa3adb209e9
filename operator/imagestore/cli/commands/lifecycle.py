"""``imagestore lifecycle preview | simulate``: show what lifecycle rules will do before they do it."""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from imagestore.cli.forecasting.preview import PreviewOptions
    from imagestore.cli.gathering.inputs import CommandInputs
    from imagestore.cli.planning.plan_bucket import PlanRequest

_DESCRIPTION = "Show what lifecycle rules will do before they do it. Writes nothing to a store."
PREVIEW = """\
For each ImageBucket in the manifests and each of its rules, show how many objects and bytes the rule affects now and in
each of the next months (of 30 days), what it saves and what it costs. Preview lists the buckets and writes nothing.
"""
SIMULATE = """\
Apply the rules to the listing of a bucket, or to a listing in a file, and show day by day or month by month what each
storage class holds and costs. Objects that are written in the meantime are not predicted.

A listing in a file is one of
  - CSV with the columns key,size,lastModified and, if known, storageClass,versionId,isLatest,isDeleteMarker,tags
  - JSON Lines with the same names
  - the output of aws s3api list-objects-v2 or list-object-versions
  - an S3 inventory: its manifest.json with the data files beside it, or one data file
and may be compressed by gzip.
"""
LONGEST = 3650


def register(subparsers: Any) -> None:
    """Add the command and its two."""
    below = options.group(subparsers, "lifecycle", "show what lifecycle rules will do", _DESCRIPTION)
    _preview(below)
    _simulate(below)


def _preview(below: Any) -> None:
    parser = _parser(below, "preview", "show what each rule affects, saves and costs", PREVIEW)
    options.output(parser, "text", "markdown", "json")
    parser.add_argument(
        "--months", type=options.number, default=12, help="look so many months ahead (default: %(default)s)"
    )
    parser.set_defaults(run=run_preview)


def _simulate(below: Any) -> None:
    parser = _parser(below, "simulate", "show storage classes, bytes and costs over time", SIMULATE)
    options.output(parser, "text", "csv", "json")
    parser.add_argument(
        "--bucket", metavar="NAMESPACE/NAME", help="the ImageBucket, if the manifests have several"
    )
    parser.add_argument(
        "--listing", metavar="FILE", help="read the listing from this file, not from the bucket"
    )
    parser.add_argument(
        "--prices",
        type=options.one_of("AWS", "GCS", "Azure", "OCI"),
        metavar="AWS|GCS|Azure|OCI",
        help="with --listing: the list prices and storage classes to use",
    )
    parser.add_argument(
        "--days", type=options.number, default=365, help="simulate so many days (default: %(default)s)"
    )
    parser.add_argument(
        "--by",
        choices=("day", "month"),
        default="month",
        help="a row for each day or month (default: %(default)s)",
    )
    parser.add_argument("--plot", metavar="FILE.svg|FILE.png", help="also draw the result as a picture")
    parser.set_defaults(run=run_simulate)


def _parser(below: Any, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    parser = options.command(below, name, summary, description, codes={0: "the answer is complete"})
    options.of_buckets(parser)
    options.listings(parser)
    options.credentials(parser)
    options.cluster(parser)
    return parser


def run_preview(args: argparse.Namespace) -> int:
    """Print the preview and return the exit code."""
    from dataclasses import replace

    from imagestore.cli.forecasting import report
    from imagestore.cli.forecasting.preview import preview_bucket
    from imagestore.cli.planning.plan_bucket import plan_bucket

    known, requests = _requests(args)
    asked = preview_options(args, 30 * _bounded(args.months, LONGEST // 30, "--months"))
    # The preview counts it all, to the end.
    found = tuple(preview_bucket(q, plan_bucket(replace(q, pages=0)), asked) for q in requests)
    empty = (
        ()
        if found
        else ("the manifests have no ImageBucket; give the manifests of the buckets to list, too",)
    )
    preview_report = report.PreviewReport(
        asked.today, args.months, found, _unread(known), (*known.notes, *empty)
    )
    _print(args, preview_report)
    if not preview_report.exit:
        asked.checkpoint.done()
    return int(preview_report.exit)


def _requests(args: argparse.Namespace) -> "tuple[CommandInputs, list[PlanRequest]]":
    """What could be read; the rest is reported at the end. Raises CommandError if nothing could be read."""
    from datetime import UTC, datetime

    from imagestore.cli.gathering.inputs import gather_inputs
    from imagestore.cli.planning.plan_all import plan_requests

    known = gather_inputs(args, os.environ)
    if not known.manifests.objects and known.manifests.problems:
        raise CommandError(*_unread(known))
    now = datetime.now(UTC)
    return known, plan_requests(known.manifests, known.cluster, known.stores.get, now, args.installation)


def _unread(known: "CommandInputs") -> tuple[str, ...]:
    return tuple(map(str, known.manifests.problems))


def preview_options(args: argparse.Namespace, days: int) -> "PreviewOptions":
    """How to forecast, from options that ``plan --preview`` has, too. Raises CommandError."""
    from datetime import UTC, datetime

    from imagestore.cli.forecasting.checkpoint import Checkpoint
    from imagestore.cli.forecasting.preview import PreviewOptions

    today = args.day if args.day is not None else datetime.now(UTC).toordinal()
    tags = _bounded(args.sample, 100_000, "--sample")
    return PreviewOptions(today, days, tags, Checkpoint.at(args.checkpoint))


def _bounded(value: int, most: int, option: str) -> int:
    if 1 <= value <= most:
        return value
    raise UsageError(f"{option} {value}: give a number from 1 to {most}")


def _print(args: argparse.Namespace, preview_report: Any) -> None:
    from imagestore.cli.colour import paint
    from imagestore.cli.forecasting import report

    if args.format == "json":
        sys.stdout.write(report.as_json(preview_report))
    elif args.format == "markdown":
        sys.stdout.write(report.markdown(preview_report))
    else:
        sys.stdout.write(report.text(preview_report, paint(sys.stdout)))


def run_simulate(args: argparse.Namespace) -> int:
    """Print the simulation, draw it, and return the exit code."""
    from imagestore.cli.colour import paint
    from imagestore.cli.forecasting import curves, plot
    from imagestore.cli.forecasting.simulate import simulate

    if args.prices and args.listing is None:
        raise UsageError("--prices needs --listing; the prices of a bucket are those of its StorageBackend")
    if args.plot:
        plot.check(args.plot)
    known, requests = _requests(args)
    asked = preview_options(args, _bounded(args.days, LONGEST, "--days"))
    found = simulate(args, known.manifests, requests, asked)
    step = 1 if args.by == "day" else 30
    if args.format == "text":
        sys.stdout.write(curves.text(found, step, paint(sys.stdout)))
    else:
        sys.stdout.write((curves.as_csv if args.format == "csv" else curves.as_json)(found, step))
    if args.plot:
        plot.plot(found, args.plot)
    if known.manifests.problems:
        raise CommandError(*_unread(known))
    asked.checkpoint.done()
    return 0
