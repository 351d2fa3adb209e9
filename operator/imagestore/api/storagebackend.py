"""StorageBackend: one object store, and what namespaces may ask of it. Owned by the administrator."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.backendholds import AnotherStore, Missing, Token
from imagestore.api.capabilities import Capability
from imagestore.api.credentials import Credentials, SecretRef
from imagestore.api.limits import Limits
from imagestore.api.names import BucketName, Namespace, Url
from imagestore.api.prices import Prices
from imagestore.api.providers import PROVIDER_RULES, Provider
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
            Cel("!self.contains('*') || self.indexOf('*') == size(self) - 1", "write * only at the end"),
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
    """Whom to trust."""

    ca_secret_ref: Annotated[
        SecretRef, Field(description="A Secret whose ca.crt signs the store's certificate.")
    ]


class Admin(Model):
    """A store's own admin API (MinIO, Ceph): quota, remote tiers. Absent: what needs it is not supported."""

    endpoint: Annotated[Url, Field(description="URL.")]
    credentials: Annotated[Credentials, Field(description="Credentials of an administrator of the store.")]


class Selector(Model):
    """Namespaces by their labels."""

    match_labels: Annotated[
        dict[str, LabelValue],
        Cel("size(self) > 0", "an empty selector would let every namespace in; give a label"),
        Cel("self.all(k, size(k) <= 317)", "a label's key has at most 317 characters; shorten it"),
        LABEL_KEYS,
        Field(max_length=16, description="All of these labels."),
    ]


class Namespaces(Model):
    """Which namespaces may use the backend: the union of both. Whoever may label may pass a selector."""

    names: Annotated[
        tuple[Namespace, ...],
        ListSet(),
        Field(max_length=1024, description="By name."),
    ] = ()
    selector: Annotated[Selector | None, Field(description="By label.")] = None


class AdoptionGrant(Model):
    """One existing bucket that one namespace may take over."""

    namespace: Annotated[Namespace, Field(description="Who may.")]
    bucket_name: Annotated[BucketName, Field(description="Which bucket.")]


class MaxObjectLock(Model):
    """The strictest lock that may be asked for."""

    mode: Annotated[Literal["Governance", "Compliance"], Field(description="Compliance allows both.")]
    days: Annotated[int, Field(ge=0, le=36500, description="The longest default retention.")]


class Tenancy(Model):
    """What a namespace may ask for on this backend."""

    bucket_names: Annotated[
        str | None,
        Form(
            "a template has lower-case letters, digits, dots, hyphens and *; before {namespace} nothing may vary,"
            " and behind it comes -- or a dot, or nothing: acme-{namespace}--*"
        ),
        Field(
            min_length=1,
            max_length=128,
            pattern=r"^([a-z0-9.*-]+|[a-z0-9.-]*\{namespace\}((--|\.)[a-z0-9.*-]*)?)$",
            description="Template that bucket names must match: {namespace} is the namespace and * anything;"
            " a -- after {namespace} keeps a from taking the names of a-b. Absent: {namespace}--*.",
        ),
    ] = None
    adoption_grants: Annotated[
        tuple[AdoptionGrant, ...],
        Field(max_length=1024, description="Existing buckets that may be taken over."),
    ] = ()
    max_buckets: Annotated[
        int | None, Field(ge=0, le=100000, description="The most buckets a namespace may have here.")
    ] = None
    deletion_policies: Annotated[
        tuple[DeletionPolicy, ...] | None,
        ListSet(),
        Field(
            min_length=1,
            max_length=3,
            description="Which deletion policies may be asked for; absent: Retain, DeleteIfEmpty.",
        ),
    ] = None
    allow_public: Annotated[
        bool | None, Field(description="Whether policies may open a bucket to everybody.")
    ] = None
    allowed_principals: Annotated[
        Patterns,
        Cel("!self.exists(p, p == '*')", "a bare * is everybody; set allowPublic: true if that is meant"),
        Field(description="Who may be named in a policy; * at the end matches anything."),
    ] = ()
    allowed_kms_keys: Annotated[
        Patterns, Field(description="KMS keys that may be named; * at the end matches anything.")
    ] = ()
    allowed_notification_targets: Annotated[
        Patterns,
        Field(
            description="ARNs of targets that notifications may name, EventBridge for Amazon EventBridge; * at the"
            " end matches anything."
        ),
    ] = ()
    max_object_lock: Annotated[
        MaxObjectLock | None, Field(description="The strictest lock; absent: Governance for 3650 days.")
    ] = None
    min_drift_interval: Annotated[
        Duration | None, Field(description="The shortest interval between looks that may be asked for.")
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
    )

    provider: Annotated[
        Provider, Immutable(IDENTITY), Field(description="The store's dialect; S3 is any other S3 server.")
    ]
    s3: Annotated[
        S3Endpoint | None,
        Kept(IDENTITY),
        Field(description="How an S3 server is reached. All of these providers need it."),
    ] = None
    credentials: Annotated[Credentials, Field(description="The operator's credentials.")]
    tls: Annotated[Tls | None, Field(description="A certificate authority of the store's own.")] = None
    admin: Annotated[Admin | None, Field(description="The store's own admin API (MinIO, Ceph).")] = None
    namespaces: Annotated[
        Namespaces | None, Field(description="Which namespaces may use it; absent: none.")
    ] = None
    tenancy: Annotated[Tenancy | None, Field(description="What they may ask for.")] = None
    limits: Annotated[Limits | None, Field(description="How hard the store may be driven.")] = None
    tiers: Annotated[
        tuple[TierClass, ...] | None,
        ListMap("tier"),
        Field(
            min_length=1,
            max_length=3,
            description="What lifecycle rules mean by Cool, Cold and Archive here, and on MinIO where the objects go."
            " Absent: on AWS STANDARD_IA, GLACIER_IR and DEEP_ARCHIVE, elsewhere no tiers.",
        ),
    ] = None
    prices: Annotated[
        Prices | None,
        Field(
            description="What the store costs, for `imagestore lifecycle preview`. Absent: on AWS its list prices,"
            " elsewhere no money is shown."
        ),
    ] = None
    approve: Annotated[
        tuple[Token, ...],
        ListSet(),
        Field(max_length=64, description="Tokens of what status holds; each is good for one hold."),
    ] = ()


class Server(Model):
    """What answered."""

    product: Annotated[str, Field(max_length=128, description="As the server names itself.")]
    version: Annotated[str | None, Field(max_length=128, description="Where it tells.")] = None


class StorageBackendStatus(Judged):
    """What the operator last read back."""

    server: Annotated[Server | None, Field(description="What answered.")] = None
    identity: Annotated[
        str | None,
        Field(
            max_length=256,
            description="The account or server that was proven, where the store tells; another one is held.",
        ),
    ] = None
    another: Annotated[
        AnotherStore | None, Field(description="What answers now in its place; its buckets are left alone.")
    ] = None
    missing: Annotated[
        Missing | None, Field(description="Many buckets missing at once; none is made again.")
    ] = None
    capabilities: Annotated[
        tuple[Capability, ...], ListMap("facet"), Field(max_length=64, description="What it can hold.")
    ] = ()
    buckets: Annotated[int | None, Field(ge=0, description="ImageBuckets that it serves.")] = None
    tiers: Annotated[
        tuple[TierStatus, ...],
        ListMap("storageClass"),
        Field(max_length=3, description="What became of each tier with a remote."),
    ] = ()
