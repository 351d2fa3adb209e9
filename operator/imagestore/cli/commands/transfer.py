"""``imagestore transfer list | diff | verify``: list and compare the objects of any two stores."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError

if TYPE_CHECKING:
    from imagestore.transfer.job import TransferHooks, TransferJob

_END = (
    "BACKEND/BUCKET[/PREFIX]: the name of a StorageBackend in the manifests, a bucket, and a prefix of keys"
)
_GROUP = "Move objects between any two stores."
_LIST = "List the objects of a bucket, in the store's order. What the operator keeps for itself is left out."
_DIFF = """\
Show what a copy would do, key by key. Diff lists both sides and reads the journal of the last copy; it writes nothing.
"""
_VERIFY = """\
Read both sides' bytes and compare them. This is the only proof that a copy is complete: listings compare what stores tell.
"""
_TRUST = "Name only manifests that you trust: a StorageBackend decides where signed requests are sent."


def register(subparsers: Any) -> None:
    """Add the commands; nothing heavy is imported until one runs."""
    below = options.group(subparsers, "transfer", "move objects between any two stores", _GROUP)
    _list(below)
    _diff(below)
    _verify(below)


def _list(below: Any) -> None:
    parser = options.command(
        below, "list", "list a bucket's objects", _LIST, codes={0: "listed to the end"}, remark=_TRUST
    )
    parser.add_argument("source", metavar="SRC", help=_END)
    parser.add_argument("--versions", action="store_true", help="list all versions and delete markers, too")
    _shared(parser)
    parser.set_defaults(run=run_list)


def _diff(below: Any) -> None:
    codes = {0: "both sides are equal", 2: "they differ"}
    parser = options.command(below, "diff", "show what a copy would do", _DIFF, codes=codes, remark=_TRUST)
    _ends(parser)
    parser.add_argument("--two-way", action="store_true", help="show what a copy in both directions would do")
    _shared(parser)
    parser.set_defaults(run=run_diff)


def _verify(below: Any) -> None:
    codes = {0: "all that was read is equal", 2: "something differs, or could not be read"}
    parser = options.command(
        below, "verify", "read both sides and compare", _VERIFY, codes=codes, remark=_TRUST
    )
    _ends(parser)
    parser.add_argument(
        "--sample",
        type=options.number,
        metavar="OBJECTS",
        help="read so many objects, chosen by chance (default: all)",
    )
    _shared(parser)
    parser.set_defaults(run=run_verify)


def _ends(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SRC", help=_END)
    parser.add_argument("destination", metavar="DST", help="where to, written in the same way")


def _shared(parser: argparse.ArgumentParser) -> None:
    """The options that all have."""
    parser.add_argument(
        "--prefix",
        dest="prefixes",
        action="append",
        default=[],
        help="only keys that begin so, behind the end's prefix; may be repeated",
    )
    parser.add_argument(
        "--suffix",
        dest="suffixes",
        action="append",
        default=[],
        help="only keys that end so; may be repeated",
    )
    parser.add_argument(
        "--workers",
        type=options.number,
        default=16,
        help="work on so many objects at once (default: %(default)s)",
    )
    options.output(parser, "text", "json")
    options.manifests(parser, required=True)
    options.default_namespace(parser)
    options.credentials(parser)
    options.cluster(parser)


def run_list(args: argparse.Namespace) -> int:
    """Print the listing and return the exit code."""
    from imagestore.cli.moving.ends import gather
    from imagestore.cli.moving.shown import object_line
    from imagestore.core.errors import StoreError
    from imagestore.transfer.walk import KeyListing, walk

    (end,) = gather(args, args.source)
    prefixes = tuple(end.prefix + p for p in args.prefixes) or (end.prefix,)
    try:
        for item in walk(KeyListing(end.store, end.bucket, prefixes, versions=args.versions)):
            if item.key.endswith(tuple(args.suffixes) or ""):
                sys.stdout.write(object_line(item, as_json=args.format == "json"))
    except StoreError as error:
        raise CommandError(f"{args.source}: the listing ended early: {error}") from None
    return 0


def run_diff(args: argparse.Namespace) -> int:
    """Print the differences and return the exit code."""
    from imagestore.cli.moving.ends import ending_early
    from imagestore.cli.moving.shown import LEGEND, difference_line, sign_of
    from imagestore.transfer.differences import differences

    job, hooks = _job(args)
    differ = 0
    with ending_early():
        for found in differences(job, hooks):
            if sign_of(found):
                differ += 1
                sys.stdout.write(difference_line(found, as_json=args.format == "json"))
    if args.format == "text":
        sys.stderr.write(f"{differ} differences; {LEGEND}\n" if differ else "no differences\n")
    return 2 if differ else 0


def run_verify(args: argparse.Namespace) -> int:
    """Print what is not equal and return the exit code."""
    from imagestore.cli.moving.ends import ending_early
    from imagestore.cli.moving.verifying import show_verdicts

    job, hooks = _job(args)
    with ending_early():
        return show_verdicts(job, hooks, args.sample, as_json=args.format == "json")


def _job(args: argparse.Namespace) -> "tuple[TransferJob, TransferHooks]":
    from imagestore.cli.moving.ends import gather, hooks_of, job_of

    source, destination = gather(args, args.source, args.destination)
    return job_of(args, source, destination), hooks_of()
