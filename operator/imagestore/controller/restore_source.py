"""What a Restore restores: a backup, or a bucket's versions of a moment; which objects; and what it may overwrite."""

from dataclasses import dataclass

from imagestore.controller.opening import RunParts, Unready
from imagestore.core.errors import StoreError
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.runs import RestoreJob
from imagestore.reconcile.shared.runs import RunTrouble
from imagestore.repository.errors import BackupNotGiven, RepositoryProblem
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.history.choosing import backup_before
from imagestore.repository.history.listing import BucketHistory
from imagestore.repository.history.moments import VersionRemoval
from imagestore.repository.history.restore import later_than_counted, plan_history, restore_history
from imagestore.repository.history.rules import ANY_TIME, removals_of
from imagestore.repository.restoring.options import RestoreOptions, RestoreReport
from imagestore.repository.restoring.planning import LaterObjects, PlannedPass
from imagestore.repository.restoring.restore import later_than_planned, plan_restore, restore
from imagestore.repository.restoring.selection import RestoreSelection
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import backups
from imagestore.transfer.job import TransferEnd


@dataclass(frozen=True)
class RestoreMoment:
    """Either ``history``, or ``root`` of ``repository``."""

    selection: RestoreSelection
    history: BucketHistory | None = None
    repository: Repository | None = None
    root: BackupRoot | None = None

    @property
    def backup(self) -> str:
        """The root's name; empty: none."""
        return self.root.name if self.root is not None else ""

    @property
    def unread(self) -> int:
        """Objects that could not be read when the backup was made."""
        return self.root.counts.failed if self.root is not None else 0

    def plan(self, target: TransferEnd, options: RestoreOptions) -> tuple[PlannedPass, ...]:
        """What it would do, by pass. StoreError."""
        if self.history is not None:
            return plan_history(self.history, target, options)
        return plan_restore(*self._backup, target, options)

    def later(self, target: TransferEnd, options: RestoreOptions, moment: int) -> LaterObjects:
        """What it would overwrite behind ``options.point`` of what was written after a moment. StoreError."""
        if self.history is not None:
            return later_than_counted(self.history, target, options, moment)
        return later_than_planned(*self._backup, target, options, moment)

    def restore(self, target: TransferEnd, options: RestoreOptions) -> RestoreReport:
        """Restore it. StoreError, RepositoryProblem."""
        if self.history is not None:
            return restore_history(self.history, target, options)
        return restore(*self._backup, target, options)

    @property
    def _backup(self) -> tuple[Repository, BackupRoot]:
        assert self.repository is not None, "it is of a backup"  # noqa: S101
        assert self.root is not None, "it is of a backup"  # noqa: S101
        return self.repository, self.root


def backup_moment(
    job: RestoreJob, repository: Repository, backup: str, listed: frozenset[str]
) -> RestoreMoment:
    """The backup that a job names, or the last one before its moment. Raises Unready for good where there is none, and BackupNotGiven."""
    root = root_to_restore(repository, backup, job.as_of)
    selection = selection_of(job, root.source.prefix, listed)
    return RestoreMoment(selection, repository=repository, root=root)


def root_to_restore(repository: Repository, backup: str, as_of: int | None = None) -> BackupRoot:
    """The root of this name; without one the last one before a moment, or the newest. Raises Unready for good where there is none, and
    BackupNotGiven.
    """
    try:
        return backups(repository).named(backup) if backup else backup_before(repository, as_of)
    except BackupNotGiven:  # the store may give it later
        raise
    except RepositoryProblem as problem:
        raise Unready(RunTrouble("repository", Reason.BACKUP_NOT_FOUND, str(problem), final=True)) from None


def versions_moment(
    parts: RunParts, job: RestoreJob, repository: Repository | None
) -> tuple[BucketHistory | None, str]:
    """The versions of the job's bucket, or why they are not meant or cannot be read."""
    if job.as_of is None:
        return None, "no moment was asked for"
    if job.versions is None:
        return None, "the bucket that was backed up is not known here, or not ready"
    source = None if repository is None else repository.source
    named = (job.versions.backend, job.versions.bucket)
    if source is not None and (source.backend, source.bucket) != named:
        return None, "the repository holds the backups of another bucket than this one"
    try:
        end = parts.end("source", job.versions)
    except Unready as unready:
        return None, unready.trouble.message
    below = TransferEnd(end.store, end.bucket, source.prefix if source is not None else "")
    return BucketHistory(below, job.as_of, _removals(parts, job.versions.backend, end.bucket)), ""


def _removals(parts: RunParts, backend: str, bucket: str) -> tuple[VersionRemoval, ...]:
    found = parts.stores.store(parts.ask(lambda: parts.stores.named(backend))).backend
    driver = found.drivers.get("lifecycle") if found is not None else None
    if driver is None:
        return ()
    try:
        return removals_of(driver.read(bucket))
    except StoreError:
        return (ANY_TIME,)


def selection_of(job: RestoreJob, prefix: str, listed: frozenset[str]) -> RestoreSelection:
    """The objects that a job selects, by their whole keys at the source. A list has whole keys, as reports and ``backup verify`` name them."""
    return RestoreSelection(
        tuple(prefix + p for p in job.prefixes),
        listed,
        tuple(prefix + p for p in job.priorities),
    )
