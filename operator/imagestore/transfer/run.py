"""One run, from top to bottom: open, list and copy, delete what the guards let go, replace the journal, report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from imagestore.core.errors import StoreError
from imagestore.transfer.checkpoint import CheckpointObject, RunCheckpoint
from imagestore.transfer.clocks import Clocks
from imagestore.transfer.copying_run import CopyingRun
from imagestore.transfer.job import BegunUpload, TransferHooks, TransferJob
from imagestore.transfer.listings import KeyRange, SideFailed, at_side, order_of, range_digest
from imagestore.transfer.pair_copier import PairCopier
from imagestore.transfer.performing import ObjectCopier, UploadNotes
from imagestore.transfer.progress import ProgressTeller
from imagestore.transfer.report import TransferReport, TransferTrouble
from imagestore.transfer.reported_keys import write_report
from imagestore.transfer.rotation import Rotation, rotation_of
from imagestore.transfer.saving import CheckpointSaver
from imagestore.transfer.segments import OldJournal, open_journal
from imagestore.transfer.settle import Settlement
from imagestore.transfer.state import StateObjects, Superseded
from imagestore.transfer.tally import Tally

CHECKPOINT = "checkpoint"
_TRIES = 10  # to take over from a process that saves at the same moment


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
    run.tell_trouble()
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
    report_key: str = ""
    rotation: Rotation = field(default_factory=lambda: Rotation(0))

    def __post_init__(self) -> None:
        end = self.job.destination
        self.state = StateObjects(end.store, end.bucket, self.job.place, self.hooks.permit)
        self.began = self.hooks.now()
        self.clocks = Clocks(self.hooks)
        self.old = OldJournal(self.state)
        checkpoint = RunCheckpoint(range_digest(self.job, self.part), self.hooks.run, began=self.began)
        file = CheckpointObject(self.state, self.name)
        dry = self.job.options.dry_run
        self.saver = CheckpointSaver(file, checkpoint, self.hooks, dry=dry, lost=lambda: self.old.lost)

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
        if self.job.options.dry_run:  # a comparison saves no checkpoint, so it would repeat this one
            return
        with at_side("destination"):
            self.rotation = rotation_of(self.state, self._parts(), listed_at)
        self.saver.now.share, self.saver.now.turn = self.rotation.share, self.rotation.turn
        if found is not None:
            self._resume(found)

    def _parts(self) -> int:
        """Two ways, no key is read again: nothing tells on which side attributes changed."""
        return 0 if self.job.two_way else self.job.options.reread

    def _resume(self, found: RunCheckpoint) -> None:
        """Go on where a run of the same job was interrupted. Uploads of any earlier run of ours are aborted.

        The epoch is saved before: a process that still works at that run, even for another job, stops at its next save. It may save
        while this one takes over: the later one then stopped, and nothing went on.
        """
        for _ in range(_TRIES):
            uploads = self._taken_over(found)
            if uploads is not None:
                break
            with at_side("destination"):
                later = self.saver.file.load()
            if later is None:  # it has ended, and its journal is not the one that was read
                raise Superseded
            found = later
        else:
            raise Superseded
        for upload in uploads:
            self._abort(upload)

    def _taken_over(self, found: RunCheckpoint) -> list[BegunUpload] | None:
        """The uploads that the process before left; None: it has saved meanwhile."""
        if self._goes_on(found):
            turn = self.rotation.share, self.rotation.turn
            found.unread |= (found.share, found.turn) != turn  # another part of the keys was read before
            found.run, (found.share, found.turn) = self.saver.now.run, turn
            self.saver.now, self.saver.done = found, {e.key: e for e in found.finished}
            self.old.lost |= found.journal_lost
        self.saver.now.epoch = found.epoch + 1
        with at_side("destination"):
            uploads = self.saver.file.uploads()
            return uploads if self.saver.take_over() else None

    def _goes_on(self, found: RunCheckpoint) -> bool:
        """Whether what the checkpoint has is a part of this run."""
        mine, manifest = self.saver.now, self.old.manifest
        settled = (
            manifest is not None and manifest.run == found.run
        )  # killed before it removed its checkpoint
        # A shard that has ended waits for the end of its own run: in another one it would be a listing of long ago.
        another = self.name != CHECKPOINT and found.ended and found.run != mine.run
        return found.job == mine.job and not settled and not another

    def _abort(self, upload: BegunUpload) -> None:
        end = self.job.source if upload.side == "source" else self.job.destination
        try:
            end.store.abort(end.bucket, upload.key, upload.upload)
        except StoreError as error:
            raise SideFailed(upload.side, error) from None

    def copy(self) -> None:
        """List, decide and copy, unless an interrupted run has done all of it."""
        teller = ProgressTeller(self.hooks)
        copier = self.make_copier(self.job, self.hooks, self.saver)
        self.copying = CopyingRun(
            self.job, self.hooks, copier, self.old, self.saver, self.clocks, teller, self.part
        )
        self.copying.has_turn = self.rotation.has_turn
        if not self.saver.now.ended:
            self.copying.run()

    @property
    def complete(self) -> bool:
        """Whether both sides were read to the end and all was decided."""
        return self.trouble is None and self.saver.now.ended

    def settle(self) -> None:
        """Deletes, journal and report. An incomplete run, or one that was stopped, keeps its checkpoint and the old journal."""
        now = self.saver.now
        self.settlement = Settlement(
            self.job, self.hooks, self.old, now.tally, now.segments, self.complete, self.saver.fence
        )
        with at_side("destination"):
            self.settlement.settle()
            if self.settlement.stopped:  # the next run goes on with just these deletes, whose approval holds
                if now.low:  # else the segments are those of shards, which have checkpoints of their own
                    self.saver.save()
                now.ended = False
            if self.complete and not self.job.options.dry_run:
                if self.rotation.share:
                    self.rotation = self.rotation.passed_on(self.state, now.listed_at, whole=not now.unread)
                self.saver.file.remove()

    def tell_trouble(self) -> None:
        """Write the report object of a run that ended early, if the destination takes it: its keys help to find out why."""
        if self.trouble is not None and not self.job.options.dry_run:
            with suppress(StoreError):
                self.report_key = write_report(self.state, self.tally().lines)

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
            late_writes=tally.late_writes,
            backlog=tally.due,
            oldest_unequal=tally.oldest,
            attributes_since=self.rotation.since,
            failed=dict(tally.failed),
            lost=dict(tally.lost),
            kept=dict(tally.kept),
            held=settled.held if settled else None,
            report_key=self.report_key or (settled.report_key if settled else ""),
            skew=self.clocks.both,
            trouble=self.trouble,
        )
