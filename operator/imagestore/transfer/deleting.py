"""Deletes that the guards let go. Each is asked for at the other side once more, just before.

mc removed objects at the destination that were at the source (mc#2439): between its listing and its deletes they had come back.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from imagestore.core.errors import Conflict, NotFound, StoreError
from imagestore.core.fencing import Permit
from imagestore.transfer.job import DeleteMode, TransferEnd, TransferJob
from imagestore.transfer.journal import EntryFlag, JournalEntry, etag_digest
from imagestore.transfer.listings import at_side
from imagestore.transfer.performing import failure_of
from imagestore.transfer.report import TransferSide

BATCH = 200  # deletes between two looks whether the other side is still there


@dataclass(frozen=True)
class DeleteOutcome:
    """What became of a candidate. ``kept``: why it stays; ``entry``: what the journal has of it from now on."""

    candidate: JournalEntry
    kept: str = ""
    entry: JournalEntry | None = None


@dataclass(frozen=True)
class Deleter:
    """``stop``: asked before each batch: a person who sees deletes go wrong suspends the policy.

    ``emptied``: a person has approved that the other side holds nothing any more.
    """

    job: TransferJob
    permit: Permit
    stop: Callable[[], bool]
    pool: Executor
    emptied: bool = False

    def delete(self, candidates: Sequence[JournalEntry]) -> Iterator[DeleteOutcome]:
        """Delete them in batches, until ``stop``. Raises SideFailed where a side cannot be listed any more."""
        for begin in range(0, len(candidates), BATCH):
            if self.stop():
                return
            some = candidates[begin : begin + BATCH]
            absent = list(self.pool.map(self._is_absent, some))
            alive = self._is_alive("source", self.job.source) and self._is_alive(
                "destination", self.job.destination
            )
            sure = [a and alive for a in absent]
            yield from self.pool.map(self._deleted, some, absent, sure)

    def _ends(self, entry: JournalEntry) -> tuple[TransferEnd, TransferEnd]:
        """Where it is gone, and where it is to be deleted."""
        job = self.job
        back = entry.has(EntryFlag.GONE_BACK)
        return (job.destination, job.source) if back else (job.source, job.destination)

    def _is_absent(self, entry: JournalEntry) -> bool:
        """Whether the other side says that there is no such object. An error is no answer."""
        end, _ = self._ends(entry)
        try:
            end.store.head(end.bucket, end.prefix + entry.key)
        except NotFound:
            return True
        except StoreError:
            return False
        return False

    def _is_alive(self, side: TransferSide, end: TransferEnd) -> bool:
        """Whether the side can be listed and holds something. A bucket that was deleted answers 404 for every object."""
        with at_side(side):
            page = end.store.objects(end.bucket, {}, prefix=end.prefix, limit=1)
        return self.emptied or bool(page.items) or page.after is not None

    def _deleted(self, entry: JournalEntry, absent: bool, sure: bool) -> DeleteOutcome:  # noqa: FBT001
        if not sure:
            return DeleteOutcome(entry, "SourceEmpty" if absent else "BackAtSource", entry)
        _, end = self._ends(entry)
        key = end.prefix + entry.key
        try:
            head = end.store.head(end.bucket, key)
            if (head.size, etag_digest(head.etag)) != (entry.size, self._noted(entry)):
                return DeleteOutcome(entry, "Changed")
            return self._sent(entry, end, key, head.etag)
        except NotFound:
            return DeleteOutcome(entry)
        except Conflict:
            return DeleteOutcome(entry, "Changed")
        except StoreError as error:
            return DeleteOutcome(entry, failure_of(error), entry)

    def _sent(self, entry: JournalEntry, end: TransferEnd, key: str, etag: str) -> DeleteOutcome:
        """Delete it. Where versions are kept, only a marker is written, and the object can be brought back."""
        conditional = end.store.traits.delete_matching
        kept = end.store.versioned(end.bucket)
        if not kept and not (conditional and self.job.options.deletes is DeleteMode.MIRROR):
            return DeleteOutcome(entry, "NoConditionalDelete" if not conditional else "NotVersioned", entry)
        self.permit()
        end.store.delete(end.bucket, key, etag=etag if conditional else "")
        return DeleteOutcome(entry)

    def _noted(self, entry: JournalEntry) -> bytes:
        return entry.source if entry.has(EntryFlag.GONE_BACK) else entry.destination
