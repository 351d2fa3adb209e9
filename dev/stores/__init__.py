"""Object stores on this machine, each a context manager that gives the same `Store`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from dev.stores.aws import aws
from dev.stores.base import Provider, Store
from dev.stores.ceph import ceph
from dev.stores.minio import minio
from dev.stores.seaweedfs import seaweedfs
from dev.stores.tiers import tiered_minio

FACTORIES: Mapping[str, Callable[..., AbstractContextManager[Store]]] = {
    "minio": minio,
    "ceph": ceph,
    "seaweedfs": seaweedfs,
    "aws": aws,
}

__all__ = ["FACTORIES", "Provider", "Store", "aws", "ceph", "minio", "seaweedfs", "tiered_minio"]
