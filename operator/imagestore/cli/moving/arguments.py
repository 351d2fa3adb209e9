"""The options that the commands of ``imagestore transfer`` share."""

import argparse

from imagestore.cli import options

END_HELP = (
    "BACKEND/BUCKET[/PREFIX]: the name of a StorageBackend in the manifests, a bucket, and a prefix of keys"
)


def ends(parser: argparse.ArgumentParser) -> None:
    """SRC and DST."""
    parser.add_argument("source", metavar="SRC", help=END_HELP)
    parser.add_argument("destination", metavar="DST", help="where to, written in the same way")


def directions(parser: argparse.ArgumentParser) -> None:
    """Which side follows which, and what becomes of deleted objects."""
    parser.add_argument(
        "--two-way",
        action="store_true",
        help="also copy to SRC what changed at DST; the newer object wins a conflict",
    )
    parser.add_argument(
        "--deletes",
        type=options.one_of("Ignore", "Markers", "Mirror"),
        default="Ignore",
        metavar="Ignore|Markers|Mirror",
        help="what becomes of an object that was deleted at the other side: it stays (Ignore), it gets a delete marker where the"
        " bucket keeps versions (Markers), or it is deleted (Mirror) (default: %(default)s)",
    )


def copying(parser: argparse.ArgumentParser) -> None:
    """What is copied and deleted, and how fast."""
    directions(parser)
    parser.add_argument(
        "--max-delete-percent",
        type=float,
        default=5.0,
        metavar="PERCENT",
        help="hold deletes above this share (default: %(default)s)",
    )
    parser.add_argument(
        "--max-deletes",
        type=options.number,
        default=1000,
        metavar="OBJECTS",
        help="hold deletes above this number (default: %(default)s)",
    )
    parser.add_argument(
        "--approve",
        action="append",
        default=[],
        metavar="DIGEST",
        help="let exactly these held deletes or copies go; may be repeated",
    )
    options.rates(parser, "copy")


def filters_and_stores(parser: argparse.ArgumentParser) -> None:
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
    options.workers(parser, 16)
    options.output(parser, "text", "json")
    options.manifests(parser, required=True)
    options.default_namespace(parser)
    options.credentials(parser)
    options.cluster(parser)


def described(parser: argparse.ArgumentParser) -> None:
    """The description of a run in shards."""
    parser.add_argument(
        "--run", dest="run_file", metavar="FILE", required=True, help="the description that split wrote"
    )
    options.manifests(parser, required=True)
    options.default_namespace(parser)
    options.credentials(parser)
    options.cluster(parser)
