"""``transfer copy``: one run, with a progress bar, and what it did."""

import argparse
import sys

from imagestore.cli.errors import CommandError
from imagestore.cli.moving.shown import json_line, report_text
from imagestore.cli.progress import watched_transfer
from imagestore.transfer.job import TransferHooks, TransferJob
from imagestore.transfer.pair_copier import PairCopier
from imagestore.transfer.report import TransferReport
from imagestore.transfer.run import transfer
from imagestore.transfer.sorting import DiskFull
from imagestore.transfer.state import Superseded


def copy(args: argparse.Namespace, job: TransferJob, hooks: TransferHooks) -> int:
    """Run it; return the exit code. Raises CommandError."""
    try:
        with watched_transfer(hooks, wanted=not args.no_progress) as watched:
            report = transfer(job, watched, PairCopier)
    except Superseded as error:
        raise CommandError(str(error)) from None
    except DiskFull as error:
        raise CommandError(error.strerror) from None
    return show_report(args, report, dry=args.dry_run)


def show_report(args: argparse.Namespace, report: TransferReport, *, dry: bool) -> int:
    """Print it; return the exit code."""
    sys.stdout.write(json_line(report.to_json()) if args.format == "json" else report_text(report))
    if report.held is not None or (dry and report.backlog.objects):
        return 2
    return 0 if report.complete and not report.failed else 1
