"""What surrounds a bucket: backends, other claimants, and what the cluster knows of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from imagestore.api.imagebucket import ImageBucketSpec, ImageBucketStatus
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.cli.manifests.load import Manifests
from imagestore.cli.manifests.objects import Object
from imagestore.reconcile.situation import Meta

OFFLINE = "no cluster was asked: settings that were managed and are no longer mentioned cannot be told"
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Known:
    """An ImageBucket as the cluster has it."""

    meta: Meta
    spec: ImageBucketSpec
    status: ImageBucketStatus


@dataclass(frozen=True)
class Snapshot:
    """What was read from a cluster. ``secrets`` are those that StorageBackends name, by name."""

    backends: Mapping[str, StorageBackendSpec] = field(default_factory=dict)
    buckets: Mapping[str, Known] = field(default_factory=dict)  # by namespace/name
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of namespaces
    secrets: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    offline: bool = False  # nobody was asked


@dataclass(frozen=True)
class Claim:
    """Who wants which bucket. Sorted: what the cluster has by age, then the manifests' in their order."""

    label: str
    namespace: str
    backend: str
    bucket: str


@dataclass(frozen=True)
class Surroundings:
    """The manifests laid over a cluster, which may be empty (offline)."""

    backends: Mapping[str, StorageBackendSpec]
    labels: Mapping[str, Mapping[str, str]]
    known: Mapping[str, Known]
    claims: tuple[Claim, ...]
    offline: bool

    def older_rival(self, claim: Claim) -> str | None:
        """Who claimed the same bucket before."""
        same = (c for c in self._before(claim) if (c.backend, c.bucket) == (claim.backend, claim.bucket))
        return next((c.label for c in same), None)

    def earlier(self, claim: Claim) -> int:
        """How many buckets the namespace already has on this backend."""
        return sum((c.backend, c.namespace) == (claim.backend, claim.namespace) for c in self._before(claim))

    def _before(self, claim: Claim) -> Iterable[Claim]:
        return self.claims[: self.claims.index(claim)]


def surroundings(manifests: Manifests, cluster: Snapshot) -> Surroundings:
    """The manifests win over what the cluster has: they are what is about to be applied."""
    written = {o.name: o.spec for o in manifests.of("StorageBackend")}
    backends = {n: s for n, s in written.items() if isinstance(s, StorageBackendSpec)}
    return Surroundings(
        {**cluster.backends, **backends},
        {**cluster.labels, **manifests.namespaces},
        cluster.buckets,
        _claims(manifests.of("ImageBucket"), cluster.buckets),
        cluster.offline,
    )


def claim(label: str, namespace: str, spec: ImageBucketSpec) -> Claim:
    """What an ImageBucket claims."""
    return Claim(label, namespace, spec.backend_ref.name, spec.bucket_name)


def _claims(objects: Iterable[Object], known: Mapping[str, Known]) -> tuple[Claim, ...]:
    wanted = {o.label: (o.namespace, o.spec) for o in objects}
    old = sorted(known.items(), key=lambda pair: (pair[1].meta.created, pair[0]))
    specs = {label: (k.meta.namespace, wanted.get(label, ("", k.spec))[1]) for label, k in old} | wanted
    return tuple(claim(label, n, s) for label, (n, s) in specs.items() if isinstance(s, ImageBucketSpec))
