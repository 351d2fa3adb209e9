"""``imagestore import BACKEND/BUCKET``: the manifest of a bucket that exists. Reads only."""

import argparse
import os
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import Usage, Wrong

if TYPE_CHECKING:
    from imagestore.api.storagebackend import StorageBackendSpec
    from imagestore.backends.base import Backend
    from imagestore.cli.gathering.inputs import Gathered

DESCRIPTION = """\
Write the manifest of a bucket that exists. Only settings that it has are in it; planning it changes none.
What no manifest can say is left out, left alone by the operator, and listed in comments.
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "import", help="write the manifest of a bucket that exists", description=DESCRIPTION
    )
    parser.add_argument("bucket", metavar="BACKEND/BUCKET", help="the StorageBackend's name and the bucket's")
    options.manifests(parser, required=False)
    parser.add_argument(
        "-n", "--namespace", default="default", help="for the manifest (default: %(default)s)"
    )
    parser.add_argument("--name", help="for the manifest (default: the bucket's)")
    options.credentials(parser)
    options.cluster(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the manifest."""
    from imagestore.cli.gathering.inputs import gather

    backend_name, _, bucket = args.bucket.partition("/")
    if not backend_name or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise Usage(f"{args.bucket}: write BACKEND/BUCKET, such as eu/shop--photos")
    gathered = gather(args, os.environ, (backend_name,))
    backend, spec = _backend(gathered, backend_name)
    sys.stdout.write(_manifest(args, backend, spec, bucket, _others(args, gathered, backend_name, bucket)))
    if gathered.manifests.problems:
        raise Wrong(*gathered.manifests.problems)
    return 0


def _manifest(
    args: argparse.Namespace,
    backend: "Backend",
    spec: "StorageBackendSpec",
    bucket: str,
    names: Mapping[str, str],
) -> str:
    from imagestore.cli.importing.grants import needed, possible
    from imagestore.cli.importing.manifest import grant, manifest

    found, owner = _settings(backend, bucket, names)
    settings = possible(found, backend.own_access)
    marked = (f"It is marked as {owner}: only that object is in charge of it.",) if owner else ()
    consents = needed(settings, args.namespace, backend, bucket, spec)
    notes = (*grant(args.namespace, backend.name, bucket), *marked, *consents)
    return manifest(args.namespace, args.name or bucket, backend.name, bucket, settings, notes)


def _settings(backend: "Backend", bucket: str, names: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    from imagestore.cli.importing.settings import imported
    from imagestore.core.errors import StoreError
    from imagestore.reconcile.bucket.observe import readings

    try:
        sight = backend.check(bucket)
        if sight is None:
            raise Wrong(f"there is no bucket {bucket} on {backend.name} ({backend.endpoint})")
        read = readings(backend, bucket, backend.support, sight)
    except StoreError as error:
        raise Wrong(f"{backend.name}/{bucket}: {type(error).__name__}: {error}") from None
    found = {name: imported(name, reading, names) for name, reading in read.items()}
    return {n: v for n, v in found.items() if v is not None}, sight.owner or ""


def _others(args: argparse.Namespace, gathered: "Gathered", backend: str, bucket: str) -> dict[str, str]:
    """The namespace's other ImageBuckets on this backend, by their buckets: settings name them."""
    from imagestore.cli.gathering.surroundings import surroundings

    there = surroundings(gathered.manifests, gathered.cluster).others.get(args.namespace, {})
    return {o.bucket: name for name, o in there.items() if o.backend == backend and o.bucket != bucket}


def _backend(gathered: "Gathered", name: str) -> "tuple[Backend, StorageBackendSpec]":
    store = gathered.stores.get(name)
    if store.spec is None:
        missing = f"there is no StorageBackend {name}; give its manifest with -f, or --context"
        raise Wrong(*gathered.manifests.problems, missing)
    if store.backend is None:
        raise Wrong(store.trouble)
    return store.backend, store.spec
