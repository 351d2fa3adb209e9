"""The second half of a run, once all is listed and copied: guards, deletes, the new journal, the report object."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from imagestore.transfer.deleting import DeleteOutcome, Deleter
from imagestore.transfer.guards import DeleteFacts, are_approved, held_deletes
from imagestore.transfer.job import DeleteMode, TransferHooks, TransferJob
from imagestore.transfer.journal import EntryFlag, JournalEntry, deletes_digest
from imagestore.transfer.listings import order_of
from imagestore.transfer.overwriting import NEWER, held_overwrites
from imagestore.transfer.report import HeldDeletes
from imagestore.transfer.reported_keys import write_report
from imagestore.transfer.segments import (
    SEGMENTS,
    JournalManifest,
    OldJournal,
    SegmentRef,
    read_segment,
    replace_journal,
    see_unchanged,
    write_segment,
)
from imagestore.transfer.tally import ReportedKey, Tally

WAITING = EntryFlag.GONE | EntryFlag.GONE_BACK


@dataclass
class Settlement:
    """``segments``: the new journal's, which change where objects are deleted. ``complete``: see ``TransferReport``.

    ``fence``: called before deletes and the new journal; raises Superseded where another process has taken over.
    """

    job: TransferJob
    hooks: TransferHooks
    old: OldJournal
    tally: Tally
    segments: list[SegmentRef]
    complete: bool
    fence: Callable[[], None]
    held: HeldDeletes | None = None
    report_key: str = ""
    stopped: bool = False  # before all that may go was deleted

    def settle(self) -> None:
        """Delete what may go, and make the new journal the one that counts. Raises StoreError and Fenced."""
        if self.job.options.dry_run:
            self.held = held_deletes(self._facts(self.tally.waiting), self.job.options.guard, "")
            return
        self.held = held_overwrites(self.job, self.tally.failed[NEWER], self.tally.newest_of_others)
        count = sum(s.waiting for s in self.segments)
        if count and self.held is None and self.job.options.deletes is not DeleteMode.IGNORE:
            self._delete_what_may_go(count)
        self.report_key = write_report(self.old.state, self.tally.lines)
        if self.complete and not self.stopped:
            replace_journal(self.old.state, self.old, self._manifest(), self.fence)

    def _delete_what_may_go(self, count: int) -> None:
        digest = deletes_digest(e for s in self.segments for e in self._candidates(s))
        guard = self.job.options.guard
        self.held = held_deletes(self._facts(count), guard, digest)
        if self.held is None:
            self.fence()
            see_unchanged(self.old.state, self.old)
            self._delete(emptied=are_approved(guard, digest, uncopied=bool(self.tally.failed)))

    def _candidates(self, segment: SegmentRef) -> list[JournalEntry]:
        return [e for e in self._entries(segment) if e.flags & WAITING] if segment.waiting else []

    def _entries(self, segment: SegmentRef) -> Sequence[JournalEntry]:
        found = read_segment(self.old.state, segment)
        self.old.lost |= found is None
        return found or ()

    def _facts(self, waiting: int) -> DeleteFacts:
        seen, manifest = self.tally.seen, self.old.manifest
        return DeleteFacts(
            waiting,
            manifest.count if manifest else 0,
            min(seen) if self.job.two_way else seen.source,
            self.complete,
            first=manifest is None,
            filter_changed=manifest is not None and manifest.filter != self.job.filter_digest(),
            journal_lost=self.old.lost,
            uncopied=bool(self.tally.failed),
        )

    def _delete(self, *, emptied: bool) -> None:
        """Segment by segment; each is written again without what is deleted."""
        self.hooks.ready()
        with ThreadPoolExecutor(self.job.limits.workers, "delete") as pool:
            deleter = Deleter(self.job, self._permit, self._stop, pool, emptied)
            renewed = (self._cleared(deleter, number, s) for number, s in enumerate(self.segments))
            self.segments = [s for s in renewed if s is not None]

    def _stop(self) -> bool:
        self.stopped |= self.hooks.stop()
        return self.stopped

    def _permit(self) -> None:
        self.hooks.yield_to()
        self.hooks.permit()

    def _cleared(self, deleter: Deleter, number: int, segment: SegmentRef) -> SegmentRef | None:
        outcomes = [self._counted(o) for o in deleter.delete(self._candidates(segment))]
        gone = {o.candidate.key for o in outcomes if o.entry is None}
        if not gone:
            return segment
        left = [e for e in self._entries(segment) if e.key not in gone]
        name = f"{SEGMENTS}{self.hooks.run}-deleted-{number}"
        return write_segment(self.old.state, name, left) if left else None

    def _counted(self, outcome: DeleteOutcome) -> DeleteOutcome:
        if outcome.kept:
            self.tally.keep(outcome.kept)
            self.tally.line(ReportedKey(outcome.candidate.key, outcome.kept))
        else:
            self.tally.deleted += 1
        return outcome

    def _manifest(self) -> JournalManifest:
        before = self.old.manifest.generation if self.old.manifest else 0
        job = self.job
        made = JournalManifest(job.ends_digest(), job.filter_digest(), order_of(job))
        return replace(made, generation=before + 1, run=self.hooks.run, segments=tuple(self.segments))
