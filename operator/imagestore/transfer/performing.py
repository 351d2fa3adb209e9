"""One pair's step carried out: copy, correct attributes, settle a conflict. Runs in any thread; raises nothing of a store."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

from imagestore.core.errors import Conflict, NotFound, StoreError, Transient
from imagestore.core.fencing import Permit
from imagestore.core.keys import RESERVED_PREFIX, raw
from imagestore.core.objects import ListedObject
from imagestore.transfer.copies import NotCopied
from imagestore.transfer.decide import BACK, PROVING, PairStep, source_wins
from imagestore.transfer.job import BegunUpload, TransferEnd, TransferJob
from imagestore.transfer.journal import EntryFlag, JournalEntry, etag_digest
from imagestore.transfer.overwriting import NEWER, approved_until, is_anothers
from imagestore.transfer.parity import ByteVerdict
from imagestore.transfer.report import TransferSide
from imagestore.transfer.stretches import Work

CONFLICTS = f"{RESERVED_PREFIX}conflicts/"
ROUNDED = (
    1000  # ms: HEAD tells whole seconds where a listing tells more, and our clock is compared with a store's
)


@dataclass(frozen=True)
class CopyTask:
    """One object to copy. ``key`` without the ends' prefixes; ``listed``: the source's; ``there``: the destination's, if any."""

    source: TransferEnd
    destination: TransferEnd
    key: str
    listed: ListedObject
    there: ListedObject | None


class CopyOutcome(NamedTuple):
    """What was copied: the version of the source, and what the destination has now. ``lost``: attributes."""

    size: int
    source_etag: str
    source_modified: int
    etag: str
    lost: frozenset[str] = frozenset()


class UploadNotes(Protocol):
    """Where multipart uploads are noted, so that a later run can abort those that a crash left."""

    def begun(self, upload: BegunUpload) -> None:
        """Before the first part is sent. Raises StoreError and Superseded."""

    def ended(self, upload: BegunUpload) -> None:
        """Completed, or aborted."""


class ObjectCopier(Protocol):
    """Copies single objects. Raises StoreError and NotCopied."""

    def copy(self, task: CopyTask) -> CopyOutcome:
        """Copy bytes and attributes of one version, and compare."""

    def refresh(self, task: CopyTask) -> CopyOutcome | None:
        """Give the destination the source's attributes where they differ; None: they do not."""

    def compare(self, task: CopyTask) -> ByteVerdict:
        """Read both sides."""


class WorkOutcome(NamedTuple):
    """What became of a Work. ``failure``: a word, empty where it succeeded; ``again``: it may succeed later."""

    work: Work
    entry: JournalEntry | None
    copied: int | None = None  # bytes
    lost: frozenset[str] = frozenset()
    excluded: bool = False
    conflict: str = ""  # the key under which the loser is kept, or "version"
    failure: str = ""
    message: str = ""
    again: bool = False
    vanished: bool = False
    error: StoreError | None = None


