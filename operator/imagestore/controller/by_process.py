"""A run that this process carries out, and when it must not: the pods of a Job may copy, too."""

from dataclasses import dataclass
from typing import Protocol

from imagestore.controller.state.objects import Key
from imagestore.controller.watching import JobTrouble
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import ReplicationJob
from imagestore.transfer.job import TransferHooks, TransferJob
from imagestore.transfer.listings import SideFailed
from imagestore.transfer.report import TransferReport, TransferTrouble
from imagestore.transfer.run import transfer
from imagestore.transfer.sharded import forget_shards, may_have_pods


@dataclass(frozen=True)
class AskedRun:
    """A run: what the object asks for, and what that means with both ends opened."""

    key: Key
    job: ReplicationJob
    transfer: TransferJob


class CarriedOut(Protocol):
    """Carries out a run. None: it was stopped, and is to go on later. Raises JobTrouble and as ``transfer``."""

    def __call__(self, asked: AskedRun, hooks: TransferHooks) -> TransferReport | None:
        """Return what the run found. Blocking."""


def by_this_process(asked: AskedRun, hooks: TransferHooks) -> TransferReport | None:
    """In the thread that calls, and threads of its own."""
    return transfer(asked.transfer, hooks)


def unaccompanied(asked: AskedRun, hooks: TransferHooks) -> TransferReport | None:
    """By this process, which cannot see whether a Job's pods copy, too. Raises JobTrouble, SideFailed and as ``transfer``."""
    if may_have_pods(asked.transfer, hooks):
        raise JobTrouble(
            Reason.CONFLICT,
            "a Job of this policy was not finished, and the operator cannot see whether its pods still copy; let it list and"
            " delete Jobs (jobs.batch) in its own namespace, as the chart does",
        )
    forget_shards(asked.transfer, hooks)
    return by_this_process(asked, hooks)


def without_jobs(asked: AskedRun, hooks: TransferHooks) -> TransferReport | None:
    """By this process, as there can be no Jobs now; there may have been."""
    began = hooks.now()
    try:
        return unaccompanied(asked, hooks)
    except SideFailed as failed:
        return failed_at(failed, began, hooks)


def failed_at(failed: SideFailed, began: int, hooks: TransferHooks) -> TransferReport:
    """The report of a run that a store ended before it began. ``began``: ms since 1970."""
    trouble = TransferTrouble(failed.side, failed.error)
    return TransferReport(began=began, ended=hooks.now(), trouble=trouble)
