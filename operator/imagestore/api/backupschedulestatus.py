"""The status of a BackupSchedule."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from imagestore.core.conditions import Judged
from imagestore.core.model import Line, ListMap, Model, Shown

MOST_BACKED_UP = 32
RootName = Annotated[str, Field(max_length=64)]
BackupName = Annotated[str, Field(max_length=253)]
SourceBucket = Annotated[str, Field(max_length=128)]


class EndedBackup(Model):
    """A Backup that ended."""

    name: Annotated[BackupName, Field(description="Name of the Backup object.")]
    bucket: Annotated[SourceBucket, Field(description="ImageBucket that was backed up.")]
    phase: Annotated[
        str, Field(max_length=32, description="How it ended: Succeeded, PartiallyFailed or Failed.")
    ]
    scheduled: Annotated[
        datetime | None, Field(description="Time for which it was scheduled. Absent: it was made by hand.")
    ] = None
    finished: Annotated[datetime | None, Field(description="When it ended.")] = None
    objects: Annotated[int, Field(ge=0, description="Number of objects in the backup.")] = 0
    bytes: Annotated[int, Field(ge=0, description="Size of these objects in bytes.")] = 0


class SuccessfulBackup(Model):
    """The newest backup that succeeded."""

    name: Annotated[BackupName, Field(description="Name of the Backup object, which may be deleted by now.")]
    backup: Annotated[RootName, Field(description="Name of the backup in the repository.")]
    made: Annotated[datetime, Field(description="When the Backup object was created.")]
    started: Annotated[
        datetime,
        Field(
            description="When its run began, and never later than when the operator heard of its success. It holds every change of the"
            " source before that."
        ),
    ]
    objects: Annotated[int, Field(ge=0, description="Number of objects in the backup.")] = 0
    bytes: Annotated[int, Field(ge=0, description="Size of these objects in bytes.")] = 0
    selection: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Digest of the filter that it was made with. Absent: it has all objects.",
        ),
    ] = None
    missing: Annotated[
        datetime | None,
        Field(
            description="When a check, drill or removal found that the repository does not have it. Absent: none found that."
        ),
    ] = None


class QuickCheck(Model):
    """What the last quick check found."""

    backup: Annotated[RootName, Field(description="Name of the backup that was checked.")]
    at: Annotated[datetime, Field(description="When it was checked.")]
    objects: Annotated[int, Field(ge=0, description="Number of objects that were checked.")] = 0
    damaged: Annotated[int, Field(ge=0, description="Number of objects that are damaged.")] = 0


class FullCheck(Model):
    """What reading all contents found so far."""

    next: Annotated[int, Field(ge=0, le=365, description="Part that is read next, from 0.")]
    of: Annotated[int, Field(ge=1, le=365, description="Number of parts.")]
    at: Annotated[datetime, Field(description="When the last part was read.")]
    began: Annotated[datetime, Field(description="When the first part of this round was read.")]
    complete: Annotated[
        datetime | None,
        Field(
            description="Beginning of the last round that read every byte: what was there then has been read since. Absent: no round"
            " is complete."
        ),
    ] = None
    bytes: Annotated[int, Field(ge=0, description="Bytes that were read and hashed in the last part.")] = 0
    damaged: Annotated[int, Field(ge=0, description="Number of objects that are damaged, in this round.")] = 0
    rejected: Annotated[
        int,
        Field(
            ge=0,
            description="Number of files that look like a backup and do not count, as they are damaged, foreign or not given by the store."
            " imagestore backup list names them.",
        ),
    ] = 0


class DrillResult(Model):
    """What the last drill found."""

    scheduled: Annotated[datetime, Field(description="Time for which it was scheduled.")]
    at: Annotated[datetime, Field(description="When it ended.")]
    backup: Annotated[RootName, Field(description="Name of the backup of which a sample was restored.")]
    sampled: Annotated[
        int, Field(ge=0, description="Number of objects that were restored and read back.")
    ] = 0
    failed: Annotated[
        int,
        Field(ge=0, description="Number of objects that did not come back whole, as the backup is damaged."),
    ] = 0
    unrestored: Annotated[
        int,
        Field(
            ge=0,
            description="Number of objects that the bucket of the drill did not take or give back, and that the backup has whole.",
        ),
    ] = 0
    decoded: Annotated[int, Field(ge=0, description="Number of images that were decoded.")] = 0
    undecodable: Annotated[
        int,
        Field(
            ge=0,
            description="Number of images that do not decode, though their bytes are those that were backed up.",
        ),
    ] = 0
    left: Annotated[
        int, Field(ge=0, description="Number of objects of the drill that could not be deleted.")
    ] = 0
    estimate_seconds: Annotated[
        int, Field(ge=0, description="Time that a restore of everything takes at the rate of the drill.")
    ] = 0


class KnownDamage(Model):
    """Damage that a check or drill found."""

    objects: Annotated[int, Field(ge=1, description="Number of objects that were found damaged.")]
    until: Annotated[
        int,
        Field(
            ge=0,
            description="Part of the contents, from 0. The damage is over once this part is read and is whole: then every other part was"
            " read since, and was whole.",
        ),
    ]
    since: Annotated[
        datetime | None,
        Field(description="When the first of it was found. Absent: before this field was there."),
    ] = None


class HeldRemoval(Model):
    """Backups that are not deleted before a person approves."""

    token: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Token that lets these backups be deleted when it is added to spec.approve. Absent: nothing does before the"
            " reason is over.",
        ),
    ] = None
    backups: Annotated[int, Field(ge=0, description="Number of backups that would be deleted.")] = 0
    why: Annotated[Line, Field(description="Why they are held.")]


class RemovalResult(Model):
    """What the last removal did."""

    at: Annotated[datetime, Field(description="When it ended.")]
    after: Annotated[RootName, Field(description="Name of the newest backup at that time.")]
    backups: Annotated[int, Field(ge=0, description="Number of backups that stay.")] = 0
    forgotten: Annotated[int, Field(ge=0, description="Number of backups that were deleted.")] = 0
    bytes: Annotated[int, Field(ge=0, description="Bytes of the files that the backups need.")] = 0
    freed: Annotated[int, Field(ge=0, description="Bytes of the files that were deleted.")] = 0
    held: Annotated[
        HeldRemoval | None, Field(description="Backups that wait for approval. Absent: none.")
    ] = None


class KnownRepository(Model):
    """The repository that the rest is known of."""

    place: Annotated[
        str,
        Field(max_length=1280, description="ImageBucket and prefix of the repository, as in backups/photos."),
    ]
    since: Annotated[
        datetime | None,
        Field(
            description="When the spec named it instead of another one. Absent: it named no other one before."
        ),
    ] = None


class BackedUpBucket(Model):
    """The backups of one ImageBucket."""

    name: Annotated[SourceBucket, Field(description="Name of the ImageBucket.")]
    repository: Annotated[
        KnownRepository | None, Field(description="The repository that the rest is known of.")
    ] = None
    last: Annotated[
        SuccessfulBackup | None, Field(description="The newest backup that succeeded. Absent: none did.")
    ] = None
    quick: Annotated[QuickCheck | None, Field(description="The last quick check. Absent: none yet.")] = None
    full: Annotated[
        FullCheck | None,
        Field(description="Reading all contents, a part a day. Absent: no part was read yet."),
    ] = None
    drill: Annotated[DrillResult | None, Field(description="The last drill. Absent: none yet.")] = None
    damage: Annotated[
        KnownDamage | None,
        Field(
            description="Damage that was found, and holds every removal until a person approves. Absent: none is known."
        ),
    ] = None
    removal: Annotated[RemovalResult | None, Field(description="The last removal. Absent: none yet.")] = None
    locked: Annotated[
        datetime | None,
        Field(
            description="When object locks of the backups were last extended. Absent: never, or there are none."
        ),
    ] = None
    trouble: Annotated[
        Line | None, Field(description="Why a check, drill or removal could not be made. Absent: nothing.")
    ] = None


class DrillTimes(Model):
    """When drills are due."""

    timing: Annotated[
        str | None, Field(max_length=256, description="Times that until is about, as the spec had them.")
    ] = None
    since: Annotated[datetime | None, Field(description="When these times began to count.")] = None
    until: Annotated[datetime, Field(description="Scheduled times up to this one are dealt with.")]
    due: Annotated[
        datetime | None,
        Field(description="Scheduled time of the last drill that was due. Absent: none was yet."),
    ] = None
    missed: Annotated[int, Field(ge=0, description="Number of drills that were missed.")] = 0


class BackupScheduleStatus(Judged):
    """Observed state of the backups of a schedule."""

    timing: Annotated[
        str | None,
        Field(max_length=256, description="Times that until and nextRun are about, as the spec had them."),
    ] = None
    until: Annotated[
        datetime | None,
        Field(description="Scheduled times up to this one are dealt with: begun, skipped or missed."),
    ] = None
    next_run: Annotated[datetime | None, Field(description="When the next Backup is made.")] = None
    last_scheduled: Annotated[
        datetime | None, Field(description="Scheduled time of the last Backup that the operator made.")
    ] = None
    missed: Annotated[
        int | None,
        Field(
            ge=0, description="Number of scheduled times that passed while no run could begin. Absent: none."
        ),
    ] = None
    skipped: Annotated[
        int | None,
        Field(
            ge=0,
            description="Number of scheduled times at which the run before had not ended. Absent: none.",
        ),
    ] = None
    last_success: Annotated[
        datetime | None,
        Field(
            description="When the run of the newest backup that succeeded began; of several buckets the oldest of these. Absent: a"
            " bucket has none."
        ),
    ] = None
    last_verified: Annotated[
        datetime | None,
        Field(description="When contents were last read back and all were whole, by full checks or a drill."),
    ] = None
    last_drill: Annotated[datetime | None, Field(description="When the last drill ended.")] = None
    drills: Annotated[
        DrillTimes | None, Field(description="When drills are due. Absent: there are none.")
    ] = None
    buckets: Annotated[
        tuple[BackedUpBucket, ...],
        ListMap("name"),
        Field(max_length=MOST_BACKED_UP, description="The backups of each bucket."),
    ] = ()
    history: Annotated[
        tuple[EndedBackup, ...],
        ListMap("name"),
        Field(max_length=20, description="Backups that ended last, the newest first."),
        Shown(20),
    ] = ()
