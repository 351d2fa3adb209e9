"""The copier of a run, made of ``copying``: its limits, its notes of uploads, and its failures in the run's words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from imagestore.core.objects import WriteCondition
from imagestore.transfer.budget import ByteBudget
from imagestore.transfer.copies import CopiedObject, NotCopied
from imagestore.transfer.copying import Copier
from imagestore.transfer.job import BegunUpload, TransferHooks, TransferJob
from imagestore.transfer.pace import Pace
from imagestore.transfer.performing import CopyOutcome, CopyTask, ObjectFailed, UploadNotes
from imagestore.transfer.report import TransferSide


def object_copier(job: TransferJob, hooks: TransferHooks, notes: UploadNotes) -> "RunCopier":
    """The copier of one run, for all of its threads."""
    pace = Pace(job.limits.bytes_per_second, hooks.clock, hooks.sleep)
    return RunCopier(job, notes, ByteBudget(job.limits.memory), pace.spend)


@dataclass(frozen=True)
class _Noted:
    """Uploads into the bucket of one side."""

    side: TransferSide
    notes: UploadNotes

    def begun(self, key: str, upload: str) -> None:
        self.notes.begun(BegunUpload(self.side, key, upload))

    def ended(self, key: str, upload: str) -> None:
        self.notes.ended(BegunUpload(self.side, key, upload))


@dataclass(frozen=True)
class RunCopier:
    """Copies either way, with one budget of memory and one rate for both."""

    job: TransferJob
    notes: UploadNotes
    budget: ByteBudget
    spend: Callable[[int], None]
    made: dict[TransferSide, Copier] = field(default_factory=dict)

    def copy(self, task: CopyTask) -> CopyOutcome:
        """See ``ObjectCopier``. Nothing is written over what another program put there since it was listed."""
        condition = WriteCondition(etag=task.there.etag) if task.there else WriteCondition(absent=True)
        source, target = task.source.prefix + task.key, task.destination.prefix + task.key
        with _in_the_runs_words():
            return _outcome(
                self._towards(task).copy(source, target, size=task.listed.size, condition=condition)
            )

    def refresh(self, task: CopyTask) -> CopyOutcome | None:
        """See ``ObjectCopier``."""
        with _in_the_runs_words():
            found = self._towards(task).refresh(
                task.source.prefix + task.key, task.destination.prefix + task.key
            )
        return _outcome(found) if found else None

    def _towards(self, task: CopyTask) -> Copier:
        side: TransferSide = "source" if task.destination == self.job.source else "destination"
        if side not in self.made:
            chosen = self.job.options.storage_class if side == "destination" else None
            self.made[side] = Copier(
                task.source.store,
                task.source.bucket,
                task.destination.store,
                task.destination.bucket,
                self.budget,
                _Noted(side, self.notes),
                chosen or _default,
                spend=self.spend,
            )
        return self.made[side]


def _default(_: str) -> str:
    return ""


def _outcome(copied: CopiedObject) -> CopyOutcome:
    head = copied.source
    return CopyOutcome(copied.size, head.etag, head.modified, copied.etag, copied.lost)


@contextmanager
def _in_the_runs_words() -> Iterator[None]:
    try:
        yield
    except NotCopied as error:
        raise ObjectFailed(error.reason, str(error), again=error.again) from None
