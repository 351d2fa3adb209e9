"""What a reconcile asks of runs, whatever they do, and what it is told of them.

A run reads or writes much data, so it goes on in a thread beside the reconciles. A reconcile says what is to be run, and reads
what is known of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

from imagestore.core.reasons import Reason

RunSide = Literal["source", "destination", "repository"]
S_co = TypeVar("S_co", bound="JobState", covariant=True)
J_contra = TypeVar("J_contra", bound="RunJob", contravariant=True)
R = TypeVar("R", bound="RunResult")


class RunLane(StrEnum):
    """Runs of one lane that share a backend go on one by one, and each lane has a place: no backup waits for a full mirror."""

    REPLICATION = "replication"
    CANARY = "canary"  # hardly any work, and long waits: beside all others
    BACKUP = "backup"
    RESTORE = "restore"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True)
class JobEnd:
    """A bucket of a run. ``backend``: the StorageBackend's name. ``owner``: namespace/name of its ImageBucket, whose owner mark
    must be there; empty: none need be. ``prefix``: text before each key. ``marked`` False: it is only observed, so that the mark
    may be missing, and must not be another's.
    """

    backend: str
    bucket: str
    owner: str
    prefix: str = ""
    marked: bool = True


@dataclass(frozen=True)
class RunTrouble:
    """Why a run ended early. ``side`` None: none of them. ``message``: for people, without keys. ``final``: no later run of the
    same job can do better.
    """

    side: RunSide | None
    reason: Reason
    message: str
    final: bool = False


@dataclass(frozen=True)
class RunProgress:
    """What a run that goes on has done. ``of_objects`` and ``of_bytes``: about how much it is in all; None: not known.

    ``steps``: what it has listed, copied and given up; it only tells that the run goes on. ``admitted``: nothing that it was to find
    first stands against it.
    """

    objects: int = 0
    bytes: int = 0
    of_objects: int | None = None
    of_bytes: int | None = None
    steps: int = field(default=0, kw_only=True)
    admitted: bool = field(default=False, kw_only=True)


class RunResult(Protocol):
    """The report of a run, as far as the scheduler needs it. Times are seconds of the process' clock."""

    @property
    def trouble(self) -> RunTrouble | None:
        """Why it ended early; None: it did not."""


class JobState(Protocol):
    """What is known of the runs of one job. Frozen."""

    def after(self, report: Any) -> Self:
        """With one more run."""

    def seen(self, *, running: bool, stopping: str, began: float | None, progress: RunProgress) -> Self:
        """With the run that goes on. ``stopping``: why a run of another job of this object may still write; empty: none does."""

    def lag(self, now: float) -> float | None:
        """Seconds since the moment up to which the runs prove what they are for; None: nothing is proven, or measured."""


class RunJob(Protocol):
    """What is to be run for an object: a frozen dataclass, compared by its value. Its class says how it is carried out."""

    @property
    def lane(self) -> RunLane:
        """Which runs it goes on beside."""

    @property
    def backends(self) -> frozenset[str]:
        """The names of the StorageBackends that it reads or writes."""

    @property
    def into(self) -> str:
        """The StorageBackend that it writes to."""

    @property
    def digest(self) -> str:
        """Another one is another job: its run is stopped, and what is known of it is forgotten."""

    @property
    def interval(self) -> float | None:
        """Seconds between the beginnings of two runs. None: once, and again while it fails."""

    def at_once(self, before: Any) -> bool:
        """Whether this value of a job that was asked for with another value is to be acted on without delay: a run that goes on
        with the former one is stopped, and goes on with this one from its checkpoint.
        """

    def failed(self, began: float, ended: float, trouble: RunTrouble) -> RunResult:
        """The report of a run that the scheduler ends."""


class Begins(RunJob, Protocol[S_co]):
    """A job that says how what is known of it begins."""

    def first(self, now: float, before: object, known: object) -> S_co:
        """What is known of a job that was just asked for. ``before`` and ``known``: the object's last job, and what is known of
        it; None: there was none.
        """


@dataclass(frozen=True)
class RunFailed:
    """A run that the scheduler ended."""

    began: float
    ended: float
    trouble: RunTrouble


@dataclass(frozen=True)
class OneRunState(Generic[R]):
    """What is known of a job that runs once. ``since``: when it was first asked for, by the process' clock.

    ``began`` and ``progress``: of the run that goes on. ``stopping``: why a run of another job may still write. ``last``: the run that ended last. ``failures``: in a row.
    """

    since: float
    running: bool = False
    stopping: str = ""
    began: float | None = None
    progress: RunProgress = field(default_factory=RunProgress)
    last: R | RunFailed | None = None
    failures: int = 0

    @property
    def done(self) -> bool:
        """Whether it is not run again."""
        return self.last is not None and (self.last.trouble is None or self.last.trouble.final)

    def after(self, report: R | RunFailed) -> Self:
        """With one more run."""
        failures = 0 if report.trouble is None else self.failures + 1
        return replace(self, last=report, failures=failures)

    def seen(self, *, running: bool, stopping: str, began: float | None, progress: RunProgress) -> Self:
        """With the run that goes on."""
        return replace(self, running=running, stopping=stopping, began=began, progress=progress)

    def lag(self, _now: float) -> None:
        """Nothing is measured."""


@dataclass(frozen=True)
class OneRunJob(Generic[R]):
    """The base of jobs that run once."""

    @property
    def interval(self) -> None:
        """Once, and again while it fails."""

    def at_once(self, _before: object) -> bool:
        """A job that runs once has nothing to hurry for."""
        return False

    def first(self, now: float, _before: object, _known: object) -> OneRunState[R]:
        """Nothing is known."""
        return OneRunState(now)

    def failed(self, began: float, ended: float, trouble: RunTrouble) -> RunFailed:
        """The report of a run that the scheduler ends."""
        return RunFailed(began, ended, trouble)


class RunsOfObject(Protocol[J_contra, S_co]):
    """The runs of one object for one purpose, as its reconcile sees them."""

    def ask(self, job: J_contra) -> S_co:
        """Have this job run in the place of any other job, and tell what is known."""

    def wake_at(self, moment: float) -> None:
        """Reconcile the object again at this moment of the clock; a later call replaces an earlier one."""

    def drop(self) -> None:
        """Run nothing for the object; what runs ends at the next step."""


def counted(found: Mapping[str, int]) -> str:
    """Numbers by reason as a sentence has them: ``Denied 3, Changing 1``."""
    return ", ".join(f"{reason} {number}" for reason, number in sorted(found.items()))
