"""``imagestore status``: what is Ready, what is not and why, and what waits for approval."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError

if TYPE_CHECKING:
    from imagestore.cli.applying.standing import ObjectStanding

_DESCRIPTION = """\
Show what is Ready, what is not and why, what waits for approval with its token, and drift. Status reads what was found out last, and
no store: with -f or --state from the state folder of `imagestore apply`, else from the cluster.
"""


def register(subparsers: Any) -> None:
    """Add the command; nothing heavy is imported until it runs."""
    codes = {
        0: "every object is Ready",
        1: "an object is not Ready, or another error",
        2: "something waits for a person: it is held, unsupported, or not empty",
    }
    parser = options.command(
        subparsers, "status", "show what is Ready, and what waits for a person", _DESCRIPTION, codes=codes
    )
    options.manifests(parser, required=False)
    options.state(parser)
    parser.add_argument("--context", help="the kubeconfig's context (default: the current one)")
    options.output(parser, "text", "json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, print, and give the exit code."""
    from imagestore.cli.applying.report import ApplyReport, as_json, as_text
    from imagestore.cli.colour import paint

    found = ApplyReport(_of_folder(args) if args.files or args.state else _of_cluster(args))
    sys.stdout.write(as_json(found) if args.format == "json" else as_text(found, paint(sys.stdout)))
    return int(found.exit)


def _of_folder(args: argparse.Namespace) -> "list[ObjectStanding]":
    from imagestore.api.kinds import KINDS
    from imagestore.cli.applying.manifest_files import state_folder
    from imagestore.cli.applying.standing import standing_of
    from imagestore.local.folder import StateError, StateFolder

    path = state_folder(args)
    if not path.is_dir():
        raise CommandError(
            f"{path}: there is no state folder; `imagestore apply` makes it, and --state names another"
        )
    try:
        return [standing_of(kind, obj) for kind, obj in StateFolder(path, KINDS).load()]
    except StateError as error:
        raise CommandError(str(error)) from None


def _of_cluster(args: argparse.Namespace) -> "list[ObjectStanding]":
    from imagestore.cli.applying.standing import standing_of
    from imagestore.cli.gathering.cluster import our_objects

    return [standing_of(kind, obj) for kind, obj in our_objects(args.context)]
