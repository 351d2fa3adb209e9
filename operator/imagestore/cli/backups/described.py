"""``backup run``: make the backup that a file describes, as the pod of a Job."""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from imagestore.cli.backups.ends import opening_secret
from imagestore.cli.moving.ends import hooks_of, stores_of
from imagestore.cli.moving.sharding import AGAIN, NEVER, run_text
from imagestore.controller.one_pod import word_of
from imagestore.controller.opening import troubled
from imagestore.core.errors import StoreError, Transient
from imagestore.repository.checking.images import note_undecodable
from imagestore.repository.errors import RepositoryProblem, RunLost, RunStopped, SourceUnlisted
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.making.description import BACKUP_DESCRIPTION, DescribedBackup, backup_of
from imagestore.repository.store.labelled import leave_word, root_of_label
from imagestore.repository.store.opening import Repository, open_repository
from imagestore.transfer.descriptions import WrongDescription
from imagestore.transfer.paced_store import run_pace

TOLD_BEAT = 30.0  # seconds: how far the backup is can be read from its beats


def run_one(args: argparse.Namespace) -> int:
    """Make it; return the exit code for its Job."""
    stop = hooks_of().stop
    try:
        backup = limited_backup(_described(args), stop)
    except WrongDescription as error:
        return ended_with(error, NEVER)
    try:
        repository = open_repository(backup.files, opening_secret(args, os.environ), os.urandom)
    except (RepositoryProblem, StoreError) as error:
        return ended_with(error, exit_code(error))
    return make_described(backup, repository, stop)


def limited_backup(backup: DescribedBackup, stop: Callable[[], bool]) -> DescribedBackup:
    """The backup with its stores behind its limits."""
    pace = run_pace(backup.limits, stop)
    files = replace(backup.files, store=pace.store(backup.files.store, counted=False))
    return replace(backup, source=pace.end(backup.source, counted=True), files=files)


def make_described(backup: DescribedBackup, repository: Repository, stop: Callable[[], bool]) -> int:
    """Make it in an open repository, or leave a word there why not; return the exit code."""
    try:
        root = root_of_label(repository, backup.options.label)  # an earlier pod may have died behind it
        root = root or back_up(repository, backup.source, _options(backup, stop))
    except (RunStopped, OSError) as error:
        return ended_with(error, AGAIN)
    except (RepositoryProblem, StoreError) as error:
        with suppress(RepositoryProblem, StoreError):
            leave_word(repository, backup.options.label, word_of(troubled(error), backup.run))
        return ended_with(error, exit_code(error))
    sys.stdout.write(f"backed up {root.counts.objects} objects\n")
    return 0


def _options(backup: DescribedBackup, stop: Callable[[], bool]) -> BackupOptions:
    options = replace(backup.options, beat=TOLD_BEAT, stop=stop, at_once=backup.limits.at_once)
    return replace(options, note=note_undecodable) if backup.decode else options


def exit_code(error: RepositoryProblem | StoreError) -> int:
    """What a Job does about an error: try again or not."""
    cause = error.error if isinstance(error, SourceUnlisted) else error
    return AGAIN if isinstance(cause, Transient | RunLost) else NEVER


def ended_with(error: Exception, code: int) -> int:
    """Tell why on standard error; return the code."""
    sys.stderr.write(f"error: {error}\n")
    return code


def _described(args: argparse.Namespace) -> DescribedBackup:
    text = run_text(args)
    return backup_of(text, stores_of(args, *BACKUP_DESCRIPTION.backends(text)))
