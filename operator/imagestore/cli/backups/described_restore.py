"""``backup run-restore``: write the restore that a file describes, as the pod of a Job."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from imagestore.cli.backups.described import ended_with, exit_code
from imagestore.cli.backups.ends import opening_secret
from imagestore.cli.moving.ends import hooks_of, stores_of
from imagestore.cli.moving.sharding import AGAIN, NEVER, run_text
from imagestore.controller.one_pod import word_of
from imagestore.controller.opening import Unready, troubled
from imagestore.controller.restore_description import (
    RESTORE_DESCRIPTION,
    DescribedRestore,
    limited_restore,
    restore_of,
)
from imagestore.core.errors import StoreError
from imagestore.reconcile.restore.runs import RestoreFound
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.restoring.options import RestoreProgress
from imagestore.repository.store.files import RepositoryFiles
from imagestore.repository.store.opening import Repository, open_repository
from imagestore.transfer.descriptions import WrongDescription

OpenFiles = Callable[[RepositoryFiles], Repository]


def restore_one(args: argparse.Namespace) -> int:
    """Write it; return the exit code for its Job."""
    stop = hooks_of().stop
    try:
        text = run_text(args)
        stores = stores_of(args, *RESTORE_DESCRIPTION.backends(text))
        described = restore_of(text, stores, uuid4().hex[:12])
        restore = limited_restore(described, stop)
    except WrongDescription as error:
        return ended_with(error, NEVER)
    secret = opening_secret(args, os.environ)
    return write_described(restore, lambda files: open_repository(files, secret, os.urandom), stop)


def write_described(restore: DescribedRestore, open_files: OpenFiles, stop: Callable[[], bool]) -> int:
    """Write it, or leave a word at the destination why not; return the exit code."""
    try:
        found = restore.folder.ended(time.monotonic())  # an earlier pod may have died behind it
        found = found or _written(restore, open_files, stop)
    except OSError as error:
        return ended_with(error, AGAIN)
    except (Unready, RepositoryProblem, StoreError) as error:
        with suppress(StoreError):
            restore.folder.leave_word(word_of(troubled(error, None), restore.run))
        return ended_with(error, NEVER if isinstance(error, Unready) else exit_code(error))
    if found is None:
        return ended_with(InterruptedError("the restore was stopped; it goes on from its checkpoint"), AGAIN)
    sys.stdout.write(f"restored {found.counts.restored} objects, {found.counts.failed} failed\n")
    return 0


def _written(
    restore: DescribedRestore, open_files: OpenFiles, stop: Callable[[], bool]
) -> RestoreFound | None:
    repository = open_files(restore.files) if restore.files is not None else None
    writing = restore.writing(repository, time.monotonic)
    kept = restore.folder.checkpoint()
    kept.abort_uploads(restore.folder.end)
    return writing.write(kept, _untold, stop, _no_turn)


def _untold(_progress: RestoreProgress) -> None:
    """How far it is can be read from its checkpoint."""


def _no_turn() -> None:
    """A pod gives its place to no other run."""
