"""BackupSchedule: backs up a bucket at set times, and proves that the backups restore."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.cron import CronExpression, TimeZoneName
from imagestore.api.lifecyclepolicy import BucketSelector
from imagestore.api.pods import RunPods
from imagestore.api.repositories import (
    ITS_POD,
    WHERE_IT_RUNS,
    BackupLimits,
    BackupRepository,
    NamedBucket,
    ObjectSelection,
    RepositoryImmutability,
    RunsIn,
)
from imagestore.core.model import Cel, Duration, ListSet, Model

DEFAULT_STARTING_DEADLINE = "1h"
DEFAULT_ZONE = "UTC"
DEFAULT_FULL_DAYS = 7
DEFAULT_SAMPLE = 100
DEFAULT_REMOVAL_PERCENT = 50
DEFAULT_HISTORY = 10


class ScheduleSource(Model):
    """Which buckets are backed up."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.bucketRef) != has(self.bucketSelector)",
            "give exactly one of bucketRef and bucketSelector",
        ),
    )

    bucket_ref: Annotated[NamedBucket | None, Field(description="ImageBucket that is backed up.")] = None
    bucket_selector: Annotated[
        BucketSelector | None,
        Field(
            description="Labels of the ImageBuckets that are backed up, at most 32. The backups of each are in a repository of its own,"
            " below repository.prefix and the name of the ImageBucket. The ImageBucket of the repository is left out."
        ),
    ] = None


class ScheduleTiming(Model):
    """When backups are made."""

    cron: Annotated[
        CronExpression,
        Field(
            description="Times in five fields: minute, hour, day of the month, month, weekday. If both day and weekday are"
            " restricted, either is enough. A time of day that does not exist when clocks are set forward runs at the next"
            " one that does; one that exists twice runs once."
        ),
    ]
    time_zone: Annotated[
        TimeZoneName | None, Field(description="Time zone of cron and of the retention. Defaults to UTC.")
    ] = None
    jitter: Annotated[
        Duration | None,
        Field(
            description="Longest delay of the beginning. Each schedule has a delay of its own, which stays the same. Defaults to none."
        ),
    ] = None
    starting_deadline: Annotated[
        Duration | None,
        Cel(
            "!self.matches('(^|[a-z])0*([89]|[1-9][0-9]+)d|(^|[a-z])0*([2-9][0-9]{2}|[1-9][0-9]{3,})h')",
            "a deadline is at most 7d; a run that is later than that is better made by hand",
        ),
        Field(
            description="How late a run may begin, after the operator was away. Later ones are missed and counted. Of several that"
            " passed only the last one runs. More than 7d counts as 7d. Defaults to 1h."
        ),
    ] = None


