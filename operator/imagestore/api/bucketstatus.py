"""The status of an ImageBucket."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from imagestore.core.conditions import Judged
from imagestore.core.model import Line, ListMap, Model, Sentence, Shown, UnknownAs
from imagestore.core.reasons import Reason

State = Literal["InSync", "Drifted", "Pending", "Held", "Unsupported", "Failed"]


MOST_PARTS = 320  # of one setting: more than any may have at a time


class FacetStatus(Model):
    """State of one setting, as last read from the store."""

    name: Annotated[str, Field(max_length=64, description="Name of the setting in the spec.")]
    state: Annotated[
        State,
        UnknownAs("Pending"),
        Field(
            description="InSync: the store agrees with the spec. Drifted: it was changed in the store."
            " Pending: not read or written yet. Held: a change waits for approval."
            " Unsupported: the store does not have the setting. Failed: the store refused it."
        ),
    ]
    reason: Annotated[
        Reason | None, Field(max_length=256, description="Reason in one CamelCase word, for programs.")
    ] = None
    message: Annotated[Sentence | None, Field(description="Reason in a sentence, for people.")] = None
    desired_digest: Annotated[
        str | None,
        Field(max_length=64, description="Digest of the desired value that the store was last read to have."),
    ] = None
    parts: Annotated[
        tuple[Annotated[str, Field(max_length=512)], ...],
        Field(
            max_length=MOST_PARTS,
            description="Tags, statements or rules that the operator manages: their names, or digests of"
            " them where they are many.",
        ),
    ] = ()
    drift: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Digest of all differences that were reported as drift of this setting.",
        ),
    ] = None
    switched_off: Annotated[
        bool | None,
        Field(description="Whether that drift includes lifecycle rules that were disabled in the store."),
    ] = None


class FieldDrift(Model):
    """One field whose observed value is not the desired one."""

    path: Annotated[Line, Field(description="Path of the field, such as versioning.state.")]
    desired: Annotated[Line | None, Field(description="Value in the spec, as JSON.")] = None
    observed: Annotated[Line | None, Field(description="Value in the store, as JSON.")] = None


class DriftRecord(Model):
    """One drift that has ended."""

    since: Annotated[datetime, Field(description="When the drift was confirmed.")]
    until: Annotated[datetime, Field(description="When the drift ended.")]
    how: Annotated[
        Literal["Corrected", "Vanished", "Accepted"],
        Field(
            description="Corrected: by the operator. Vanished: reverted in the store. Accepted: the spec"
            " was changed to match."
        ),
    ]
    paths: Annotated[
        tuple[Line, ...],
        Field(max_length=16, description="The first of the fields that had drifted."),
        Shown(16),
    ]


class DriftStatus(Model):
    """Differences between the store and the spec that no change of the spec explains."""

    since: Annotated[datetime | None, Field(description="When the present drift was confirmed.")] = None
    total: Annotated[int | None, Field(ge=0, description="Number of fields that differ now.")] = None
    policies: Annotated[
        tuple[Annotated[str, Field(max_length=253)], ...],
        Field(
            max_length=250,
            description="LifecyclePolicies whose rules have drifted, or digests of their names.",
        ),
    ] = ()
    fields: Annotated[
        tuple[FieldDrift, ...],
        Field(max_length=64, description="The first of the fields that differ now."),
        Shown(64),
    ] = ()
    history: Annotated[
        tuple[DriftRecord, ...],
        Field(max_length=10, description="The last ten drifts that ended, the latest first."),
        Shown(10),
    ] = ()


class Held(Model):
    """A change that waits for approval."""

    facet: Annotated[
        str,
        Field(max_length=64, description="The setting that would change, or adoption, content or creation."),
    ]
    token: Annotated[
        str,
        Field(
            max_length=64, description="Token that approves this one hold when it is added to spec.approve."
        ),
    ]
    why: Annotated[Sentence, Field(description="What the change would do.")]
    digest: Annotated[str, Field(max_length=64, description="Digest of the held change.")]
    removes: Annotated[
        Line | None,
        Field(description="Versions that the change would delete, as counted. Absent: not counted."),
    ] = None


class PlanStatus(Model):
    """Changes that are planned or wait."""

    digest: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Digest of the changes that would be written. The same changes have the same digest.",
        ),
    ] = None
    held: Annotated[
        tuple[Held, ...], Field(max_length=64, description="Changes that wait for approval.")
    ] = ()


class BucketUsage(Model):
    """Content of the bucket, where the store reports it."""

    objects: Annotated[int, Field(ge=0, description="Number of objects.")]
    bytes: Annotated[int, Field(ge=0, description="Size in bytes.")]


class Emptying(Model):
    """Progress of a deletion with deletionPolicy DeleteAll."""

    removed: Annotated[
        int,
        Field(ge=0, description="Number of versions, delete markers and uploads that were deleted so far."),
    ]
    message: Annotated[Sentence | None, Field(description="What the deletion waits for.")] = None


class ImageBucketStatus(Judged):
    """Observed state of the bucket: what the operator read from the store, never what the spec asks for."""

    bucket_name: Annotated[
        str | None, Field(max_length=63, description="Name of the bucket in the store.")
    ] = None
    endpoint: Annotated[
        str | None, Field(max_length=512, description="Endpoint at which the bucket is reached.")
    ] = None
    identifier: Annotated[
        str | None, Field(max_length=512, description="Name of the bucket that is unique in the store.")
    ] = None
    arn: Annotated[
        str | None,
        Field(max_length=256, description="Amazon resource name of the bucket. Absent: the store has none."),
    ] = None
    region: Annotated[str | None, Field(max_length=64, description="Region of the bucket.")] = None
    intent: Annotated[
        datetime | None,
        Field(
            description="When the operator was about to create the bucket. Removed once the bucket has"
            " the owner mark."
        ),
    ] = None
    created: Annotated[
        datetime | None,
        Field(
            description="When the operator created the bucket, adopted it or found its owner mark there."
            " Absent: the bucket does not belong to this object."
        ),
    ] = None
    lost_at: Annotated[
        datetime | None,
        Field(description="When the bucket was found missing. Removed when the loss is acknowledged."),
    ] = None
    facets: Annotated[
        tuple[FacetStatus, ...], ListMap("name"), Field(max_length=64, description="State of each setting.")
    ] = ()
    drift: Annotated[
        DriftStatus | None,
        Field(description="Differences between the store and the spec that no change of the spec explains."),
    ] = None
    plan: Annotated[PlanStatus | None, Field(description="Changes that are planned or wait.")] = None
    deletion: Annotated[
        Emptying | None, Field(description="Progress of a deletion with deletionPolicy DeleteAll.")
    ] = None
    inputs_hash: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Hash of the inputs besides the spec: the backend and the LifecyclePolicies.",
        ),
    ] = None
    reconcile_request: Annotated[
        str | None,
        Field(max_length=256, description="The last spec.reconcileRequest that the operator acted on."),
    ] = None
    usage: Annotated[
        BucketUsage | None, Field(description="Content of the bucket, where the store reports it.")
    ] = None
