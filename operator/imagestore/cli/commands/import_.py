"""``imagestore import BACKEND/BUCKET``: write the manifest of an existing bucket. Reads only."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError

if TYPE_CHECKING:
    from imagestore.api.storagebackend import StorageBackendSpec
    from imagestore.backends.base import Backend
    from imagestore.cli.gathering.inputs import CommandInputs
    from imagestore.reconcile.bucket.situation import Referenced

_DESCRIPTION = """\
Write the manifest of an existing bucket to standard output. The manifest holds the settings that the bucket has, so
planning it changes none of them. What a manifest cannot express is listed in comments, and the operator does not
change it. Import writes nothing to the store.
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    codes = {0: "the manifest is complete"}
    parser = options.command(
        subparsers, "import", "write the manifest of an existing bucket", _DESCRIPTION, codes=codes
    )
    parser.add_argument(
        "bucket",
        type=options.bucket_of_backend,
        metavar="BACKEND/BUCKET",
        help="the StorageBackend's name and the bucket's name",
    )
    options.manifests(parser, required=False)
    parser.add_argument(
        "-n", "--namespace", default="default", help="the manifest's namespace (default: %(default)s)"
    )
    parser.add_argument("--name", help="the manifest's name (default: the bucket's)")
    options.credentials(parser)
    options.cluster(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the manifest and return the exit code."""
    from imagestore.cli.gathering.inputs import gather_inputs

    backend_name, bucket = args.bucket
    gathered = gather_inputs(args, os.environ, (backend_name,))
    backend, spec = _backend(gathered, backend_name)
    others = _others(args, gathered, bucket)
    names = _names(others, backend_name)
    sys.stdout.write(_manifest(args, _directed(backend, gathered, others), spec, bucket, names))
    if gathered.manifests.problems:
        raise CommandError(*gathered.manifests.problems)
    return 0


def _manifest(
    args: argparse.Namespace,
    backend: "Backend",
    spec: "StorageBackendSpec",
    bucket: str,
    names: Mapping[str, str],
) -> str:
    from imagestore.cli.importing.grants import needed_grants, without_refused
    from imagestore.cli.importing.manifest import grant, manifest

    found, owner = _settings(backend, bucket, names)
    settings = without_refused(found, backend.own_access)
    marked = (f"Its owner mark names {owner}: only that object may manage it.",) if owner else ()
    consents = needed_grants(settings, args.namespace, backend, bucket, spec)
    notes = (*grant(args.namespace, backend.name, bucket), *marked, *consents)
    return manifest(args.namespace, args.name or bucket, backend.name, bucket, settings, notes)


def _settings(backend: "Backend", bucket: str, names: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    from imagestore.cli.importing.settings import imported
    from imagestore.core.errors import StoreError
    from imagestore.reconcile.bucket.observe import readings

    try:
        observation = backend.check(bucket)
        if observation is None:
            raise CommandError(f"there is no bucket {bucket} on {backend.name} ({backend.endpoint})")
        read = readings(backend, bucket, backend.support, observation)
    except StoreError as error:
        raise CommandError(f"{backend.name}/{bucket}: {type(error).__name__}: {error}") from None
    found = {name: imported(name, reading, names) for name, reading in read.items()}
    return {n: v for n, v in found.items() if v is not None}, observation.owner or ""


def _others(args: argparse.Namespace, gathered: "CommandInputs", bucket: str) -> "dict[str, Referenced]":
    """The namespace's other ImageBuckets, by name, for settings that refer to them."""
    from imagestore.cli.gathering.surroundings import surroundings

    there = surroundings(gathered.manifests, gathered.cluster).others.get(args.namespace, {})
    return {name: o for name, o in there.items() if o.bucket != bucket or o.backend != args.bucket[0]}


def _names(others: "Mapping[str, Referenced]", backend: str) -> dict[str, str]:
    """Their names, by bucket on this backend, and by StorageBackend and bucket on any."""
    here = {o.bucket: name for name, o in others.items() if o.backend == backend}
    return here | {f"{o.backend}/{o.bucket}": name for name, o in others.items()}


def _directed(backend: "Backend", gathered: "CommandInputs", others: "Mapping[str, Referenced]") -> "Backend":
    """The backend, which recognises them as destinations of replication."""
    from dataclasses import replace
    from functools import partial

    from imagestore.backends.replicating import Replicates, ReplicationPeer
    from imagestore.reconcile.bucket.desired import receiving

    found = {
        name: receiving(replace(o, store=partial(gathered.stores.get, o.backend)))
        for name, o in others.items()
    }
    peers = {name: peer for name, peer in found.items() if isinstance(peer, ReplicationPeer)}
    return backend.toward(peers) if isinstance(backend, Replicates) else backend


def _backend(gathered: "CommandInputs", name: str) -> "tuple[Backend, StorageBackendSpec]":
    store = gathered.stores.get(name)
    if store.spec is None:
        missing = f"there is no StorageBackend {name}; give its manifest with -f, or --context"
        raise CommandError(*gathered.manifests.problems, missing)
    if store.backend is None:
        raise CommandError(store.trouble)
    return store.backend, store.spec
