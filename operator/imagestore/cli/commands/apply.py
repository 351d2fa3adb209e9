"""``imagestore apply``: carry out what manifests say, without a cluster."""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from imagestore.cli.applying.manifest_files import ManifestFiles
    from imagestore.local.folder import StateFolder

_DESCRIPTION = """\
Carry out what manifests say, without a cluster, as the operator does in one. The state folder keeps what the API server keeps there.
Keep it between runs. If it is lost, buckets are found again by their owner mark.
"""
_REMARK = """\
A manifest that cannot be read is an error, and the others are still applied. Then nothing is deleted.

Apply only manifests that you trust: a StorageBackend decides where signed requests are sent.
"""


def register(subparsers: Any) -> None:
    """Add the command; nothing heavy is imported until it runs."""
    codes = {
        0: "every object is Ready",
        1: "an object is not Ready, was refused or was not finished in time, or another error",
        2: "something waits for a person: it is held, unsupported, or not empty",
    }
    parser = options.command(
        subparsers,
        "apply",
        "carry out what manifests say, without a cluster",
        _DESCRIPTION,
        codes=codes,
        remark=_REMARK,
    )
    add = parser.add_argument
    options.manifests(parser, required=True)
    options.default_namespace(parser)
    options.installation(parser)
    options.state(parser)
    add(
        "--prune",
        action="store_true",
        help="delete objects that are in no manifest any more, as their deletionPolicy says (default: list them)",
    )
    add("--dry-run", action="store_true", help="show what would change, as `imagestore plan` does")
    options.output(parser, "text", "json")
    options.seconds(parser, "--timeout", 300.0, "stop waiting after this time")
    _watching(parser)
    options.log_level(parser, "error")
    options.credentials(parser)
    options.operator_namespace(parser)
    parser.set_defaults(run=run)


def _watching(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--watch",
        action="store_true",
        help="keep running: follow the manifests, correct drift and print Events; a manifest that vanishes is a deletion",
    )
    options.confirm_drift(parser)
    options.drift_interval(parser)
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help="with --watch: serve /metrics, /healthz and /readyz at this address (default: serve nothing)",
    )


def run(args: argparse.Namespace) -> int:
    """Apply, print, and give the exit code."""
    if not args.installation:
        raise UsageError(
            "--installation (or IMAGESTORE_INSTALLATION) is needed: the owner mark in every bucket"
        )
    if args.watch and (args.dry_run or "-" in args.files):
        raise UsageError("--watch follows files: give neither --dry-run nor -f -")
    if args.listen and not args.watch:
        raise UsageError("--listen needs --watch: a single run serves nothing")
    from imagestore.api.kinds import KINDS
    from imagestore.cli.applying.manifest_files import ManifestFiles, state_folder
    from imagestore.controller import logs
    from imagestore.local.folder import StateError, StateFolder

    folder = StateFolder(state_folder(args), KINDS)
    logs.configure(args.log_level, sys.stderr)
    try:
        if args.dry_run:
            return _plan(args, folder)
        with folder.locked():
            return _apply(args, folder, ManifestFiles(args, os.environ))
    except StateError as error:
        raise CommandError(str(error)) from None


def _plan(args: argparse.Namespace, folder: "StateFolder") -> int:
    from imagestore.cli.commands.plan import show_plan
    from imagestore.cli.gathering.inputs import gather_with
    from imagestore.cli.gathering.snapshots import of_state

    objects = folder.load()
    return show_plan(args, gather_with(args, os.environ, lambda found: of_state(objects, found.namespaces)))


def _apply(args: argparse.Namespace, folder: "StateFolder", files: "ManifestFiles") -> int:
    import asyncio

    from imagestore.cli.applying.once import once
    from imagestore.cli.applying.report import as_json, as_text
    from imagestore.cli.colour import paint

    if args.watch:
        from imagestore.cli.applying.watch import watch

        return _end(0, asyncio.run(watch(args, folder, files)))
    applied = asyncio.run(once(args, folder, files))
    sys.stdout.write(as_json(applied) if args.format == "json" else as_text(applied, paint(sys.stdout)))
    return _end(int(applied.exit), applied.stragglers)


def _end(code: int, stragglers: int) -> int:
    """A thread that waits for a dead store cannot be stopped, and would keep the process."""
    if stragglers:
        sys.stdout.flush()
        os._exit(code)
    return code
