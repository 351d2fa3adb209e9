"""What a Restore may overwrite where nothing keeps versions: what a person approved, as it was at the destination when it was counted."""

from dataclasses import dataclass, replace
from hashlib import sha256

from imagestore.controller.key_lists import list_digest
from imagestore.controller.restore_folder import ChosenRestore
from imagestore.controller.restore_source import RestoreMoment
from imagestore.reconcile.restore.runs import RestoreJob, RestoreTotals
from imagestore.repository.restoring.options import RestoreOptions
from imagestore.transfer.job import TransferEnd


@dataclass(frozen=True)
class OverwriteAgreement:
    """``held``: token without which the run does not go on; empty: it does. ``chosen``: with what was agreed to. ``guarded``: whether
    objects can be lost, so that what is newer than ``chosen.until`` stays. ``unapproved``: of a run that goes on, how many would be lost.
    """

    chosen: ChosenRestore
    held: str = ""
    guarded: bool = True
    unapproved: int | None = None


def agreed_first(
    job: RestoreJob, chosen: ChosenRestore, totals: RestoreTotals, target: TransferEnd
) -> OverwriteAgreement:
    """What a restore that has not begun may overwrite: what was counted a moment ago, if a person agreed to exactly that."""
    if not loses_objects(job, target):
        return OverwriteAgreement(chosen, guarded=False)
    token = _token(job, chosen, chosen.plan) if totals.present else ""
    agreed = replace(chosen, token=token, until=totals.newest)
    return OverwriteAgreement(agreed, "" if token in ("", *job.approved) else token)


def agreed_again(
    job: RestoreJob,
    chosen: ChosenRestore,
    moment: RestoreMoment,
    target: TransferEnd,
    options: RestoreOptions,
) -> OverwriteAgreement:
    """What a restore that goes on may overwrite: applications may have written there for days since it was counted. StoreError.

    An approval that was withdrawn meanwhile counts for nothing.
    """
    if not loses_objects(job, target):
        return OverwriteAgreement(chosen, guarded=False)
    later = moment.later(target, options, chosen.until)
    if chosen.token not in ("", *job.approved) and _token(job, chosen, later) not in job.approved:
        later = moment.later(target, options, 0)
    token = _token(job, chosen, later)
    if not later.count:
        return OverwriteAgreement(chosen)
    if token not in job.approved:
        return OverwriteAgreement(chosen, token, unapproved=later.count)
    return OverwriteAgreement(replace(chosen, token=token, until=max(chosen.until, later.newest)))


def loses_objects(job: RestoreJob, target: TransferEnd) -> bool:
    """Whether what a restore overwrites is lost."""
    return job.conflict == "Overwrite" and not target.store.versioned(target.bucket)


def _token(job: RestoreJob, chosen: ChosenRestore, counted: object) -> str:
    """Bound to what was counted: another list of keys, other numbers, or another object at the destination need another one."""
    told = repr((job.uid, chosen.source, chosen.backup, list_digest(chosen.keys), counted))
    return sha256(told.encode()).hexdigest()[:10]
