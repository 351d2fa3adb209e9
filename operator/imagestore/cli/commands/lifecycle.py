"""``imagestore lifecycle preview | simulate``: what lifecycle rules will do before they do it. Writes nothing."""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from imagestore.cli.forecasting.preview import PreviewOptions
    from imagestore.cli.gathering.inputs import Inputs
    from imagestore.cli.planning.plan_bucket import PlanRequest

DESCRIPTION = "What lifecycle rules will do before they do it. Writes nothing."
PREVIEW = """\
For each ImageBucket in the manifests and each rule that is for it: the objects and bytes that it touches now and in each of
the next months (of 30 days), what it saves, and what it costs. The buckets are listed; nothing is written.
"""
SIMULATE = """\
Walk a bucket's listing, or one in a file, through the rules, and show what each class holds and what it costs, by day or by
month. What is written to the bucket meanwhile is not foreseen.

A listing is CSV (key,size,lastModified and, if known, storageClass,versionId,isLatest,isDeleteMarker,tags), JSON Lines with
the same names, what aws s3api list-objects-v2 prints, or an inventory of S3's as it comes: its manifest.json, with the data
files beside it, or one of these alone. What is packed by gzip is unpacked.
"""
EPILOG = """\
exit codes: 0 told, 1 an error, or something that the operator would refuse
"""
LONGEST = 3650


def register(subparsers: Any) -> None:
    """Add the command and its two."""
    parser = subparsers.add_parser(
        "lifecycle", help="show what lifecycle rules will do", description=DESCRIPTION
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _preview(below)
    _simulate(below)


def _preview(below: Any) -> None:
    parser = _parser(below, "preview", "what each rule touches, saves and costs", PREVIEW)
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument(
        "--months", type=options.number, default=12, help="to look ahead (default: %(default)s)"
    )
    parser.set_defaults(run=preview)


def _simulate(below: Any) -> None:
    parser = _parser(below, "simulate", "the curve of classes, bytes and costs", SIMULATE)
    parser.add_argument("--bucket", metavar="NAMESPACE/NAME", help="which ImageBucket, if there are several")
    parser.add_argument("--listing", metavar="FILE", help="walk through this rather than a bucket")
    parser.add_argument(
        "--prices",
        type=options.one_of("AWS", "GCS", "Azure", "OCI"),
        metavar="AWS|GCS|Azure|OCI",
        help="of a listing: as if it were there",
    )
    parser.add_argument("--days", type=options.number, default=365, help="to walk (default: %(default)s)")
    parser.add_argument("--by", choices=("day", "month"), default="month")
    parser.add_argument("--format", choices=("text", "csv", "json"), default="text")
    parser.add_argument("--plot", metavar="FILE.svg|FILE.png", help="draw it, too")
    parser.set_defaults(run=simulate)


def _parser(below: Any, name: str, says: str, description: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = below.add_parser(
        name,
        help=says,
        description=description,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.manifests(parser, required=True)
    parser.add_argument("-n", "--namespace", default="default", help="of objects that name none")
    parser.add_argument(
        "--installation", help="the operator's installation id; default: as buckets are marked"
    )
    options.listings(parser)
    options.credentials(parser)
    options.cluster(parser)
    return parser


def preview(args: argparse.Namespace) -> int:
    """Print it; the exit code."""
    from dataclasses import replace

    from imagestore.cli.forecasting import report
    from imagestore.cli.forecasting.preview import preview as of_bucket
    from imagestore.cli.planning.plan_bucket import plan_bucket

    known, requests = _requests(args)
    asked = how(args, 30 * _bounded(args.months, LONGEST // 30, "--months"))
    # The preview counts it all, to the end.
    found = tuple(of_bucket(q, plan_bucket(replace(q, pages=0)), asked) for q in requests)
    empty = () if found else ("no ImageBucket is in the manifests: give those of the buckets to list, too",)
    told = report.PreviewReport(asked.today, args.months, found, _unread(known), (*known.notes, *empty))
    _print(args, told)
    if not told.exit:
        asked.checkpoint.done()
    return int(told.exit)


def _requests(args: argparse.Namespace) -> "tuple[Inputs, list[PlanRequest]]":
    """Of what could be read: what could not is said at the end. Raises CommandError if nothing could."""
    from datetime import UTC, datetime

    from imagestore.cli.gathering.inputs import gather_inputs
    from imagestore.cli.planning.plan_all import plan_requests

    known = gather_inputs(args, os.environ)
    if not known.manifests.objects and known.manifests.problems:
        raise CommandError(*_unread(known))
    now = datetime.now(UTC)
    return known, plan_requests(known.manifests, known.cluster, known.stores.get, now, args.installation)


def _unread(known: "Inputs") -> tuple[str, ...]:
    return tuple(map(str, known.manifests.problems))


def how(args: argparse.Namespace, days: int) -> "PreviewOptions":
    """As the options say, which ``plan --preview`` has, too. Raises CommandError."""
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


def _print(args: argparse.Namespace, told: Any) -> None:
    from imagestore.cli.colour import paint
    from imagestore.cli.forecasting import report

    if args.format == "json":
        sys.stdout.write(report.as_json(told))
    elif args.format == "markdown":
        sys.stdout.write(report.markdown(told))
    else:
        sys.stdout.write(report.text(told, paint(sys.stdout)))


def simulate(args: argparse.Namespace) -> int:
    """Print it, and draw it; the exit code."""
    from imagestore.cli.colour import paint
    from imagestore.cli.forecasting import curves, plot
    from imagestore.cli.forecasting.simulate import simulated

    if args.prices and args.listing is None:
        raise UsageError(
            "--prices is of a listing in a file: give --listing; a bucket's prices are its StorageBackend's"
        )
    if args.plot:
        plot.possible(args.plot)
    known, requests = _requests(args)
    asked = how(args, _bounded(args.days, LONGEST, "--days"))
    found = simulated(args, known.manifests, requests, asked)
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
