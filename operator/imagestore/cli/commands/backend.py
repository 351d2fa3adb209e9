"""``imagestore backend probe``: what a server of unknown make holds, found out on a scratch bucket."""

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import Usage, Wrong

if TYPE_CHECKING:
    from imagestore.backends.base import Backend
    from imagestore.backends.trial import Triable, TrialReport
    from imagestore.cli.gathering.inputs import Gathered

DESCRIPTION = """\
Find out what a store holds: every setting is written to a scratch bucket, read back, compared and removed. What is
printed goes into the StorageBackend's spec.s3.profile, after review. It is the only command that writes to a store
by itself, and it writes to the one bucket that you name.
"""
EPILOG = """\
exit codes: 0 the store holds what the operator goes by already, 2 it holds something else, 1 an error

A server may take a call that it does not know for another one, up to deleting the bucket. Name a bucket that nobody
needs, on an account where nothing else can be hit; best let the probe make one, and remove it again: --create. In a
bucket of yours versioning stays suspended, and object lock is not tried.
"""


def register(subparsers: Any) -> None:
    """Add the commands on StorageBackends."""
    parser = subparsers.add_parser("backend", help="look into a StorageBackend's store")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    probe = commands.add_parser(
        "probe",
        help="find out what a store holds, on a scratch bucket",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    probe.add_argument("name", nargs="?", metavar="BACKEND", help="which one, if the manifests have several")
    options.manifests(probe, required=False)
    probe.add_argument("--bucket", required=True, metavar="SCRATCH", help="the bucket to play with")
    probe.add_argument("--yes-write-to", metavar="SCRATCH", help="the same name again: your consent")
    probe.add_argument("--create", action="store_true", help="make the bucket, and remove it at the end")
    probe.add_argument("--kms-key", metavar="KEY", help="a key of the store's KMS, to try SSE-KMS with")
    probe.add_argument("--format", choices=("text", "yaml"), default="text")
    options.credentials(probe)
    options.cluster(probe)
    probe.set_defaults(run=run, namespace="default")


def run(args: argparse.Namespace) -> int:
    """Probe, print, and give the exit code."""
    from imagestore.cli.probing.report import differing, document, text

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
        raise Wrong(found.left)
    return 2 if differing(found.support, backend.support) else 0


def _consent(args: argparse.Namespace) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", args.bucket):
        raise Usage(
            f"{args.bucket}: a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens"
        )
    if args.yes_write_to is None:
        raise Usage(
            f"the probe writes to {args.bucket}, and a server may delete it: consent with --yes-write-to {args.bucket}"
        )
    if args.yes_write_to != args.bucket:
        raise Usage(
            f"--yes-write-to names {args.yes_write_to}, --bucket {args.bucket}; both must be the same"
        )


def _backend(args: argparse.Namespace) -> "Backend":
    from imagestore.api.storagebackend import StorageBackendSpec
    from imagestore.cli.gathering.inputs import gather

    known = gather(args, os.environ, (args.name,) if args.name else ())
    if known.manifests.problems:
        raise Wrong(*known.manifests.problems)
    sys.stderr.writelines(f"note: {note}\n" for note in known.notes if "managed" not in note)
    name = args.name or _only(o.name for o in known.manifests.of(StorageBackendSpec))
    _unclaimed(known, name, args.bucket)
    store = known.stores.get(name)
    if store.spec is None:
        raise Wrong(f"there is no StorageBackend {name}; give its manifest with -f, or --context")
    if store.backend is None:
        raise Wrong(store.trouble)
    return store.backend


def _triable(backend: "Backend") -> "Triable":
    from imagestore.backends.trial import Triable

    if not isinstance(backend, Triable):
        raise Wrong(f"{backend.name}: imagestore cannot probe stores of this provider")
    return backend


def _unclaimed(known: "Gathered", backend: str, bucket: str) -> None:
    """On a store without bucket tags the bucket itself would not tell whose it is."""
    from imagestore.api.imagebucket import ImageBucketSpec

    claims = {label: k.spec for label, k in known.cluster.buckets.items()}
    claims |= {o.label: o.spec for o in known.manifests.of(ImageBucketSpec)}
    for label, spec in claims.items():
        if (spec.backend_ref.name, spec.bucket_name) == (backend, bucket):
            raise Wrong(f"the ImageBucket {label} claims {bucket}; name a bucket that nobody needs")


def _only(names: Any) -> str:
    found = list(names)
    if len(found) != 1:
        told = f"the manifests have {', '.join(found)}" if found else "the manifests have no StorageBackend"
        raise Usage(f"{told}; say which: imagestore backend probe BACKEND")
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
        raise Wrong(error, *_left(error)) from None
    except StoreError as error:
        early = f"{name}: the probe ended early: {type(error).__name__}: {error}"
        raise Wrong(early, *_left(error)) from None
    except KeyboardInterrupt as stopped:
        sys.stderr.writelines(f"error: {note}\n" for note in _left(stopped))
        raise


def _left(error: BaseException) -> list[str]:
    """What could not be tidied up."""
    return getattr(error, "__notes__", [])
