"""The kinds of the API. CRDs, RBAC, clients and reference pages are made from these records."""

from dataclasses import dataclass
from typing import Literal

from imagestore import GROUP, VERSION
from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec
from imagestore.api.lifecyclepolicy import LifecyclePolicySpec, LifecyclePolicyStatus
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.api.storagebackend import StorageBackendSpec, StorageBackendStatus
from imagestore.core.marks import spots
from imagestore.core.model import Cel, Model, Reference
from imagestore.core.paths import Step

CATEGORY = "imagestore"

__all__ = [
    "GROUP",
    "IMAGE_BUCKET",
    "KINDS",
    "LIFECYCLE_POLICY",
    "REPLICATION_POLICY",
    "STORAGE_BACKEND",
    "VERSION",
    "Column",
    "Kind",
    "kind_of",
]

KindScope = Literal["Namespaced", "Cluster"]


@dataclass(frozen=True)
class Column:
    """A column of ``kubectl get``. One with a priority above 0 is only shown with ``-o wide``."""

    name: str
    path: str
    description: str
    type: Literal["string", "integer", "date"] = "string"
    priority: int = 0


@dataclass(frozen=True)
class Kind:
    """One kind of the API. ``selectable`` are the paths that a field selector may use."""

    name: str
    plural: str
    scope: KindScope
    short: str
    description: str
    spec: type[Model]
    status: type[Model]
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    cel: tuple[Cel, ...] = ()  # rules that need more than the spec, such as the object's own name
    # A field of the spec that tells the kind where a manifest does not. Then its name is no other API's, either.
    known_by: str = ""
    group: str = GROUP
    version: str = VERSION
    category: str = CATEGORY

    @property
    def singular(self) -> str:
        """The singular name, as in ``kubectl get imagebucket``."""
        return self.name.lower()

    @property
    def api_version(self) -> str:
        """The apiVersion of a manifest."""
        return f"{self.group}/{self.version}"

    @property
    def crd(self) -> str:
        """The name of the CustomResourceDefinition."""
        return f"{self.plural}.{self.group}"

    @property
    def namespaced(self) -> bool:
        """Whether objects of this kind are namespaced."""
        return self.scope == "Namespaced"


def _not_itself() -> tuple[Cel, ...]:
    """A rule for each reference, since only the root of an object knows its name."""
    return tuple(
        Cel(
            _differs("self.spec", steps),
            f"{'.'.join(s for s in steps if isinstance(s, str))} names this very bucket: {mark.loops}; name another"
            " ImageBucket",
        )
        for steps, mark in spots(ImageBucketSpec, Reference)
    )


def _differs(where: str, steps: tuple[Step, ...]) -> str:
    if not steps:
        return f"!has({where}.name) || {where}.name != self.metadata.name"
    step, rest = steps[0], steps[1:]
    if not isinstance(step, str):
        return f"{where}.all(x, {_differs('x', rest)})"
    return f"!has({where}.{step}) || {_differs(f'{where}.{step}', rest)}"


def _condition(type_: str) -> str:
    return f'.status.conditions[?(@.type=="{type_}")].status'


_AGE = Column("Age", ".metadata.creationTimestamp", "Time since the object was created.", "date")

IMAGE_BUCKET = Kind(
    name="ImageBucket",
    plural="imagebuckets",
    scope="Namespaced",
    short="ib",
    description="One bucket and its settings.",
    spec=ImageBucketSpec,
    status=ImageBucketStatus,
    columns=(
        Column("Ready", _condition("Ready"), "Whether the last read of the store agrees with the spec."),
        Column("Backend", ".spec.backendRef.name", "StorageBackend that holds the bucket."),
        Column("Bucket", ".spec.bucketName", "Name of the bucket in the store."),
        Column("Drift", _condition("DriftDetected"), "True while the bucket has drifted from its spec."),
        Column("Objects", ".status.usage.objects", "Number of objects in the bucket.", "integer", 1),
        Column("Size", ".status.usage.bytes", "Size of the bucket in bytes.", "integer", 1),
        Column(
            "Reason",
            '.status.conditions[?(@.type=="Ready")].reason',
            "Reason of the Ready condition.",
            priority=1,
        ),
        _AGE,
    ),
    selectable=(".spec.backendRef.name", ".spec.bucketName"),
    known_by="bucketName",
    cel=(
        Cel(
            "size(self.metadata.name) <= 128",
            "the name is part of the bucket's owner mark, which has little room; use at most 128 characters",
        ),
        Cel(
            "!has(self.spec.drift) || !has(self.spec.drift.ignore) || self.spec.drift.ignore.all(p,"
            f" p.matches(r'^({'|'.join(FACETS)})([.\\[]|$)'))",
            f"a path in drift.ignore begins with a setting of the bucket: {', '.join(FACETS)}",
        ),
        *_not_itself(),
    ),
)

