"""ImageBucket: one bucket and its settings."""

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
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.public_access_block import PublicAccessBlock
from imagestore.facets.quota import Quota
from imagestore.facets.replication import Replication
from imagestore.facets.request_metrics import RequestMetrics
from imagestore.facets.request_payment import RequestPayment
from imagestore.facets.storage_class_analysis import StorageClassAnalysis
from imagestore.facets.tags import Tags
from imagestore.facets.transfer_acceleration import TransferAcceleration
from imagestore.facets.versioning import Versioning
from imagestore.facets.website import Website


class BackendRef(Model):
    """Names a StorageBackend."""

    name: Annotated[Name, Field(description="Name of the StorageBackend.")]


class Snooze(Model):
    """Pause the correction of drift until a time."""

    until: Annotated[datetime, Field(description="Time until which drift is ignored.")]
    reason: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1024,
            description="Why drift is ignored, for other people who read the manifest.",
        ),
    ]


class Drift(Model):
    """How often the bucket is checked for drift, and which drift is ignored."""

    interval: Annotated[
        Duration | None,
        Cel(
            "self.matches(r'[1-9][0-9]*[mhd]|[1-9][0-9]+s')",
            "the interval is at least 10s; to check at once, change reconcileRequest",
        ),
        Field(description="Time between two checks. Defaults to 10m."),
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
        Field(
            max_length=64,
            description=(
                'Paths whose drift is ignored because other programs change them, such as tags["team"].'
            ),
        ),
    ] = ()
    snooze: Annotated[Snooze | None, Field(description="Pause the correction of drift until a time.")] = None


class ImageBucketSpec(Model):
    """One bucket and its settings. A setting that is not mentioned is neither compared nor changed."""

    cel: ClassVar[tuple[Cel, ...]] = BETWEEN_SETTINGS

    backend_ref: Annotated[
        BackendRef,
        Immutable("a bucket cannot move to another backend; create a new ImageBucket there"),
        Field(description="StorageBackend that holds the bucket. Immutable."),
    ]
    bucket_name: Annotated[
        BucketName,
        Immutable("a bucket cannot be renamed; create a new ImageBucket with the other name"),
        Field(description="Name of the bucket in the store. Immutable."),
    ]
    adoption: Annotated[
        Literal["Never", "Granted"] | None,
        Field(
            description="Granted adopts an existing bucket that the administrator granted in"
            " tenancy.adoptionGrants. Defaults to Never."
        ),
    ] = None
    deletion_policy: Annotated[
        DeletionPolicy | None,
        Field(
            description="What happens to the bucket when this object is deleted. Retain keeps it,"
            " DeleteIfEmpty deletes it once it is empty, DeleteAll deletes it with all"
            " objects. Defaults to Retain."
        ),
    ] = None
    mode: Annotated[
        Literal["Enforce", "Observe"] | None,
        Field(
            description="Enforce corrects differences. Observe reports them and changes nothing in the"
            " store. Defaults to Enforce."
        ),
    ] = None
    drift: Annotated[
        Drift | None,
        Field(description="How often the bucket is checked for drift, and which drift is ignored."),
    ] = None
    approve: Annotated[
        tuple[Token, ...],
        ListSet(),
        Field(
            max_length=64,
            description="Tokens of held changes, from status.plan.held. Each approves one hold.",
        ),
    ] = ()
    reconcile_request: Annotated[
        str | None,
        Field(max_length=256, description="A new value makes the operator check the bucket at once."),
    ] = None
    suspend: Annotated[
        bool | None, Field(description="Stop reconciling the bucket while this is true. Defaults to false.")
    ] = None

    versioning: Annotated[
        Versioning | None,
        Field(
            description="Versioning: whether the store keeps overwritten and deleted objects as noncurrent versions."
        ),
    ] = None
    object_lock: Annotated[ObjectLock | None, Field(description="Object lock: write once, read many.")] = None
    encryption: Annotated[
        Encryption | None,
        Field(description="Default encryption of new objects at rest, for writers that request none."),
    ] = None
    tags: Annotated[Tags | None, Field(description="Tags of the bucket.")] = None
    public_access_block: Annotated[
        PublicAccessBlock | None,
        Field(description="Public access block: overrides policies and ACLs that make the bucket public."),
    ] = None
    policy: Annotated[BucketPolicy | None, Field(description="Bucket policy: who may do what.")] = None
    cors: Annotated[
        Cors | None,
        Field(description="Cross-origin rules: which web pages may read the bucket from a browser."),
    ] = None
    lifecycle: Annotated[
        Lifecycle | None, Field(description="Lifecycle rules, which the store carries out itself.")
    ] = None
    quota: Annotated[
        Quota | None, Field(description="Quota: the size at which the store refuses further writes.")
    ] = None
    ownership: Annotated[
        Ownership | None,
        Field(
            description="Object ownership: which account owns objects that other accounts upload, and"
            " whether ACLs apply."
        ),
    ] = None
    request_payment: Annotated[
        RequestPayment | None,
        Field(description="Request payment: which account pays for requests and downloads."),
    ] = None
    transfer_acceleration: Annotated[
        TransferAcceleration | None,
        Field(
            description="Transfer acceleration: an additional endpoint for distant clients, which is"
            " faster and costs more."
        ),
    ] = None
    website: Annotated[
        Website | None,
        Field(description="Website: static pages for browsers at the store's website endpoint."),
    ] = None
    intelligent_tiering: Annotated[
        IntelligentTiering | None,
        Field(
            description="Archive tiers of S3 Intelligent-Tiering: moves objects of the class"
            " INTELLIGENT_TIERING that are not read for some time."
        ),
    ] = None
    request_metrics: Annotated[
        RequestMetrics | None,
        Field(description="Request metrics: which requests the store counts in its monitoring, each minute."),
    ] = None
    storage_class_analysis: Annotated[
        StorageClassAnalysis | None,
        Field(
            description="Storage class analysis: which objects' reads the store records, to help with"
            " lifecycle rules."
        ),
    ] = None
    logging: Annotated[
        Logging | None, Field(description="Access logs, which the store writes to another bucket.")
    ] = None
    inventory: Annotated[
        Inventory | None,
        Field(description="Lists of the bucket's objects that the store writes to another bucket."),
    ] = None
    notifications: Annotated[
        Notifications | None,
        Field(description="Notifications: which targets the store notifies of object events."),
    ] = None
    replication: Annotated[
        Replication | None,
        Field(
            description="Replication rules: which objects the store itself copies to another bucket, and how."
        ),
    ] = None
    acl: Annotated[
        Acl | None, Field(description="The bucket's ACL, which the operator compares and never writes.")
    ] = None


def facet_kinds() -> dict[str, type[Facet]]:
    """Return the registry: every setting's facet by its name in the spec, in the spec's order."""
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
    """Return the settings that the spec mentions, by name."""
    found = ((name, getattr(spec, attribute)) for name, attribute in _ATTRIBUTES.items())
    return {name: desired for name, desired in found if desired is not None}
