"""How far a run is, told once a second at most."""

from dataclasses import dataclass, field, replace

from imagestore.core.census import Amount
from imagestore.transfer.job import TransferHooks
from imagestore.transfer.report import NOTHING, TransferProgress
from imagestore.transfer.stretches import Stretch
from imagestore.transfer.tally import Tally

TELL_EVERY = 1.0  # seconds


@dataclass
class ProgressTeller:
    """``seen``: what was decided and copied in this process, whether or not it is in a checkpoint."""

    hooks: TransferHooks
    seen: Tally = field(default_factory=Tally)
    planned: Amount = NOTHING
    last: float = 0.0

    def __post_init__(self) -> None:
        self.began = self.hooks.clock()

    def plan(self, stretch: Stretch) -> None:
        """What a stretch will copy, as far as its listing tells."""
        self.seen.add(replace(stretch.tally, lines=[]))
        items = (w.pair.source or w.pair.destination for w in stretch.work)
        size = sum(i.size for i in items if i is not None)
        self.planned = Amount(self.planned.objects + len(stretch.work), self.planned.bytes + size)

    def done(self, *, size: int, failed: bool) -> None:
        """One object is done."""
        self.seen.failed["any"] += failed
        self.seen.copied += not failed
        self.seen.copied_bytes += size

    def tell(self) -> None:
        """Tell it, unless it was told a moment ago."""
        now = self.hooks.clock()
        if now - self.last >= TELL_EVERY:
            self.last = now
            self.hooks.progress(self.progress(now))

    def progress(self, now: float) -> TransferProgress:
        """As it stands."""
        seen, failed = self.seen, self.seen.failed.total()
        left = max(0, self.planned.bytes - seen.copied_bytes)
        rate = seen.copied_bytes / max(now - self.began, 0.001)
        waiting = Amount(max(0, self.planned.objects - seen.copied - failed), left)
        return TransferProgress(
            seen.seen, seen.equal, seen.done, waiting, failed, rate, left / rate if rate else None
        )
