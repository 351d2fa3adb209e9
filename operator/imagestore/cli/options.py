"""Options that several commands share."""

import argparse
import os
from collections.abc import Callable
from datetime import date


def manifests(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """``-f``, as kubectl has it."""
    parser.add_argument(
        "-f",
        "--filename",
        dest="files",
        action="append",
        metavar="FILE|DIR|-",
        required=required,
        default=None if required else [],
        help="manifests; directories are searched, - is standard input; may be given several times",
    )


def cluster(parser: argparse.ArgumentParser) -> None:
    """Which cluster, or none."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--context", help="context of the kubeconfig; without it the current one, if there is one"
    )
    which.add_argument("--offline", action="store_true", help="ask no cluster")
    namespace(parser)


def namespace(parser: argparse.ArgumentParser) -> None:
    """Where the operator itself lives."""
    parser.add_argument(
        "--operator-namespace",
        default=os.environ.get("POD_NAMESPACE", "imagestore-system"),
        metavar="NAMESPACE",
        help="where the operator and the stores' Secrets are (default: %(default)s)",
    )


def listings(parser: argparse.ArgumentParser) -> None:
    """How buckets are listed."""
    parser.add_argument(
        "--day", type=_day, metavar="YYYY-MM-DD", help="to begin with (default: today, in UTC)"
    )
    parser.add_argument(
        "--sample",
        type=number,
        default=1000,
        metavar="KEYS",
        help="of each bucket whose tags are asked for at most, where rules ask for tags (default: %(default)s)",
    )
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="where the listing stands; the same command goes on from there"
    )


def _day(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        raise argparse.ArgumentTypeError(f"give a day such as 2027-01-31, not {text}") from None


def number(text: str) -> int:
    """A whole number, or a sentence."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"give a whole number, not {text}") from None


def one_of(*words: str) -> Callable[[str], str]:
    """One of these, in whatever case."""

    def chosen(text: str) -> str:
        found = next((w for w in words if w.lower() == text.lower()), None)
        if found is None:
            raise argparse.ArgumentTypeError(f"give one of {', '.join(words)}, not {text}")
        return found

    return chosen


def credentials(parser: argparse.ArgumentParser) -> None:
    """Where the stores' keys are."""
    parser.add_argument(
        "--credentials",
        metavar="FILE",
        help="keys by StorageBackend, as YAML or INI; else IMAGESTORE_<BACKEND>_ACCESS_KEY_ID and"
        " _SECRET_ACCESS_KEY, else Secrets in the manifests, else the cluster's",
    )
