"""A drill of a Restore: a sample below a scratch prefix, read back, decoded, and deleted again."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import SystemRandom

from imagestore.controller.restore_source import backup_moment
from imagestore.reconcile.restore.runs import DrillFound, RestoreFound, RestoreJob, RestoreTotals
from imagestore.repository.checking.drill import DrillOptions, DrillReport, drill
from imagestore.repository.checking.scratch import DRILL_SCRATCH, drill_name
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import leaf_file
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.restoring.options import RestoreCounts, RestoreOptions
from imagestore.repository.store.opening import Repository
from imagestore.transfer.job import TransferEnd

MISMATCHED = "was read back with other bytes"
_MISMATCHED = "Mismatched"  # the reason in a status


def run_drill(
    job: RestoreJob, repository: Repository, target: TransferEnd, began: float, stop: Callable[[], bool]
) -> RestoreFound | None:
    """What a drill found. None: it was stopped, and begins anew later. Without a prefix the scratch is below the reserved one."""
    moment = backup_moment(job, repository, job.backup, frozenset())
    assert moment.root is not None, "it is of a backup"  # noqa: S101
    scratch = TransferEnd(target.store, target.bucket, target.prefix or DRILL_SCRATCH)
    problems = _Problems()
    try:
        found = drill(repository, moment.root, scratch, _options(job, stop, problems.told))
    except DamagedFile as damaged:
        return _lost_leaf(moment.root, damaged, began)
    if found.stopped:
        return None
    return replace(
        _drilled(moment.root, began),
        counts=_counts(found, problems.mismatched),
        failed=dict(problems.reasons),
        undecodable=found.undecodable,
        drill=DrillFound(found.sampled, found.decoded, found.finds, found.estimate, found.left),
        why="" if found.sampled else "the backup holds no object, so that a drill proves nothing",
    )


@dataclass
class _Problems:
    """Why objects of the sample failed, counted."""

    reasons: Counter[str] = field(default_factory=Counter)

    def told(self, _key: str, why: str) -> None:
        word = why.partition(":")[0].partition(" ")[0][:64]
        self.reasons[_MISMATCHED if MISMATCHED in why else word] += 1

    @property
    def mismatched(self) -> int:
        return self.reasons[_MISMATCHED]


def _options(job: RestoreJob, stop: Callable[[], bool], problem: Callable[[str, str], None]) -> DrillOptions:
    assert job.sample is not None, "it is a drill"  # noqa: S101
    restoring = RestoreOptions(stop=stop, at_once=job.limits.at_once)
    name = drill_name(job.uid)
    return DrillOptions(job.sample, SystemRandom(), restoring, problem, decode=job.decode, name=name)


def _counts(found: DrillReport, mismatched: int) -> RestoreCounts:
    whole = found.sampled - found.failed
    return RestoreCounts(
        restored=whole, bytes=found.bytes, failed=found.failed, verified=whole, mismatched=mismatched
    )


def _drilled(root: BackupRoot, began: float) -> RestoreFound:
    return RestoreFound(
        began,
        began,
        source="Repository",
        source_reason="a drill proves a backup",
        backup=root.name,
        totals=RestoreTotals(root.counts.objects, root.counts.bytes),
        unread=root.counts.failed,
    )


def _lost_leaf(root: BackupRoot, damaged: DamagedFile, began: float) -> RestoreFound:
    """A list of objects is lost: none of those comes back, and no sample is needed to know it."""
    lost = sum(ref.rows for ref in root.leaves if leaf_file(ref.name) == damaged.name) or 1
    return replace(
        _drilled(root, began),
        counts=RestoreCounts(failed=lost),
        failed={"Damaged": lost},
        drill=DrillFound(lost, 0, 1.0, 0.0, left=0),
    )
