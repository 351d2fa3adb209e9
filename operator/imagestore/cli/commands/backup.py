"""``imagestore backup``: back up buckets, prove that the backups restore, restore them. Needs the bucket and the key, no cluster."""

import argparse
from typing import Any

from imagestore.cli import options
from imagestore.cli.backups.declared import (
    END,
    TRUST,
    described_options,
    later,
    limits,
    prefixes,
    repository_command,
    repository_options,
    which_backup,
)
from imagestore.cli.backups.declared_restores import RESTORE_COMMANDS

_GROUP = "Back up buckets, prove that the backups can be restored, and restore them. Works on the repository alone."


def register(subparsers: Any) -> None:
    """Add the commands; nothing heavy is imported until one runs."""
    below = options.group(subparsers, "backup", "back up buckets and restore them", _GROUP)
    for add in (_create, _run, _list, _show, _verify, _drill, *RESTORE_COMMANDS, _prune, _diff):
        add(below)
    keys = options.group(
        below, "key", "manage what opens a repository", "Manage the keys that open a repository."
    )
    for add in (_key_list, _key_add, _key_remove, _key_recovery):
        add(keys)


def _create(below: Any) -> None:
    description = """\
Back up a bucket. Objects that the listing shows unchanged since the last backup are not read. A command that was
killed is gone on with by the same command.
"""
    attention = "the backup lacks objects that could not be read; show names them"
    parser = repository_command(below, "create", "make a backup", description, attention, "actions.create")
    parser.add_argument("source", metavar="SOURCE", help=f"what to back up, as {END}")
    _new_repository(parser)
    prefixes(parser, "--include", "back up only keys that begin so, behind the source's prefix")
    prefixes(parser, "--exclude", "leave out keys that begin so, behind the source's prefix")
    parser.add_argument(
        "--reread",
        type=options.number,
        default=30,
        metavar="RUNS",
        help="read tags and metadata of each unchanged object once in so many backups; 0: never (default: %(default)s)",
    )
    parser.add_argument(
        "--decode",
        action="store_true",
        help="decode each image that is read, and note those that are broken at the source",
    )
    limits(parser, "read from the source")
    repository_options(parser)


def _new_repository(parser: argparse.ArgumentParser) -> None:
    """The options that count only where the command makes the repository."""
    parser.add_argument("--init", action="store_true", help="create the repository if there is none")
    parser.add_argument(
        "--no-encryption",
        action="store_true",
        help="with --init: leave contents and keys readable, though with a MAC by the given key",
    )
    parser.add_argument(
        "--lock-days",
        type=options.number,
        default=0,
        metavar="DAYS",
        help="with --init: lock each file of the repository for so long; the bucket needs object lock",
    )
    parser.add_argument(
        "--lock-mode",
        choices=("governance", "compliance"),
        default="compliance",
        help="with --lock-days: the mode of the lock (default: %(default)s)",
    )


def _run(below: Any) -> None:
    description = """\
Make the backup that a file describes. Jobs of the operator run this command, and exit codes are made for them.
"""
    codes = {0: "the backup is there", 65: "trying again does not help", 75: "try again"}
    parser = options.command(below, "run", "make a described backup", description, codes=codes, remark=TRUST)
    described_options(parser)
    parser.set_defaults(run=later("described.run_one"))


def _list(below: Any) -> None:
    description = "List the backups of a repository, the oldest first."
    repository_options(
        repository_command(
            below, "list", "list the backups", description, "a file does not count", "actions.list_backups"
        )
    )


def _show(below: Any) -> None:
    description = "Show a backup: its source, times, counts, and every object that failed or was skipped."
    parser = repository_command(below, "show", "show a backup", description, "", "actions.show")
    which_backup(parser)
    repository_options(parser)


def _verify(below: Any) -> None:
    description = """\
Verify backups. quick reads roots and leaves and lists the packs. tables also reads the end of each pack. full reads and
hashes every byte of a share of the packs. Every damaged key is named.
"""
    parser = repository_command(
        below, "verify", "verify backups", description, "something is damaged", "actions.verify"
    )
    parser.add_argument("--backup", metavar="NAME", help="only this backup (default: all)")
    parser.add_argument(
        "--level",
        choices=("quick", "tables", "full"),
        default="quick",
        help="how much to read (default: %(default)s)",
    )
    parser.add_argument(
        "--share",
        default="1/1",
        metavar="N/M",
        help="with full: read part N of M, another one each day (default: %(default)s)",
    )
    parser.add_argument(
        "--heal",
        metavar="SOURCE",
        help="store what is damaged anew from this bucket, where it still has exactly these bytes",
    )
    options.rates(parser, "read from the repository")
    repository_options(parser)


