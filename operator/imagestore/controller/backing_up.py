"""One run of a Backup: open source and repository as they are now, let ``repository`` make it, and say what it made."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from imagestore.controller.backup_size import AskedBackup
from imagestore.controller.carrying import RunControl
from imagestore.controller.making_backups import MakeBackup, by_operator
from imagestore.controller.opening import RunParts, Unready, troubled
from imagestore.controller.state.objects import Key
from imagestore.controller.watching import JobTrouble
from imagestore.core.errors import StoreError
from imagestore.core.objects import LockMode
from imagestore.core.reasons import Reason
from imagestore.reconcile.backup.runs import BackupJob, BackupReport, BackupResult
from imagestore.reconcile.shared.runs import RunProgress, RunTrouble
from imagestore.repository.checking.images import note_undecodable
from imagestore.repository.errors import RepositoryProblem, RunStopped
from imagestore.repository.format.roots import BackupCounts, BackupFilter, BackupRoot, BackupState
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.making.reading import SKIPPED, ObjectProblem, no_note
from imagestore.repository.store.files import FileLock
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import backups, lines_of_leaf
from imagestore.transfer.sorting import DiskFull

_WORD = re.compile(r"[A-Z][A-Za-z0-9]*")


@dataclass(frozen=True)
class BackupRun:
    """Carries out Backups."""

    parts: RunParts
    make: MakeBackup = by_operator

    def __call__(self, key: Key, job: BackupJob, control: RunControl) -> BackupReport | None:
        """See ``CarryOut``."""
        began = self.parts.clock()
        try:
            made = self._made(key, job, control)
        except RunStopped:
            return None
        except (Unready, RepositoryProblem, StoreError) as error:
            return BackupReport(began, self.parts.clock(), trouble=troubled(error))
        except JobTrouble as error:
            return BackupReport(began, self.parts.clock(), trouble=error.trouble)
        except DiskFull as error:
            trouble = RunTrouble(None, Reason.UNAVAILABLE, f"the operator's disk is full: {error}")
            return BackupReport(began, self.parts.clock(), trouble=trouble)
        return BackupReport(began, self.parts.clock(), made)

    def _made(self, key: Key, job: BackupJob, control: RunControl) -> BackupResult:
        parts = self.parts.paced(job.limits, control.stop, "source")
        source = parts.end("source", job.source)
        lock = FileLock(cast("LockMode", job.lock[0]), job.lock[1]) if job.lock else None
        repository = parts.repository_for(job.repository, source, lock)
        roots = backups(repository).roots
        # A process that was killed between the root and the status has made it already.
        known = next((root for root in roots if root.label == job.label), None)
        expected = job.expected or (roots[-1].counts.objects if roots else None)
        options, last = _options(job, control, expected), roots[-1] if roots else None
        root = known or self.make(AskedBackup(key, job, source, repository, options, last))
        return backup_result(repository, root)


def _options(job: BackupJob, control: RunControl, expected: int | None) -> BackupOptions:
    return BackupOptions(
        BackupFilter(job.include, job.exclude),
        scheduled=job.scheduled,
        note=note_undecodable if job.decode else no_note,
        told=_telling(control, expected),
        full=job.full,
        label=job.label,
        stop=_stopping(control),
        ready=control.ready,
        at_once=job.limits.at_once,
    )


def _telling(control: RunControl, expected: int | None) -> Callable[[BackupCounts], None]:
    return lambda counts: control.tell(RunProgress(counts.objects, counts.bytes, expected))


def _stopping(control: RunControl) -> Callable[[], bool]:
    def stop() -> bool:
        control.give_way()
        return control.stop()

    return stop


def backup_result(repository: Repository, root: BackupRoot) -> BackupResult:
    """What a root says, with its objects that failed, by reason."""
    failed: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for line in lines_of_leaf(repository, root.report) if root.report else ():
        told = json.loads(line)
        if told["problem"] in SKIPPED:
            skipped[told["problem"]] += 1
        else:
            failed[_reason(told)] += 1
    counts = root.counts
    return BackupResult(
        name=root.name,
        base=root.base,
        started=root.started,
        finished=root.finished,
        objects=counts.objects,
        bytes=counts.bytes,
        read=counts.read,
        read_bytes=counts.read_bytes,
        stored_bytes=counts.stored_bytes,
        stale=counts.stale,
        failed=dict(failed),
        skipped=dict(skipped),
        partial=root.state is BackupState.PARTIALLY_FAILED,
    )


def _reason(told: dict[str, str]) -> str:
    """One word: the store's own where it said one, such as AccessDenied."""
    if told["problem"] != ObjectProblem.FAILED:
        return told["problem"]
    words = _WORD.findall(told["why"])
    return words[-1][:64] if words else told["problem"]
