"""What runs for a schedule besides its Backups: checks, drills and removals, and what they report. Pure."""

import hashlib
from dataclasses import dataclass, field
from typing import TypeVar

from imagestore.reconcile.shared.repositories import RepositoryEnd
from imagestore.reconcile.shared.runs import JobEnd, OneRunJob, RunLane, RunResult, RunTrouble
from imagestore.transfer.pace import UNLIMITED, MovingLimits

R = TypeVar("R", bound=RunResult)


@dataclass(frozen=True)
class CheckReport:
    """What a check found. ``damaged``: rows. ``bytes``: that were read and hashed. ``rejected``: files that look like a backup and do not
    count.

    ``missing``, in each of these reports: the name of the backup that the job knew of and that is not in the repository.
    """

    began: float
    ended: float
    trouble: RunTrouble | None = None
    objects: int = 0
    bytes: int = 0
    damaged: int = 0
    missing: str = ""
    rejected: int = 0


@dataclass(frozen=True)
class DrillReportOfRun:
    """What a drill found; see ``DrillReport`` of the engine. ``estimate``: seconds. ``failed``: damaged in the backup; ``unrestored``: whole
    there, and not taken or not given back by the scratch store.
    """

    began: float
    ended: float
    trouble: RunTrouble | None = None
    sampled: int = 0
    failed: int = 0
    decoded: int = 0
    undecodable: int = 0
    left: int = 0
    estimate: float = 0.0
    missing: str = ""
    unrestored: int = 0


@dataclass(frozen=True)
class RemovalReport:
    """What a removal did. ``held``: why no backup was forgotten; ``token`` allows it, if anything does. ``waiting``: how many would go.

    ``bytes``: of the files that are needed. ``freed``: of those that were deleted.
    """

    began: float
    ended: float
    trouble: RunTrouble | None = None
    backups: int = 0
    forgotten: int = 0
    bytes: int = 0
    freed: int = 0
    held: str = ""
    token: str = ""
    waiting: int = 0
    missing: str = ""


@dataclass(frozen=True)
class UpkeepJob(OneRunJob[R]):
    """A job in one repository. ``limits``: an edit of them counts from the next run on, so they are not in the digest."""

    repository: RepositoryEnd
    limits: MovingLimits = field(default=UNLIMITED, repr=False, kw_only=True)

    @property
    def lane(self) -> RunLane:
        """With all that keeps repositories in order."""
        return RunLane.MAINTENANCE

    @property
    def backends(self) -> frozenset[str]:
        """Where the repository is."""
        return frozenset({self.repository.end.backend})

    @property
    def into(self) -> str:
        """Where the repository is."""
        return self.repository.end.backend

    @property
    def digest(self) -> str:
        """All of it."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class QuickCheckJob(UpkeepJob[CheckReport]):
    """Check the rows and files of one backup. ``backup``: its name in the repository."""

    backup: str


@dataclass(frozen=True)
class FullCheckJob(UpkeepJob[CheckReport]):
    """Read part ``share`` (from 0) of ``shares`` of all contents. ``due`` tells one such job from the next.

    ``backup``: the newest that succeeded, which must be there. A newer one does not begin the part again, so it is not in the digest.
    """

    share: int
    shares: int
    due: str
    backup: str = field(default="", repr=False)


@dataclass(frozen=True)
class DrillJob(UpkeepJob[DrillReportOfRun]):
    """Restore a sample of a backup below a scratch prefix. ``due``: the drill's scheduled time. ``owner``: the schedule's uid, and ``bucket``:
    whose backup it is; both name the drill's folder.
    """

    backup: str
    scratch: JobEnd
    sample: int
    decode: bool
    due: str
    owner: str
    bucket: str

    @property
    def backends(self) -> frozenset[str]:
        """Where the repository is, and where the sample is restored."""
        return frozenset({self.repository.end.backend, self.scratch.backend})


@dataclass(frozen=True)
class RemovalRules:
    """Which backups stay; see the engine's ``RetentionRules``. ``min_age``: days. ``most_share``: 0 to 1. ``zone``: a time zone's name."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    min_age: float = 0
    most_share: float = 0.5
    zone: str = "UTC"


@dataclass(frozen=True)
class RemovalJob(UpkeepJob[RemovalReport]):
    """Forget backups, delete what no backup needs, and extend locks. ``rules`` None: forget none. ``after``: the newest backup.

    ``verified``: names of backups of which a drill restored a sample. ``approved``: tokens of holds. ``held``: why nothing may be deleted, so
    that only locks are extended; empty: nothing speaks against it. ``due`` tells one such job from the next.
    """

    rules: RemovalRules | None
    after: str
    verified: frozenset[str] = frozenset()
    approved: frozenset[str] = frozenset()
    held: str = ""
    due: str = ""
