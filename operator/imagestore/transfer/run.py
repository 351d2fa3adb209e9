"""One run, from top to bottom: open, list and copy, delete what the guards let go, replace the journal, report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from imagestore.core.errors import StoreError
from imagestore.transfer.checkpoint import CheckpointObject, RunCheckpoint
from imagestore.transfer.clocks import Clocks
from imagestore.transfer.copying_run import CopyingRun
from imagestore.transfer.job import BegunUpload, TransferHooks, TransferJob
from imagestore.transfer.listings import KeyRange, SideFailed, at_side, keyless, order_of, range_digest
from imagestore.transfer.pair_copier import PairCopier
from imagestore.transfer.performing import ObjectCopier, UploadNotes
from imagestore.transfer.progress import ProgressTeller
from imagestore.transfer.report import TransferReport, TransferTrouble
from imagestore.transfer.saving import CheckpointSaver
from imagestore.transfer.segments import OldJournal, open_journal
from imagestore.transfer.settle import Settlement
from imagestore.transfer.state import StateObjects
from imagestore.transfer.tally import Tally

CHECKPOINT = "checkpoint"


CopierMaker = Callable[[TransferJob, TransferHooks, UploadNotes], ObjectCopier]


def transfer(job: TransferJob, hooks: TransferHooks, copier: CopierMaker = PairCopier) -> TransferReport:
    """Bring the destination to the source's state; two ways, each to the other's.

    What a store answers is in the report: its trouble ended the run, its counts are of single objects. Raises DiskFull,
    Superseded, and Fenced from ``hooks.permit``.
    """
    run = TransferRun(job, hooks, copier)
    with run.noting_trouble():
        run.open()
        run.copy()
        run.settle()
    return run.report()


def forget(job: TransferJob, hooks: TransferHooks) -> None:
    """Delete the job's journal, checkpoints and report, when there will be no further run. Raises StoreError."""
    end = job.destination
    StateObjects(end.store, end.bucket, job.place, hooks.permit).remove_all("")


@dataclass
class TransferRun:
    """The parts of one run. ``part`` and ``name``: the range and the checkpoint of a shard."""

    job: TransferJob
    hooks: TransferHooks
    make_copier: CopierMaker = PairCopier
    part: KeyRange = field(default_factory=KeyRange)
    name: str = CHECKPOINT
    trouble: TransferTrouble | None = None
    copying: CopyingRun | None = None
    settlement: Settlement | None = None

    def __post_init__(self) -> None:
        end = self.job.destination
        self.state = StateObjects(end.store, end.bucket, self.job.place, self.hooks.permit)
        self.began = self.hooks.now()
        self.clocks = Clocks(self.hooks)
        self.old = OldJournal(self.state)
        checkpoint = RunCheckpoint(range_digest(self.job, self.part), self.hooks.run, began=self.began)
        file = CheckpointObject(self.state, self.name)
        self.saver = CheckpointSaver(file, checkpoint, self.hooks, dry=self.job.options.dry_run)

    @contextmanager
    def noting_trouble(self) -> Iterator[None]:
        """End the run at a store's error, which the report has."""
        try:
            yield
        except SideFailed as failed:
            self.trouble = TransferTrouble(failed.side, failed.error)

    def open(self) -> None:
        """Read both clocks, the journal, and the checkpoint of a run that was interrupted."""
        with at_side("destination"):
            self.clocks.read("destination", self.job.destination)
            self.old = open_journal(self.state, self.job.ends_digest(), order_of(self.job))
            found = self.saver.file.load()
        with at_side("source"):
            listed_at = self.clocks.read("source", self.job.source)
        self.saver.now.listed_at = listed_at
        if (
            found is not None and not self.job.options.dry_run
        ):  # a comparison saves none, so it would repeat this one
            self._resume(found)

    def _resume(self, found: RunCheckpoint) -> None:
        """Go on where a run of the same job was interrupted. Uploads of any earlier run of ours are aborted."""
        with at_side("destination"):
            uploads = self.saver.file.uploads()
        for upload in uploads:
            self._abort(upload)
        mine, manifest = self.saver.now, self.old.manifest
        done = (
            manifest is not None and manifest.run == found.run
        )  # killed between the journal and the checkpoint's end
        if found.job != mine.job or done:
            mine.epoch = found.epoch
            return
        found.epoch, found.run = found.epoch + 1, mine.run
        self.saver.now, self.saver.done = found, {e.key: e for e in found.finished}
        with at_side("destination"):
            self.saver.save()

    def _abort(self, upload: BegunUpload) -> None:
        end = self.job.source if upload.side == "source" else self.job.destination
        try:
            end.store.abort(end.bucket, upload.key, upload.upload)
        except StoreError as error:
            message = "an upload in parts of an earlier run could not be aborted"
            raise SideFailed(upload.side, keyless(error, upload.key, message)) from None

    def copy(self) -> None:
        """List, decide and copy, unless an interrupted run has done all of it."""
        teller = ProgressTeller(self.hooks)
        copier = self.make_copier(self.job, self.hooks, self.saver)
        self.copying = CopyingRun(
            self.job, self.hooks, copier, self.old, self.saver, self.clocks, teller, self.part
        )
        if not self.saver.now.ended:
            self.copying.run()

    @property
    def complete(self) -> bool:
        """Whether both sides were read to the end and all was decided."""
        return self.trouble is None and self.saver.now.ended

    def settle(self) -> None:
        """Deletes, journal and report. An incomplete run, or one that was stopped, keeps its checkpoint and the old journal."""
        now = self.saver.now
        self.settlement = Settlement(self.job, self.hooks, self.old, now.tally, now.segments, self.complete)
        with at_side("destination"):
            self.settlement.settle()
            if self.settlement.stopped:  # the next run goes on with just these deletes, whose approval holds
                if now.low:  # else the segments are those of shards, which have checkpoints of their own
                    self.saver.save()
                now.ended = False
            if self.complete and not self.job.options.dry_run:
                self.saver.file.remove()

    def tally(self) -> Tally:
        """All counts, also of what no checkpoint has."""
        total = Tally()
        total.add(self.saver.now.tally)
        for stretch in self.copying.open if self.copying else ():
            total.add(stretch.tally)
        return total

    def report(self) -> TransferReport:
        """What there is to tell."""
        tally, settled = self.tally(), self.settlement
        read = self.copying.read if self.copying else {}
        return TransferReport(
            began=self.began,
            ended=self.hooks.now(),
            listed_at=self.saver.now.listed_at,
            source_read=self.complete or read.get("source", False),
            destination_read=self.complete or read.get("destination", False),
            complete=self.complete,
            listed=tally.seen,
            copied=tally.done,
            equal=tally.equal,
            unverified=tally.unverified,
            deleted=tally.deleted,
            excluded=tally.excluded,
            conflicts=tally.conflicts,
            backlog=tally.due,
            oldest_unequal=tally.oldest,
            failed=dict(tally.failed),
            lost=dict(tally.lost),
            kept=dict(tally.kept),
            held=settled.held if settled else None,
            report_key=settled.report_key if settled else "",
            skew=self.clocks.both,
            trouble=self.trouble,
        )
