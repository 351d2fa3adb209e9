"""Buckets of the real stores, reached as data is moved."""

import uuid
from dataclasses import dataclass

import pytest

from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.objects.store import S3Objects
from imagestore.core.objects import ObjectAttributes, ObjectUpload
from imagestore.facets.object_lock import ObjectLock
from tests.contract.stores import connected

FIXTURES = {
    "MinIO": "minio_store",
    "Ceph": "ceph_store",
    "SeaweedFS": "seaweedfs_store",
    "AWS": "aws_store",
}
REAL = ("MinIO", "Ceph", "SeaweedFS")
NOTHING = ObjectAttributes()


@dataclass(frozen=True)
class Held:
    """One bucket of a store. ``versioned``: its versioning is enabled."""

    backend: S3Backend
    bucket: str
    versioned: bool = False

    @property
    def store(self) -> S3Objects:
        """Its objects."""
        assert isinstance(self.backend.objects, S3Objects)
        return self.backend.objects

    def write(self, key: str, body: bytes = b"x", attributes: ObjectAttributes = NOTHING) -> str:
        """The ETag of a new object."""
        return self.store.write(self.bucket, key, ObjectUpload(body), attributes).etag

    def read(self, key: str, version: str = "") -> bytes:
        """Its bytes."""
        with self.store.read(self.bucket, key, version=version) as body:
            return b"".join(body)

    def keys(self, limit: int = 1000) -> list[str]:
        """All keys, in the order in which pages of this size tell them."""
        found: list[str] = []
        page = self.store.objects(self.bucket, {}, limit=limit)
        while True:
            assert len(page.items) <= limit
            found += [item.key for item in page.items]
            if page.after is None:
                return found
            page = self.store.objects(self.bucket, page.after, limit=limit)


def backend(provider: str, request: pytest.FixtureRequest) -> S3Backend:
    """The provider's running store."""
    return connected(request.getfixturevalue(FIXTURES[provider]))


def bucket_of(found: S3Backend, *, versioned: bool = False, locked: bool = False) -> Held:
    """A new bucket."""
    name = f"objects-{uuid.uuid4().hex[:12]}"
    found.create(name, {"objectLock": ObjectLock()} if locked else {})
    if versioned and not locked:
        config = {"Status": "Enabled"}
        found.call("PutBucketVersioning", {"Bucket": name, "VersioningConfiguration": config})
    return Held(found, name, versioned or locked)
