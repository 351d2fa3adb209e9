"""StorageBackend: one object store, and what tenants may do with it. Managed by the administrator."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.backendholds import AnotherStore, ManyMissing, Token
from imagestore.api.capabilities import Capability
from imagestore.api.credentials import Credentials, SecretRef
from imagestore.api.limits import Limits
from imagestore.api.names import BucketName, Namespace, Url
from imagestore.api.prices import Prices
from imagestore.api.providers import PROVIDER_RULES, Provider
from imagestore.api.replication import REPLICATION_RULES, BackendReplication
from imagestore.api.s3 import IDENTITY, S3Endpoint
from imagestore.api.tiers import TIER_RULES, TierClass, TierStatus
from imagestore.core.conditions import Judged
from imagestore.core.model import (
    LABEL_KEYS,
    Cel,
    Duration,
    Form,
    Immutable,
    Kept,
    LabelValue,
    ListMap,
    ListSet,
    Model,
)

DeletionPolicy = Literal["Retain", "DeleteIfEmpty", "DeleteAll"]
Patterns = Annotated[
    tuple[
        Annotated[
            str,
            Field(min_length=1, max_length=2048),
            Cel(
                "!self.contains('*') || self.indexOf('*') == size(self) - 1",
                "* is allowed only at the end; correct the pattern",
            ),
        ],
        ...,
    ],
    ListSet(),
    Field(max_length=256),
]
_NAMESPACE_KEPT_APART = (
    "has(self.namespaces) && (has(self.namespaces.selector) ||"
    " (has(self.namespaces.names) && size(self.namespaces.names) > 1))"
    " && has(self.tenancy) && has(self.tenancy.bucketNames)"
)


class Tls(Model):
    """Certificate authorities to trust."""

    ca_secret_ref: Annotated[
        SecretRef,
        Field(
            description="Secret in the operator's namespace. Its key ca.crt holds the certificate"
            " authority that signs the store's certificate."
        ),
    ]


class Admin(Model):
    """Admin API of the store (MinIO, Ceph), for quotas and remote tiers. Absent: these are unsupported."""

    endpoint: Annotated[Url, Field(description="URL of the admin API.")]
    credentials: Annotated[Credentials, Field(description="Credentials of an administrator of the store.")]


class Selector(Model):
    """Selects namespaces by their labels."""

    match_labels: Annotated[
        dict[str, LabelValue],
        Cel("size(self) > 0", "an empty selector would match every namespace; give a label"),
        Cel("self.all(k, size(k) <= 317)", "a label's key has at most 317 characters; shorten it"),
        LABEL_KEYS,
        Field(max_length=16, description="Labels that a namespace must have. All of them must match."),
    ]


class Namespaces(Model):
    """Namespaces that may use the backend: those listed and those selected.

    With a selector, every user who may label a namespace can admit it.
    """

    names: Annotated[
        tuple[Namespace, ...],
        ListSet(),
        Field(max_length=1024, description="Namespaces by name."),
    ] = ()
    selector: Annotated[Selector | None, Field(description="Namespaces by label.")] = None


class AdoptionGrant(Model):
    """An existing bucket that a namespace may adopt."""

    namespace: Annotated[Namespace, Field(description="Namespace that may adopt the bucket.")]
    bucket_name: Annotated[BucketName, Field(description="Name of the bucket.")]


class MaxObjectLock(Model):
    """Limit on object locks."""

    mode: Annotated[
        Literal["Governance", "Compliance"],
        Field(description="Strictest mode that is allowed. Compliance allows both modes."),
    ]
    days: Annotated[int, Field(ge=0, le=36500, description="Longest default retention in days.")]


class Tenancy(Model):
    """Limits on what tenants may use on this backend."""

    bucket_names: Annotated[
        str | None,
        Form(
            "a template has lower-case letters, digits, dots, hyphens and *; write no *"
            " before {namespace}, and -- or a dot or nothing after it, such as"
            " acme-{namespace}--*"
        ),
        Field(
            min_length=1,
            max_length=128,
            pattern=r"^([a-z0-9.*-]+|[a-z0-9.-]*\{namespace\}((--|\.)[a-z0-9.*-]*)?)$",
            description="Template that bucket names must match. {namespace} stands for the tenant's"
            " namespace, * for any text. The -- after {namespace} keeps the namespace a from"
            " using the names of a-b. Defaults to {namespace}--*.",
        ),
    ] = None
    adoption_grants: Annotated[
        tuple[AdoptionGrant, ...],
        Field(max_length=1024, description="Existing buckets that namespaces may adopt."),
    ] = ()
    max_buckets: Annotated[
        int | None,
        Field(ge=0, le=100000, description="Maximum number of buckets for each namespace. Absent: no limit."),
    ] = None
    deletion_policies: Annotated[
        tuple[DeletionPolicy, ...] | None,
        ListSet(),
        Field(
            min_length=1,
            max_length=3,
            description="Deletion policies that are allowed. Defaults to Retain and DeleteIfEmpty.",
        ),
    ] = None
    allow_public: Annotated[
        bool | None, Field(description="Whether bucket policies may allow public access. Defaults to false.")
    ] = None
    allowed_principals: Annotated[
        Patterns,
        Cel("!self.exists(p, p == '*')", "* alone means the public; set allowPublic: true to allow that"),
        Field(
            description="Principals that bucket policies may name. * at the end matches any text. Absent:"
            " none."
        ),
    ] = ()
    allowed_kms_keys: Annotated[
        Patterns,
        Field(description="KMS keys that may be named. * at the end matches any text. Absent: none."),
    ] = ()
    allowed_notification_targets: Annotated[
        Patterns,
        Field(
            description="ARNs of targets that notifications may name, and EventBridge for Amazon"
            " EventBridge. * at the end matches any text. Absent: none."
        ),
    ] = ()
    max_object_lock: Annotated[
        MaxObjectLock | None,
        Field(description="Limit on object locks. Defaults to mode Governance and 3650 days."),
    ] = None
    min_drift_interval: Annotated[
        Duration | None, Field(description="Shortest spec.drift.interval that is allowed.")
    ] = None


class StorageBackendSpec(Model):
    """One object store."""

    cel: ClassVar[tuple[Cel, ...]] = (
        *PROVIDER_RULES,
        Cel(
            f"!({_NAMESPACE_KEPT_APART}) || self.tenancy.bucketNames.contains('{{namespace}}')",
            "with more than one namespace tenancy.bucketNames must contain {namespace}, such as {namespace}--*;"
            " without it one namespace could take the names of another",
        ),
        *TIER_RULES,
        *REPLICATION_RULES,
    )

    provider: Annotated[
        Provider,
        Immutable(IDENTITY),
        Field(
            description="Provider, which selects the store's profile. S3 is any other S3 server. Immutable."
        ),
    ]
    s3: Annotated[
        S3Endpoint | None,
        Kept(IDENTITY),
        Field(description="How an S3 server is reached."),
    ] = None
    credentials: Annotated[Credentials, Field(description="Credentials of the operator for the store.")]
    tls: Annotated[
        Tls | None, Field(description="Certificate authorities to trust besides the system's.")
    ] = None
    admin: Annotated[
        Admin | None, Field(description="Admin API of the store (MinIO, Ceph), for quotas and remote tiers.")
    ] = None
    namespaces: Annotated[
        Namespaces | None, Field(description="Namespaces that may use the backend. Absent: none.")
    ] = None
    tenancy: Annotated[
        Tenancy | None, Field(description="Limits on what tenants may use on this backend.")
    ] = None
    limits: Annotated[Limits | None, Field(description="Limits on the load of the store.")] = None
    tiers: Annotated[
        tuple[TierClass, ...] | None,
        ListMap("tier"),
        Field(
            min_length=1,
            max_length=3,
            description="Storage classes for the tiers Cool, Cold and Archive of lifecycle rules, and on"
            " MinIO the places of remote tiers. Defaults to STANDARD_IA, GLACIER_IR and"
            " DEEP_ARCHIVE on AWS, and to no tiers on other stores.",
        ),
    ] = None
    replication: Annotated[
        BackendReplication | None, Field(description="What replication by the stores themselves needs.")
    ] = None
    prices: Annotated[
        Prices | None,
        Field(
            description="Prices of the store, for `imagestore lifecycle preview`. Defaults to Amazon's"
            " list prices on AWS. On other stores no costs are shown without it."
        ),
    ] = None
    approve: Annotated[
        tuple[Token, ...],
        ListSet(),
        Field(max_length=64, description="Tokens of holds in status. Each approves one hold."),
    ] = ()


class Server(Model):
    """Product and version of the store, as it reports them."""

    product: Annotated[str, Field(max_length=128, description="Name of the product.")]
    version: Annotated[
        str | None, Field(max_length=128, description="Version of the product, where the store reports it.")
    ] = None


class StorageBackendStatus(Judged):
    """Observed state of the store."""

    server: Annotated[
        Server | None, Field(description="Product and version of the store, as it reports them.")
    ] = None
    identity: Annotated[
        str | None,
        Field(
            max_length=256,
            description="Account or server that was verified, where the store reports it. The operator"
            " holds a change of it.",
        ),
    ] = None
    another: Annotated[
        AnotherStore | None,
        Field(
            description="Account or server that answers instead. The operator does nothing with its"
            " buckets until it is approved."
        ),
    ] = None
    missing: Annotated[
        ManyMissing | None,
        Field(
            description="Known buckets that are missing, many at once. None is recreated until that is"
            " approved."
        ),
    ] = None
    capabilities: Annotated[
        tuple[Capability, ...],
        ListMap("facet"),
        Field(max_length=64, description="How far the store supports each setting."),
    ] = ()
    buckets: Annotated[
        int | None, Field(ge=0, description="Number of ImageBuckets that use the backend.")
    ] = None
    tiers: Annotated[
        tuple[TierStatus, ...],
        ListMap("storageClass"),
        Field(max_length=3, description="State of each remote tier."),
    ] = ()
