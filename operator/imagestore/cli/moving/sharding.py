"""``transfer split | run | finish``: a copy in shards, each in a process of its own."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from imagestore.cli.errors import CommandError, UsageError
from imagestore.cli.moving.ends import ending_early, hooks_of, stores_of
from imagestore.cli.moving.shown import report_text
from imagestore.core.errors import Transient
from imagestore.core.fencing import Fenced
from imagestore.transfer.description import RUN_DESCRIPTION, ShardedRun, described, run_of
from imagestore.transfer.descriptions import WrongDescription
from imagestore.transfer.job import TransferHooks, TransferJob
from imagestore.transfer.listings import at_side
from imagestore.transfer.pair_copier import PairCopier
from imagestore.transfer.report import TransferReport
from imagestore.transfer.segments import journal_now
from imagestore.transfer.shards import boundaries, finish_shards, run_shard
from imagestore.transfer.state import StateObjects, Superseded

AGAIN, NEVER = 75, 65  # sysexits' EX_TEMPFAIL and EX_DATAERR: what a Job's podFailurePolicy tells apart
INDEX = "JOB_COMPLETION_INDEX"


def split(job: TransferJob, shards: int) -> str:
    """The description of a run in at most so many shards."""
    hooks = hooks_of()
    end = job.destination
    with ending_early():
        with at_side("destination"):
            mark = journal_now(StateObjects(end.store, end.bucket, job.place, hooks.permit))
        return described(job, hooks.run, boundaries(job, hooks, shards), {}, mark)


def shard_number(args: argparse.Namespace, shards: int) -> int:
    """Which shard this process works on. Raises WrongDescription."""
    text = args.shard if args.shard is not None else os.environ.get(INDEX)
    if text is None:
        raise UsageError(f"give --shard, or set {INDEX}")
    try:
        number = int(text)
    except ValueError:
        raise WrongDescription(f"the shard {text} is not a number") from None
    if not 0 <= number < shards:
        raise WrongDescription(f"there is no shard {number}: the run has {shards}")
    return number


def run_one(args: argparse.Namespace) -> int:
    """Work on one shard; return the exit code for its Job."""
    try:
        run = _described(args)
        number = shard_number(args, len(run.parts))
    except WrongDescription as error:
        sys.stderr.write(f"error: {error}\n")
        return NEVER
    try:
        report = run_shard(run.job, _hooks(run), PairCopier, run.parts[number], number)
    except (Superseded, Fenced, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return AGAIN
    sys.stdout.write(report_text(report))
    return shard_code(report)


def shard_code(report: TransferReport) -> int:
    """0: listed to the end; single objects may have failed, which the next run brings over."""
    if report.complete:
        return 0
    trouble = report.trouble
    return AGAIN if trouble is None or isinstance(trouble.error, Transient) else NEVER


def finish_all(args: argparse.Namespace) -> TransferReport:
    """Deletes, journal and report of all shards, if no other run has ended since they began. Raises CommandError."""
    try:
        run = _described(args)
    except WrongDescription as error:
        raise CommandError(str(error)) from None
    try:
        return finish_shards(run.job, _hooks(run), PairCopier, run.parts, run.journal)
    except Superseded:
        raise CommandError(
            "another run of this job has ended since these shards were split, or goes on; what they listed is older: split anew"
        ) from None


def _described(args: argparse.Namespace) -> ShardedRun:
    text = run_text(args)
    return run_of(text, stores_of(args, *RUN_DESCRIPTION.backends(text)))


def run_text(args: argparse.Namespace) -> str:
    """The description that ``--run`` names. Raises WrongDescription."""
    try:
        return Path(args.run_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongDescription(f"{args.run_file} cannot be read: {error}") from None


def _hooks(run: ShardedRun) -> TransferHooks:
    return replace(hooks_of(), run=run.run)
