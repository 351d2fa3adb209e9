"""What a Restore's reconcile asks of its run, and what the run reports."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from imagestore.reconcile.shared.pods import AS_THE_CHART, PodChoices
from imagestore.reconcile.shared.repositories import RepositoryEnd
from imagestore.reconcile.shared.runs import JobEnd, OneRunJob, RunLane, RunProgress, RunTrouble
from imagestore.repository.restoring.estimate import PassEstimate
from imagestore.repository.restoring.options import RestoreCounts
from imagestore.transfer.pace import UNLIMITED, MovingLimits


@dataclass(frozen=True)
class RestoreJob(OneRunJob["RestoreFound"]):
    """One restore. ``uid``: names its folder at the destination. ``repository`` None: versions only.

    ``versions``: the bucket whose versions may be restored; with a repository it must be the one that was backed up. ``backup``: name of
    a root; empty: the last one before ``as_of`` (milliseconds), or the newest. ``wanted``: Auto, Repository or Versions. ``keys``: an object
    that lists keys. ``sample``: of a drill; None: a restore. ``approved``: tokens of what may be overwritten.
    ``tidy``: it is over and its status has what was found, so that only its folder is emptied, and those of deleted ones. ``known``: the uids
    of the Restores that are there. ``runs_in``: who writes it; None: as its size is worth.
    """

    uid: str
    destination: JobEnd
    repository: RepositoryEnd | None = None
    versions: JobEnd | None = None
    backup: str = ""
    as_of: int | None = None
    wanted: str = "Repository"
    prefixes: tuple[str, ...] = ()
    keys: tuple[JobEnd, str] | None = None
    priorities: tuple[str, ...] = ()
    conflict: str = "Fail"
    read_back: float = 0.0
    sample: int | None = None
    decode: bool = False
    limits: MovingLimits = UNLIMITED
    approved: frozenset[str] = frozenset()
    tidy: bool = False
    known: frozenset[str] = frozenset()
    runs_in: Literal["Operator", "Job"] | None = None
    pod: PodChoices = AS_THE_CHART

    @property
    def lane(self) -> RunLane:
        """Drills wait behind restores, and what only empties a folder waits for none."""
        if self.tidy:
            return RunLane.CANARY
        return RunLane.RESTORE if self.sample is None else RunLane.MAINTENANCE

    @property
    def backends(self) -> frozenset[str]:
        """See ``RunJob``."""
        ends = (self.repository.end if self.repository else None, self.versions, self.destination)
        return frozenset(end.backend for end in ends if end is not None)

    @property
    def into(self) -> str:
        """See ``RunJob``."""
        return self.destination.backend

    @property
    def digest(self) -> str:
        """See ``RunJob``. What is approved and known is asked for when a run begins; it does not stop one that goes on. Which restore it
        is does not depend on who writes it.
        """
        said = replace(self, approved=frozenset(), known=frozenset(), runs_in=None, pod=AS_THE_CHART)
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class RestorePasses(RunProgress):
    """How far a restore is, by priority."""

    passes: tuple[PassEstimate, ...] = ()


@dataclass(frozen=True)
class RestoreTotals:
    """What a restore does, counted before it writes. ``present``: how many of its keys the destination has. ``newest``: when the last of these
    was written, in milliseconds of its store's clock.
    """

    objects: int = 0
    bytes: int = 0
    present: int = 0
    newest: int = 0


@dataclass(frozen=True)
class DrillFound:
    """What a drill proved. ``finds``: the smallest damaged share that it finds with 95 %. ``whole``: seconds of a whole restore."""

    sampled: int
    decoded: int
    finds: float
    whole: float
    left: int


@dataclass(frozen=True)
class RestoreFound:
    """The report of a run. Times are seconds of the process' clock. ``trouble``: why it ended early.

    ``held``: token without which objects are not overwritten; this run wrote nothing. ``unapproved``: of a restore that had begun, how many
    these are; None: it had not begun. ``why``: why it did not succeed though no
    object failed, such as a history that does not tell all. ``failed``: objects by reason. ``report``: key of the object at the destination
    that lists them. ``unread``: objects that could not be read when the backup was made.
    """

    began: float
    ended: float
    trouble: RunTrouble | None = None
    held: str = ""
    unapproved: int | None = None
    source: str = ""
    source_reason: str = ""
    backup: str = ""
    totals: RestoreTotals | None = None
    counts: RestoreCounts = field(default_factory=RestoreCounts)
    failed: Mapping[str, int] = field(default_factory=dict)
    report: str = ""
    why: str = ""
    unread: int = 0
    undecodable: int = 0
    drill: DrillFound | None = None

    @property
    def succeeded(self) -> bool:
        """Whether every object is at the destination, or all of the sample came back."""
        return self.trouble is None and not (self.held or self.why or self.counts.failed)
