"""From the words of a command line to a job: backends, buckets, prefixes, filters, limits."""

import argparse
import hashlib
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.objects import ObjectStore
from imagestore.backends.secrets import ConfigError
from imagestore.cli.errors import CommandError, UsageError
from imagestore.cli.gathering.inputs import CommandInputs, gather_inputs
from imagestore.transfer.descriptions import StoreNamed
from imagestore.transfer.job import (
    DeleteGuard,
    DeleteMode,
    Direction,
    TransferEnd,
    TransferFilter,
    TransferHooks,
    TransferJob,
    TransferLimits,
    TransferOptions,
)
from imagestore.transfer.listings import SideFailed
from imagestore.transfer.sorting import DiskFull

if TYPE_CHECKING:
    from imagestore.backends.base import Backend


def split_end(text: str) -> tuple[str, str, str]:
    """Backend, bucket and prefix of BACKEND/BUCKET[/PREFIX]. Raises UsageError."""
    backend, _, rest = text.partition("/")
    bucket, _, prefix = rest.partition("/")
    if not backend or not bucket:
        raise UsageError(
            f"write BACKEND/BUCKET or BACKEND/BUCKET/PREFIX, such as eu/shop--photos/thumbs/, not {text}"
        )
    return backend, bucket, prefix


def stores_of(args: argparse.Namespace, *names: str) -> StoreNamed:
    """The stores of these StorageBackends. Raises CommandError, some of it when a store is asked for."""
    known = _inputs(args, names)
    return lambda name: _connected(known, name)


def gather(args: argparse.Namespace, *words: str) -> tuple[TransferEnd, ...]:
    """The ends that the words name, connected. Raises CommandError and UsageError."""
    parts = [split_end(word) for word in words]
    store = stores_of(args, *(backend for backend, _, _ in parts))
    return tuple(TransferEnd(store(backend), bucket, prefix) for backend, bucket, prefix in parts)


def _inputs(args: argparse.Namespace, backends: tuple[str, ...]) -> CommandInputs:
    known = gather_inputs(args, os.environ, backends)
    if known.manifests.problems:
        raise CommandError(*known.manifests.problems)
    sys.stderr.writelines(f"note: {note}\n" for note in known.notes_on_files)
    return known


def backend_of(args: argparse.Namespace, name: str) -> "Backend":
    """A StorageBackend, connected. Raises CommandError."""
    return _backend(_inputs(args, (name,)), name)


def _connected(known: CommandInputs, backend: str) -> ObjectStore:
    try:
        found = known.stores.objects(backend, _spec(known, backend))
    except (ConfigError, OSError) as error:
        raise CommandError(str(error)) from None
    if found is None:
        raise CommandError(f"the provider of {backend} moves no objects in this version")
    return found


def _spec(known: CommandInputs, backend: str) -> StorageBackendSpec:
    spec = known.stores.specs.get(backend)
    if spec is None:
        names = ", ".join(o.name for o in known.manifests.of(StorageBackendSpec)) or "none"
        raise CommandError(
            f"there is no StorageBackend {backend} (the manifests have {names}); give its manifest with -f"
        )
    return spec


def _backend(known: CommandInputs, backend: str) -> "Backend":
    _spec(known, backend)
    store = known.stores.get(backend)
    if store.backend is None:
        raise CommandError(store.trouble)
    return store.backend


def job_of(args: argparse.Namespace, source: TransferEnd, destination: TransferEnd) -> TransferJob:
    """The job of a command. Its journal is named after its ends, so that the same command finds it. Raises UsageError."""
    _apart(source, destination)
    options = TransferOptions(
        Direction.TWO_WAY if getattr(args, "two_way", False) else Direction.ONE_WAY,
        DeleteMode(getattr(args, "deletes", DeleteMode.IGNORE)),
        _guard(args),
        TransferFilter(tuple(args.prefixes), tuple(args.suffixes)),
        dry_run=getattr(args, "dry_run", False),
    )
    limits = TransferLimits(
        workers=args.workers,
        bytes_per_second=getattr(args, "bytes_per_second", None),
        requests_per_second=getattr(args, "requests_per_second", None),
    )
    ends = [f"{e.store.name}/{e.bucket}/{e.prefix}" for e in (source, destination)]
    name = f"cli-{hashlib.sha256(repr(ends).encode()).hexdigest()[:16]}"
    return TransferJob(name, source, destination, options, limits)


def _guard(args: argparse.Namespace) -> DeleteGuard:
    if "approve" not in args:
        return DeleteGuard()
    return DeleteGuard(args.max_delete_percent, args.max_deletes, frozenset(args.approve))


def _apart(one: TransferEnd, other: TransferEnd) -> None:
    """A copy onto itself or into itself never ends."""
    same = (one.store.account, one.bucket) == (other.store.account, other.bucket)
    if same and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)):
        raise UsageError(
            f"both ends are in bucket {one.bucket}, and one contains the other; give prefixes that are apart"
        )


_GOES_ON = "stopping; the same command goes on from here"


def hooks_of(said: str = _GOES_ON) -> TransferHooks:
    """A run that the first Ctrl-C ends in order and the second one at once. ``said``: what the first one is answered."""
    asked: list[int] = []

    def stop(number: int, _frame: Any) -> None:
        asked.append(number)
        sys.stderr.write(f"{said}. Press Ctrl-C again to stop at once\n")
        signal.signal(number, signal.default_int_handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return TransferHooks(secrets.token_hex(6), stop=lambda: bool(asked))


@contextmanager
def ending_early() -> Iterator[None]:
    """Say which side could not be read. Raises CommandError."""
    try:
        yield
    except SideFailed as failed:
        raise CommandError(f"the {failed.side} could not be read to its end: {failed.error}") from None
    except DiskFull as error:
        raise CommandError(error.strerror) from None
