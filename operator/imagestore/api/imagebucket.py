"""ImageBucket: one bucket and every setting of it that the user cares about."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.between import BETWEEN_SETTINGS
from imagestore.api.names import BucketName, Name
from imagestore.api.storagebackend import DeletionPolicy
from imagestore.core.conditions import Condition
from imagestore.core.facet import Facet
from imagestore.core.model import Cel, Duration, Form, Immutable, ListMap, ListSet, Model
from imagestore.core.paths import PATH
from imagestore.facets.cors import Cors
from imagestore.facets.encryption import Encryption
from imagestore.facets.intelligent_tiering import IntelligentTiering
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.object_lock import ObjectLock
from imagestore.facets.ownership import Ownership
from imagestore.facets.policy import Policy
from imagestore.facets.public_access_block import PublicAccessBlock
from imagestore.facets.quota import Quota
from imagestore.facets.request_metrics import RequestMetrics
from imagestore.facets.request_payment import RequestPayment
from imagestore.facets.storage_class_analysis import StorageClassAnalysis
from imagestore.facets.tags import Tags
from imagestore.facets.transfer_acceleration import TransferAcceleration
from imagestore.facets.versioning import Versioning
from imagestore.facets.website import Website

Token = Annotated[str, Field(min_length=1, max_length=64)]


class BackendRef(Model):
    """A StorageBackend."""

    name: Annotated[Name, Field(description="The StorageBackend's name.")]


class Snooze(Model):
    """Leave drift alone for a while."""

    until: Annotated[datetime, Field(description="When to act on drift again.")]
    reason: Annotated[str, Field(min_length=1, max_length=1024, description="Why, for the next person.")]


class Drift(Model):
    """How differences that nobody asked for are looked for."""

    interval: Annotated[
        Duration | None,
        Cel(
            "self.matches(r'[1-9][0-9]*[mhd]|[1-9][0-9]+s')",
            "look no oftener than every 10s; to look at once, change reconcileRequest",
        ),
        Field(description="Between two looks; absent: 10m."),
    ] = None
    ignore: Annotated[
        tuple[
            Annotated[
                str,
                Field(pattern=PATH, max_length=512),
                Form('write a path such as versioning.state, tags["team"] or lifecycle.rules[name=thumbs]'),
            ],
            ...,
        ],
        ListSet(),
        Field(max_length=64, description='Paths that others may change, such as tags["team"].'),
    ] = ()
    snooze: Annotated[Snooze | None, Field(description="Leave drift alone for a while.")] = None


class ImageBucketSpec(Model):
    """One bucket. A setting that is not mentioned is neither compared nor changed."""

    cel: ClassVar[tuple[Cel, ...]] = BETWEEN_SETTINGS

    backend_ref: Annotated[
        BackendRef,
        Immutable("a bucket cannot move to another backend; make a new ImageBucket there"),
        Field(description="The store that holds the bucket."),
    ]
    bucket_name: Annotated[
        BucketName,
        Immutable("a bucket cannot be renamed; make a new ImageBucket with the other name"),
        Field(description="The bucket's name in the store."),
    ]
    adoption: Annotated[
        Literal["Never", "Granted"] | None,
        Field(
            description="Granted: take over an existing bucket that the administrator granted. Absent: Never."
        ),
    ] = None
    deletion_policy: Annotated[
        DeletionPolicy | None,
        Field(description="What becomes of the bucket when this object is deleted. Absent: Retain."),
    ] = None
    mode: Annotated[
        Literal["Enforce", "Observe"] | None,
        Field(description="Observe: report differences, change nothing. Absent: Enforce."),
    ] = None
    drift: Annotated[Drift | None, Field(description="How drift is looked for.")] = None
    approve: Annotated[
        tuple[Token, ...],
        ListSet(),
        Field(
            max_length=64,
            description="Tokens of held changes as status shows them; each is good for one hold.",
        ),
    ] = ()
    reconcile_request: Annotated[
        str | None, Field(max_length=256, description="Any new value: look now.")
    ] = None
    suspend: Annotated[bool | None, Field(description="Leave the bucket alone until this is false.")] = None

    versioning: Annotated[Versioning | None, Field(description="Keep old versions.")] = None
    object_lock: Annotated[ObjectLock | None, Field(description="Write once, read many.")] = None
    encryption: Annotated[Encryption | None, Field(description="Encryption at rest.")] = None
    tags: Annotated[Tags | None, Field(description="Tags, owned key by key.")] = None
    public_access_block: Annotated[
        PublicAccessBlock | None, Field(description="Refuse what would make the bucket public.")
    ] = None
    policy: Annotated[Policy | None, Field(description="Who may do what, owned by sid.")] = None
    cors: Annotated[Cors | None, Field(description="Which web pages may read it.")] = None
    lifecycle: Annotated[
        Lifecycle | None, Field(description="What the store removes, owned rule by rule.")
    ] = None
    quota: Annotated[Quota | None, Field(description="How much it may hold.")] = None
    ownership: Annotated[Ownership | None, Field(description="Whether ACLs count.")] = None
    request_payment: Annotated[RequestPayment | None, Field(description="Who pays for requests.")] = None
    transfer_acceleration: Annotated[
        TransferAcceleration | None, Field(description="A faster endpoint for callers far away.")
    ] = None
    website: Annotated[Website | None, Field(description="Static pages.")] = None
    intelligent_tiering: Annotated[
        IntelligentTiering | None, Field(description="Archives for what nobody asks for.")
    ] = None
    request_metrics: Annotated[
        RequestMetrics | None, Field(description="Which requests the store counts.")
    ] = None
    storage_class_analysis: Annotated[
        StorageClassAnalysis | None, Field(description="What the store watches to advise on classes.")
    ] = None


def facet_kinds() -> dict[str, type[Facet]]:
    """The registry: every facet by its name in the spec, in the spec's order."""
    found = {}
    for name, info in ImageBucketSpec.model_fields.items():
        kind = next((a for a in getattr(info.annotation, "__args__", ()) if _is_facet(a)), None)
        if kind is not None:
            found[info.alias or name] = kind
    return found


