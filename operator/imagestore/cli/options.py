"""Options that several commands share."""

import argparse
import os


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


def credentials(parser: argparse.ArgumentParser) -> None:
    """Where the stores' keys are."""
    parser.add_argument(
        "--credentials",
        metavar="FILE",
        help="keys by StorageBackend, as YAML or INI; else IMAGESTORE_<BACKEND>_ACCESS_KEY_ID and"
        " _SECRET_ACCESS_KEY, else Secrets in the manifests, else the cluster's",
    )
