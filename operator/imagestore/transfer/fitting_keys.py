"""Keys that the other side cannot hold, found before anything of them is written. Nothing is renamed.

rclone skipped keys with ``//`` and exited with 0 (rclone#9383); MinIO lists no ``a/b`` beside an object ``a``.
"""

from dataclasses import dataclass, field

from imagestore.core.errors import NotFound
from imagestore.core.keys import is_reserved
from imagestore.core.objects import KeyProblem
from imagestore.transfer.decide import PairStep
from imagestore.transfer.job import TransferEnd, TransferJob

COPYING = frozenset({PairStep.COPY, PairStep.COPY_BACK})


@dataclass
class Fitting:
    """Asked for the keys of a run one after the other. ``above``: keys seen that the last one begins with."""

    job: TransferJob
    above: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        sides = (self.job.source, self.job.destination) if self.job.two_way else (self.job.destination,)
        self.nested = all(end.store.traits.nested for end in sides)

    def begin(self, after: str) -> None:
        """Go on behind a key: what would be a directory of the next keys is asked for. Raises StoreError."""
        if self.nested or not after:
            return
        for length in range(1, len(after) + 1):
            key, following = after[:length], after[length : length + 1]
            if following <= "/" and not key.endswith("/") and _exists(self.job.source, key):
                self.above.append(key)

    def refusal(self, key: str, step: PairStep, *, at_source: bool) -> str:
        """Why the side that the step writes to cannot hold the key, a KeyProblem; empty: it can."""
        if self.nested and step not in COPYING:
            return ""
        self._leave(key)
        if step not in COPYING:
            self._enter(key, at_source=at_source)
            return ""
        end = self.job.destination if step is PairStep.COPY else self.job.source
        problem = _problem(end, end.prefix + key)
        below = self._is_below(key) if not end.store.traits.nested else False
        self._enter(key, at_source=at_source)
        return problem or (KeyProblem.COLLIDES if below else "")

    def passed(self, key: str) -> None:
        """A key at the source of which nothing is to be written: as ``refusal``, but quicker."""
        above = self.above
        while above and not key.startswith(above[-1]):
            above.pop()
        if key[-1:] != "/":
            above.append(key)

    def _is_below(self, key: str) -> bool:
        """Whether an object that the run has seen would be a directory of this one."""
        return any(key.startswith(f"{other}/") for other in self.above)

    def _leave(self, key: str) -> None:
        while self.above and not key.startswith(self.above[-1]):
            self.above.pop()

    def _enter(self, key: str, *, at_source: bool) -> None:
        if at_source and not key.endswith("/"):
            self.above.append(key)


def _problem(end: TransferEnd, key: str) -> KeyProblem | None:
    """Below a prefix a person may have a key that is the operator's without it: its journal was overwritten so."""
    return KeyProblem.UNMAPPABLE if is_reserved(key) else end.store.key_verdict(key).problem


def _exists(end: TransferEnd, key: str) -> bool:
    try:
        end.store.head(end.bucket, end.prefix + key)
    except NotFound:
        return False
    return True
