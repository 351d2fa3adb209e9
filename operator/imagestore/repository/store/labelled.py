"""What a run of another process tells through the repository: how far it is, and why it ended early.

It is all that a pod that makes a backup can tell: it has no rights in the cluster.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagestore.core.census import Amount
from imagestore.repository.format.names import ENDED, RUNS
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.runs import KnownRun, LiveRun, known_run
from imagestore.repository.store.view import backups

_WORD = "word"


def root_of_label(repository: Repository, label: str) -> BackupRoot | None:
    """The backup that something asked for, if it was made."""
    return next((root for root in backups(repository).roots if root.label == label), None)


def leave_word(repository: Repository, label: str, word: Mapping[str, Any]) -> None:
    """Write down why a run ended. Raises StoreError."""
    LiveRun(repository, repository.new_id(), _WORD, label=label, word=word).finish()


@dataclass
class LabelledRuns:
    """The runs that one label asked for. What is of other labels is read once."""

    repository: Repository
    label: str
    _others: set[str] = field(default_factory=set)

    def done(self) -> Amount | None:
        """What the run that beat last has done; None: there is none. Raises StoreError."""
        latest = max((r for r in self._mine() if r.kind != _WORD), key=lambda r: r.beat, default=None)
        if latest is None:
            return None
        return Amount(int(latest.counts.get("objects", 0)), int(latest.counts.get("bytes", 0)))

    def words(self) -> list[Mapping[str, Any]]:
        """Why runs ended early, the latest first. Raises StoreError."""
        said = sorted((r for r in self._mine() if r.kind == _WORD), key=lambda r: r.beat, reverse=True)
        return [r.word for r in said]

    def _mine(self) -> Iterator[KnownRun]:
        for file in self.repository.files.current(RUNS):
            name = file.name.removeprefix(RUNS)
            if name.endswith(ENDED) or name in self._others:
                continue
            run = known_run(self.repository, name, file.newest, ended=False)
            if run.label == self.label:
                yield run
            else:
                self._others.add(name)
