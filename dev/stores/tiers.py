"""A MinIO with a remote tier, made as the operator makes one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dev.stores.base import Store
from dev.stores.minio import minio
from imagestore.api.tiers import Remote
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.s3.server.remote_tiers import RemoteTiers
from imagestore.backends.s3.transport import admin

COLD_BUCKET = "tier"


@contextmanager
def tiered_minio(directory: Path, *, name: str = "minio", scanner: str = "slowest") -> Iterator[Store]:
    """A MinIO whose tier WARM is a bucket of another MinIO."""
    with (
        minio(directory, name=f"{name}-tier", kms=False) as remote,
        minio(directory, name=name, scanner=scanner) as store,
    ):
        remote.s3().create_bucket(Bucket=COLD_BUCKET)
        tiers_of(store, remote).add("WARM", place(remote))
        yield replace(store, tiers={"Cool": "WARM"}, servers=(*remote.servers, *store.servers), behind=remote)


def tiers_of(store: Store, remote: Store, name: str = "WARM") -> RemoteTiers:
    """A MinIO's tiers; the one of this name gets the other MinIO's credentials."""
    keys = Keys(store.access_key, store.secret_key)
    call = admin.admin_call("MinIO", StoreTarget(store.endpoint, store.region, keys))
    theirs = {name: Keys(remote.access_key, remote.secret_key)}
    return RemoteTiers(call, theirs, lambda: keys.secret_access_key)


def place(remote: Store, bucket: str = COLD_BUCKET, prefix: str | None = None) -> Remote:
    """A bucket of another MinIO."""
    credentials = {"secretRef": {"name": "remote"}}
    where = {"type": "MinIO", "endpoint": remote.endpoint, "bucket": bucket, "prefix": prefix}
    return Remote.model_validate({**where, "credentials": credentials})
