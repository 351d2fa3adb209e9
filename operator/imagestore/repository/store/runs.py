"""Runs: who is at work on a repository, and the store's clock.

A run is alive as long as it beats: it rewrites its file, and reads it back. Ages are differences of the times that the store gave to
two files, never the host's clock (borg#9870, icechunk#2310).
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagestore.repository.errors import DamagedFile, MissingFile, RepositoryProblem, RunLost
from imagestore.repository.format.documents import Document, opened_document, written_document
from imagestore.repository.format.names import BACKUPS, ENDED, RUNS, ended_file, run_file
from imagestore.repository.store.files import ListedFile
from imagestore.repository.store.opening import Repository

BEAT = 300.0  # seconds between beats
SLACK = 15 * 60 * 1000  # milliseconds that two clocks of one store may differ
_NONCE = 12


@dataclass
class LiveRun:
    """A run of this process. ``began`` and ``now``: the store's time at the first and the last beat.

    ``label``: what asked for it. ``counts``: what it has done. ``word``: why it ended early. These are for a process that waits for it.
    """

    repository: Repository
    run: str
    kind: str
    base: str = ""
    label: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    word: Mapping[str, Any] = field(default_factory=dict)
    began: int = 0
    now: int = 0
    progress: list[dict[str, Any]] = field(default_factory=list)

    def beat(self) -> int:
        """Say that it is alive; return the store's time. RunLost where it was silent for half the grace time or was declared dead."""
        mark = self.repository.new_id()
        self._write(mark, done=False)
        self._learn_time(mark)
        self.refuse_ended()
        return self.now

    def confirm(self) -> None:
        """See that the root counts that was just written. RunLost: it does not.

        A run that was frozen until its root may have been declared dead by a removal that looked before and marks it later. So it marks
        itself: else a backup would be told as made, and lose its files.
        """
        try:
            self.beat()
        except RunLost:
            name = ended_file(self.run)
            self.repository.files.write(name, document_bytes(self.repository, name, {"run": self.run}))
            raise

    def finish(self) -> None:
        """Say that it is over. What it has done counts by now, however long it was silent since."""
        self.progress = []
        self._write("", done=True)

    def _write(self, mark: str, *, done: bool) -> None:
        name = run_file(self.run)
        content = {
            "run": self.run, "kind": self.kind, "base": self.base, "began": self.began,
            "mark": mark, "progress": self.progress, "done": done,
        }  # fmt: skip
        told = {"label": self.label, "counts": dict(self.counts), "word": dict(self.word)}
        content |= {field: value for field, value in told.items() if value}
        self.repository.files.write(name, document_bytes(self.repository, name, content))

    def _learn_time(self, mark: str) -> None:
        name = run_file(self.run)
        data, modified = self._read_back(name)
        if opened_document(self.repository.vault, name, data).get("mark") != mark:
            raise RepositoryProblem(f"{name} is not read back as it was written; another program writes it")
        if self.now and modified - self.now > self.repository.grace // 2:
            raise RunLost(
                f"run {self.run} was silent for {(modified - self.now) // 3_600_000} hours and ends"
            )
        if modified < self.now - SLACK:
            raise RepositoryProblem(
                f"the clock of {self.repository.files} went back by {(self.now - modified) // 1000} s; nothing was removed"
            )
        self.now = max(self.now, modified)
        self.began = self.began or self.now
        self.repository.files.now = self.now

    def _read_back(self, name: str) -> tuple[bytes, int]:
        """RunLost: a removal deleted the beat of a run that was frozen for days right behind it."""
        try:
            return self.repository.files.read_with_time(name)
        except MissingFile:
            raise RunLost(f"run {self.run} was removed, because it had been silent for too long") from None

    def refuse_ended(self) -> None:
        """RunLost: a removal declared this run dead, so nothing that it writes counts."""
        listed = self.repository.files.ever(ended_file(self.run))
        if any(_proven(self.repository, file.name) for file in listed):
            raise RunLost(f"run {self.run} was declared dead, because it had been silent for too long")


