"""How the commands declare themselves: a parser with a description and exit codes, and the options that several share."""

import argparse
import os
import re
from collections.abc import Callable
from datetime import date
from math import inf
from typing import Any

_COMMON_CODES = {
    1: "an error, or something that the operator would refuse",
    64: "wrong usage: an unknown option or a bad value",
}


def command(
    subparsers: Any,
    name: str,
    summary: str,
    description: str,
    *,
    codes: dict[int, str] | None = None,
    remark: str = "",
) -> argparse.ArgumentParser:
    """Add a command. ``codes``: what its exit codes mean, besides those that all commands have."""
    known = sorted((_COMMON_CODES | (codes or {})).items())
    epilog = "\n".join(["exit codes:", *(f"  {code:<3} {meaning}" for code, meaning in known)])
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"{epilog}\n\n{remark}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def group(subparsers: Any, name: str, summary: str, description: str) -> Any:
    """Add a command that has commands of its own, and return where they are added."""
    parser = subparsers.add_parser(name, help=summary, description=description)
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


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
        help="read manifests from a file, a directory with all below it, or - for standard input; may be repeated",
    )


def of_buckets(parser: argparse.ArgumentParser) -> None:
    """The options of a command on the ImageBuckets in the manifests."""
    manifests(parser, required=True)
    default_namespace(parser)
    parser.add_argument(
        "--installation",
        help="the operator's installation id (default: any; an owner mark needs the same namespace and name)",
    )


def default_namespace(parser: argparse.ArgumentParser) -> None:
    """``-n``, as kubectl has it."""
    parser.add_argument(
        "-n",
        "--namespace",
        default="default",
        help="the namespace of objects that name none (default: %(default)s)",
    )


def installation(parser: argparse.ArgumentParser) -> None:
    """Of a command that writes owner marks."""
    parser.add_argument(
        "--installation",
        default=os.environ.get("IMAGESTORE_INSTALLATION"),
        metavar="ID",
        help="the id of this installation, part of the owner mark in every bucket; keep it when the cluster is rebuilt"
        " (default: $IMAGESTORE_INSTALLATION)",
    )


def log_level(parser: argparse.ArgumentParser, default: str) -> None:
    """How much is logged."""
    parser.add_argument(
        "--log-level",
        default=default,
        choices=("debug", "info", "warning", "error"),
        help="the least severe lines to log (default: %(default)s)",
    )


def confirm_drift(parser: argparse.ArgumentParser) -> None:
    """When drift is confirmed."""
    seconds(parser, "--confirm-drift", 45.0, "wait so long between the two checks that confirm drift")


def drift_interval(parser: argparse.ArgumentParser) -> None:
    """When drift is looked for."""
    meaning = "check each bucket so often, unless its spec.drift.interval says otherwise"
    seconds(parser, "--drift-interval", 600.0, meaning, least=1.0)


def output(parser: argparse.ArgumentParser, *formats: str) -> None:
    """How the answer is written; the first format is the default."""
    parser.add_argument(
        "--format", choices=formats, default=formats[0], help="the form of the output (default: %(default)s)"
    )


