"""``imagestore backup restore`` and ``rewind``."""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from imagestore.cli.backups import shown
from imagestore.cli.backups.actions import ATTENTION
from imagestore.cli.backups.ends import limits_of, opened, pace_of, told_as_sentences
from imagestore.cli.backups.going_on import CheckpointFile, ProblemsTold
from imagestore.cli.errors import CommandError, UsageError
from imagestore.cli.moving.ends import backend_of, gather, split_end
from imagestore.cli.progress import progress_bar
from imagestore.core.errors import StoreError
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.history.choosing import ChosenSource, MomentSource, chosen_source, with_witness
from imagestore.repository.history.listing import BucketHistory
from imagestore.repository.history.restore import plan_history, restore_history
from imagestore.repository.history.rules import ANY_TIME, removals_of
from imagestore.repository.restoring.options import RestoreOptions, RestoreReport, RestoreState
from imagestore.repository.restoring.restore import restore as run_restore
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import Backups, backups
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.paced_store import RunPace


def restore(args: argparse.Namespace) -> int:
    """Restore a backup, or the versions of its source where they tell more."""
    with told_as_sentences():
        place, target = gather(args, args.repository, args.target)
        pace = pace_of(args)
        target = pace.end(target, counted=True)
        repository = opened(args, pace.end(place, counted=False))
        selection = selection_asked(args, repository.source.prefix)
        wanted = MomentSource(args.source.capitalize())
        if wanted is MomentSource.REPOSITORY:
            return _from_backup(args, repository, target, selection)
        if not args.as_of:
            raise UsageError(f"--from {args.source} needs --as-of: versions are those of a moment")
        named = repository.source
        history = _paced(_history(args, named.backend, named.bucket, named.prefix), pace)
        history = with_witness(history, repository)
        chosen = chosen_source(wanted, history, selection)
        sys.stderr.write(f"source: {chosen.source}, because {chosen.why}\n")
        if chosen.source is MomentSource.VERSIONS:
            return _from_versions(args, history, target, selection, chosen)
        return _from_backup(args, repository, target, selection)


def rewind(args: argparse.Namespace) -> int:
    """Restore what a versioned bucket held at a moment, from its own versions."""
    with told_as_sentences():
        backend, bucket, prefix = split_end(args.source)
        history = _history(args, backend, bucket, prefix)
        (target,) = gather(args, args.target) if args.target else (history.end,)
        pace = pace_of(args)
        history, target = _paced(history, pace), pace.end(target, counted=True)
        selection = selection_asked(args, prefix)
        chosen = chosen_source(MomentSource.VERSIONS, history, selection)
        if args.dry_run:
            options = RestoreOptions(selection, ExistingPolicy(args.existing.capitalize()))
            shown.print_lines(shown.rewind_plan(chosen, plan_history(history, target, options)))
            return 0 if chosen.survey is not None and chosen.survey.complete else ATTENTION
        return _from_versions(args, history, target, selection, chosen)


def _paced(history: BucketHistory, pace: RunPace) -> BucketHistory:
    return replace(history, end=pace.end(history.end, counted=False))


def _history(args: argparse.Namespace, backend: str, bucket: str, prefix: str) -> BucketHistory:
    found = backend_of(args, backend)
    if found.objects is None:
        raise CommandError(f"the provider of {backend} moves no objects in this version")
    try:
        removals = (
            removals_of(found.drivers["lifecycle"].read(bucket)) if "lifecycle" in found.drivers else ()
        )
    except StoreError as error:
        sys.stderr.write(f"note: the lifecycle rules of {bucket} cannot be read ({error.reason})\n")
        removals = (ANY_TIME,)
    return BucketHistory(TransferEnd(found.objects, bucket, prefix), _moment(args.as_of), removals)


def selection_asked(args: argparse.Namespace, prefix: str) -> RestoreSelection:
    """The objects that the options select, as a Restore's filter does. ``prefix``: of the source."""
    return RestoreSelection(
        tuple(prefix + p for p in args.prefixes),
        keys_in_file(args.keys_file),
        tuple(prefix + p for p in args.first),
    )


def _from_backup(
    args: argparse.Namespace, repository: Repository, target: TransferEnd, selection: RestoreSelection
) -> int:
    root = _chosen(args, backups(repository))
    with _Run(args, target, root.name, selection, root.counts.objects) as run:
        report = run_restore(repository, root, target, run.options)
    return run.told(report, {"backup": root.name})


def _from_versions(
    args: argparse.Namespace,
    history: BucketHistory,
    target: TransferEnd,
    selection: RestoreSelection,
    chosen: ChosenSource,
) -> int:
    present = chosen.survey.present if chosen.survey is not None else None
    with _Run(args, target, str(history.moment), selection, present) as run:
        report = restore_history(history, target, run.options)
    return run.told(report, {"moment": history.moment})


class _Run(ExitStack):
    """What a restore is given by the command line, and what is told of it."""

    def __init__(
        self,
        args: argparse.Namespace,
        target: TransferEnd,
        what: str,
        selection: RestoreSelection,
        total: int | None,
    ) -> None:
        super().__init__()
        self.args = args
        self.point = CheckpointFile(args.checkpoint, what, target, selection)
        self.problems = ProblemsTold(args.report, self)
        bar = self.enter_context(progress_bar("restore", total))
        kept = self.point.opened()
        kept.abort_uploads(target)
        self.options = RestoreOptions(
            selection,
            ExistingPolicy(args.existing.capitalize()),
            kept.point,
            kept.save,
            self.problems.tell,
            lambda p: bar.objects(sum(d.objects for d in p.done), p.counts.bytes),
            uploads=kept,
            read_back=args.read_back / 100,
            at_once=limits_of(args).at_once,
        )

    def told(self, report: RestoreReport, what: dict[str, object]) -> int:
        """The exit code."""
        if report.state is RestoreState.SUCCEEDED:
            self.point.done()
        if self.args.format == "json":
            content = {**what, "state": report.state, "why": report.why, **asdict(report.counts)}
            told = {"seconds": round(report.seconds, 1), "problems": self.problems.first}
            shown.print_json({**content, **told})
        else:
            shown.print_lines(shown.restore_text(report))
        return 0 if report.state is RestoreState.SUCCEEDED else ATTENTION


def _chosen(args: argparse.Namespace, found: Backups) -> BackupRoot:
    return found.as_of(_moment(args.as_of)) if args.as_of else found.named(args.backup)


def _moment(text: str) -> int:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text}: write a time such as 2027-01-31T02:30:00+01:00") from None
    zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
    return int(zoned.timestamp() * 1000)


def keys_in_file(path: str | None) -> frozenset[str]:
    """The keys that a file lists; - is the standard input. CommandError."""
    if path is None:
        return frozenset()
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: cannot be read: {error.strerror}") from None
    lines = (line.removesuffix(b"\r") for line in data.split(b"\n"))  # as Windows writes them
    keys = frozenset(line.decode("utf-8", "surrogateescape") for line in lines if line)
    if not keys:
        raise CommandError(f"{path}: names no key")
    return keys
