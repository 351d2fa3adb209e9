"""The checkpoint as the run changes it, saved by whichever thread has to. A lock keeps what is saved consistent."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import RLock

from imagestore.transfer.checkpoint import CheckpointObject, RunCheckpoint
from imagestore.transfer.decide import PairStep
from imagestore.transfer.intents import intent
from imagestore.transfer.job import BegunUpload, TransferHooks
from imagestore.transfer.journal import JournalEntry
from imagestore.transfer.stretches import Stretch

COMPARING = frozenset({PairStep.REFRESH, PairStep.REFRESH_BACK})  # steps that mostly write nothing
INTERVAL = 30_000  # ms between two saves while nothing else calls for one


@dataclass
class CheckpointSaver:
    """``now``: where the run stands. ``done``: entries beyond ``now.low``, by key."""

    file: CheckpointObject
    now: RunCheckpoint
    hooks: TransferHooks
    done: dict[str, JournalEntry] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock, repr=False)
    last: int = 0
    dry: bool = False
    lost: Callable[[], bool] = lambda: False  # whether a part of the old journal could not be read
    open: list[BegunUpload] = field(default_factory=list)

    def save(self) -> None:
        """Store it. Raises StoreError and Superseded."""
        if self.dry:
            return
        with self.lock:
            self.now.finished = list(self.done.values())
            self.now.journal_lost |= self.lost()
            self.file.save(self.now)
            self.last = self.hooks.now()

    def take_over(self) -> bool:
        """Store it in the place of what was loaded. False: the process before has saved since. Raises StoreError."""
        with self.lock:
            self.now.finished = list(self.done.values())
            self.now.journal_lost |= self.lost()
            self.last = self.hooks.now()
            return self.file.take_over(self.now)

    def fence(self) -> None:
        """See that no other process has taken over. Raises StoreError and Superseded."""
        with self.lock:
            self.file.see_newest(self.now)

    def save_in_time(self) -> None:
        """Store it if the last time is long ago."""
        if self.hooks.now() - (self.last or self.now.began) >= INTERVAL:
            self.save()

    def intend(self, stretch: Stretch) -> None:
        """Note what is about to be written, before it is: what was written just before a crash is known as ours."""
        written = [w for w in stretch.work if w.step not in COMPARING]
        if not written:
            return
        with self.lock:
            self.now.intents.update((w.pair.key, intent(w.pair, w.step)) for w in written)
            self.save()

    def begun(self, upload: BegunUpload) -> None:
        """Note an upload before its first part."""
        with self.lock:
            self.open.append(upload)
            self.file.save_uploads(self.open)

    def ended(self, upload: BegunUpload) -> None:
        """Forget an upload that was completed or aborted. The next one that begins says so."""
        with self.lock:
            self.open.remove(upload)

    def finish(self, key: str, entry: JournalEntry | None) -> None:
        """One object is done."""
        with self.lock:
            self.now.intents.pop(key, None)
            if entry is not None:
                self.done[key] = entry

    def close(self, low: str, keys: Iterable[str]) -> None:
        """All keys up to ``low`` are in segments."""
        with self.lock:
            self.now.low = low or self.now.low
            for key in keys:
                self.done.pop(key, None)
                self.now.intents.pop(key, None)  # of what could not be copied
