"""``imagestore plan``: what would change in the stores if these manifests were applied. Writes nothing."""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from imagestore.cli import options

if TYPE_CHECKING:
    from imagestore.cli.planning.bucket_plan import BucketPlan
    from imagestore.cli.planning.plan_bucket import PlanRequest
    from imagestore.cli.planning.report import PlanReport

MONTHS = 12

EPILOG = """\
exit codes: 0 nothing would change, 2 something would, 1 an error, or something that the operator would refuse,
64 the command was not given as it has to be

What cannot be read is an error at the end; the rest is planned. Nothing found is an error, too.

Only point it at manifests that you trust: whoever writes a StorageBackend chooses where signed requests go.
"""


def register(subparsers: Any) -> None:
    """Add the command; nothing heavy is imported until it runs."""
    parser = subparsers.add_parser(
        "plan",
        help="show what would change, field by field",
        description="What would change in the stores if these manifests were applied. Writes nothing.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.manifests(parser, required=True)
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument("-n", "--namespace", default="default", help="of objects that name none")
    parser.add_argument(
        "--installation", help="the operator's installation id; default: as buckets are marked"
    )
    parser.add_argument(
        "--preview",
        action="store_true",
        help="list the buckets, and say what each lifecycle rule touches now and within a year",
    )
    options.listings(parser)
    options.credentials(parser)
    options.cluster(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plan, print, and give the exit code."""
    from datetime import UTC, datetime

    from imagestore.cli.gathering.inputs import gather_inputs
    from imagestore.cli.planning.plan_all import bucket_plans, plan_requests, refused_at_apply
    from imagestore.cli.planning.report import PlanReport

    known = gather_inputs(args, os.environ)
    refused = refused_at_apply(known.manifests, known.cluster)
    asked = plan_requests(
        known.manifests, known.cluster, known.stores.get, datetime.now(UTC), args.installation
    )
    asked = [q for q in asked if q.object.label not in refused]
    found = bucket_plans(asked)
    if args.preview:
        found = _previewed(args, asked, found)
    problems = (*known.manifests.problems, *(p for of in refused.values() for p in of))
    return _show(args, PlanReport(found, problems, known.notes))


def _previewed(
    args: argparse.Namespace, asked: "list[PlanRequest]", buckets: "tuple[BucketPlan, ...]"
) -> "tuple[BucketPlan, ...]":
    """The buckets with a note for each lifecycle rule."""
    from imagestore.cli.commands.lifecycle import how
    from imagestore.cli.forecasting.preview import preview
    from imagestore.cli.forecasting.report import PreviewReport, noted

    options = how(args, MONTHS * 30)
    found = tuple(preview(q, v, options) for q, v in zip(asked, buckets, strict=True))
    told = PreviewReport(options.today, MONTHS, found)
    if not told.exit:
        options.checkpoint.done()
    return tuple(noted(told, p) for p in found)


def _show(args: argparse.Namespace, run: "PlanReport") -> int:
    from imagestore.cli.colour import paint
    from imagestore.cli.planning import report

    if args.format == "json":
        sys.stdout.write(report.as_json(run))
    elif args.format == "markdown":
        sys.stdout.write(report.markdown(run))
    else:
        sys.stdout.write(report.text(run, paint(sys.stdout)))
    return int(run.exit)