class BackupRetention(Model):
    """Which backups stay: all that any of the rules keeps. Periods are those of the scheduled time in schedule.timeZone."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "[has(self.last) ? self.last : 0, has(self.daily) ? self.daily : 0, has(self.weekly) ? self.weekly : 0,"
            " has(self.monthly) ? self.monthly : 0, has(self.yearly) ? self.yearly : 0].exists(n, n > 0)",
            "retention keeps no backup; give at least one of last, daily, weekly, monthly and yearly a number above 0, or remove"
            " retention to keep all",
        ),
    )

    last: Annotated[int | None, Field(ge=0, le=10_000, description="Number of newest backups that stay.")] = (
        None
    )
    daily: Annotated[
        int | None,
        Field(ge=0, le=10_000, description="Number of days of which the newest backup stays."),
    ] = None
    weekly: Annotated[
        int | None,
        Field(ge=0, le=10_000, description="Number of ISO weeks of which the newest backup stays."),
    ] = None
    monthly: Annotated[
        int | None,
        Field(ge=0, le=10_000, description="Number of months of which the newest backup stays."),
    ] = None
    yearly: Annotated[
        int | None,
        Field(ge=0, le=10_000, description="Number of years of which the newest backup stays."),
    ] = None
    min_age: Annotated[
        Duration | None, Field(description="Age below which every backup stays. Defaults to none.")
    ] = None
    max_removal_percent: Annotated[
        int | None,
        Field(
            ge=1,
            le=100,
            description="Share of the backups, in percent, above which a removal waits for approval. Defaults to 50.",
        ),
    ] = None


class FullVerification(Model):
    """Reading and hashing every byte of the backups, a part a day."""

    days: Annotated[int, Field(ge=1, le=365, description="Days within which every byte is read once.")]


class RestoreDrill(Model):
    """Restoring a sample of the newest backup into a scratch prefix, reading it back, and removing it."""

    cron: Annotated[CronExpression, Field(description="Times in schedule.timeZone.")]
    sample: Annotated[
        int | None,
        Field(
            ge=1,
            le=100_000,
            description="Number of objects. A drill of n objects finds a damage of 3/n of all objects with a confidence of 95 %."
            " Defaults to 100.",
        ),
    ] = None
    decode_images: Annotated[
        bool | None,
        Field(
            description="true: images are decoded, every pixel of them. An image that was broken at the source counts as whole if its"
            " bytes are. Defaults to true."
        ),
    ] = None
    bucket_ref: Annotated[
        NamedBucket | None,
        Field(
            description="ImageBucket below whose prefix .imagestore/drill/ the sample is restored, in a folder of its own. No drill runs in a bucket that locks each new object. Defaults to the source."
        ),
    ] = None


class BackupVerification(Model):
    """How backups are checked. A condition is true only for what was read back."""

    quick: Annotated[
        Literal["Every", "Never"] | None,
        Field(
            description="Every: after each backup its rows and the presence and size of all files are checked. It reads no contents."
            " Defaults to Every."
        ),
    ] = None
    full: Annotated[
        FullVerification | None,
        Field(description="Reading every byte of the backups, a part a day. Defaults to days: 7."),
    ] = None
    drill: Annotated[
        RestoreDrill | None,
        Field(description="Restoring a sample regularly. Absent: Drilled is not reported."),
    ] = None


class BackupObjectives(Model):
    """What the backups promise."""

    rpo: Annotated[
        Duration | None,
        Field(
            description="Recovery point objective: the age that the newest backup may reach, counted from the beginning of its run."
            " WithinRpo is False when it is older. Must be longer than the time between two runs and one run together."
        ),
    ] = None
    rto: Annotated[
        Duration | None,
        Field(
            description="Recovery time objective: how long a restore of everything may take. Drills measure it: Drilled is False when"
            " it would take longer."
        ),
    ] = None


class BackupScheduleSpec(Model):
    """Backups of a bucket at set times."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.source.bucketRef) || self.source.bucketRef.name != self.repository.bucketRef.name",
            "the repository would be in the bucket that it backs up, and be lost with it; name another ImageBucket in"
            " repository.bucketRef",
        ),
        Cel(
            "!has(self.objectives) || !has(self.objectives.rto) || (has(self.verify) && has(self.verify.drill))",
            "objectives.rto is measured by drills; add verify.drill, or remove rto",
        ),
    )

    source: Annotated[ScheduleSource, Field(description="Which buckets are backed up.")]
    repository: Annotated[
        BackupRepository,
        Field(description="Where the backups are. Deleting the BackupSchedule deletes nothing there."),
    ]
    schedule: Annotated[ScheduleTiming, Field(description="When backups are made.")]
    kind: Annotated[
        Literal["Incremental", "Full"] | None,
        Field(
            description="Incremental: objects that the listing shows unchanged are not read. Full: every object is read. Each backup"
            " is complete on its own in either case. Defaults to Incremental."
        ),
    ] = None
    filter: Annotated[
        ObjectSelection | None, Field(description="Which objects are backed up. Absent: all of them.")
    ] = None
    decode_images: Annotated[
        bool | None,
        Field(
            description="true: images are decoded when they are backed up, so that one that is broken at the source is not blamed on the"
            " backup later. Defaults to false."
        ),
    ] = None
    limits: Annotated[
        BackupLimits | None,
        Field(
            description="Limits of each Backup that the schedule makes, and of each of its checks, drills and removals, besides those of"
            " the StorageBackends. A drill measures a restore with these limits. Absent: none."
        ),
    ] = None
    runs_in: Annotated[RunsIn | None, Field(description=WHERE_IT_RUNS)] = None
    pod: Annotated[RunPods | None, Field(description=ITS_POD)] = None
    retention: Annotated[
        BackupRetention | None,
        Field(
            description="Which backups stay. The others are deleted after each backup that succeeded, never the newest one and never the"
            " newest that was verified. Absent: all stay."
        ),
    ] = None
    immutability: Annotated[
        RepositoryImmutability | None,
        Field(description="Object lock of the repository, decided when it is created. Absent: none."),
    ] = None
    verify: Annotated[
        BackupVerification | None,
        Field(description="How backups are checked. Absent: quick checks, and a full one of days: 7."),
    ] = None
    objectives: Annotated[
        BackupObjectives | None,
        Field(description="What the backups promise. Absent: WithinRpo is not reported."),
    ] = None
    history: Annotated[
        int | None,
        Field(
            ge=1,
            le=1000,
            description="Number of ended Backup objects of each bucket that stay in the cluster. Older ones are deleted, which deletes no"
            " backup. Defaults to 10.",
        ),
    ] = None
    approve: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...],
        ListSet(),
        Field(
            max_length=64,
            description="Tokens of held removals that are approved, as status shows them. Each is good for the backups, or for the"
            " damage, that it was shown for.",
        ),
    ] = ()
    suspend: Annotated[
        bool | None,
        Field(
            description="true: the operator makes no Backups, and verifies and deletes nothing. With immutability it extends object locks all"
            " the same. Times that pass meanwhile are neither missed nor caught up. Defaults to false."
        ),
    ] = None
