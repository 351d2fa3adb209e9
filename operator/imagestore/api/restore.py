"""Restore: brings objects of a backup, or of a bucket's own versions, back; or proves with a sample that they could be."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from imagestore.api.backup import NamedSchedule
from imagestore.api.pods import RunPods
from imagestore.api.repositories import BackupLimits, BackupRepository, NamedBucket, RunsIn
from imagestore.core.model import Cel, Immutable, ListSet, Model, Name, Prefix

DEFAULT_READ_BACK = 1
_NEW = "a restore does what it was made for; create a new Restore instead"

RestoreConflict = Literal["Fail", "Skip", "Overwrite"]
RestoreFrom = Literal["Auto", "Repository", "Versions"]
RestorePhase = Literal["Pending", "Running", "Held", "Succeeded", "Failed"]
RESTORE_PHASES: tuple[RestorePhase, ...] = get_args(RestorePhase)


class NamedBackup(Model):
    """Names a Backup of the same namespace."""

    name: Annotated[Name, Field(description="Name of the Backup.")]


class LatestBackup(Model):
    """The newest backup of a schedule, or the last one that began before asOf."""

    schedule_ref: Annotated[NamedSchedule, Field(description="BackupSchedule whose backups are meant.")]
    bucket_ref: Annotated[
        NamedBucket | None,
        Field(description="ImageBucket whose backups are meant, of a schedule with a bucketSelector."),
    ] = None


class VersionedBucket(Model):
    """A bucket that keeps versions."""

    bucket_ref: Annotated[NamedBucket, Field(description="ImageBucket whose own versions are restored.")]


class RestoreDestination(Model):
    """Where the objects go."""

    bucket_ref: Annotated[
        NamedBucket,
        Field(
            description="ImageBucket that receives the objects; it may be the one that was backed up. The operator must own it."
        ),
    ]
    prefix: Annotated[
        Prefix | None, Field(description="Text before each key at the destination. Defaults to none.")
    ] = None


class KeyList(Model):
    """An object that lists keys."""

    bucket_ref: Annotated[NamedBucket, Field(description="ImageBucket that holds the list.")]
    key: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1024,
            description="Key of the object: one key a line, in UTF-8, at most 8 MiB and 100 000 keys. Each is the whole key of an object of the source, as reports name it.",
        ),
    ]


class RestoreFilter(Model):
    """Which objects are restored: those with one of the prefixes, and those in the list."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.prefixes) || has(self.keysFrom)",
            "the filter selects nothing in particular; give prefixes or keysFrom, or remove filter",
        ),
    )

    prefixes: Annotated[
        tuple[Prefix, ...] | None,
        ListSet(),
        Field(min_length=1, max_length=32, description="Beginnings of keys."),
    ] = None
    keys_from: Annotated[KeyList | None, Field(description="Object that lists keys.")] = None


class DrillSample(Model):
    """A proof instead of a restore: a sample is restored below a scratch prefix, read back, and deleted again."""

    sample: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Number of objects, of all parts of the backup. If none of n is damaged, at most 3/n of all objects are, with"
            " a confidence of 95 %.",
        ),
    ]
    decode_images: Annotated[
        bool | None,
        Field(description="true: every image of the sample is decoded to its last pixel. Defaults to false."),
    ] = None


_SOURCES = ("backupRef", "latestOf", "repository", "versionsOf")


