"""One run of a ReplicationPolicy: open both ends as they are now, let ``transfer`` do it, and say what it found."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from math import ceil
from random import SystemRandom
from uuid import uuid4

from imagestore.controller.by_process import AskedRun, CarriedOut, by_this_process
from imagestore.controller.carrying import RunControl
from imagestore.controller.opening import RunParts, Unready
from imagestore.controller.promotion_notes import PromotionNotes
from imagestore.controller.state.objects import Key
from imagestore.controller.watching import JobTrouble
from imagestore.core.census import Amount
from imagestore.core.errors import StoreError
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import (
    HeldRun,
    ParityFound,
    ReplicationJob,
    RunReport,
)
from imagestore.reconcile.shared.runs import RunProgress, RunSide, RunTrouble
from imagestore.transfer.job import (
    DeleteGuard,
    DeleteMode,
    Direction,
    LateAfter,
    TransferEnd,
    TransferFilter,
    TransferHooks,
    TransferJob,
    TransferLimits,
    TransferOptions,
)
from imagestore.transfer.overwriting import OVERWRITES
from imagestore.transfer.parity import parity_sample
from imagestore.transfer.report import HeldDeletes, TransferProgress, TransferReport
from imagestore.transfer.sorting import DiskFull
from imagestore.transfer.state import Superseded

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReplicationRun:
    """Carries out runs of ReplicationPolicies."""

    parts: RunParts
    carry: CarriedOut = by_this_process

    @cached_property
    def notes(self) -> PromotionNotes:
        """What destinations say of failovers."""
        return PromotionNotes(self.parts.permit)

    @property
    def clock(self) -> Callable[[], float]:
        """Counts the seconds that reports have."""
        return self.parts.clock

    def __call__(self, key: Key, job: ReplicationJob, control: RunControl) -> RunReport | None:
        """See ``CarryOut``."""
        began, hooks, admitted = self.clock(), self._hooks(control), False
        try:
            ends = self._ends(key, job)
            admitted = True
            control.tell(RunProgress(admitted=True))  # what the store does by itself waits for it
            # With both ways a change of attributes alone has no side: what is told of may be the operator's own copy.
            named = frozenset[str]() if job.two_way else control.named()
            described = _described(job, *ends, named)
            found = self.carry(AskedRun(key, job, described), hooks)
            ended = self.clock()  # a sample takes long, and the report's times count from its own end
        except _EARLY as error:
            return _ended_early(began, self.clock(), _why_early(error), admitted)
        if found is None or (not found.complete and found.trouble is None):
            return None
        seen = self._sampled(job, described, hooks) if found.complete else None
        report = reported(found, began, ended, two_way=job.two_way, refused=job.held_by)
        return replace(report, parity=seen, admitted=True)

    def _ends(self, key: Key, job: ReplicationJob) -> tuple[TransferEnd, TransferEnd]:
        """Both, after what the destination says of a failover. In one its source may not answer, so it is opened last."""
        source = None if job.under_way else self.parts.end("source", job.source)
        destination = self.parts.end("destination", job.destination)
        self.notes.settle(key, job, destination)
        return source or self.parts.end("source", job.source), destination

    def _sampled(
        self, job: ReplicationJob, described: TransferJob, hooks: TransferHooks
    ) -> ParityFound | None:
        """Read a sample on both sides, where it is due."""
        if not job.sample or self.clock() < job.sample_due:
            return None
        try:
            found = parity_sample(described, hooks, job.sample, SystemRandom())
        except (StoreError, Superseded) as error:  # the next run tries again
            log.warning("a sample was not read: %s", error)
            return None
        if hooks.stop():
            return None
        return ParityFound(self.clock(), found.sampled, found.mismatched, found.unreadable)

    def _hooks(self, control: RunControl) -> TransferHooks:
        return TransferHooks(
            run=uuid4().hex,
            stop=control.stop,
            ready=control.ready,
            permit=self.parts.permit,
            yield_to=control.give_way,
            progress=lambda p: control.tell(progressed(p)),
        )


def progressed(p: TransferProgress) -> RunProgress:
    """What is told of a run that goes on. No backlog is one that is not known: a run lists while it copies."""
    whole, steps = p.copied + p.backlog, sum(p.listed) + p.copied.objects + p.failed
    done = RunProgress(p.copied.objects, p.copied.bytes, steps=steps, admitted=True)
    known = p.backlog != Amount()
    return replace(done, of_objects=whole.objects, of_bytes=whole.bytes) if known else done


_REREAD_WITHIN = 24 * 3600.0  # seconds in which the attributes of every key are read again
_MOST_PARTS = 1000  # runs in which they are: with very short intervals it is sooner


def rereading(interval: float) -> int:
    """In how many runs, ``interval`` seconds apart, the attributes of every key are read again."""
    return min(_MOST_PARTS, max(1, ceil(_REREAD_WITHIN / interval)))


def _late(job: ReplicationJob) -> LateAfter | None:
    if job.left is None or job.failover is None:
        return None
    return LateAfter(job.left, int(datetime.fromisoformat(job.failover.since).timestamp() * 1000))


def _described(
    job: ReplicationJob, source: TransferEnd, destination: TransferEnd, named: frozenset[str]
) -> TransferJob:
    guard = DeleteGuard(job.max_delete_percent, job.max_deletes, job.approved, job.held_by)
    options = TransferOptions(
        direction=Direction.TWO_WAY if job.two_way else Direction.ONE_WAY,
        deletes=DeleteMode(job.deletes),
        guard=guard,
        filter=TransferFilter(prefixes=job.prefixes, tags=dict(job.tags)),
        since=job.since,
        lost=job.lost,
        named=named,
        dry_run=job.only_compare,
        late=_late(job),
        reread=rereading(job.interval),
        storage_class=(lambda _: job.storage_class) if job.storage_class else None,
    )
    limits = TransferLimits(
        workers=job.concurrency,
        bytes_per_second=job.bytes_per_second,
        requests_per_second=job.requests_per_second,
    )
    return TransferJob(job.policy, source, destination, options, limits)


_EARLY = (JobTrouble, Unready, DiskFull, Superseded)


def _why_early(error: Exception) -> RunTrouble:
    if isinstance(error, JobTrouble | Unready):
        return error.trouble
    if isinstance(error, DiskFull):
        return RunTrouble(None, Reason.UNAVAILABLE, f"the operator's disk is full: {error}")
    return RunTrouble(None, Reason.CONFLICT, "another process has taken over the run of this policy")


def _ended_early(began: float, ended: float, trouble: RunTrouble, admitted: bool) -> RunReport:  # noqa: FBT001
    return RunReport(began, ended, complete=False, listed=began, trouble=trouble, admitted=admitted)


def reported(
    found: TransferReport, began: float, ended: float, *, two_way: bool, refused: str = ""
) -> RunReport:
    """What a run found, with the times of this process' clock. The source's clock dates its changes."""

    def at(moment: int) -> float:
        return ended - max(0.0, (found.ended + found.skew.source - moment) / 1000)

    return RunReport(
        began=began,
        ended=ended,
        complete=found.complete and found.source_read and found.destination_read,
        listed=at(found.listed_at),
        two_way=two_way,
        copied=(found.copied.objects, found.copied.bytes),
        backlog=(found.backlog.objects, found.backlog.bytes),
        unverified=found.unverified,
        deleted=found.deleted,
        conflicts=found.conflicts,
        late_writes=found.late_writes,
        unequal_since=None if found.oldest_unequal is None else at(found.oldest_unequal),
        failed=dict(found.failed),
        attributes_since=None if found.attributes_since is None else at(found.attributes_since),
        report=found.report_key or None,
        lost=dict(found.lost),
        held=_held(found.held, refused) if found.held else None,
        skew=(found.skew.source / 1000, found.skew.destination / 1000),
        trouble=_trouble(found),
    )


def _trouble(found: TransferReport) -> RunTrouble | None:
    if found.trouble is None:
        return None
    error = found.trouble.error
    side: RunSide = "source" if found.trouble.side == "source" else "destination"
    return RunTrouble(side, error.reason, str(error))


def _held(held: HeldDeletes, refused: str) -> HeldRun:
    """``refused``: why the caller allowed no delete."""
    why = {**_WHY, "Refused": refused}.get(held.why, held.why)
    return HeldRun(held.digest, held.count, why, copies=held.why == OVERWRITES)


_WHY = {
    "FirstRun": "it was the first run, which has no record of what the operator wrote",
    "FilterChanged": "the filter or an end was changed since the last run",
    "TooMany": "there are more of them than spec.guard lets go at once",
    "SourceEmpty": "the source is empty",
    "NotComplete": "not everything could be listed",
    OVERWRITES: "no run wrote the objects that are there; they are newer, and the bucket keeps no versions",
    "NotCopied": "objects could not be copied, and one of them may be a deleted one under a new name",
    "JournalLost": "the record of what the operator wrote is missing at the destination",
}
