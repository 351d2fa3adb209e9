"""Destinations of replication: ImageBuckets that may be on another backend, whose store this one must be able to reach."""

from collections.abc import Iterator

from imagestore.backends.base import Backend
from imagestore.backends.replicating import Replicates, ReplicationPeer
from imagestore.core.facet import Facet
from imagestore.core.reading import Level
from imagestore.core.references import references
from imagestore.reconcile.bucket.situation import BucketSituation, Referenced

FACET = "replication"


def peers(s: BucketSituation) -> dict[str, ReplicationPeer]:
    """The destinations that the bucket and its contributors name, by ImageBucket, as far as their stores are known."""
    found = ((name, receiving(s.referenced[name])) for name in _named(s) if name in s.referenced)
    return {name: peer for name, peer in found if isinstance(peer, ReplicationPeer)}


def directed(s: BucketSituation, backend: Backend) -> Backend:
    """The bucket's backend, which knows the destinations that are named. Most buckets have none."""
    found = peers(s)
    return backend.toward(found) if found and isinstance(backend, Replicates) else backend


def _named(s: BucketSituation) -> Iterator[str]:
    given = [c.value for c in s.contributions if c.facet == FACET and isinstance(c.value, Facet)]
    for value in (*([s.spec.replication] if s.spec.replication else []), *given):
        yield from (ref.name for _, ref, mark in references(value) if ref.name and mark.elsewhere)


def receiving(other: Referenced) -> ReplicationPeer | str:
    """An ImageBucket as one that receives copies, or why it cannot be."""
    store = other.store()
    if isinstance(store.backend, Replicates):
        return store.backend.replicator.receiving(other.bucket)
    if store.backend is None:
        return f"the StorageBackend {other.backend} cannot be used: {store.trouble or 'there is none of this name'}"
    return f"the buckets of the StorageBackend {other.backend} cannot receive copies of other stores"


def unsuitable(s: BucketSituation, other: Referenced) -> str:
    """Why the bucket's store cannot replicate to an ImageBucket; empty: it can, or has no replication at all."""
    backend = s.store.backend
    if not isinstance(backend, Replicates) or backend.support[FACET].level is Level.NONE:
        return ""
    peer = receiving(other)
    return peer if isinstance(peer, str) else backend.replicator.refusal_of(peer)