STORAGE_BACKEND = Kind(
    name="StorageBackend",
    plural="storagebackends",
    scope="Cluster",
    short="sbe",
    description="One object store, and what tenants may do with it. Managed by the cluster's administrator.",
    spec=StorageBackendSpec,
    status=StorageBackendStatus,
    columns=(
        Column("Ready", _condition("Ready"), "Whether endpoint, region, TLS and credentials were verified."),
        Column("Provider", ".spec.provider", "Provider, which selects the store's profile."),
        Column("Endpoint", ".spec.s3.endpoint", "Endpoint of the store. Empty: Amazon's own."),
        Column("Buckets", ".status.buckets", "Number of ImageBuckets that use the backend.", "integer"),
        Column("Region", ".spec.s3.region", "Region used for signing requests.", priority=1),
        Column(
            "Version", ".status.server.version", "Version of the store, where it reports one.", priority=1
        ),
        Column(
            "Reason",
            '.status.conditions[?(@.type=="Ready")].reason',
            "Reason of the Ready condition.",
            priority=1,
        ),
        _AGE,
    ),
    cel=(
        Cel(
            "!has(self.spec.s3) || !has(self.spec.s3.profile) || self.spec.s3.profile.settings.all(s, s.facet in"
            f" [{', '.join(repr(f) for f in FACETS)}])",
            f"a facet in s3.profile is a setting of the bucket: {', '.join(FACETS)}",
        ),
    ),
)

LIFECYCLE_POLICY = Kind(
    name="LifecyclePolicy",
    plural="lifecyclepolicies",
    scope="Namespaced",
    short="lcp",
    description="Lifecycle rules that are declared once and applied to every bucket that the policy matches.",
    spec=LifecyclePolicySpec,
    status=LifecyclePolicyStatus,
    columns=(
        Column("Ready", _condition("Ready"), "Whether every rule is applied on every matched bucket."),
        Column("Matched", ".status.counts.matched", "Number of buckets that the policy matches.", "integer"),
        Column(
            "Applied",
            ".status.counts.applied",
            "Number of buckets on which every rule is applied.",
            "integer",
        ),
        Column(
            "Priority", ".spec.priority", "Precedence where two policies contradict each other.", "integer", 1
        ),
        Column(
            "Drift",
            _condition("DriftDetected"),
            "True while a rule of the policy has drifted on a bucket.",
            priority=1,
        ),
        Column(
            "Reason",
            '.status.conditions[?(@.type=="Ready")].reason',
            "Reason of the Ready condition.",
            priority=1,
        ),
        _AGE,
    ),
    cel=(
        Cel(
            "size(self.metadata.name) <= 63",
            "the name is part of each rule's id in the store, which has little room; use at most 63 characters",
        ),
        Cel(
            "!(self.metadata.name in ['bucket', 'foreign'])",
            "bucket and foreign are reserved for the ids of a bucket's own and of foreign"
            " rules; choose another name",
        ),
    ),
)

REPLICATION_POLICY = Kind(
    name="ReplicationPolicy",
    plural="replicationpolicies",
    scope="Namespaced",
    short="rpol",
    description="Keeps the objects of one bucket in another one.",
    spec=ReplicationPolicySpec,
    status=ReplicationPolicyStatus,
    columns=(
        Column("Ready", _condition("Ready"), "Whether every object had an equal copy in the last run."),
        Column("Method", ".status.method", "How objects get to the destination."),
        Column("Role", ".status.failover.role", "Which side is written to. Empty without spec.failover."),
        Column(
            "WithinObjective",
            _condition("WithinObjective"),
            "Whether every change of the source older than spec.objectives.rpo is at the destination.",
        ),
        Column(
            "Backlog",
            ".status.backlog.objects",
            "Objects that the last complete run left without an equal copy.",
            "integer",
        ),
        Column("Source", ".spec.source.bucketRef.name", "ImageBucket that is replicated.", priority=1),
        Column("Destination", ".spec.destination.bucketRef.name", "ImageBucket with the copy.", priority=1),
        Column(
            "Reason",
            '.status.conditions[?(@.type=="Ready")].reason',
            "Reason of the Ready condition.",
            priority=1,
        ),
        _AGE,
    ),
    cel=(
        Cel(
            "size(self.metadata.name) <= 63",
            "the name is part of rules and statements in the stores, which have little room; use at most 63 characters",
        ),
    ),
)

# Policies before buckets: what was listed last is judged by what is known already.
KINDS = (STORAGE_BACKEND, LIFECYCLE_POLICY, REPLICATION_POLICY, IMAGE_BUCKET)


def kind_of(spec: type[Model]) -> Kind:
    """The kind whose objects have such a spec."""
    return next(kind for kind in KINDS if kind.spec is spec)