@dataclass(frozen=True)
class Performer:
    """``now_at``: a side's time in ms. ``skew``: the destination's clock minus the source's."""

    job: TransferJob
    copier: ObjectCopier
    permit: Permit
    now_at: Callable[[TransferSide], int]
    skew: int

    def perform(self, work: Work) -> WorkOutcome:
        """Do it. Fenced and Superseded go through; a StoreError becomes a failure."""
        try:
            return self._performed(work)
        except NotFound as error:
            return self._vanished(work, error)
        except StoreError as error:
            return _failed(work, error)
        except NotCopied as failed:
            return WorkOutcome(
                work, work.pair.entry, failure=failed.reason, message=str(failed), again=failed.again
            )

    def _performed(self, work: Work) -> WorkOutcome:
        self.permit()
        if work.step is PairStep.CONFLICT:
            return self._conflict(work)
        if work.step is PairStep.COMPARE or work.step in PROVING:
            return self._compared(work)
        back = work.step in BACK
        if work.step in (PairStep.REFRESH, PairStep.REFRESH_BACK):
            return self._refreshed(work, back=back)
        return self._copied_over(work, back=back)

    def _copied_over(self, work: Work, *, back: bool) -> WorkOutcome:
        if not self.job.two_way and is_anothers(work, self.skew) and not self._may_overwrite(work):
            return WorkOutcome(
                work, work.pair.entry, failure=NEWER, message="no run wrote it, and it is newer"
            )
        return self._copied(work, back=back)

    def _may_overwrite(self, work: Work) -> bool:
        there = work.pair.destination
        return self._versioned or (there is not None and there.modified <= self._approved_until)

    @cached_property
    def _versioned(self) -> bool:
        end = self.job.destination
        return end.store.versioned(end.bucket)

    @cached_property
    def _approved_until(self) -> int:
        return approved_until(self.job)

    def _vanished(self, work: Work, error: NotFound) -> WorkOutcome:
        """An object that is deleted while the run goes is no failure (rclone#3594: deletes then never happened)."""
        back = work.step in BACK
        end = self.job.destination if back else self.job.source
        try:
            end.store.head(end.bucket, end.prefix + work.pair.key)
        except NotFound:
            return WorkOutcome(work, work.pair.entry, vanished=True)
        except StoreError as other:
            return _failed(work, other)
        return _failed(work, error)

    def _copied(self, work: Work, *, back: bool) -> WorkOutcome:
        task = self._task(work, back=back)
        if not self._fits(task):
            return WorkOutcome(work, _excluded(task.listed), excluded=True)
        made = self.copier.copy(task)
        entry = self._entry(task, made, back=back)
        return WorkOutcome(work, entry, copied=made.size, lost=made.lost)

    def _fits(self, task: CopyTask) -> bool:
        end, chosen = task.source, self.job.options.filter
        if not chosen.tags:
            return True
        return chosen.matches_tags(end.store.tags(end.bucket, end.prefix + task.key))

    def _entry(self, task: CopyTask, made: CopyOutcome, *, back: bool) -> JournalEntry:
        seen = task.listed.etag == made.source_etag
        read = task.listed.modified if seen else made.source_modified + ROUNDED
        written = self.now_at("source" if back else "destination") + ROUNDED
        mine, theirs = (etag_digest(made.source_etag), read), (etag_digest(made.etag), written)
        first, second = (theirs, mine) if back else (mine, theirs)
        return JournalEntry(task.key, made.size, *first, *second, EntryFlag.OURS)

    def _refreshed(self, work: Work, *, back: bool) -> WorkOutcome:
        """Compare attributes. ``work.entry`` holds where nothing had to be written."""
        task = self._task(work, back=back)
        if not back and not self._fits(task):
            return WorkOutcome(work, _excluded(task.listed), excluded=True)
        made = self.copier.refresh(task)
        if made is None:
            return WorkOutcome(work, work.entry)
        if made.source_etag != task.listed.etag:  # other bytes by now: the next run copies them
            return WorkOutcome(
                work, work.pair.entry, failure="Changing", message="it changed since it was listed"
            )
        flags = work.entry.flags if work.entry is not None else EntryFlag.NONE
        entry = self._entry(task, made, back=back)._replace(flags=flags)
        return WorkOutcome(work, entry, copied=0, lost=made.lost)

    def _compared(self, work: Work) -> WorkOutcome:
        """``work.entry`` holds where the bytes are the same."""
        back = work.step in BACK
        task = self._task(work, back=back)
        if not self._fits(task):
            return WorkOutcome(work, _excluded(task.listed), excluded=True)
        found = self.copier.compare(task)
        if found is ByteVerdict.EQUAL and work.step in PROVING:
            return self._refreshed(work, back=back)
        if found is ByteVerdict.EQUAL:
            return WorkOutcome(work, work.entry)
        if found is ByteVerdict.DIFFERENT and self.job.two_way:
            return self._conflict(work)
        if found is ByteVerdict.DIFFERENT:
            return self._copied_over(work._replace(step=PairStep.COPY), back=False)
        return WorkOutcome(work, None, failure="Changing", message="it changed while both sides were read")

    def _conflict(self, work: Work) -> WorkOutcome:
        source, destination = work.pair.source, work.pair.destination
        if source is None or destination is None:
            raise AssertionError("a conflict has two sides")
        back = not source_wins(source, destination, self.skew)
        kept = self._keep_loser(self._task(work, back=back))
        return self._copied(work, back=back)._replace(conflict=kept)

    def _keep_loser(self, task: CopyTask) -> str:
        """The loser stays as a version, or is copied to a key that no rule matches."""
        end = task.destination
        if task.there is None or end.store.versioned(end.bucket):
            return "version"
        place = _aside(end, task.key, task.there.etag)
        source, destination = replace(end, prefix=end.prefix + task.key), replace(end, prefix=place)
        try:
            self.copier.copy(CopyTask(source, destination, "", task.there, None))
        except Conflict:  # an earlier run kept it, and then could not copy the winner
            end.store.head(end.bucket, place)
        return place

    def _task(self, work: Work, *, back: bool) -> CopyTask:
        pair, job = work.pair, self.job
        ends, items = (job.source, job.destination), (pair.source, pair.destination)
        (source, destination), (listed, there) = (ends[::-1], items[::-1]) if back else (ends, items)
        if listed is None:
            raise AssertionError("what is copied was listed")
        return CopyTask(source, destination, pair.key, listed, there)


def _aside(end: TransferEnd, key: str, etag: str) -> str:
    """Where the loser of a conflict is kept: by its key, or by a digest of it where the store cannot hold so long a key."""
    below = f"{CONFLICTS}{etag_digest(etag).hex()}/"
    if end.store.key_verdict(below + key).problem is None:
        return below + key
    return below + hashlib.sha256(raw(key)).hexdigest()


def _failed(work: Work, error: StoreError) -> WorkOutcome:
    again = isinstance(error, Transient | NotFound)
    return WorkOutcome(
        work, work.pair.entry, failure=failure_of(error), message=str(error), again=again, error=error
    )


def to_compare(outcome: WorkOutcome) -> JournalEntry | None:
    """The entry after a failure. Where attributes or tags could not be compared, the next run compares them again."""
    (pair, step, _), entry = outcome.work, outcome.work.pair.entry
    compared = step is PairStep.REFRESH or (entry is not None and entry.has(EntryFlag.EXCLUDED))
    if entry is None or pair.source is None or not compared:
        return entry
    return entry._replace(source_modified=min(entry.source_modified, pair.source.modified - 1))


def _excluded(listed: ListedObject) -> JournalEntry:
    """An entry that keeps the next run from reading the tags again."""
    digest = etag_digest(listed.etag)
    return JournalEntry(
        listed.key, listed.size, digest, listed.modified, etag_digest(""), 0, EntryFlag.EXCLUDED
    )


def failure_of(error: StoreError) -> str:
    """A word for what is counted. A conflict at a single object is one that changes while it is copied."""
    return "Changing" if isinstance(error, Conflict) else str(error.reason)
