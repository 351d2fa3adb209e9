"""From the words of a command line to buckets, repositories and keys."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType

from imagestore.cli.errors import CommandError, UsageError
from imagestore.core.errors import StoreError
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format.roots import SourceName
from imagestore.repository.format.slots import OpeningSecret, SlotKind, recovery_key
from imagestore.repository.store.files import RepositoryFiles
from imagestore.repository.store.opening import Repository, open_repository
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.pace import MovingLimits
from imagestore.transfer.paced_store import RunPace, run_pace

ENVIRONMENT = "IMAGESTORE_REPOSITORY_KEY"


@contextmanager
def told_as_sentences() -> Iterator[None]:
    """Errors of stores and repositories as errors of the command."""
    try:
        yield
    except (StoreError, RepositoryProblem) as error:
        raise CommandError(str(error)) from None


def source_name(end: TransferEnd) -> SourceName:
    """The source as a repository has it."""
    return SourceName(end.store.name, end.bucket, end.prefix)


def files_at(end: TransferEnd) -> RepositoryFiles:
    """The files of the repository below an end."""
    prefix = end.prefix.rstrip("/")
    return RepositoryFiles(end.store, end.bucket, f"{prefix}/" if prefix else "")


def opening_secret(args: argparse.Namespace, environment: Mapping[str, str]) -> OpeningSecret:
    """What opens the repository: a file, the environment, or nothing. Raises UsageError and CommandError."""
    given = {
        SlotKind.SECRET: args.key_file,
        SlotKind.PASSPHRASE: args.passphrase_file,
        SlotKind.RECOVERY: args.recovery_key_file,
    }
    named = [(kind, path) for kind, path in given.items() if path]
    if len(named) > 1:
        raise UsageError("give one of --key-file, --passphrase-file and --recovery-key-file")
    if named:
        return secret_of(named[0][0], read_secret(named[0][1]))
    value = environment.get(ENVIRONMENT, "")
    return OpeningSecret(SlotKind.SECRET, value.strip().encode()) if value else OpeningSecret()


def read_secret(path: str) -> bytes:
    """The content of a file without the line break at its end. Raises CommandError."""
    try:
        data = (sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()).strip()
    except OSError as error:
        raise CommandError(f"{path}: cannot be read: {error.strerror}") from None
    if not data:
        raise CommandError(f"{path}: is empty")
    return data


def secret_of(kind: SlotKind, data: bytes) -> OpeningSecret:
    """A secret of a kind. Raises CommandError for a recovery key that was mistyped, and for a short key."""
    if kind is SlotKind.RECOVERY:
        key = recovery_key(data.decode(errors="replace"))
        if key is None:
            raise CommandError("the recovery key has a typing error: its check does not agree")
        return OpeningSecret(kind, key)
    if kind is SlotKind.SECRET and len(data) < 16:
        raise CommandError(
            "the key is shorter than 16 bytes; make one with: openssl rand -base64 32, or use --passphrase-file"
        )
    return OpeningSecret(kind, data)


def limits_of(args: argparse.Namespace) -> MovingLimits:
    """What the command line says of the speed."""
    return MovingLimits(args.bytes_per_second, args.requests_per_second, getattr(args, "workers", None))


def pace_of(args: argparse.Namespace) -> RunPace:
    """The rates that all ends of a command share. From now on Ctrl-C ends what waits for them."""
    return run_pace(limits_of(args), interrupted())


def interrupted() -> Callable[[], bool]:
    """Whether Ctrl-C was pressed: threads that wait for their rate would keep the command from ending."""
    asked = Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    return asked.is_set


def opened(args: argparse.Namespace, end: TransferEnd) -> Repository:
    """The repository below an end. Raises CommandError."""
    return open_repository(files_at(end), opening_secret(args, os.environ), os.urandom)
