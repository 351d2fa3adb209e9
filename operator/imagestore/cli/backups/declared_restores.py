"""The commands of ``imagestore backup`` that restore."""

import argparse
from typing import Any

from imagestore.cli import options
from imagestore.cli.backups.declared import (
    END,
    TRUST,
    bucket_options,
    described_options,
    later,
    limits,
    prefixes,
    repository_command,
    repository_options,
    which_backup,
)


def restore_command(below: Any) -> None:
    """Declare ``restore``."""
    description = (
        "Restore a backup to the same or another bucket. Every object is hashed, and read back by a listing."
    )
    attention = "at least one object is not restored"
    parser = repository_command(
        below, "restore", "restore a backup", description, attention, "restoring.restore"
    )
    parser.add_argument("target", metavar="TARGET", help=f"where to, as {END}")
    which_backup(parser)
    parser.add_argument("--as-of", metavar="TIME", help="the last backup that began before this time")
    parser.add_argument(
        "--from",
        dest="source",
        choices=("repository", "versions", "auto"),
        default="repository",
        help="with --as-of: restore the backup, or the source bucket's own versions of that time; auto: the versions if they tell"
        " all, else the backup (default: %(default)s)",
    )
    _restoring(parser, "fail")
    repository_options(parser)


def rewind_command(below: Any) -> None:
    """Declare ``rewind``."""
    description = """\
Restore what a versioned bucket held at a moment, from its own versions: inside the store, without a backup. Objects that
came later stay. Fails where the versions may not tell all, and says why.
"""
    attention = "at least one object is not restored, or the versions may not tell all"
    codes = {0: "done", 2: f"something needs attention: {attention}"}
    parser = options.command(
        below, "rewind", "bring a versioned bucket back to a moment", description, codes=codes
    )
    parser.set_defaults(run=later("restoring.rewind"))
    parser.add_argument("source", metavar="SOURCE", help=f"the versioned bucket, as {END}")
    parser.add_argument("target", metavar="TARGET", nargs="?", help="where to (default: SOURCE)")
    parser.add_argument(
        "--as-of", metavar="TIME", required=True, help="the moment, such as 2027-01-31T02:30:00+01:00"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would happen; write nothing")
    _restoring(parser, "skip")
    bucket_options(parser)


def run_restore_command(below: Any) -> None:
    """Declare ``run-restore``."""
    description = """\
Write the restore that a file describes. Jobs of the operator run this command, and exit codes are made for them.
"""
    codes = {
        0: "it has ended; the destination has the report",
        65: "trying again does not help",
        75: "try again",
    }
    parser = options.command(
        below, "run-restore", "write a described restore", description, codes=codes, remark=TRUST
    )
    parser.set_defaults(run=later("described_restore.restore_one"))
    described_options(parser)


RESTORE_COMMANDS = (restore_command, rewind_command, run_restore_command)


def _restoring(parser: argparse.ArgumentParser, existing: str) -> None:
    _selecting(parser)
    parser.add_argument(
        "--existing",
        choices=("fail", "skip", "overwrite"),
        default=existing,
        help="what to do with objects that are there: stop before anything is written, keep them, or replace them"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--read-back",
        type=options.number,
        default=1,
        metavar="PERCENT",
        help="read back so many percent of what was written, and compare hashes (default: %(default)s)",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="save the progress in this file; the same command resumes from it, and aborts the uploads of a killed one",
    )
    limits(parser, "write to the destination, or read back from it,")
    parser.add_argument(
        "--report", metavar="FILE", help="write every key that failed to this file, as JSON Lines"
    )


def _selecting(parser: argparse.ArgumentParser) -> None:
    """Which keys, and in which order."""
    parser.add_argument(
        "--prefix",
        dest="prefixes",
        action="append",
        default=[],
        help="only keys that begin so, behind the source's prefix; may be repeated",
    )
    parser.add_argument(
        "--keys-file",
        metavar="FILE",
        help="only the keys in this file, one a line, each with the source's prefix, as reports name them",
    )
    prefixes(parser, "--first", "restore keys that begin so before all others, such as thumbs/")