class RestoreSpec(Model):
    """One restore. All but approve, limits and suspend is immutable."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            f"[{', '.join(f'has(self.{name})' for name in _SOURCES)}].filter(x, x).size() == 1",
            "say once what is restored: give exactly one of backupRef, latestOf, repository and versionsOf",
        ),
        Cel(
            "!has(self.backupRef) || !has(self.asOf)",
            "backupRef names one backup, which has its moment; remove asOf, or give latestOf",
        ),
        Cel(
            "!has(self.versionsOf) || has(self.asOf)",
            "versions are those of a moment; give asOf with versionsOf",
        ),
        Cel(
            "!has(self.source) || self.source != 'Versions' || has(self.asOf)",
            "versions are those of a moment; give asOf with source: Versions",
        ),
        Cel(
            "!has(self.versionsOf) || !has(self.source) || self.source == 'Versions'",
            "versionsOf names no repository; remove source, or name a repository instead",
        ),
        Cel(
            "!has(self.drill) || !has(self.versionsOf)",
            "a drill proves a backup; name one instead of versionsOf",
        ),
        Cel(
            "!has(self.drill) || !(has(self.filter) || has(self.priorities) || has(self.conflict) || has(self.readBackPercent)"
            " || has(self.runsIn) || has(self.pod))",
            "a drill chooses a sample, reads all of it back, overwrites nothing, and runs in the operator; remove filter, priorities,"
            " conflict, readBackPercent, runsIn and pod",
        ),
    )

    backup_ref: Annotated[
        NamedBackup | None, Immutable(_NEW), Field(description="Backup that is restored. Immutable.")
    ] = None
    latest_of: Annotated[
        LatestBackup | None,
        Immutable(_NEW),
        Field(
            description="Schedule whose newest backup is restored, or with asOf the last one that began before it. Immutable."
        ),
    ] = None
    repository: Annotated[
        BackupRepository | None,
        Immutable(_NEW),
        Field(
            description="Repository whose newest backup is restored, or with asOf the last one that began before it. Needs no schedule:"
            " a new cluster restores what a lost one backed up. Immutable."
        ),
    ] = None
    versions_of: Annotated[
        VersionedBucket | None,
        Immutable(_NEW),
        Field(description="Bucket whose own versions are restored, without a backup. Immutable."),
    ] = None
    as_of: Annotated[
        datetime | None,
        Immutable(_NEW),
        Field(
            description="Moment that is restored, by the store's clock. Absent: the newest backup. Immutable."
        ),
    ] = None
    source: Annotated[
        RestoreFrom | None,
        Immutable(_NEW),
        Field(
            description="With asOf: where the objects come from. Versions: from the versions that the source bucket still keeps."
            " Repository: from the backup. Auto: from the versions if they tell all that the bucket held, else from the backup;"
            " status says which and why. Defaults to Auto. Immutable."
        ),
    ] = None
    destination: Annotated[
        RestoreDestination, Immutable(_NEW), Field(description="Where the objects go. Immutable.")
    ]
    filter: Annotated[
        RestoreFilter | None,
        Immutable(_NEW),
        Field(description="Which objects are restored. Absent: all of them. Immutable."),
    ] = None
    priorities: Annotated[
        tuple[Prefix, ...] | None,
        ListSet(),
        Immutable(_NEW),
        Field(
            min_length=1,
            max_length=16,
            description="Beginnings of keys that are restored before all others, in this order. Immutable.",
        ),
    ] = None
    conflict: Annotated[
        RestoreConflict | None,
        Immutable(_NEW),
        Field(
            description="What becomes of objects that are at the destination. Fail: nothing is written if there is any. Skip: they stay."
            " Overwrite: they are replaced; where the destination keeps no versions, the restore first shows in status.plan how"
            " many, and waits for the token. Defaults to Fail. Immutable."
        ),
    ] = None
    read_back_percent: Annotated[
        int | None,
        Immutable(_NEW),
        Field(
            ge=0,
            le=100,
            description="Share of the written objects that are read back and hashed, at least one of each 2000. Every written object is"
            " compared by its ETag, and found again in a listing, whatever this says. Defaults to 1. Immutable.",
        ),
    ] = None
    drill: Annotated[
        DrillSample | None,
        Immutable(_NEW),
        Field(description="A proof instead of a restore. Absent: a restore. Immutable."),
    ] = None
    runs_in: Annotated[
        RunsIn | None,
        Immutable(_NEW),
        Field(
            description="Operator: the operator writes the objects by itself. Job: one pod of a Job writes them. Absent: a Job where more"
            " than 100 000 objects or 100Gi are to be written, or more than 5 000 000 are selected. The operator chooses and counts before,"
            " whatever this says. Without a cluster, or without the chart's jobs.enabled, it restores by itself. Immutable."
        ),
    ] = None
    pod: Annotated[
        RunPods | None,
        Immutable(_NEW),
        Field(
            description="Pod of a restore that is a Job, see runsIn. Absent: as the chart has it. Immutable."
        ),
    ] = None
    limits: Annotated[
        BackupLimits | None,
        Field(
            description="Limits of the restore, besides those of the StorageBackends. After an edit the restore goes on with the new ones."
            " Absent: none."
        ),
    ] = None
    approve: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...],
        ListSet(),
        Field(
            max_length=16,
            description="Token of a held plan that is approved, as status.plan shows it. It is good for this plan only.",
        ),
    ] = ()
    suspend: Annotated[
        bool | None,
        Field(description="true: the restore pauses, and resumes when this is removed. Defaults to false."),
    ] = None
