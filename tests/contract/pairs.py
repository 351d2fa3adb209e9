"""Two MinIOs, a bucket of each, and what both hold: the tests of replication believe no status of MinIO's own."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from dev.stores import Store
from dev.wait import eventually
from imagestore.backends.replicating import ReplicationPeer
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys
from imagestore.core.diff import diff
from imagestore.facets.replication import Replication
from tests.contract.stores import connected

ARRIVES = 60  # seconds; a second on a quiet machine
Versions = set[tuple[str, str, str]]  # key, version, and the hash of its bytes or "marker"


@dataclass
class Pair:
    """A bucket of one MinIO, one of another, and the first one's backend, which knows the second."""

    source: Store
    target: Store
    backend: S3Backend
    bucket: str
    copies: str

    def rules(self, **rule: Any) -> Replication:
        """One rule, as it is once its reference was followed."""
        to = {
            "bucketRef": {"bucket": self.copies, "store": "other", "access": "Current"},
            **rule.pop("to", {}),
        }
        return Replication.model_validate({"rules": [{"name": "all", "destination": to, **rule}]})

    def handing(self, keys: Keys) -> S3Backend:
        """The backend, which is to give MinIO these credentials."""
        peer = ReplicationPeer("other", self.copies, "MinIO", self.target.endpoint, keys)
        return self.backend.toward({"copies": peer})

    def write(self, wanted: Replication, backend: S3Backend | None = None) -> None:
        """As the operator does: over what it has read, and read back."""
        driver = (backend or self.backend).drivers["replication"]
        driver.write(self.bucket, wanted, driver.read(self.bucket))
        have = driver.read(self.bucket)
        assert have is not None
        assert not diff("", have.canonical(), wanted.canonical())

    def put(self, key: str, body: bytes = b"a picture") -> None:
        self.source.s3().put_object(Bucket=self.bucket, Key=key, Body=body)

    def await_equal(self) -> None:
        """Version for version and byte for byte; the bytes are read once the listings agree."""
        eventually(
            lambda: listed(self.source, self.bucket) == listed(self.target, self.copies),
            ARRIVES,
            lambda: f"{listed(self.source, self.bucket) ^ listed(self.target, self.copies)} on one side only",
        )
        assert versions(self.source, self.bucket) == versions(self.target, self.copies)


def listed(store: Store, bucket: str) -> Versions:
    """What a bucket holds by a listing alone: key, version, and ETag or "marker"."""
    pages = [*store.s3().get_paginator("list_object_versions").paginate(Bucket=bucket)]
    markers = {(m["Key"], m["VersionId"], "marker") for p in pages for m in p.get("DeleteMarkers", ())}
    return markers | {(v["Key"], v["VersionId"], v["ETag"]) for p in pages for v in p.get("Versions", ())}


def versions(store: Store, bucket: str) -> Versions:
    """What a bucket holds. A listing is never passed on to the other server, as a read may be."""
    s3 = store.s3()
    pages = [*s3.get_paginator("list_object_versions").paginate(Bucket=bucket)]
    markers = {(m["Key"], m["VersionId"], "marker") for p in pages for m in p.get("DeleteMarkers", ())}
    return markers | {
        (v["Key"], v["VersionId"], _hash(s3, bucket, v)) for p in pages for v in p.get("Versions", ())
    }


def _hash(s3: Any, bucket: str, version: dict[str, Any]) -> str:
    found = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    return hashlib.sha256(found["Body"].read()).hexdigest()


def versioned(store: Store, name: str) -> str:
    bucket = f"{name}-{uuid.uuid4().hex[:8]}"
    store.s3().create_bucket(Bucket=bucket)
    store.s3().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.fixture
def pair(tiered_minio_store: Store) -> Pair:
    source, target = tiered_minio_store, tiered_minio_store.behind
    assert target is not None
    made = Pair(source, target, connected(source), versioned(source, "photos"), versioned(target, "copies"))
    made.backend = made.handing(Keys(target.access_key, target.secret_key))
    return made
