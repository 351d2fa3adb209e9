"""``imagestore transfer list | diff | copy | verify | split | run | finish``: move objects between any two stores."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError
from imagestore.cli.moving import arguments

if TYPE_CHECKING:
    from imagestore.transfer.job import TransferJob

_GROUP = "Move objects between any two stores."
_LIST = "List the objects of a bucket, in the store's order. What the operator keeps for itself is left out."
_DIFF = """\
Show what a copy would do, key by key. Diff lists both sides and reads the journal of the last copy; it writes nothing.
"""
_COPY = """\
Copy the objects of SRC that DST does not have or has otherwise. Nothing is deleted unless --deletes says so.

A copy that was interrupted goes on where it was: give the same command again. A second copy of unchanged objects lists
both sides and writes nothing.
"""
_GUARDS = """\
Deletes are held if anything of SRC could not be listed, if SRC is empty, on the first run, after the filter has changed, and
above --max-delete-percent or --max-deletes. An object at DST is deleted only if a copy wrote it, it has not changed since, and
SRC does not have it when it is asked once more.

One way, an object at DST that no copy wrote and that is newer than the one of SRC is not copied over where DST keeps no versions:
the copies are held, too.
"""
_VERIFY = """\
Read both sides' bytes and compare them. This is the only proof that a copy is complete: listings compare what stores tell.
"""
_SPLIT = """\
Write the description of a copy in shards: ranges of keys, each for a process of its own. Its boundaries are keys that exist.
"""
_RUN = """\
Copy one shard of a described run. Give the same command again after an error; what is done is not done twice.

In a Job of Kubernetes with completionMode Indexed, JOB_COMPLETION_INDEX is the shard.
"""
_FINISH = (
    "Finish a run of which all shards are done: delete what may be deleted, replace the journal, and report."
)
_TRUST = "Name only manifests that you trust: a StorageBackend decides where signed requests are sent."


def register(subparsers: Any) -> None:
    """Add the commands; nothing heavy is imported until one runs."""
    below = options.group(subparsers, "transfer", "move objects between any two stores", _GROUP)
    _list(below)
    _diff(below)
    _copy(below)
    _verify(below)
    _split(below)
    _run(below)
    _finish(below)


def _list(below: Any) -> None:
    parser = options.command(
        below, "list", "list a bucket's objects", _LIST, codes={0: "listed to the end"}, remark=_TRUST
    )
    parser.add_argument("source", metavar="SRC", help=arguments.END_HELP)
    parser.add_argument("--versions", action="store_true", help="list all versions and delete markers, too")
    arguments.filters_and_stores(parser)
    parser.set_defaults(run=run_list)


def _diff(below: Any) -> None:
    codes = {0: "both sides are equal", 2: "they differ"}
    parser = options.command(below, "diff", "show what a copy would do", _DIFF, codes=codes, remark=_TRUST)
    arguments.ends(parser)
    arguments.directions(parser)
    arguments.filters_and_stores(parser)
    parser.set_defaults(run=run_diff)


_COPIED = {
    0: "both sides are equal now",
    2: "deletes or copies are held, or a dry run would change something",
}


def _copy(below: Any) -> None:
    remark = f"{_GUARDS}\n{_TRUST}"
    parser = options.command(below, "copy", "copy objects", _COPY, codes=_COPIED, remark=remark)
    arguments.ends(parser)
    arguments.copying(parser)
    parser.add_argument("--dry-run", action="store_true", help="list and compare, and write nothing")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    arguments.filters_and_stores(parser)
    parser.set_defaults(run=run_copy)


def _split(below: Any) -> None:
    parser = options.command(
        below, "split", "describe a copy in shards", _SPLIT, codes={0: "written"}, remark=_TRUST
    )
    arguments.ends(parser)
    parser.add_argument(
        "--shards",
        type=options.number,
        default=4,
        metavar="NUMBER",
        help="at most so many shards (default: %(default)s)",
    )
    arguments.copying(parser)
    arguments.filters_and_stores(parser)
    parser.set_defaults(run=run_split)


def _run(below: Any) -> None:
    codes = {0: "the shard is done", 65: "trying again does not help", 75: "try again"}
    parser = options.command(below, "run", "copy one shard", _RUN, codes=codes, remark=_TRUST)
    arguments.described(parser)
    parser.add_argument(
        "--shard", metavar="NUMBER", help="which one, from 0 (default: $JOB_COMPLETION_INDEX)"
    )
    parser.set_defaults(run=run_shard)


def _finish(below: Any) -> None:
    parser = options.command(
        below, "finish", "finish a copy in shards", _FINISH, codes=_COPIED, remark=_TRUST
    )
    arguments.described(parser)
    options.output(parser, "text", "json")
    parser.set_defaults(run=run_finish)


def _verify(below: Any) -> None:
    codes = {0: "all that was asked for was read, and is equal", 2: "something differs, or could not be read"}
    parser = options.command(
        below, "verify", "read both sides and compare", _VERIFY, codes=codes, remark=_TRUST
    )
    arguments.ends(parser)
    parser.add_argument(
        "--sample",
        type=options.number,
        metavar="OBJECTS",
        help="read so many objects, chosen by chance (default: all)",
    )
    arguments.filters_and_stores(parser)
    parser.set_defaults(run=run_verify)


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
    from imagestore.transfer.job import TransferHooks

    job = _job(args)
    hooks, differ = TransferHooks(""), 0  # it writes nothing, so the first Ctrl-C may end it at once
    with ending_early():
        for found in differences(job, hooks):
            if sign_of(found):
                differ += 1
                sys.stdout.write(difference_line(found, as_json=args.format == "json"))
    if args.format == "text":
        sys.stderr.write(f"{differ} differences; {LEGEND}\n" if differ else "no differences\n")
    return 2 if differ else 0


def run_copy(args: argparse.Namespace) -> int:
    """Copy, print what was done, and return the exit code."""
    from imagestore.cli.moving.copying import copy
    from imagestore.cli.moving.ends import hooks_of

    return copy(args, _job(args), hooks_of())


def run_split(args: argparse.Namespace) -> int:
    """Print the description and return the exit code."""
    from imagestore.cli.moving.sharding import split

    job = _job(args)
    sys.stdout.write(split(job, args.shards))
    return 0


def run_shard(args: argparse.Namespace) -> int:
    """Copy a shard and return the exit code."""
    from imagestore.cli.moving.sharding import run_one

    return run_one(args)


def run_finish(args: argparse.Namespace) -> int:
    """Finish the run, print what was done, and return the exit code."""
    from imagestore.cli.moving.copying import show_report
    from imagestore.cli.moving.sharding import finish_all

    return show_report(args, finish_all(args), dry=False)


def run_verify(args: argparse.Namespace) -> int:
    """Print what is not equal and return the exit code."""
    from imagestore.cli.moving.ends import ending_early, hooks_of
    from imagestore.cli.moving.verifying import show_verdicts

    job, hooks = _job(args), hooks_of("stopping; what was read so far is told")
    with ending_early():
        return show_verdicts(job, hooks, args.sample, as_json=args.format == "json")


def _job(args: argparse.Namespace) -> "TransferJob":
    from imagestore.cli.moving.ends import gather, job_of

    source, destination = gather(args, args.source, args.destination)
    return job_of(args, source, destination)
