"""Runs that keep repositories in order for BackupSchedules: checks, drills and removals."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from imagestore.controller.carrying import RunControl
from imagestore.controller.opening import RunParts, Unready, troubled
from imagestore.controller.state.objects import Key
from imagestore.core.errors import StoreError
from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.jobs import (
    CheckReport,
    DrillJob,
    DrillReportOfRun,
    FullCheckJob,
    QuickCheckJob,
    RemovalJob,
    RemovalReport,
    RemovalRules,
    UpkeepJob,
)
from imagestore.reconcile.shared.runs import RunProgress, RunTrouble
from imagestore.repository.checking.drill import DrillOptions, DrillReport, ScratchRefused
from imagestore.repository.checking.drill import drill as run_drill
from imagestore.repository.checking.scratch import ScratchLocks, drill_name
from imagestore.repository.checking.verify import DamagedRow, VerifyLevel, VerifyOptions, VerifyReport, verify
from imagestore.repository.errors import DamagedFile, RepositoryProblem, RunLost
from imagestore.repository.format.names import BACKUPS
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.removing.options import PruneOptions, PruneReport, RemovalStopped
from imagestore.repository.removing.prune import prune
from imagestore.repository.removing.retention import Forgetting, RetentionRules
from imagestore.repository.restoring.options import RestoreOptions
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import Backups, backups

log = logging.getLogger(__name__)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class _Stopped(Exception):
    """The run is not wanted any more, or gives its place to another one."""


@dataclass(frozen=True)
class QuickCheckRun:
    """Carries out a QuickCheckJob."""

    parts: RunParts

    def __call__(self, key: Key, job: QuickCheckJob, control: RunControl) -> CheckReport | None:
        """See ``CarryOut``."""

        def check(began: float) -> CheckReport:
            repository = _paced(self.parts, job, control).repository(job.repository)
            found = backups(repository)
            missing = _missing(found, job.backup)
            roots = () if missing else (found.named(job.backup),)
            return _checked(self.parts, began, verify(repository, roots, _options(control)), missing)

        return _ended(self.parts, check, CheckReport)


@dataclass(frozen=True)
class FullCheckRun:
    """Carries out a FullCheckJob."""

    parts: RunParts

    def __call__(self, key: Key, job: FullCheckJob, control: RunControl) -> CheckReport | None:
        """See ``CarryOut``."""

        def check(began: float) -> CheckReport:
            repository = _paced(self.parts, job, control).repository(job.repository)
            options = _options(control, VerifyLevel.FULL, job.share, job.shares)
            found = backups(repository)
            for why in found.rejected.values():
                log.warning("does not count as a backup: %s", why)
            checked = verify(repository, found.roots, options)
            told = _checked(self.parts, began, checked, _missing(found, job.backup))
            return replace(told, rejected=len(found.rejected))

        return _ended(self.parts, check, CheckReport)


def _paced(
    parts: RunParts, job: UpkeepJob[CheckReport] | UpkeepJob[RemovalReport], control: RunControl
) -> RunParts:
    return parts.paced(job.limits, control.stop, "repository")


def _options(
    control: RunControl, level: VerifyLevel = VerifyLevel.QUICK, share: int = 0, shares: int = 1
) -> VerifyOptions:
    def told(rows: int) -> None:
        control.give_way()
        control.tell(RunProgress(rows))
        if control.stop():
            raise _Stopped

    return VerifyOptions(level, share, shares, _damaged, told)


def _damaged(found: DamagedRow) -> None:
    """Keys are for the command line; a log line has the files."""
    log.warning("damaged in the backups %s: %s", ", ".join(found.backups)[:300], found.why)


def _missing(found: Backups, name: str) -> str:
    """The backup that a schedule knows, if it is not there: what reads the others says nothing about it."""
    return name if name and not found.has(name) else ""


def _checked(parts: RunParts, began: float, found: VerifyReport, missing: str) -> CheckReport:
    return CheckReport(began, parts.clock(), None, found.rows, found.bytes_read, found.damaged, missing)


@dataclass(frozen=True)
class DrillRun:
    """Carries out a DrillJob."""

    parts: RunParts

    def __call__(self, key: Key, job: DrillJob, control: RunControl) -> DrillReportOfRun | None:
        """See ``CarryOut``."""
        return _ended(self.parts, lambda began: self._drill(job, began, control), DrillReportOfRun)

    def _drill(self, job: DrillJob, began: float, control: RunControl) -> DrillReportOfRun:
        parts = self.parts.paced(job.limits, control.stop, "destination")
        scratch, repository = parts.end("destination", job.scratch), parts.repository(job.repository)
        found = backups(repository)
        if missing := _missing(found, job.backup):
            log.warning("the drill failed: the backup %s is not in the repository", missing)
            return DrillReportOfRun(began, self.parts.clock(), failed=max(1, job.sample), missing=missing)
        root = found.named(job.backup)
        try:
            done = run_drill(repository, root, scratch, _drill_options(job, control))
        except (RunLost, ScratchLocks):
            raise
        except RepositoryProblem as problem:
            log.warning("the drill of %s failed: %s", root.name, problem)
            failed, unrestored = _failed(problem, root, job)
            return DrillReportOfRun(began, self.parts.clock(), failed=failed, unrestored=unrestored)
        if control.stop():  # part of the sample was not restored, which says nothing about the backup
            raise _Stopped
        return _found(done, began, self.parts.clock())


def _drill_options(job: DrillJob, control: RunControl) -> DrillOptions:
    restoring = RestoreOptions(stop=control.stop, at_once=job.limits.at_once)
    name = drill_name(job.owner, job.bucket)
    return DrillOptions(job.sample, SystemRandom(), restoring, decode=job.decode, name=name)


def _failed(problem: RepositoryProblem, root: BackupRoot, job: DrillJob) -> tuple[int, int]:
    """Objects that are damaged, and those that are whole and could not be restored."""
    if isinstance(problem, DamagedFile):  # a leaf: what it lists cannot be restored
        return max(1, root.counts.objects), 0
    if isinstance(problem, ScratchRefused):  # which says nothing about the backup
        return 0, max(1, job.sample)
    return max(1, job.sample), 0  # the restore gave up, which a drill is there to find


def _found(done: DrillReport, began: float, ended: float) -> DrillReportOfRun:
    return DrillReportOfRun(
        began,
        ended,
        sampled=done.sampled,
        failed=done.failed - done.intact,
        decoded=done.decoded,
        undecodable=done.undecodable,
        left=done.left,
        estimate=done.estimate,
        unrestored=done.intact,
    )


@dataclass(frozen=True)
class RemovalRun:
    """Carries out a RemovalJob."""

    parts: RunParts

    def __call__(self, key: Key, job: RemovalJob, control: RunControl) -> RemovalReport | None:
        """See ``CarryOut``."""

        def remove(began: float) -> RemovalReport:
            repository = _paced(self.parts, job, control).repository(job.repository)
            rules = None if job.rules is None else _rules(job.rules)
            forgetting = Forgetting(rules, verified=job.verified, approved=job.approved, known=job.after)
            found = prune(repository, PruneOptions(forgetting, stop=control.stop, held=job.held))
            return _removed(self.parts, began, found, repository)

        return _ended(self.parts, remove, RemovalReport)


def _rules(rules: RemovalRules) -> RetentionRules:
    return RetentionRules(
        rules.last,
        rules.daily,
        rules.weekly,
        rules.monthly,
        rules.yearly,
        rules.min_age,
        rules.most_share,
        ZoneInfo(rules.zone),
    )


def _removed(parts: RunParts, began: float, found: PruneReport, repository: Repository) -> RemovalReport:
    plan = found.retention
    return RemovalReport(
        began,
        parts.clock(),
        _refused(found.refused) if found.refused else None,
        backups=len(backups(repository).roots),
        forgotten=len(plan.forgotten),
        bytes=found.needed.bytes,
        freed=found.deleted.bytes,
        held=found.held or plan.held,
        token="" if found.held else plan.token,
        waiting=0 if found.held else len(plan.going) if plan.held else 0,
        missing=found.missing,
    )


def _refused(files: Mapping[str, str]) -> RunTrouble:
    """``files``: those that the store keeps, and why."""
    roots = sum(name.startswith(BACKUPS) for name in files)
    of_them = f", of them {roots} backups that the retention does not keep" if roots else ""
    why = next(iter(files.values()))
    reason = Reason.DENIED if "AccessDenied" in why else Reason.REJECTED
    message = f"its store refuses to delete {len(files)} files{of_them}: {why}; let the backend's credentials delete objects there"
    return RunTrouble("repository", reason, message)


class _Report(Protocol[R_co]):
    """The class of a report."""

    def __call__(self, began: float, ended: float, trouble: RunTrouble) -> R_co:
        """Of a run that found nothing."""


def _ended(parts: RunParts, run: Callable[[float], R], report: _Report[R]) -> R | None:
    """What a run found; an error is in the report."""
    began = parts.clock()
    try:
        return run(began)
    except (_Stopped, RemovalStopped):
        return None
    except (Unready, RepositoryProblem, StoreError) as error:
        return report(began, parts.clock(), troubled(error))
