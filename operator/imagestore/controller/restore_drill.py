"""A drill of a Restore: a sample below a scratch prefix, read back, decoded, and deleted again."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import SystemRandom

from imagestore.controller.restore_source import backup_moment
from imagestore.reconcile.restore.runs import DrillFound, RestoreFound, RestoreJob, RestoreTotals
from imagestore.repository.checking.drill import DrillOptions, drill
from imagestore.repository.checking.scratch import DRILL_SCRATCH, drill_name
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import leaf_file
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.restoring.options import RestoreCounts, RestoreOptions
from imagestore.repository.store.opening import Repository
from imagestore.transfer.job import TransferEnd

MISMATCHED = "was read back with other bytes"


def run_drill(
    job: RestoreJob, repository: Repository, target: TransferEnd, began: float, stop: Callable[[], bool]
) -> RestoreFound | None:
    """What a drill found. None: it was stopped, and begins anew later. Without a prefix the scratch is below the reserved one."""
    moment = backup_moment(job, repository, job.backup, frozenset())
    assert moment.root is not None, "it is of a backup"  # noqa: S101
    scratch = TransferEnd(target.store, target.bucket, target.prefix or DRILL_SCRATCH)
    reasons, wrong = Counter[str](), Counter[bool]()

    def problem(_key: str, why: str) -> None:
        wrong[MISMATCHED in why] += 1
        reasons["Mismatched" if MISMATCHED in why else why.partition(":")[0].partition(" ")[0][:64]] += 1

    assert job.sample is not None, "it is a drill"  # noqa: S101
    options = DrillOptions(
        job.sample,
        SystemRandom(),
        RestoreOptions(stop=stop, at_once=job.limits.at_once),
        problem,
        decode=job.decode,
        name=drill_name(job.uid),
    )
    try:
        found = drill(repository, moment.root, scratch, options)
    except DamagedFile as damaged:
        return _lost_leaf(moment.root, damaged, began)
    if found.stopped:
        return None
    counts = RestoreCounts(
        restored=found.sampled - found.failed,
        bytes=found.bytes,
        failed=found.failed,
        verified=found.sampled - found.failed,
        mismatched=wrong[True],
    )
    drill_found = DrillFound(found.sampled, found.decoded, found.finds, found.estimate, found.left)
    return replace(
        _drilled(moment.root, began),
        counts=counts,
        failed=dict(reasons),
        undecodable=found.undecodable,
        drill=drill_found,
        why="" if found.sampled else "the backup holds no object, so that a drill proves nothing",
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
        drill=DrillFound(lost, 0, 1.0, 0.0),
    )