def _is_facet(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Facet)


FACETS: dict[str, type[Facet]] = facet_kinds()


def wishes(spec: ImageBucketSpec) -> dict[str, Facet]:
    """The facets that the spec mentions, by name."""
    values = {info.alias or name: getattr(spec, name) for name, info in type(spec).model_fields.items()}
    return {name: values[name] for name in FACETS if values[name] is not None}


State = Literal["InSync", "Drifted", "Pending", "Held", "Unsupported", "Failed"]


class FacetStatus(Model):
    """What became of one setting, as last read."""

    name: Annotated[str, Field(max_length=64, description="The field of the spec.")]
    state: Annotated[State, Field(description="Whether the store agrees.")]
    reason: Annotated[str | None, Field(max_length=256, description="One word for programs.")] = None
    message: Annotated[str | None, Field(max_length=4096, description="A sentence for people.")] = None
    wish: Annotated[
        str | None,
        Field(max_length=64, description="Digest of the wish that the store was last seen to hold."),
    ] = None
    parts: Annotated[
        tuple[Annotated[str, Field(max_length=512)], ...],
        Field(max_length=512, description="Tags, statements or rules that are ours."),
    ] = ()


class FieldDrift(Model):
    """One field that is not as wished."""

    path: Annotated[str, Field(max_length=1024, description="Such as versioning.state.")]
    desired: Annotated[str | None, Field(max_length=4096, description="As the spec has it, as JSON.")] = None
    observed: Annotated[str | None, Field(max_length=4096, description="As the store has it, as JSON.")] = (
        None
    )


class DriftRecord(Model):
    """One drift that is over."""

    since: Annotated[datetime, Field(description="When it was declared.")]
    until: Annotated[datetime, Field(description="When it was gone.")]
    how: Annotated[Literal["Corrected", "Vanished", "Accepted"], Field(description="Who ended it.")]
    paths: Annotated[
        tuple[Annotated[str, Field(max_length=1024)], ...], Field(max_length=64, description="Which fields.")
    ]


class DriftStatus(Model):
    """What differs without anybody having asked for it."""

    since: Annotated[datetime | None, Field(description="When the present drift was declared.")] = None
    fields: Annotated[tuple[FieldDrift, ...], Field(max_length=64, description="What differs now.")] = ()
    history: Annotated[tuple[DriftRecord, ...], Field(max_length=10, description="The last ten.")] = ()


class Held(Model):
    """A change that waits for a person."""

    facet: Annotated[str, Field(max_length=64, description="The setting, or adoption, or content.")]
    token: Annotated[
        str, Field(max_length=64, description="Put it into spec.approve to let this one hold go.")
    ]
    why: Annotated[str, Field(max_length=4096, description="What would happen.")]
    digest: Annotated[str, Field(max_length=64, description="Of the change that is held.")]


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
    message: Annotated[str | None, Field(max_length=4096, description="What it waits for.")] = None


class ImageBucketStatus(Model):
    """Built from what was read back from the store, never from what was wished."""

    observed_generation: Annotated[int | None, Field(ge=0, description="The generation that was judged.")] = (
        None
    )
    conditions: Annotated[
        tuple[Condition, ...],
        ListMap("type"),
        Field(max_length=16, description="Ready and, while true, others."),
    ] = ()
    bucket_name: Annotated[str | None, Field(max_length=63, description="The bucket.")] = None
    endpoint: Annotated[str | None, Field(max_length=512, description="Where it is reached.")] = None
    arn: Annotated[str | None, Field(max_length=256, description="Its Amazon resource name.")] = None
    region: Annotated[str | None, Field(max_length=64, description="Its region.")] = None
    intent: Annotated[
        datetime | None, Field(description="Set before the bucket is created, gone when it is ours.")
    ] = None
    created: Annotated[datetime | None, Field(description="When the operator first saw it as its own.")] = (
        None
    )
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
