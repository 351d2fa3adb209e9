"""All that a reconcile of a BackupSchedule may know."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from imagestore.api.backupschedule import BackupScheduleSpec
from imagestore.api.backupschedulestatus import BackupScheduleStatus
from imagestore.api.repositories import ObjectSelection
from imagestore.reconcile.shared.ends import EndView
from imagestore.reconcile.shared.making import NothingOwn, OwnObjects
from imagestore.reconcile.shared.repositories import repository_prefix
from imagestore.reconcile.shared.runs import RunsOfObject
from imagestore.reconcile.shared.situation import Meta, Settings

SCHEDULE_LABEL, BUCKET_LABEL = "imagestore.dev/schedule", "imagestore.dev/bucket"
ENDED_PHASES = frozenset({"Succeeded", "PartiallyFailed", "Failed"})


@dataclass(frozen=True)
class BackupView:
    """A Backup object of the schedule. ``bucket``: the ImageBucket that it backs up. ``backup``: its name in the repository.

    ``made``: the operator made it for the schedule; else a person did. ``place``: of its repository; empty: as the schedule had it.
    ``filter``: of its objects; None: as the schedule had it, or none.
    """

    name: str
    uid: str
    bucket: str
    created: datetime
    phase: str = ""
    scheduled: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    backup: str = ""
    objects: int = 0
    bytes: int = 0
    message: str = ""
    made: bool = False
    deleting: bool = False
    place: str = ""
    filter: ObjectSelection | None = None

    @property
    def ended(self) -> bool:
        """Whether its run is over."""
        return self.phase in ENDED_PHASES

    @property
    def order(self) -> tuple[datetime, str]:
        """The later of two has the larger one."""
        return self.finished or self.created, self.name


@dataclass(frozen=True)
class OtherSchedule:
    """A schedule of the namespace that was there before. ``places``: bucket and prefix of its repositories."""

    name: str
    places: frozenset[str]


@dataclass(frozen=True)
class ScheduleSituation:
    """One BackupSchedule and its surroundings at one moment.

    ``sources``: the ImageBuckets that it backs up, by name. ``repository``, ``scratch`` None: there is no such ImageBucket.
    ``backups``: its Backups. ``runs``: by purpose. ``clock``: seconds, never set, the same as in the reports of runs.
    """

    meta: Meta
    spec: BackupScheduleSpec
    status: BackupScheduleStatus
    sources: tuple[EndView, ...]
    repository: EndView | None
    backups: tuple[BackupView, ...]
    runs: Callable[[str], RunsOfObject[Any, Any]]
    settings: Settings
    now: datetime
    clock: float
    own: OwnObjects = field(default_factory=NothingOwn)
    scratch: EndView | None = None
    others: tuple[OtherSchedule, ...] = ()

    @property
    def is_group(self) -> bool:
        """Whether it backs up each bucket with some labels."""
        return self.spec.source.bucket_selector is not None

    def place_of(self, bucket: str) -> str:
        """Where the repository of one bucket is."""
        repository = self.spec.repository
        prefix = repository_prefix(repository.prefix, bucket, group=self.is_group)
        return repository_place(repository.bucket_ref.name, prefix)

    def moment(self, when: datetime) -> float:
        """A time by the clock."""
        return self.clock + (when - self.now).total_seconds()

    def time(self, moment: float) -> datetime:
        """A moment of the clock as a time, in whole seconds."""
        return (self.now + timedelta(seconds=moment - self.clock)).replace(microsecond=0)


def repository_place(repository: str, prefix: str | None) -> str:
    """Bucket and prefix of a repository, the same text for the same one: p and p/ are one folder, as a run opens it."""
    return f"{repository}/{(prefix or '').rstrip('/')}"


def places(repository: str, prefix: str | None, buckets: Iterable[str], *, group: bool) -> frozenset[str]:
    """Bucket and prefix of the repositories of a schedule."""
    return frozenset(repository_place(repository, repository_prefix(prefix, b, group=group)) for b in buckets)