def begin_run(repository: Repository, kind: str, base: str = "", label: str = "") -> LiveRun:
    """Begin a run with its first beat."""
    run = LiveRun(repository, repository.new_id(), kind, base, label)
    run.beat()
    return run


def document_bytes(repository: Repository, name: str, content: Document) -> bytes:
    """The bytes of a document."""
    return written_document(repository.vault, name, content, repository.random(_NONCE))


@dataclass(frozen=True)
class KnownRun:
    """A run in the repository. ``beat``: the store's time of its newest beat. ``began`` 0: not known. ``genuine``: its MAC is right."""

    run: str
    began: int
    beat: int
    kind: str = ""
    done: bool = False
    ended: bool = False
    genuine: bool = False
    base: str = ""
    progress: tuple[Mapping[str, Any], ...] = ()
    label: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    word: Mapping[str, Any] = field(default_factory=dict)

    def silent(self, now: int) -> int:
        """How long it has been silent, milliseconds."""
        return now - self.beat


def known_runs(repository: Repository) -> list[KnownRun]:
    """All runs, also those over which a delete marker lies. A file that the key does not prove counts by its time alone.

    One that was deleted and silent for twice the grace time was over when it was deleted. Without this a bucket that keeps versions had
    every run that there ever was read by each command.
    """
    files = repository.files
    listed = _not_long_over(repository, list(files.ever(RUNS)))
    ended = {f.name for f in listed if f.name.endswith(ENDED) and _proven(repository, f.name)}
    found = []
    for file in listed:
        if not file.name.endswith(ENDED):
            run = file.name.removeprefix(RUNS)
            found.append(known_run(repository, run, file.newest, ended=ended_file(run) in ended))
    return found


def _not_long_over(repository: Repository, listed: list[ListedFile]) -> list[ListedFile]:
    """``ended`` marks stay. The newest beat of any run is near the store's present time."""
    if not repository.files.versioned:
        return listed
    there = {file.name for file in repository.files.current(RUNS)}
    since = max((file.newest for file in listed), default=0) - 2 * repository.grace
    return [f for f in listed if f.name in there or f.newest > since or f.name.endswith(ENDED)]


def _proven(repository: Repository, name: str) -> bool:
    try:
        repository.files.genuine(name, lambda data: opened_document(repository.vault, name, data))
    except DamagedFile:
        return False
    return True


def known_run(repository: Repository, run: str, beat: int, *, ended: bool) -> KnownRun:
    """The run of a name, with what its file says."""
    content = _newest(repository, run_file(run))
    if content is None:
        return KnownRun(run, 0, beat, ended=ended)
    return KnownRun(
        run,
        content.get("began", 0),
        beat,
        content.get("kind", ""),
        content.get("done", False),
        ended,
        genuine=True,
        base=content.get("base", ""),
        progress=tuple(content.get("progress", ())),
        label=content.get("label", ""),
        counts=content.get("counts", {}),
        word=content.get("word", {}),
    )


def _newest(repository: Repository, name: str) -> Document | None:
    """The newest version that the key proves."""
    files = repository.files
    for version in ("", *reversed(files.versions_of(name))):
        try:
            return opened_document(repository.vault, name, files.read(name, version=version))
        except DamagedFile:
            if not version and not files.versioned:
                return None
    return None


def dead_run(run: KnownRun, now: int, grace: int) -> bool:
    """Whether it has been silent for the whole grace time."""
    return not run.done and run.silent(now) >= grace


def finished_runs(names: Iterable[str]) -> frozenset[str]:
    """The runs that wrote a root, from the names of the roots."""
    return frozenset(name.removeprefix(BACKUPS).partition("-")[2] for name in names)


def time_name(milliseconds: int) -> str:
    """A time as backups are named by it: 20261129T023000Z."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(milliseconds / 1000))