def _drill(below: Any) -> None:
    description = """\
Restore a sample below a scratch prefix, read it back, compare every byte's hash, decode the images, and delete it
again. Tells how long a whole restore takes.
"""
    parser = repository_command(
        below, "drill", "restore a sample for proof", description, "the drill failed", "actions.drill"
    )
    parser.add_argument(
        "scratch",
        metavar="SCRATCH",
        help="where to restore to: a folder of its own in .imagestore-drill/ below it, which is deleted again; without a prefix, below .imagestore/drill/",
    )
    which_backup(parser)
    parser.add_argument(
        "--sample",
        type=options.number,
        default=100,
        metavar="OBJECTS",
        help="restore so many objects from all parts of the backup; 0: all (default: %(default)s)",
    )
    limits(parser, "write to SCRATCH, or read back from it,")
    repository_options(parser)


def _prune(below: Any) -> None:
    description = """\
Forget backups by the rules, and delete what no backup needs. A file is condemned in one run, and deleted by a later one
after the grace time of 48 hours. Safe beside running backups.
"""
    parser = repository_command(
        below, "prune", "forget and delete", description, "the removal is held", "removing.prune"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would happen; write nothing")
    _retention(parser)
    parser.add_argument(
        "--most-share",
        type=options.number,
        default=50,
        metavar="PERCENT",
        help="hold if more than this part of the backups would go (default: %(default)s)",
    )
    parser.add_argument(
        "--approve",
        action="append",
        default=[],
        metavar="TOKEN",
        help="let exactly this held removal go, whose token the command shows; may be repeated",
    )
    parser.add_argument(
        "--verified",
        action="append",
        default=[],
        metavar="NAME",
        help="a backup that counts as verified, besides those that verify recorded; the newest verified one stays",
    )
    parser.add_argument(
        "--forget", action="append", default=[], metavar="NAME", help="forget this backup; may be repeated"
    )
    repository_options(parser)


def _retention(parser: argparse.ArgumentParser) -> None:
    """The rules that keep backups."""
    for rule in ("last", "daily", "weekly", "monthly", "yearly"):
        parser.add_argument(
            f"--keep-{rule}",
            type=options.number,
            default=0,
            metavar="N",
            help="keep the last N backups"
            if rule == "last"
            else f"keep the newest backup of the last N {_UNITS[rule]}",
        )
    parser.add_argument(
        "--min-age", type=options.number, default=0, metavar="DAYS", help="keep every backup so long"
    )
    parser.add_argument(
        "--zone", default="UTC", help="the time zone of days, weeks, months and years (default: %(default)s)"
    )


_UNITS = {"daily": "days", "weekly": "weeks", "monthly": "months", "yearly": "years"}


def _diff(below: Any) -> None:
    description = (
        "Show what changed from one backup to another: + added, - removed, ~ other bytes, m other metadata."
    )
    parser = repository_command(
        below, "diff", "compare two backups", description, "they differ", "actions.diff"
    )
    parser.add_argument("old", metavar="OLD", help="the older backup's name or the beginning of it")
    parser.add_argument("new", metavar="NEW", help="the newer backup's name, or latest")
    repository_options(parser)


def _key_list(below: Any) -> None:
    repository_options(
        repository_command(
            below, "list", "list the slots", "List the slots of a repository.", "", "removing.key_list"
        ),
        "text",
    )


def _slot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("slot", metavar="SLOT", help="the slot's name")


def _key_add(below: Any) -> None:
    description = (
        "Add a slot, so that another key or passphrase opens the repository, too. No data is written anew."
    )
    parser = repository_command(below, "add", "add a key or passphrase", description, "", "removing.key_add")
    _slot(parser)
    parser.add_argument("--new-key-file", metavar="FILE", help="the new key")
    parser.add_argument("--new-passphrase-file", metavar="FILE", help="the new passphrase")
    repository_options(parser, "text")


def _key_remove(below: Any) -> None:
    description = "Remove a slot. Its key no longer opens the repository; where the bucket keeps versions, delete them, too."
    parser = repository_command(below, "remove", "remove a slot", description, "", "removing.key_remove")
    _slot(parser)
    repository_options(parser, "text")


def _key_recovery(below: Any) -> None:
    description = "Make a recovery key and print it once. Keep it offline: it opens the repository when all else is lost."
    parser = repository_command(
        below, "recovery", "make a recovery key", description, "", "removing.key_recovery"
    )
    parser.add_argument("--slot", default="recovery", help="the slot's name (default: %(default)s)")
    repository_options(parser, "text")
