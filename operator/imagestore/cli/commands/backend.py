"""``imagestore backend probe``: find out which settings a store supports, on a scratch bucket."""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from imagestore.backends.base import Backend
    from imagestore.backends.trial import Triable, TrialReport
    from imagestore.cli.gathering.inputs import CommandInputs

_DESCRIPTION = """\
Find out which settings a store supports: write each setting to a scratch bucket, read it back, compare, and remove it.
The output is a profile for the StorageBackend; review it before you use it.

This is the only command that writes to a store, and it writes to no bucket but the scratch bucket.
"""
_REMARK = """\
A store may take a call that it does not know for another one and delete the bucket. Use a scratch bucket, on an account
without other data. Best use --create: the probe then creates the bucket and deletes it at the end. In an existing bucket
versioning stays suspended, and object lock is not tried.
"""


def register(subparsers: Any) -> None:
    """Add the commands on StorageBackends."""
    commands = options.group(
        subparsers, "backend", "find out what a store supports", "Commands on the store of a StorageBackend."
    )
    codes = {0: "the store supports what the operator assumes", 2: "the store supports something else"}
    probe = options.command(
        commands,
        "probe",
        "find out which settings a store supports, on a scratch bucket",
        _DESCRIPTION,
        codes=codes,
        remark=_REMARK,
    )
    probe.add_argument(
        "name", nargs="?", metavar="BACKEND", help="the StorageBackend, if the manifests have several"
    )
    options.manifests(probe, required=False)
    probe.add_argument(
        "--bucket", type=options.bucket_name, required=True, metavar="SCRATCH", help="the scratch bucket"
    )
    probe.add_argument("--yes-write-to", metavar="SCRATCH", help="the scratch bucket again, as confirmation")
    probe.add_argument(
        "--create", action="store_true", help="create the scratch bucket, and delete it at the end"
    )
    probe.add_argument("--kms-key", metavar="KEY", help="a key of the store's KMS, to try SSE-KMS with")
    options.output(probe, "text", "yaml")
    options.credentials(probe)
    options.cluster(probe)
    probe.set_defaults(run=run, namespace="default")


def run(args: argparse.Namespace) -> int:
    """Print the profile and return the exit code."""
    from imagestore.cli.probing.report import disagreeing, document, text

    _consent(args)
    backend = _backend(args)
    triable = _triable(backend)
    found = _probed(args, backend.name, triable)
    shown = document(triable, found.support)
    if args.format == "text":
        shown = text(backend.name, triable, found, backend.support)
    sys.stdout.write(shown)
    sys.stderr.writelines(f"!! {alarm}\n" for alarm in found.alarms)
    if found.left:
        raise CommandError(found.left)
    return 2 if disagreeing(found.support, backend.support) else 0


def _consent(args: argparse.Namespace) -> None:
    if args.yes_write_to is None:
        raise UsageError(
            f"the probe writes to {args.bucket}, and the store may delete it; confirm with --yes-write-to {args.bucket}"
        )
    if args.yes_write_to != args.bucket:
        raise UsageError(
            f"--yes-write-to is {args.yes_write_to} and --bucket is {args.bucket}; both must be the same"
        )


def _backend(args: argparse.Namespace) -> "Backend":
    from imagestore.api.storagebackend import StorageBackendSpec
    from imagestore.cli.gathering.inputs import gather_inputs

    known = gather_inputs(args, os.environ, (args.name,) if args.name else ())
    if known.manifests.problems:
        raise CommandError(*known.manifests.problems)
    sys.stderr.writelines(f"note: {note}\n" for note in known.notes_on_files)
    name = args.name or _only(o.name for o in known.manifests.of(StorageBackendSpec))
    _unclaimed(known, name, args.bucket)
    store = known.stores.get(name)
    if store.spec is None:
        raise CommandError(f"there is no StorageBackend {name}; give its manifest with -f, or --context")
    if store.backend is None:
        raise CommandError(store.trouble)
    return store.backend


def _triable(backend: "Backend") -> "Triable":
    from imagestore.backends.trial import Triable

    if not isinstance(backend, Triable):
        raise CommandError(f"{backend.name}: its provider has a fixed profile, so there is nothing to probe")
    return backend


def _unclaimed(known: "CommandInputs", backend: str, bucket: str) -> None:
    """Refuse the bucket of an ImageBucket: on a store without owner marks the bucket itself does not name its owner."""
    from imagestore.api.imagebucket import ImageBucketSpec

    claims = {label: k.spec for label, k in known.cluster.buckets.items()}
    claims |= {o.label: o.spec for o in known.manifests.of(ImageBucketSpec)}
    for label, spec in claims.items():
        if (spec.backend_ref.name, spec.bucket_name) == (backend, bucket):
            raise CommandError(f"the ImageBucket {label} claims {bucket}; give a scratch bucket")


def _only(names: Any) -> str:
    found = list(names)
    if len(found) != 1:
        told = f"the manifests have {', '.join(found)}" if found else "the manifests have no StorageBackend"
        raise UsageError(f"{told}; name one: imagestore backend probe BACKEND")
    return str(found[0])


def _probed(args: argparse.Namespace, name: str, triable: "Triable") -> "TrialReport":
    from imagestore.api.samples import SAMPLES
    from imagestore.backends.trial import TrialError, TrialRequest
    from imagestore.core.errors import StoreError

    def say(facet: str) -> None:
        sys.stderr.write(f"trying {facet} ...\n")

    try:
        return triable.trial(TrialRequest(args.bucket, SAMPLES, args.create, args.kms_key, say))
    except TrialError as error:
        raise CommandError(error, *_left(error)) from None
    except StoreError as error:
        early = f"{name}: the probe failed: {type(error).__name__}: {error}"
        raise CommandError(early, *_left(error)) from None
    except KeyboardInterrupt as stopped:
        sys.stderr.writelines(f"error: {note}\n" for note in _left(stopped))
        raise


def _left(error: BaseException) -> list[str]:
    """What the probe could not remove."""
    return getattr(error, "__notes__", [])
