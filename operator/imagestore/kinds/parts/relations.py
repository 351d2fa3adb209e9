"""What an ImageBucket points at, and what points at it: looked up in the index, in the event loop."""

from collections.abc import Iterator, Sequence

from imagestore.api.kinds import IMAGE_BUCKET, STORAGE_BACKEND
from imagestore.controller.services import Services
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.index import Edge
from imagestore.controller.state.objects import Key, Stored
from imagestore.core.facet import Facet
from imagestore.core.references import references
from imagestore.kinds.parts.facts import BucketFacts
from imagestore.reconcile.shared.contribution import Contribution
from imagestore.reconcile.shared.situation import Served
from imagestore.reconcile.shared.tenancy import eligible

TO_BACKEND = "backend"  # the StorageBackend that it names
TO_CLAIM = "claim"  # the bucket in a store that it wants for its own
TO_TENANT = "tenant"  # a namespace on a backend
TO_REFERENCE = "reference"  # the ImageBucket that one of its settings names

REPLICATED_TO = "replication"  # the setting that names ImageBuckets on other backends

StoredBucket = Stored[BucketFacts]


def edges(obj: StoredBucket) -> Iterator[Edge]:
    """Of one ImageBucket."""
    yield Edge(TO_BACKEND, backend_key(obj.extra.backend))
    yield claim(obj)
    yield tenant(obj.key.namespace, obj.extra.backend)
    yield from (Edge(TO_REFERENCE, key) for key in referenced(obj))


def claim(obj: StoredBucket) -> Edge:
    """To the bucket in the store."""
    return Edge(TO_CLAIM, Key("", obj.extra.backend, obj.extra.bucket))


def tenant(namespace: str, backend: str) -> Edge:
    """To what a namespace has on one backend."""
    return Edge(TO_TENANT, Key("", namespace, backend))


def backend_key(name: str) -> Key:
    """The StorageBackend with this name."""
    return Key(STORAGE_BACKEND.name, "", name)


def referenced(obj: StoredBucket) -> list[Key]:
    """The ImageBuckets that its settings name."""
    names = sorted({name for _, name in obj.extra.references})
    return [Key(IMAGE_BUCKET.name, obj.key.namespace, name) for name in names]


def reached_from(cache: Cache, obj: StoredBucket) -> list[StoredBucket]:
    """The ImageBuckets that its settings name, and those that theirs name, as far as they are there."""
    found: dict[Key, StoredBucket] = {}
    left = referenced(obj)
    while left:
        key = left.pop()
        other = cache.get(key)
        if other is not None and key not in found:
            found[key] = other
            left += referenced(other)
    return list(found.values())


def contributed_references(
    cache: Cache, obj: StoredBucket, contributions: Sequence[Contribution]
) -> list[StoredBucket]:
    """The ImageBuckets that the contributions of other objects name, as far as they are there."""
    values = (c.value for c in contributions if isinstance(c.value, Facet))
    names = sorted({ref.name for value in values for _, ref, _ in references(value) if ref.name})
    return list(cache.found(Key(IMAGE_BUCKET.name, obj.key.namespace, name) for name in names))


def referrers(cache: Cache, key: Key) -> tuple[Key, ...]:
    """The ImageBuckets with a setting that names this one, which need not be there."""
    return cache.pointing(TO_REFERENCE, key)


def replicating_into(cache: Cache, backend: str) -> Iterator[Key]:
    """The ImageBuckets with a replication rule of their own that leads to this backend."""
    for bucket in buckets_of(cache, backend):
        naming = cache.found(referrers(cache, bucket))
        yield from (
            o.key for o in naming if (REPLICATED_TO, bucket.name) in getattr(o.extra, "references", ())
        )


def buckets_of(cache: Cache, backend: str) -> tuple[Key, ...]:
    """The ImageBuckets that name this backend."""
    return cache.pointing(TO_BACKEND, backend_key(backend))


def serves_any(cache: Cache, backend: str) -> bool:
    """Whether any ImageBucket names this backend. Asked at each of ten thousand deletions, so nothing is listed."""
    return cache.index.count(Edge(TO_BACKEND, backend_key(backend))) > 0


def claimants(cache: Cache, backend: str, bucket: str) -> Iterator[tuple[str, str]]:
    """Namespace and name of the ImageBuckets that claim a bucket of a backend."""
    yield from ((k.namespace, k.name) for k in cache.pointing(TO_CLAIM, Key("", backend, bucket)))


def older_rivals(cache: Cache, obj: StoredBucket) -> Iterator[StoredBucket]:
    """ImageBuckets that claim the same bucket of the same backend and were there before, oldest first."""
    return cache.found(cache.index.older(claim(obj), obj.age))


def younger_rivals(cache: Cache, obj: StoredBucket) -> tuple[Key, ...]:
    """ImageBuckets that came later to the same claim; ``obj`` itself need not be there any more."""
    return cache.index.younger(claim(obj), obj)


def earlier_in_namespace(cache: Cache, obj: StoredBucket) -> int:
    """How many ImageBuckets of the same namespace on the same backend were there before."""
    return cache.index.count_older(tenant(obj.key.namespace, obj.extra.backend), obj)


def later_in_namespace(cache: Cache, obj: StoredBucket) -> tuple[Key, ...]:
    """ImageBuckets of the same namespace on the same backend that came later."""
    return cache.index.younger(tenant(obj.key.namespace, obj.extra.backend), obj)


def unsettled(cache: Cache, keys: tuple[Key, ...]) -> list[Key]:
    """Those of these objects that wait for something, or are not done."""
    return [obj.key for obj in cache.found(keys) if not obj.settled]


def served(services: Services, backend: str) -> tuple[Served, ...]:
    """The ImageBuckets that a backend serves. Of a backend that is not understood: all that name it.

    Any namespace may name a backend: a squatter in one that is not allowed kept it from being deleted.
    """
    found: Iterator[StoredBucket] = services.cache.found(buckets_of(services.cache, backend))
    if services.stores.spec(backend) is not None:
        found = (b for b in found if may_have(services, b) and older_rival(services, b) is None)
    return tuple(map(_served, found))


def older_rival(services: Services, obj: StoredBucket) -> str | None:
    """Only claims of namespaces that may have the bucket count: else any namespace could keep a name from its owner."""
    rivals = (r for r in older_rivals(services.cache, obj) if not _tied(obj, r))
    return next((f"{r.key.namespace}/{r.key.name}" for r in rivals if may_have(services, r)), None)


def may_have(services: Services, obj: StoredBucket) -> bool:
    """Whether the tenancy lets its namespace have the bucket that it claims."""
    spec, namespace = services.stores.spec(obj.extra.backend), obj.key.namespace
    return spec is not None and eligible(
        spec, namespace, services.namespaces.labels(namespace), obj.extra.bucket
    )


def _served(obj: StoredBucket) -> Served:
    """Looked for are those that would be created again. Of one that is being deleted the bucket may be gone by now, as it
    ought to be, and so may one that was only observed or is suspended: BucketsMissing of those never ended.
    """
    name, made = f"{obj.key.namespace}/{obj.key.name}", obj.extra.remade and not obj.deleting
    return Served(name, obj.extra.bucket, made, obj.extra.endpoint)


def _tied(obj: StoredBucket, rival: StoredBucket) -> bool:
    """Made in the same second (Kubernetes counts no finer): then the one that has the bucket was there before."""
    return obj.created == rival.created and obj.extra.incumbent and not rival.extra.incumbent
