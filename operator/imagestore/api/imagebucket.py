"""ImageBucket: one bucket and every setting of it that the user cares about."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.backendholds import Token
from imagestore.api.between import BETWEEN_SETTINGS
from imagestore.api.names import BucketName
from imagestore.api.storagebackend import DeletionPolicy
from imagestore.core.facet import Facet
from imagestore.core.model import Cel, Duration, Form, Immutable, ListSet, Model, Name
from imagestore.core.paths import PATH
from imagestore.core.reasons import Reason
from imagestore.facets.acl import Acl
from imagestore.facets.cors import Cors
from imagestore.facets.encryption import Encryption
from imagestore.facets.intelligent_tiering import IntelligentTiering
from imagestore.facets.inventory import Inventory
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.logging import Logging
from imagestore.facets.notifications import Notifications
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
    logging: Annotated[Logging | None, Field(description="Who asked for what, in another bucket.")] = None
    inventory: Annotated[
        Inventory | None, Field(description="Lists of what it holds, in another bucket.")
    ] = None
    notifications: Annotated[
        Notifications | None, Field(description="Whom the store tells of uploads and removals.")
    ] = None
    acl: Annotated[Acl | None, Field(description="Whom the bucket's ACL lets in. Only looked at.")] = None


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
FINDINGS: tuple[Reason, ...] = tuple(name for kind in FACETS.values() for name in kind.finds)
_ATTRIBUTES = {i.alias or n: n for n, i in ImageBucketSpec.model_fields.items() if (i.alias or n) in FACETS}


def wishes(spec: ImageBucketSpec) -> dict[str, Facet]:
    """The facets that the spec mentions, by name."""
    found = ((name, getattr(spec, attribute)) for name, attribute in _ATTRIBUTES.items())
    return {name: wish for name, wish in found if wish is not None}
