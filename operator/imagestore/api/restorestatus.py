"""The status of a Restore."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from imagestore.api.replicationstatus import FailedObjects
from imagestore.api.repositories import BackupRepository, RunProgressStatus
from imagestore.api.restore import RestorePhase
from imagestore.core.conditions import Judged
from imagestore.core.model import Line, ListMap, Model, Shown


class RestorePlanStatus(Model):
    """What the restore does, counted before it began."""

    objects: Annotated[int, Field(ge=0, description="Objects that are restored.")]
    bytes: Annotated[int, Field(ge=0, description="Their size in bytes.")]
    present: Annotated[
        int, Field(ge=0, description="How many of their keys the destination had when this was counted.")
    ] = 0
    unapproved: Annotated[
        int | None,
        Field(
            ge=0,
            description="Objects that a restore which had begun already would overwrite next, and that were written at the destination"
            " after present was counted, or whose approval was withdrawn. Absent: there is none.",
        ),
    ] = None
    token: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Token that lets the present objects, or the unapproved ones, be overwritten when it is added to spec.approve."
            " Absent: nothing is held.",
        ),
    ] = None


class RestoreOriginStatus(Model):
    """What a restore takes its objects from. It holds until the end, whatever becomes of the objects that named it."""

    repository: Annotated[
        BackupRepository | None, Field(description="Repository of the backup. Absent: the bucket's versions.")
    ] = None
    backup: Annotated[
        str | None,
        Field(max_length=256, description="Backup that was named. Absent: the newest, or that of spec.asOf."),
    ] = None
    bucket: Annotated[
        str | None,
        Field(max_length=253, description="ImageBucket that was backed up. Absent: it is not known."),
    ] = None


class RestorePriorityStatus(Model):
    """One priority of a restore that goes on."""

    prefix: Annotated[
        str, Field(max_length=1024, description="Prefix of spec.priorities; empty: all other objects.")
    ]
    objects: Annotated[int, Field(ge=0, description="Objects that it has.")]
    done: Annotated[int, Field(ge=0, description="Objects that are done.")] = 0
    eta: Annotated[
        datetime | None,
        Field(description="When it is restored if the restore goes on at this rate. Absent: not known."),
    ] = None


class RestoreDrillStatus(Model):
    """What a drill proved."""

    sampled: Annotated[int, Field(ge=0, description="Objects of the sample.")]
    decoded: Annotated[int, Field(ge=0, description="Images that were decoded to their last pixel.")] = 0
    finds_percent: Annotated[
        str,
        Field(
            max_length=64, description="Smallest damaged share that a drill of this size finds, with 95 %."
        ),
    ]
    whole_restore_seconds: Annotated[
        int,
        Field(ge=0, description="Time that a restore of the whole backup takes at the rate of the sample."),
    ] = 0
    left: Annotated[int, Field(ge=0, description="Objects of the drill that could not be deleted again.")] = 0


class RestoreStatus(Judged):
    """What was restored, as it was read back."""

    phase: Annotated[
        RestorePhase | None,
        Field(
            description="Pending: it waits for what conditions say. Held: it waits for approval. Succeeded: every object is at the"
            " destination. Failed: at least one is not; it does not go on."
        ),
    ] = None
    started: Annotated[datetime | None, Field(description="When it first began.")] = None
    finished: Annotated[datetime | None, Field(description="When it ended.")] = None
    origin: Annotated[
        RestoreOriginStatus | None,
        Field(description="What it takes its objects from, as it was when the restore was first asked for."),
    ] = None
    source: Annotated[
        Literal["Repository", "Versions"] | None, Field(description="Where the objects come from.")
    ] = None
    source_reason: Annotated[Line | None, Field(description="Why from there.")] = None
    backup: Annotated[
        str | None, Field(max_length=256, description="Name of the backup in the repository.")
    ] = None
    objects: Annotated[
        int | None, Field(ge=0, description="Objects that were written, and found again in a listing.")
    ] = None
    bytes: Annotated[int | None, Field(ge=0, description="Their size in bytes.")] = None
    equal: Annotated[
        int | None,
        Field(ge=0, description="Objects that were there already, with the same content and attributes."),
    ] = None
    kept: Annotated[
        int | None,
        Field(ge=0, description="Objects that were there and stayed as they were, by conflict: Skip."),
    ] = None
    verified: Annotated[
        int | None, Field(ge=0, description="Objects whose bytes were read back and had the right hash.")
    ] = None
    mismatched: Annotated[
        int | None, Field(ge=0, description="Objects that were read back with other bytes.")
    ] = None
    undecodable: Annotated[
        int | None,
        Field(ge=0, description="Images of a drill that do not decode, though they did at the source."),
    ] = None
    incomplete_attributes: Annotated[
        int | None,
        Field(
            ge=0, description="Objects of which the destination does not take an attribute, such as a lock."
        ),
    ] = None
    stale: Annotated[
        int | None,
        Field(
            ge=0,
            description="Objects that have the content of an earlier backup, because they could not be read when the restored one was made.",
        ),
    ] = None
    unread: Annotated[
        int | None,
        Field(
            ge=0,
            description="Objects of the whole bucket that could not be read when the backup was made: it does not have them, or an earlier"
            " content. imagestore backup show names them.",
        ),
    ] = None
    seconds: Annotated[int | None, Field(ge=0, description="Time that the run took that ended it.")] = None
    failed: Annotated[FailedObjects | None, Field(description="Objects that are not at the destination.")] = (
        None
    )
    plan: Annotated[RestorePlanStatus | None, Field(description="What the restore does.")] = None
    progress: Annotated[RunProgressStatus | None, Field(description="How far it is.")] = None
    priorities: Annotated[
        tuple[RestorePriorityStatus, ...],
        ListMap("prefix"),
        Shown(17),
        Field(max_length=17, description="How far each priority is, in their order."),
    ] = ()
    drill: Annotated[RestoreDrillStatus | None, Field(description="What the drill proved.")] = None
