"""The status of a ReplicationPolicy."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from imagestore.api.failover import FailoverPublish, ReplicationRole
from imagestore.api.replicationpolicy import ReplicationFilter
from imagestore.core.conditions import Judged
from imagestore.core.model import Line, ListMap, Model, Shown, UnknownAs


class ObjectAmount(Model):
    """Objects and their size."""

    objects: Annotated[int, Field(ge=0, description="Number of objects.")] = 0
    bytes: Annotated[int, Field(ge=0, description="Size in bytes.")] = 0


class FailedReason(Model):
    """Objects that failed for one reason."""

    reason: Annotated[str, Field(max_length=64, description="Reason in one CamelCase word.")]
    objects: Annotated[int, Field(ge=0, description="Number of objects.")]


class FailedObjects(Model):
    """Objects that the last run could not copy."""

    count: Annotated[int, Field(ge=0, description="Number of objects.")]
    by_reason: Annotated[
        tuple[FailedReason, ...],
        ListMap("reason"),
        Field(max_length=32, description="Number of objects by reason."),
        Shown(32),
    ] = ()
    report: Annotated[
        str | None,
        Field(max_length=1024, description="Key of an object at the destination that lists them."),
    ] = None


class WaitingDeletes(Model):
    """Deletes, or copies over newer objects of others, that wait for approval."""

    token: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Token that lets them go when it is added to spec.approve. Absent: nothing does before the"
            " reason is over.",
        ),
    ] = None
    objects: Annotated[
        int, Field(ge=0, description="Number of objects that would be deleted or overwritten.")
    ]
    why: Annotated[Line, Field(description="Why they are held.")]


class LostAttribute(Model):
    """An attribute that this pair of stores cannot carry."""

    attribute: Annotated[str, Field(max_length=64, description="Attribute, such as tags.")]
    objects: Annotated[int, Field(ge=0, description="Objects that have it at the source.")]


class ParityStatus(Model):
    """What reading both sides of a random sample found."""

    sampled: Annotated[int, Field(ge=0, description="Number of objects that were read on both sides.")]
    mismatched: Annotated[
        int, Field(ge=0, description="Number of them that differed, or were missing on one side.")
    ]
    unreadable: Annotated[int, Field(ge=0, description="Number of objects that a store would not give.")] = 0
    at: Annotated[datetime, Field(description="When they were read.")]


class CanaryStatus(Model):
    """The last canary that arrived."""

    sent: Annotated[datetime, Field(description="When it was uploaded to the source.")]
    delay_milliseconds: Annotated[
        int, Field(ge=0, description="Milliseconds until it was at the destination, at most.")
    ]


class LateWrites(Model):
    """Objects that reached the side that is not written to any more, and were brought over to the other one."""

    objects: Annotated[int, Field(ge=0, description="Number of objects since the role last changed.")]
    report: Annotated[
        str | None,
        Field(
            max_length=1024,
            description="Key of an object at the destination that lists those of the last run that brought any, with the reason"
            " LateWrite.",
        ),
    ] = None


class FailoverStatus(Model):
    """Which of the two buckets is written to now."""

    role: Annotated[
        ReplicationRole,
        UnknownAs("Primary"),
        Field(description="Primary: the source is written to. Promoted: the destination is."),
    ]
    settled: Annotated[
        bool,
        Field(
            description="Whether a run that began after the last change of the role has made both buckets equal."
        ),
    ]
    since: Annotated[datetime, Field(description="When the role last changed.")]
    source: Annotated[
        str | None, Field(max_length=253, description="ImageBucket that is the source of this role.")
    ] = None
    destination: Annotated[
        str | None, Field(max_length=253, description="ImageBucket that is the destination of this role.")
    ] = None
    prefix: Annotated[
        str | None, Field(max_length=1024, description="spec.destination.prefix of this role. Absent: none.")
    ] = None
    filter: Annotated[
        ReplicationFilter | None, Field(description="spec.filter of this role. Absent: none.")
    ] = None
    existing_objects: Annotated[
        bool | None, Field(description="spec.existingObjects of this role. Absent: true.")
    ] = None
    publish: Annotated[
        FailoverPublish | None,
        Field(
            description="Objects that lead applications, as spec.failover.publish last named them: they are led back although"
            " it is removed."
        ),
    ] = None
    fence: Annotated[bool | None, Field(description="spec.failover.fence, as it last was. Absent: true.")] = (
        None
    )
    copied: Annotated[
        bool | None,
        Field(
            description="Whether a run has read both buckets to the end since source, destination, prefix and filter are these."
            " Without it the operator does not promote the destination by itself. Absent: false."
        ),
    ] = None
    late_writes: Annotated[
        LateWrites | None,
        Field(
            description="Objects that programs wrote to the other side after the role last changed, as an upload that was under way"
            " does. Runs brought them over. Absent: none."
        ),
    ] = None
    return_token: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Token that lets the operator go back to the source when it is added to spec.approve. Present after the"
            " operator promoted the destination by itself.",
        ),
    ] = None


class RunningCopy(Model):
    """A run that goes on."""

    copied: Annotated[ObjectAmount, Field(description="Objects that it has copied so far.")]
    backlog: Annotated[
        ObjectAmount | None,
        Field(
            description="About how much it is still to copy, as far as it is known: what was listed and not copied yet or, of"
            " a Job, what was estimated before it began."
        ),
    ] = None


class ReplicationPolicyStatus(Judged):
    """Observed state of the replication: what the last runs read in both buckets."""

    method: Annotated[
        str | None,
        Field(max_length=32, description="How objects get to the destination: Native or Copy."),
    ] = None
    method_reason: Annotated[
        Line | None, Field(description="Why method Auto chose to copy. Absent: it did not.")
    ] = None
    failover: Annotated[
        FailoverStatus | None,
        Field(description="Which of the two buckets is written to now. Absent without spec.failover."),
    ] = None
    backlog: Annotated[
        ObjectAmount | None,
        Field(description="Objects of the source that the last complete run left without an equal copy."),
    ] = None
    copied: Annotated[
        ObjectAmount | None, Field(description="Objects that the last run with a copy copied.")
    ] = None
    running: Annotated[
        RunningCopy | None,
        Field(
            description="The run that goes on, every half minute. Absent: none does, or it has copied nothing yet."
        ),
    ] = None
    counted_since: Annotated[
        datetime | None,
        Field(
            description="About the moment from which objectives.rpo counts: every change of the source before it is at the destination or,"
            " before the first complete run, when the first one was asked for. A restart of the operator does not move it."
        ),
    ] = None
    since: Annotated[
        datetime | None,
        Field(
            description="When the policy was created, by the operator's clock: older objects are not copied. Absent unless"
            " existingObjects is false."
        ),
    ] = None
    failed: Annotated[
        FailedObjects | None, Field(description="Objects that the last run could not copy. Absent: none.")
    ] = None
    held: Annotated[
        WaitingDeletes | None,
        Field(
            description="Deletes, or copies over newer objects of others, that wait for approval. Absent: none."
        ),
    ] = None
    parity: Annotated[
        ParityStatus | None, Field(description="The last sample. Absent: none was read yet.")
    ] = None
    canary: Annotated[
        CanaryStatus | None, Field(description="The last canary that arrived. Absent: none has yet.")
    ] = None
    conflicts: Annotated[
        int | None,
        Field(
            ge=0,
            description="Objects that both sides had changed when the last run met them. The report lists them. Absent: none.",
        ),
    ] = None
    lost: Annotated[
        tuple[LostAttribute, ...],
        ListMap("attribute"),
        Field(max_length=32, description="Attributes that this pair of stores cannot carry."),
        Shown(32),
    ] = ()
