"""``imagestore backup prune | key``."""

import argparse
import os
import sys
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from imagestore.cli.backups import shown
from imagestore.cli.backups.actions import ATTENTION
from imagestore.cli.backups.ends import opened, opening_secret, read_secret, secret_of, told_as_sentences
from imagestore.cli.errors import UsageError
from imagestore.cli.moving.ends import gather
from imagestore.repository.format.names import KEYS
from imagestore.repository.format.slots import KEY_BYTES, OpeningSecret, SlotKind, recovery_text
from imagestore.repository.removing.options import PruneOptions, PruneReport
from imagestore.repository.removing.prune import prune as run_prune
from imagestore.repository.removing.retention import Forgetting, RetentionRules
from imagestore.repository.store.opening import add_slot, remove_slot, slot_names


def prune(args: argparse.Namespace) -> int:
    """Forget backups by rules and names, and delete what no backup needs."""
    rules = _rules(args)
    forgetting = Forgetting(
        None if rules.keeps_nothing else rules,
        frozenset(args.forget),
        frozenset(args.verified),
        frozenset(args.approve),
    )
    with told_as_sentences():
        (place,) = gather(args, args.repository)
        report = run_prune(opened(args, place), PruneOptions(forgetting, dry_run=args.dry_run))
    if args.format == "json":
        shown.print_json(_content(report))
    else:
        shown.print_lines(shown.prune_text(report, dry_run=args.dry_run))
    return ATTENTION if report.held or report.retention.held or report.refused else 0


def _rules(args: argparse.Namespace) -> RetentionRules:
    try:
        zone = ZoneInfo(args.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"--zone {args.zone}: there is no such time zone; write one such as Europe/Berlin"
        ) from None
    return RetentionRules(
        last=args.keep_last,
        daily=args.keep_daily,
        weekly=args.keep_weekly,
        monthly=args.keep_monthly,
        yearly=args.keep_yearly,
        min_age=args.min_age,
        most_share=args.most_share / 100,
        zone=zone,
    )


def _content(report: PruneReport) -> dict[str, object]:
    decisions = [
        {"backup": d.backup.name, "stays": d.stays, "reasons": list(d.reasons)}
        for d in report.retention.decisions
    ]
    tallies = {name: vars(getattr(report, name)) for name in ("needed", "condemned", "waiting", "deleted")}
    return {
        "held": report.held or report.retention.held or None,
        "token": (not report.held and report.retention.token) or None,
        "retention": decisions,
        **tallies,
        "repacked": report.repacked,
        "retained": report.retained,
        "refused": report.refused,
        "rejected": dict(report.rejected),
        "deadRuns": list(report.dead_runs),
    }


def key_list(args: argparse.Namespace) -> int:
    """List the slots."""
    with told_as_sentences():
        (place,) = gather(args, args.repository)
        shown.print_lines(slot_names(opened(args, place).files))
    return 0


def key_add(args: argparse.Namespace) -> int:
    """Add a slot for another key or passphrase."""
    given = [(SlotKind.SECRET, args.new_key_file), (SlotKind.PASSPHRASE, args.new_passphrase_file)]
    named = [(kind, path) for kind, path in given if path]
    if len(named) != 1:
        raise UsageError("give one of --new-key-file and --new-passphrase-file")
    with told_as_sentences():
        (place,) = gather(args, args.repository)
        repository = opened(args, place)
        secret = secret_of(named[0][0], read_secret(named[0][1]))
        add_slot(repository.files, repository.vault, args.slot, secret, os.urandom)
    shown.print_lines([f"slot {args.slot} opens with the new {secret.kind}"])
    return 0


def key_remove(args: argparse.Namespace) -> int:
    """Remove a slot."""
    with told_as_sentences():
        (place,) = gather(args, args.repository)
        repository = opened(args, place)
        remove_slot(repository, args.slot, opening_secret(args, os.environ))
    shown.print_lines([f"slot {args.slot} is removed"])
    if repository.files.versioned:
        where = f"{repository.files.bucket} keeps the versions of {repository.files.prefix}{KEYS}{args.slot}"
        sys.stderr.write(f"note: {where}, with which the old key still opens the repository; delete them\n")
    return 0


def key_recovery(args: argparse.Namespace) -> int:
    """Make a recovery key, and print it once."""
    with told_as_sentences():
        (place,) = gather(args, args.repository)
        repository = opened(args, place)
        key = os.urandom(KEY_BYTES)
        add_slot(
            repository.files, repository.vault, args.slot, OpeningSecret(SlotKind.RECOVERY, key), os.urandom
        )
    shown.print_lines([recovery_text(key)])
    sys.stderr.write(
        "this recovery key opens the repository and is shown only now; print it and keep it offline\n"
    )
    return 0
