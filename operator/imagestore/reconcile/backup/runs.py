"""What a Backup asks of its run, and what the run tells."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from imagestore.reconcile.shared.pods import AS_THE_CHART, PodChoices
from imagestore.reconcile.shared.repositories import RepositoryEnd
from imagestore.reconcile.shared.runs import JobEnd, OneRunJob, RunLane, RunTrouble
from imagestore.transfer.pace import UNLIMITED, MovingLimits


@dataclass(frozen=True)
class BackupResult:
    """A backup in the repository, whose root was read back. Times in ms since 1970, by the repository's store.

    ``failed`` and ``skipped``: objects by reason. ``label``: what asked for it.
    """

    name: str
    base: str
    started: int
    finished: int
    objects: int
    bytes: int
    read: int
    read_bytes: int
    stored_bytes: int
    stale: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    partial: bool = False


@dataclass(frozen=True)
class BackupReport:
    """What one run came to, by the process' clock: a backup, or why there is none."""

    began: float
    ended: float
    backup: BackupResult | None = None
    trouble: RunTrouble | None = None


@dataclass(frozen=True)
class BackupJob(OneRunJob[BackupReport]):
    """One backup. ``label``: the uid of its object. ``scheduled``: ms since 1970. ``lock``: mode and days for a new repository.

    ``expected``: about how many objects there are; None: not known. ``runs_in``: who makes it; None: as its size is worth.
    """

    label: str
    source: JobEnd
    repository: RepositoryEnd
    full: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    lock: tuple[str, int] | None = None
    decode: bool = False
    scheduled: int | None = None
    expected: int | None = None
    limits: MovingLimits = UNLIMITED
    runs_in: Literal["Operator", "Job"] | None = None
    pod: PodChoices = AS_THE_CHART

    @property
    def lane(self) -> RunLane:
        """See ``RunJob``."""
        return RunLane.BACKUP

    @property
    def backends(self) -> frozenset[str]:
        """See ``RunJob``."""
        return frozenset({self.source.backend, self.into})

    @property
    def into(self) -> str:
        """See ``RunJob``."""
        return self.repository.end.backend

    @property
    def digest(self) -> str:
        """See ``RunJob``."""
        said = {name: value for name, value in asdict(self).items() if name not in _HOW}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


_HOW = frozenset({"expected", "limits", "runs_in", "pod"})  # which backup it is does not depend on them
