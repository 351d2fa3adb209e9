"""Backup: one backup of a bucket's objects, made once."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.pods import RunPods
from imagestore.api.replicationstatus import FailedReason
from imagestore.api.repositories import (
    ITS_POD,
    WHERE_IT_RUNS,
    BackupLimits,
    BackupRepository,
    BackupSource,
    ObjectSelection,
    RepositoryImmutability,
    RunProgressStatus,
    RunsIn,
)
from imagestore.core.conditions import Judged
from imagestore.core.model import Cel, Duration, ListMap, Model, Name, Shown, UnknownAs

DEFAULT_DEADLINE = "24h"
BackupKind = Literal["Incremental", "Full"]

LONGEST_DEFINITION = 4096


class NamedSchedule(Model):
    """Names a BackupSchedule of the same namespace."""

    name: Annotated[Name, Field(description="Name of the BackupSchedule.")]


class BackupDefinition(Model):
    """What a backup is of, and where it goes: inline, or from a schedule."""

    source: BackupSource
    repository: BackupRepository
    kind: BackupKind | None = None
    filter: ObjectSelection | None = None
    immutability: RepositoryImmutability | None = None
    decode_images: bool | None = None
    limits: BackupLimits | None = None
    runs_in: RunsIn | None = None
    pod: RunPods | None = None


class BackupSpec(Model):
    """One backup of one bucket."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "self == oldSelf",
            "a Backup is made once, so its spec cannot change; delete it, and create another one",
        ),
        Cel(
            "has(self.scheduleRef) || (has(self.source) && has(self.repository))",
            "it is not said what to back up; give source and repository, or scheduleRef",
        ),
        Cel(
            "!has(self.scheduleRef) || !(has(self.source) || has(self.repository) || has(self.filter)"
            " || has(self.immutability) || has(self.decodeImages) || has(self.limits) || has(self.runsIn) || has(self.pod))",
            "the schedule says what to back up; remove source, repository, filter, immutability, decodeImages, limits, runsIn and"
            " pod, or scheduleRef",
        ),
        Cel(
            "!has(self.source) || !has(self.repository) || self.source.bucketRef.name != self.repository.bucketRef.name",
            "a repository in the bucket that it backs up would be lost with it; name another ImageBucket in"
            " repository.bucketRef",
        ),
    )

    schedule_ref: Annotated[
        NamedSchedule | None,
        Field(
            description="BackupSchedule that says what to back up, and where to. Instead of source and repository."
        ),
    ] = None
    source: Annotated[BackupSource | None, Field(description="Where the objects come from.")] = None
    repository: Annotated[
        BackupRepository | None,
        Field(
            description="Where the backups are. The operator creates the repository if there is none. A repository has the backups"
            " of one source."
        ),
    ] = None
    kind: Annotated[
        BackupKind | None,
        Field(
            description="Incremental reads the objects that changed since the last backup. Full reads all of them again. Either"
            " restores without any other backup, and stores equal content once. Defaults to that of the schedule, or"
            " Incremental."
        ),
    ] = None
    filter: Annotated[
        ObjectSelection | None, Field(description="Which objects are backed up. Absent: all of them.")
    ] = None
    immutability: Annotated[
        RepositoryImmutability | None,
        Field(
            description="Object lock for the files of the repository, if this backup creates it. The bucket must have object lock."
        ),
    ] = None
    decode_images: Annotated[
        bool | None,
        Field(
            description="true: the operator decodes each image that it reads, and notes in the backup which ones do not decode, so"
            " that a drill does not blame the backup. Costs CPU. Defaults to false."
        ),
    ] = None
    limits: Annotated[
        BackupLimits | None,
        Field(description="Limits of the run, besides those of the StorageBackends. Absent: none."),
    ] = None
    runs_in: Annotated[RunsIn | None, Field(description=WHERE_IT_RUNS)] = None
    pod: Annotated[RunPods | None, Field(description=ITS_POD)] = None
    scheduled_at: Annotated[
        datetime | None,
        Field(
            description="Time for which a schedule made this backup. Retention counts by it. Absent: made by hand."
        ),
    ] = None
    deadline: Annotated[
        Duration | None,
        Field(
            description="Time after the creation of this object at which a backup that fails is not tried again. A run that goes on"
            " then may end. Defaults to 24h."
        ),
    ] = None


class LeftOutObjects(Model):
    """Objects that a backup does not have, or only with an earlier content."""

    count: Annotated[int, Field(ge=0, description="Number of objects.")]
    by_reason: Annotated[
        tuple[FailedReason, ...],
        ListMap("reason"),
        Field(max_length=32, description="Number of objects by reason."),
        Shown(32),
    ] = ()


class BackupStatus(Judged):
    """Observed state of the backup."""

    phase: Annotated[
        Literal["Pending", "Running", "Succeeded", "PartiallyFailed", "Failed"] | None,
        UnknownAs("Failed"),
        Field(
            description="Pending: it waits. Running: objects are read. Succeeded: every object that can be read is in the backup, whose"
            " root was read back. PartiallyFailed: the same, but objects failed. Failed: there is no backup."
        ),
    ] = None
    started: Annotated[
        datetime | None,
        Field(
            description="When the run began. Of a backup by the clock of the repository's store, and never later than by the operator's."
        ),
    ] = None
    finished: Annotated[
        datetime | None, Field(description="When it ended. Of a Failed one by the operator's clock.")
    ] = None
    backup: Annotated[
        str | None,
        Field(
            max_length=128,
            description="Name of the backup in the repository, as imagestore backup list shows it.",
        ),
    ] = None
    base: Annotated[
        str | None,
        Field(max_length=128, description="Backup that this one was compared with. Absent: none."),
    ] = None
    source: Annotated[
        BackupSource | None, Field(description="Where the objects came from, as it was said then.")
    ] = None
    repository: Annotated[
        BackupRepository | None, Field(description="Where the backup is, as it was said then.")
    ] = None
    definition: Annotated[
        str | None,
        Field(
            max_length=LONGEST_DEFINITION,
            description="What the schedule of scheduleRef said when the run began, as JSON. Absent: none goes on, none is named, or it is"
            " longer; then the schedule says it.",
        ),
    ] = None
    objects: Annotated[int | None, Field(ge=0, description="Objects in the backup.")] = None
    bytes: Annotated[int | None, Field(ge=0, description="Size of these objects.")] = None
    new_objects: Annotated[
        int | None, Field(ge=0, description="Objects whose content was read in this run.")
    ] = None
    new_bytes: Annotated[
        int | None, Field(ge=0, description="Bytes that this run wrote to the repository.")
    ] = None
    deduplicated_bytes: Annotated[
        int | None,
        Field(
            ge=0,
            description="Bytes that were read and not written, because the repository had the same content.",
        ),
    ] = None
    stale: Annotated[
        int | None,
        Field(
            ge=0, description="Objects that have the content of an earlier backup, because they failed now."
        ),
    ] = None
    skipped: Annotated[
        LeftOutObjects | None,
        Field(
            description="Objects that no backup can read: encrypted with a customer's key, or archived; and repositories of backups, each counted once. Absent: none."
        ),
    ] = None
    failed: Annotated[
        LeftOutObjects | None,
        Field(description="Objects that could not be read. imagestore backup show names them. Absent: none."),
    ] = None
    progress: Annotated[
        RunProgressStatus | None, Field(description="How far the run is. Absent: none goes on.")
    ] = None
