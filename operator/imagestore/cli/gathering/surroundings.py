"""What a plan needs besides the bucket itself: backends, other ImageBuckets, contributions, and the cluster's status."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.cli.gathering.clusterstate import ClusterBucket, ClusterState, known_backends
from imagestore.cli.manifests.load import Manifests
from imagestore.cli.manifests.objects import Object
from imagestore.controller.state.objects import Key, Stored
from imagestore.core.model import Model
from imagestore.core.references import names
from imagestore.kinds import ALL
from imagestore.reconcile.bucket.situation import Referenced
from imagestore.reconcile.shared.contribution import Contribution
from imagestore.reconcile.shared.ends import EndView
from imagestore.reconcile.shared.situation import Store

StoreOf = Callable[[str], Store]
NOT_CREATED = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ClaimRank:
    """The place of an ImageBucket among all claims: the cluster's by age, then the manifests' in order."""

    older_rival: str | None = None  # namespace/name of the older claim to the same bucket
    earlier: int = 0  # how many buckets the namespace has on this backend before this one


@dataclass(frozen=True)
class Surroundings:
    """The manifests on top of the cluster's objects (none when offline). By namespace/name; backends by name."""

    backends: Mapping[str, StorageBackendSpec]
    labels: Mapping[str, Mapping[str, str]]
    known: Mapping[str, ClusterBucket]
    standings: Mapping[str, ClaimRank]
    offline: bool
    others: Mapping[str, Mapping[str, Referenced]] = field(default_factory=dict)  # by namespace, then by name
    contributors: Mapping[Key, Mapping[str, object]] = field(default_factory=dict)
    statuses: Mapping[Key, Mapping[str, object]] = field(default_factory=dict)  # the contributors'
    specs: Mapping[str, ImageBucketSpec] = field(default_factory=dict)  # of ImageBuckets, by namespace/name

    def contributions_to(self, bucket: Object[Model], store: StoreOf) -> tuple[Contribution, ...]:
        """What other objects contribute to a bucket with these labels, such as LifecyclePolicies. ``store``: of a backend."""
        kinds = [kind for kind, c in ALL.contributors.items() if c.to == bucket.kind.name]
        return tuple(found for kind in kinds for found in self._from(kind, bucket, store))

    def end(self, label: str, store: StoreOf) -> EndView | None:
        """An ImageBucket as a policy sees it, once the manifests are applied."""
        spec, known = self.specs.get(label), self.known.get(label)
        if spec is None:
            return None
        backend, status = spec.backend_ref.name, known.status if known else ImageBucketStatus()
        name = label.partition("/")[2]
        return EndView(name, backend, spec.bucket_name, store(backend), spec, status, made=True)

    def _from(self, kind: str, bucket: Object[Model], store: StoreOf) -> Iterator[Contribution]:
        contributes = ALL.contributors[kind]
        key = Key(bucket.kind.name, bucket.namespace, bucket.name)
        receiver = _remembered(key, bucket.spec.to_json(), bucket.labels)
        if self.offline:
            yield from contributes.unknown(receiver)
        for other, spec in sorted(self.contributors.items()):
            if other[:2] != (kind, bucket.namespace):
                continue
            giver = _remembered(other, spec, status=self.statuses.get(other))
            if contributes.includes(giver, receiver):
                told = contributes.foretold(giver, lambda name: self.end(f"{bucket.namespace}/{name}", store))
                yield from contributes.given(_remembered(other, spec, status=told), receiver)


def _remembered(
    key: Key, spec: Mapping[str, object], labels: Mapping[str, str] | None = None, status: object = None
) -> Stored:
    """An object as the operator would remember it. What only the API server sets is left empty."""
    metadata = {"name": key.name, "namespace": key.namespace, "labels": labels or {}}
    only_there = {"uid": "", "resourceVersion": "", "creationTimestamp": "1970-01-01T00:00:00Z"}
    return ALL[key.kind].stored({"metadata": metadata | only_there, "spec": spec, "status": status or {}})


def surroundings(manifests: Manifests, cluster: ClusterState) -> Surroundings:
    """The manifests take precedence over the cluster's objects, because they are about to be applied."""
    written_buckets = manifests.of(ImageBucketSpec)
    specs = _specs(written_buckets, cluster.buckets)
    contributors = {
        Key(o.kind.name, o.namespace, o.name): o.spec.to_json()
        for o in manifests.objects
        if o.kind.name in ALL.contributors
    }
    return Surroundings(
        known_backends(manifests, cluster),
        {**cluster.labels, **manifests.namespaces},
        cluster.buckets,
        _standings(specs),
        cluster.offline,
        _others(specs, {o.label for o in written_buckets}, cluster.buckets),
        {**cluster.contributors, **contributors},
        cluster.statuses,
        specs,
    )


def _others(
    specs: Mapping[str, ImageBucketSpec], written: Set[str], known: Mapping[str, ClusterBucket]
) -> dict[str, dict[str, Referenced]]:
    """A bucket in the manifests counts as created; one that only the cluster has is as its status says."""
    found: defaultdict[str, dict[str, Referenced]] = defaultdict(dict)
    for label, spec in specs.items():
        namespace, _, name = label.partition("/")
        made = label in written or known[label].status.arn is not None
        deleting = label in known and known[label].meta.deleting
        theirs = tuple(names(ImageBucketSpec, spec.to_json()))
        found[namespace][name] = Referenced(spec.backend_ref.name, spec.bucket_name, made, deleting, theirs)
    return found


def _specs(
    objects: Iterable[Object[ImageBucketSpec]], known: Mapping[str, ClusterBucket]
) -> dict[str, ImageBucketSpec]:
    old = sorted(known.items(), key=lambda pair: (pair[1].meta.created, pair[0]))
    written = {o.label: o.spec for o in objects}
    return {label: k.spec for label, k in old} | written


def _standings(specs: Mapping[str, ImageBucketSpec]) -> dict[str, ClaimRank]:
    owners: dict[tuple[str, str], str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    found = {}
    for label, spec in specs.items():
        backend, namespace = spec.backend_ref.name, label.partition("/")[0]
        first = owners.setdefault((backend, spec.bucket_name), label)
        found[label] = ClaimRank(None if first == label else first, counts[backend, namespace])
        counts[backend, namespace] += 1
    return found
