"""``imagestore backup create | list | show | verify | drill | diff``."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from random import SystemRandom

from imagestore.cli.backups import shown
from imagestore.cli.backups.ends import (
    files_at,
    limits_of,
    opened,
    opening_secret,
    pace_of,
    source_name,
    told_as_sentences,
)
from imagestore.cli.errors import CommandError, UsageError
from imagestore.cli.moving.ends import gather
from imagestore.cli.progress import progress_bar
from imagestore.repository.checking.drill import DrillOptions
from imagestore.repository.checking.drill import drill as run_drill
from imagestore.repository.checking.heal import heal
from imagestore.repository.checking.images import note_undecodable
from imagestore.repository.checking.scratch import DRILL_SCRATCH
from imagestore.repository.checking.verify import DamagedRow, VerifyLevel, VerifyOptions
from imagestore.repository.checking.verify import verify as run_verify
from imagestore.repository.errors import NoRepository
from imagestore.repository.format.roots import BackupFilter, BackupRoot, BackupState
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.making.reading import no_note
from imagestore.repository.restoring.options import RestoreOptions
from imagestore.repository.store.comparing import RowChange, changes
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import FileLock
from imagestore.repository.store.opening import Repository, refuse_other_source
from imagestore.repository.store.view import backups, lines_of_leaf
from imagestore.transfer.job import TransferEnd

ATTENTION = 2


def create(args: argparse.Namespace) -> int:
    """Make a backup."""
    with told_as_sentences():
        source, place = gather(args, args.source, args.repository)
        pace = pace_of(args)
        source, place = pace.end(source, counted=True), pace.end(place, counted=False)
        repository = _repository(args, source, place)
        refuse_other_source(repository, source_name(source))
        with progress_bar("backup") as bar:
            options = BackupOptions(
                BackupFilter(
                    tuple(source.prefix + p for p in args.include),
                    tuple(source.prefix + p for p in args.exclude),
                ),
                reread=args.reread,
                note=note_undecodable if args.decode else no_note,
                told=lambda counts: bar.objects(counts.objects, counts.read_bytes),
                at_once=limits_of(args).at_once,
            )
            root = back_up(repository, source, options)
    _print_root(args, root)
    return 0 if root.state is BackupState.SUCCEEDED else ATTENTION


def _repository(args: argparse.Namespace, source: TransferEnd, place: TransferEnd) -> Repository:
    """The repository, which ``--init`` creates if it is not there."""
    try:
        return opened(args, place)
    except NoRepository:
        if not args.init:
            raise CommandError(
                f"there is no repository at {args.repository}; create it with --init"
            ) from None
    secret = opening_secret(args, os.environ)
    return create_repository(
        files_at(place),
        source_name(source),
        {secret.kind.value: secret},
        os.urandom,
        sealed=bool(secret.value) and not args.no_encryption,
        lock=FileLock(args.lock_mode.upper(), args.lock_days) if args.lock_days else None,
    )


def _print_root(args: argparse.Namespace, root: BackupRoot) -> None:
    if args.format == "json":
        shown.print_json(shown.root_content(root))
    else:
        shown.print_lines(shown.root_text(root))


def list_backups(args: argparse.Namespace) -> int:
    """List the backups."""
    with told_as_sentences():
        (place,) = gather(args, args.repository)
        found = backups(opened(args, place))
    if args.format == "json":
        content = [shown.root_content(root) for root in found.roots]
        shown.print_json({"backups": content, "rejected": dict(found.rejected)})
    else:
        shown.print_lines(shown.backups_text(found))
    return ATTENTION if found.rejected else 0


def show(args: argparse.Namespace) -> int:
    """Show a backup, and what failed in it."""
    with told_as_sentences():
        (place,) = gather(args, args.repository)
        repository = opened(args, place)
        root = backups(repository).named(args.backup)
        lines = lines_of_leaf(repository, root.report) if root.report else iter(())
        problems = [json.loads(line) for line in lines]
    if args.format == "json":
        shown.print_json({**shown.root_content(root), "problems": problems})
    else:
        shown.print_lines(shown.root_text(root))
        shown.print_lines(map(shown.problem_line, problems))
    return 0


def verify(args: argparse.Namespace) -> int:
    """Verify all backups, or one; heal what is damaged."""
    share, shares = _share(args.share)
    damaged: list[DamagedRow] = []
    with told_as_sentences():
        ends = gather(args, args.repository, *([args.heal] if args.heal else []))
        repository = opened(args, pace_of(args).end(ends[0], counted=True))
        found = backups(repository)
        roots = (found.named(args.backup),) if args.backup else found.roots
        with progress_bar("verify", sum(ref.rows for root in roots for ref in root.leaves)) as bar:
            options = VerifyOptions(
                VerifyLevel(args.level), share, shares, damaged.append, lambda rows: bar.objects(rows, 0)
            )
            report = run_verify(repository, roots, options)
        healed = _healed(repository, damaged, ends[1]) if args.heal else []
    if args.format == "json":
        names = [shown.damage_line(d) for d in damaged]
        rejected = dict(found.rejected)
        told = {**asdict(report), "damaged_backups": sorted(report.damaged_backups)}
        shown.print_json({**told, "problems": names, "healed": healed, "rejected": rejected})
    else:
        shown.print_lines(map(shown.damage_line, damaged))
        shown.print_lines(f"{shown.printable(key)}: healed from the source" for key in healed)
        shown.print_lines(f"does not count: {why}" for why in found.rejected.values())
        shown.print_lines([shown.verify_text(report)])
    unsound = len(healed) < len(_keys(damaged)) or any(d.lost_rows for d in damaged)
    return ATTENTION if unsound or not roots or (found.rejected and not args.backup) else 0


def _keys(damaged: list[DamagedRow]) -> set[str]:
    return {d.row.key for d in damaged if d.row is not None}


def _healed(repository: Repository, damaged: list[DamagedRow], end: TransferEnd) -> list[str]:
    return list(heal(repository, (d.row for d in damaged if d.row is not None), end).healed)


def _share(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise UsageError(f"--share {text}: write which part of how many, such as 1/7")
    return int(part) - 1, int(parts)


def drill(args: argparse.Namespace) -> int:
    """Restore a sample into a scratch prefix, and remove it."""
    lost: dict[str, str] = {}
    with told_as_sentences():
        place, scratch = gather(args, args.repository, args.scratch)
        pace = pace_of(args)
        place, scratch = pace.end(place, counted=False), pace.end(scratch, counted=True)
        prefix = scratch.prefix or DRILL_SCRATCH
        repository = opened(args, place)
        root = backups(repository).named(args.backup)
        restoring = RestoreOptions(at_once=limits_of(args).at_once)
        options = DrillOptions(args.sample, SystemRandom(), restoring, lost.__setitem__)
        report = run_drill(repository, root, replace(scratch, prefix=prefix), options)
    if args.format == "json":
        content = {**asdict(report), "passed": report.passed, "finds": report.finds}
        shown.print_json({**content, "problems": {shown.printable(k): why for k, why in lost.items()}})
    else:
        shown.print_lines(f"{shown.printable(key)}: {why}" for key, why in lost.items())
        shown.print_lines(shown.drill_text(report))
    return 0 if report.passed else ATTENTION


def diff(args: argparse.Namespace) -> int:
    """Show what changed from one backup to another."""
    with told_as_sentences():
        (place,) = gather(args, args.repository)
        repository = opened(args, place)
        found = backups(repository)
        different = 0
        for sign, change in _signed(changes(repository, found.named(args.old), found.named(args.new))):
            different += 1
            key = shown.printable(change.key)
            line = (
                json.dumps({"key": key, "change": change.change})
                if args.format == "json"
                else f"{sign} {key}"
            )
            sys.stdout.write(f"{line}\n")
    return ATTENTION if different else 0


def _signed(found: Iterator[RowChange]) -> Iterator[tuple[str, RowChange]]:
    signs = {"Added": "+", "Removed": "-", "Changed": "~", "Metadata": "m"}
    return ((signs[change.change], change) for change in found)
