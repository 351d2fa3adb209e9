"""``imagestore plan``: show what the operator would change in the stores. Writes nothing."""

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

_DESCRIPTION = """\
Show what the operator would change in the stores if these manifests were applied. Plan reads the stores and the
cluster, and writes nothing.
"""
_REMARK = """\
A manifest that cannot be read is an error, and the others are still planned. Finding no manifest is an error, too.

Plan only manifests that you trust: a StorageBackend decides where signed requests are sent.
"""


def register(subparsers: Any) -> None:
    """Add the command; nothing heavy is imported until it runs."""
    codes = {0: "nothing would change", 2: "something would change, or waits for approval"}
    parser = options.command(
        subparsers,
        "plan",
        "show what would change, field by field",
        _DESCRIPTION,
        codes=codes,
        remark=_REMARK,
    )
    options.of_buckets(parser)
    options.output(parser, "text", "markdown", "json")
    parser.add_argument(
        "--preview",
        action="store_true",
        help="list the buckets, and show what each lifecycle rule affects now and within a year",
    )
    options.listings(parser)
    options.credentials(parser)
    options.cluster(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the plan and return the exit code."""
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
    """The plans, with a note for each lifecycle rule."""
    from imagestore.cli.commands.lifecycle import preview_options
    from imagestore.cli.forecasting.preview import preview_bucket
    from imagestore.cli.forecasting.report import PreviewReport, noted

    options = preview_options(args, MONTHS * 30)
    found = tuple(preview_bucket(q, v, options) for q, v in zip(asked, buckets, strict=True))
    report = PreviewReport(options.today, MONTHS, found)
    if not report.exit:
        options.checkpoint.done()
    return tuple(noted(report, p) for p in found)


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
