"""What became of an ImageBucket, as its status says it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from imagestore.core.conditions import Judged
from imagestore.core.model import Line, ListMap, Model, Sentence, Shown, UnknownAs
from imagestore.core.reasons import Reason

State = Literal["InSync", "Drifted", "Pending", "Held", "Unsupported", "Failed"]


MOST_PARTS = 320  # of one setting: more than any may have at a time


class FacetStatus(Model):
    """What became of one setting, as last read."""

    name: Annotated[str, Field(max_length=64, description="The field of the spec.")]
    state: Annotated[State, UnknownAs("Pending"), Field(description="Whether the store agrees.")]
    reason: Annotated[Reason | None, Field(max_length=256, description="One word for programs.")] = None
    message: Annotated[Sentence | None, Field(description="A sentence for people.")] = None
    wish: Annotated[
        str | None,
        Field(max_length=64, description="Digest of the wish that the store was last seen to hold."),
    ] = None
    parts: Annotated[
        tuple[Annotated[str, Field(max_length=512)], ...],
        Field(
            max_length=MOST_PARTS,
            description="Tags, statements or rules that are ours: their names, or digests of them where they are many.",
        ),
    ] = ()
    drift: Annotated[
        str | None,
        Field(max_length=64, description="Digest of all that was told to have drifted in it."),
    ] = None
    switched_off: Annotated[
        bool | None, Field(description="Whether rules that were switched off are among that.")
    ] = None


class FieldDrift(Model):
    """One field that is not as wished."""

    path: Annotated[Line, Field(description="Such as versioning.state.")]
    desired: Annotated[Line | None, Field(description="As the spec has it, as JSON.")] = None
    observed: Annotated[Line | None, Field(description="As the store has it, as JSON.")] = None


class DriftRecord(Model):
    """One drift that is over."""

    since: Annotated[datetime, Field(description="When it was declared.")]
    until: Annotated[datetime, Field(description="When it was gone.")]
    how: Annotated[Literal["Corrected", "Vanished", "Accepted"], Field(description="Who ended it.")]
    paths: Annotated[
        tuple[Line, ...],
        Field(max_length=16, description="Which fields, the first of them."),
        Shown(16),
    ]


class DriftStatus(Model):
    """What differs without anybody having asked for it."""

    since: Annotated[datetime | None, Field(description="When the present drift was declared.")] = None
    total: Annotated[int | None, Field(ge=0, description="How many fields differ now.")] = None
    policies: Annotated[
        tuple[Annotated[str, Field(max_length=253)], ...],
        Field(
            max_length=250, description="LifecyclePolicies of whose rules some differ, or digests of them."
        ),
    ] = ()
    fields: Annotated[
        tuple[FieldDrift, ...],
        Field(max_length=64, description="What differs now, the first of it."),
        Shown(64),
    ] = ()
    history: Annotated[
        tuple[DriftRecord, ...], Field(max_length=10, description="The last ten."), Shown(10)
    ] = ()


class Held(Model):
    """A change that waits for a person."""

    facet: Annotated[str, Field(max_length=64, description="The setting, or adoption, content or creation.")]
    token: Annotated[
        str, Field(max_length=64, description="Put it into spec.approve to let this one hold go.")
    ]
    why: Annotated[Sentence, Field(description="What would happen.")]
    digest: Annotated[str, Field(max_length=64, description="Of the change that is held.")]
    removes: Annotated[
        Line | None,
        Field(description="What it would remove, as it was counted; absent: that is not counted."),
    ] = None


class PlanStatus(Model):
    """What waits."""

    digest: Annotated[
        str | None,
        Field(max_length=64, description="Of what would be written; the same for the same changes."),
    ] = None
    held: Annotated[tuple[Held, ...], Field(max_length=64, description="What waits for approval.")] = ()


class Usage(Model):
    """What the bucket holds, when the store tells."""

    objects: Annotated[int, Field(ge=0, description="How many.")]
    bytes: Annotated[int, Field(ge=0, description="How much.")]


class Emptying(Model):
    """How far a deletion is."""

    removed: Annotated[int, Field(ge=0, description="Versions, delete markers and uploads removed so far.")]
    message: Annotated[Sentence | None, Field(description="What it waits for.")] = None


class ImageBucketStatus(Judged):
    """Built from what was read back from the store, never from what was wished."""

    bucket_name: Annotated[str | None, Field(max_length=63, description="The bucket.")] = None
    endpoint: Annotated[str | None, Field(max_length=512, description="Where it is reached.")] = None
    identifier: Annotated[
        str | None,
        Field(max_length=512, description="The name that the store gives to this bucket and to no other."),
    ] = None
    arn: Annotated[
        str | None,
        Field(max_length=256, description="Its Amazon resource name; absent: the store has none."),
    ] = None
    region: Annotated[str | None, Field(max_length=64, description="Its region.")] = None
    intent: Annotated[
        datetime | None, Field(description="Set before the bucket is created, gone when it is ours.")
    ] = None
    created: Annotated[
        datetime | None,
        Field(
            description="When the operator made it, took it over or found it by its mark; absent: it is not this object's."
        ),
    ] = None
    lost_at: Annotated[
        datetime | None, Field(description="When it was found missing; gone when acknowledged.")
    ] = None
    facets: Annotated[
        tuple[FacetStatus, ...], ListMap("name"), Field(max_length=64, description="Setting by setting.")
    ] = ()
    drift: Annotated[DriftStatus | None, Field(description="What nobody asked for.")] = None
    plan: Annotated[PlanStatus | None, Field(description="What waits for somebody.")] = None
    deletion: Annotated[Emptying | None, Field(description="How far a deletion is.")] = None
    inputs_hash: Annotated[
        str | None, Field(max_length=64, description="Of what decides besides the spec: the backend.")
    ] = None
    reconcile_request: Annotated[
        str | None, Field(max_length=256, description="The last spec.reconcileRequest that was acted on.")
    ] = None
    usage: Annotated[Usage | None, Field(description="What it holds, when the store tells.")] = None
