"""Destinations of replication for the suite: a bucket of the MinIO that is behind the first one, or of moto."""

from dev.stores import Store
from imagestore.backends.replicating import ReplicationPeer
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys

ROLE = "arn:aws:iam::123456789012:role/replication"
RECEIVING = "replica"  # the bucket of the other store to which the samples of replication lead


def replicating(store: Store, backend: S3Backend) -> S3Backend:
    """The backend, which knows the destination of the samples; the destination is there, and versioned."""
    other = store.behind if store.provider == "MinIO" else store
    if store.provider not in ("AWS", "MinIO") or other is None:
        return backend
    s3 = other.s3()
    if RECEIVING not in {b["Name"] for b in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=RECEIVING)
        s3.put_bucket_versioning(Bucket=RECEIVING, VersioningConfiguration={"Status": "Enabled"})
    keys = Keys(other.access_key, other.secret_key)
    return backend.toward(
        {RECEIVING: ReplicationPeer("behind", RECEIVING, store.provider, other.endpoint, keys)}
    )
