"""One run of a ReplicationPolicy: open both ends as they are now, let ``transfer`` do it, and say what it found."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import SystemRandom
from uuid import uuid4

from imagestore.backends.base import Backend
from imagestore.backends.objects import ObjectStore
from imagestore.controller.services import AskLoop
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import BackendConnections
from imagestore.controller.transfers import RunControl
from imagestore.core.errors import StoreError
from imagestore.core.fencing import Permit
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import (
    HeldRun,
    JobEnd,
    ParityFound,
    ReplicationJob,
    RunReport,
    RunSide,
    RunTrouble,
)
from imagestore.reconcile.shared.situation import Store
from imagestore.transfer.job import (
    DeleteGuard,
    DeleteMode,
    Direction,
    TransferEnd,
    TransferFilter,
    TransferHooks,
    TransferJob,
    TransferLimits,
    TransferOptions,
)
from imagestore.transfer.parity import parity_sample
from imagestore.transfer.report import HeldDeletes, TransferReport
from imagestore.transfer.run import transfer
from imagestore.transfer.sorting import DiskFull
from imagestore.transfer.state import Superseded

log = logging.getLogger(__name__)


class _Unready(Exception):
    """An end cannot be used now."""

    def __init__(self, trouble: RunTrouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


@dataclass(frozen=True)
class ReplicationRun:
    """``clock`` counts the seconds that reports have; ``permit`` is asked before each write to a store."""

    stores: BackendConnections
    ask: AskLoop
    installation: str
    permit: Permit
    clock: Callable[[], float]

    def __call__(self, key: Key, job: ReplicationJob, control: RunControl) -> RunReport | None:
        """See ``RunJob``."""
        began, hooks = self.clock(), self._hooks(control)
        try:
            ends = self._open("source", job.source), self._open("destination", job.destination)
            described = _described(job, *ends)
            found = transfer(described, hooks)
        except _Unready as error:
            return _ended_early(began, self.clock(), error.trouble)
        except DiskFull as error:
            trouble = RunTrouble(None, Reason.UNAVAILABLE, f"the operator's disk is full: {error}")
            return _ended_early(began, self.clock(), trouble)
        except Superseded:
            trouble = RunTrouble(
                None, Reason.CONFLICT, "another process has taken over the run of this policy"
            )
            return _ended_early(began, self.clock(), trouble)
        if not found.complete and found.trouble is None:
            return None
        seen = self._sampled(job, described, hooks) if found.complete else None
        return replace(
            reported(found, began, self.clock(), two_way=job.two_way, refused=job.held_by), parity=seen
        )

    def _sampled(
        self, job: ReplicationJob, described: TransferJob, hooks: TransferHooks
    ) -> ParityFound | None:
        """Read a sample on both sides, where it is due."""
        if not job.sample or self.clock() < job.sample_due:
            return None
        try:
            found = parity_sample(described, hooks, job.sample, SystemRandom())
        except StoreError as error:  # the next run tries again
            log.warning("a sample was not read: %s", error)
            return None
        if hooks.stop():
            return None
        return ParityFound(self.clock(), found.sampled, found.mismatched, found.unreadable)

    def _hooks(self, control: RunControl) -> TransferHooks:
        return TransferHooks(
            run=uuid4().hex,
            stop=control.stop,
            permit=self.permit,
            yield_to=control.give_way,
            progress=lambda p: control.copied(p.copied.objects, p.copied.bytes),
        )

    def _open(self, side: RunSide, end: JobEnd) -> TransferEnd:
        """The bucket, which must be there and still be its ImageBucket's: a status is older than a run."""
        store = self.stores.store(self.ask(lambda: self.stores.named(end.backend)))
        backend = _usable(side, end, store)
        try:
            seen = backend.check(end.bucket)
        except StoreError as error:
            raise _Unready(RunTrouble(side, error.reason, str(error))) from error
        if seen is None:
            message = f"there is no bucket {end.bucket}"
            raise _Unready(RunTrouble(side, Reason.NOT_FOUND, message))
        place = backend.mark_place
        if end.owner and place is not None and seen.owner != place.encode(f"{self.installation}/{end.owner}"):
            message = f"the bucket {end.bucket} does not have the owner mark of its ImageBucket"
            raise _Unready(RunTrouble(side, Reason.ANOTHER_OWNER, message))
        return TransferEnd(_objects(side, backend), end.bucket, end.prefix)


def _usable(side: RunSide, end: JobEnd, store: Store) -> Backend:
    if store.backend is None:
        message = store.trouble or f"there is no StorageBackend {end.backend}"
        raise _Unready(RunTrouble(side, Reason.BACKEND_UNUSABLE, message))
    if store.standing.another:
        message = f"another account or server answers for the StorageBackend {end.backend} than before"
        raise _Unready(RunTrouble(side, Reason.ANOTHER_STORE, message))
    return store.backend


def _objects(side: RunSide, backend: Backend) -> ObjectStore:
    if backend.objects is None:
        message = f"the operator cannot move objects of the StorageBackend {backend.name}"
        raise _Unready(RunTrouble(side, Reason.UNSUPPORTED, message))
    return backend.objects


def _described(job: ReplicationJob, source: TransferEnd, destination: TransferEnd) -> TransferJob:
    guard = DeleteGuard(job.max_delete_percent, job.max_deletes, job.approved, job.held_by)
    options = TransferOptions(
        direction=Direction.TWO_WAY if job.two_way else Direction.ONE_WAY,
        deletes=DeleteMode(job.deletes),
        guard=guard,
        filter=TransferFilter(prefixes=job.prefixes, tags=dict(job.tags)),
        since=job.since,
        dry_run=job.only_compare,
        storage_class=(lambda _: job.storage_class) if job.storage_class else None,
    )
    limits = TransferLimits(
        workers=job.concurrency,
        bytes_per_second=job.bytes_per_second,
        requests_per_second=job.requests_per_second,
    )
    return TransferJob(job.policy, source, destination, options, limits)


def _ended_early(began: float, ended: float, trouble: RunTrouble) -> RunReport:
    return RunReport(began, ended, complete=False, listed=began, trouble=trouble)


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
        unequal_since=None if found.oldest_unequal is None else at(found.oldest_unequal),
        failed=dict(found.failed),
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
    token = "" if held.why in _NEVER else held.digest
    return HeldRun(token, held.count, {**_WHY, "Refused": refused}.get(held.why, held.why))


# What no approval overrules: the run does not know enough.
_NEVER = frozenset({"NotComplete", "Refused", "JournalLost", "FirstRun"})
_WHY = {
    "FirstRun": "it was the first run, which has no record of what the operator wrote",
    "FilterChanged": "the filter or an end was changed since the last run",
    "TooMany": "there are more of them than spec.guard lets go at once",
    "SourceEmpty": "the source is empty",
    "NotComplete": "not everything could be listed or copied",
    "JournalLost": "the record of what the operator wrote is missing at the destination",
}