def cluster(parser: argparse.ArgumentParser) -> None:
    """Which cluster, or none."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--context", help="the kubeconfig's context (default: the current one, if there is one)"
    )
    which.add_argument("--offline", action="store_true", help="do not connect to a cluster")
    operator_namespace(parser)


def operator_namespace(parser: argparse.ArgumentParser) -> None:
    """Where the operator itself runs."""
    parser.add_argument(
        "--operator-namespace",
        default=os.environ.get("POD_NAMESPACE", "imagestore-system"),
        metavar="NAMESPACE",
        help="the namespace of the operator and of the Secrets with the stores' credentials (default: $POD_NAMESPACE, else"
        " imagestore-system)",
    )


def lease(parser: argparse.ArgumentParser) -> None:
    """The Lease that one replica of the operator holds."""
    parser.add_argument(
        "--lease-name",
        default="imagestore",
        metavar="NAME",
        help="the name of the operator's Lease (default: %(default)s)",
    )


def seconds(
    parser: argparse.ArgumentParser, name: str, default: float, meaning: str, *, least: float = 0.0
) -> None:
    """An option that is a duration."""

    def duration(text: str) -> float:
        found = float(text)
        if not least <= found < inf:
            raise argparse.ArgumentTypeError(f"{text} is not at least {least:g} seconds")
        return found

    parser.add_argument(
        name, type=duration, default=default, metavar="SECONDS", help=f"{meaning} (default: %(default)s)"
    )


def listings(parser: argparse.ArgumentParser) -> None:
    """How buckets are listed."""
    parser.add_argument(
        "--day", type=_day, metavar="YYYY-MM-DD", help="the day to start from (default: today, in UTC)"
    )
    parser.add_argument(
        "--sample",
        type=number,
        default=1000,
        metavar="KEYS",
        help="read the tags of at most so many keys of a bucket, where rules match tags (default: %(default)s)",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="save the progress of the listing in this file; the same command resumes from it",
    )


def state(parser: argparse.ArgumentParser) -> None:
    """Where ``apply`` keeps what the API server keeps in a cluster."""
    parser.add_argument(
        "--state", metavar="DIR", help="the state folder (default: .imagestore beside the manifests)"
    )


def credentials(parser: argparse.ArgumentParser) -> None:
    """Where the stores' keys are."""
    parser.add_argument(
        "--credentials",
        metavar="FILE",
        help="a YAML or INI file with the keys of each StorageBackend (default: IMAGESTORE_<BACKEND>_ACCESS_KEY_ID and"
        " _SECRET_ACCESS_KEY, then Secrets in the manifests, then the cluster's Secrets)",
    )


def _day(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        raise argparse.ArgumentTypeError(f"give a day such as 2027-01-31, not {text}") from None


def quantity(text: str) -> int:
    """A number of bytes such as 200Mi, as the type of an option."""
    from imagestore.core.units import byte_count

    try:
        return byte_count(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def number(text: str) -> int:
    """A whole number. Raises ArgumentTypeError with a sentence."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"give a whole number, not {text}") from None


def positive(text: str) -> int:
    """A whole number above 0. Raises ArgumentTypeError with a sentence."""
    if (found := number(text)) < 1:
        raise argparse.ArgumentTypeError(f"give at least 1, not {text}")
    return found


def byte_rate(text: str) -> int:
    """Bytes a second such as 200Mi, at least 1Ki, as a StorageBackend's kinds have it. Raises ArgumentTypeError with a sentence."""
    if (found := quantity(text)) < 1024:
        raise argparse.ArgumentTypeError(f"a limit below 1Ki a second would move nothing, not {text}")
    return found


def rates(parser: argparse.ArgumentParser, what: str) -> None:
    """The options that spare a network and a store. ``what``: which bytes count, as a command."""
    parser.add_argument(
        "--bytes-per-second",
        type=byte_rate,
        metavar="QUANTITY",
        help=f"{what} at most so much a second, such as 200Mi (default: no limit)",
    )
    parser.add_argument(
        "--requests-per-second",
        type=positive,
        metavar="REQUESTS",
        help="send at most so many requests a second (default: no limit)",
    )


def workers(parser: argparse.ArgumentParser, default: int) -> None:
    """How many objects at once."""
    parser.add_argument(
        "--workers",
        type=positive,
        default=default,
        metavar="OBJECTS",
        help="work on so many objects at once (default: %(default)s)",
    )


def bucket_name(text: str) -> str:
    """A bucket's name. Raises ArgumentTypeError for one that no store takes."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text):
        raise argparse.ArgumentTypeError(
            f"a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens, not {text}"
        )
    return text


def bucket_of_backend(text: str) -> tuple[str, str]:
    """The names of a StorageBackend and a bucket. Raises ArgumentTypeError."""
    backend, _, bucket = text.partition("/")
    if not backend or not bucket:
        raise argparse.ArgumentTypeError(f"write BACKEND/BUCKET, such as eu/shop--photos, not {text}")
    return backend, bucket_name(bucket)


def one_of(*words: str) -> Callable[[str], str]:
    """A type of option: one of these words, in any case."""

    def parse(text: str) -> str:
        found = next((w for w in words if w.lower() == text.lower()), None)
        if found is None:
            raise argparse.ArgumentTypeError(f"give one of {', '.join(words)}, not {text}")
        return found

    return parse
