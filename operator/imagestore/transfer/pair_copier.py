"""Copies the objects of a job in either direction: what a run's threads call for each."""

from dataclasses import dataclass, field

from imagestore.core.objects import UNCONDITIONAL, WriteCondition
from imagestore.transfer.budget import ByteBudget
from imagestore.transfer.copies import CopiedObject
from imagestore.transfer.copying import Copier
from imagestore.transfer.job import BegunUpload, TransferEnd, TransferHooks, TransferJob
from imagestore.transfer.pace import Pace
from imagestore.transfer.parity import ByteVerdict, byte_verdict
from imagestore.transfer.performing import CopyOutcome, CopyTask, UploadNotes
from imagestore.transfer.report import TransferSide


@dataclass(frozen=True)
class SideLog:
    """Notes the uploads at one side."""

    notes: UploadNotes
    side: TransferSide

    def begun(self, key: str, upload: str) -> None:
        """Before the first part."""
        self.notes.begun(BegunUpload(self.side, key, upload))

    def ended(self, key: str, upload: str) -> None:
        """Completed or aborted."""
        self.notes.ended(BegunUpload(self.side, key, upload))


@dataclass
class PairCopier:
    """One for a run. All its copies share a budget of memory and a rate of bytes."""

    job: TransferJob
    hooks: TransferHooks
    notes: UploadNotes
    _made: dict[tuple[int, str, int, str], Copier] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        limits = self.job.limits
        self._budget = ByteBudget(limits.memory)
        self._pace = Pace(limits.bytes_per_second, self.hooks.clock, self.hooks.sleep)

    def copy(self, task: CopyTask) -> CopyOutcome:
        """Two ways, only over what was listed: a write in between is not overwritten, and the next run decides anew."""
        source, target = task.source.prefix + task.key, task.destination.prefix + task.key
        condition = _over(task) if self.job.two_way else UNCONDITIONAL
        made = self._copier(task).copy(source, target, size=task.listed.size, condition=condition)
        return _outcome(made, made.size)

    def refresh(self, task: CopyTask) -> CopyOutcome | None:
        """The size is the object's, though its bytes are not moved."""
        source, target = task.source.prefix + task.key, task.destination.prefix + task.key
        made = self._copier(task).refresh(source, target, over=task.there.etag if task.there else "")
        return None if made is None else _outcome(made, made.source.size)

    def compare(self, task: CopyTask) -> ByteVerdict:
        """See ``ObjectCopier``."""
        return byte_verdict(self.job, task.key, self._pace.spend)

    def _copier(self, task: CopyTask) -> Copier:
        """One for each pair of buckets, which remembers whether its destination keeps versions."""
        pair = (*_place(task.source), *_place(task.destination))
        if pair not in self._made:
            self._made[pair] = self._make(task)
        return self._made[pair]

    def _make(self, task: CopyTask) -> Copier:
        chosen, job = self.job.options.storage_class, self.job
        into = _place(task.destination) == _place(job.destination)
        forward = into and _place(task.source) == _place(job.source)
        return Copier(
            task.source.store,
            task.source.bucket,
            task.destination.store,
            task.destination.bucket,
            self._budget,
            SideLog(self.notes, "destination" if into else "source"),
            chosen if chosen is not None and forward else _default_class,
            spend=self._pace.spend,
        )


def _place(end: TransferEnd) -> tuple[int, str]:
    return id(end.store), end.bucket


def _default_class(_: str) -> str:
    return ""


def _over(task: CopyTask) -> WriteCondition:
    return WriteCondition(etag=task.there.etag) if task.there is not None else WriteCondition(absent=True)


def _outcome(made: CopiedObject, size: int) -> CopyOutcome:
    return CopyOutcome(size, made.source.etag, made.source.modified, made.etag, made.lost)
