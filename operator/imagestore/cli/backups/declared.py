"""What the commands of ``imagestore backup`` have in common: a repository, the key that opens it, manifests."""

import argparse
from collections.abc import Callable
from typing import Any

from imagestore.cli import options

END = "BACKEND/BUCKET[/PREFIX]: the name of a StorageBackend in the manifests, a bucket, and a prefix"
_REPOSITORY = f"where the backups are, as {END}"
TRUST = "Name only manifests that you trust: a StorageBackend decides where signed requests are sent."
_ATTENTION = "something needs attention: "
Run = Callable[[argparse.Namespace], int]


def repository_command(
    below: Any, name: str, summary: str, description: str, attention: str, run: str
) -> argparse.ArgumentParser:
    """A command on a repository. ``run``: module.function in ``cli.backups``. ``attention``: what exit code 2 says."""
    codes = {0: "done"} | ({2: _ATTENTION + attention} if attention else {})
    parser = options.command(below, name, summary, description, codes=codes, remark=TRUST)
    parser.add_argument("repository", metavar="REPOSITORY", help=_REPOSITORY)
    parser.set_defaults(run=later(run))
    return parser


def later(name: str) -> Run:
    """Module.function in ``cli.backups``, imported when it runs."""

    def run(args: argparse.Namespace) -> int:
        from importlib import import_module

        module, _, function = name.partition(".")
        return int(getattr(import_module(f"imagestore.cli.backups.{module}"), function)(args))

    return run


def repository_options(parser: argparse.ArgumentParser, *formats: str) -> None:
    """The options that all have."""
    key_options(parser)
    bucket_options(parser, *formats)


def key_options(parser: argparse.ArgumentParser) -> None:
    """What opens the repository."""
    parser.add_argument(
        "--key-file",
        metavar="FILE",
        help="the key of the repository: at least 16 random bytes (default: $IMAGESTORE_REPOSITORY_KEY)",
    )
    parser.add_argument("--passphrase-file", metavar="FILE", help="a passphrase that opens the repository")
    parser.add_argument(
        "--recovery-key-file", metavar="FILE", help="a recovery key that opens the repository"
    )


def bucket_options(parser: argparse.ArgumentParser, *formats: str) -> None:
    """The options of a command that needs buckets alone."""
    options.output(parser, *(formats or ("text", "json")))
    options.manifests(parser, required=True)
    options.default_namespace(parser)
    options.credentials(parser)
    options.cluster(parser)


def described_options(parser: argparse.ArgumentParser) -> None:
    """The options of a command that the pod of a Job runs."""
    parser.add_argument(
        "--run",
        dest="run_file",
        metavar="FILE",
        required=True,
        help="the description that the operator wrote",
    )
    key_options(parser)
    bucket_options(parser, "text")


def limits(parser: argparse.ArgumentParser, what: str) -> None:
    """The options of a command that moves objects. ``what``: which bytes count, as a command."""
    from imagestore.transfer.pace import MOVED_AT_ONCE

    options.rates(parser, what)
    options.workers(parser, MOVED_AT_ONCE)


def prefixes(parser: argparse.ArgumentParser, name: str, meaning: str) -> None:
    """An option that may be repeated."""
    parser.add_argument(
        name, action="append", default=[], metavar="PREFIX", help=f"{meaning}; may be repeated"
    )


def which_backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backup",
        default="latest",
        metavar="NAME",
        help="the backup's name or the beginning of it (default: %(default)s)",
    )
