"""A job between buckets of two real stores, and what their calls and contents are."""

import json
import secrets
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest

from dev.stores import Store
from imagestore.backends.base import Backend
from imagestore.backends.objects import ObjectStore
from imagestore.core.keys import is_reserved
from imagestore.core.objects import ObjectAttributes, ObjectUpload
from imagestore.metrics import REGISTRY
from imagestore.transfer.job import (
    DeleteGuard,
    DeleteMode,
    TransferEnd,
    TransferHooks,
    TransferJob,
    TransferLimits,
    TransferOptions,
)
from imagestore.transfer.pair_copier import PairCopier
from imagestore.transfer.report import TransferReport
from imagestore.transfer.run import transfer
from imagestore.transfer.walk import KeyListing, walk
from tests.contract.stores import connected

FIXTURES = {"MinIO": "minio_store", "Ceph": "ceph_store", "SeaweedFS": "seaweedfs_store"}
PAIRS = [("MinIO", "Ceph"), ("Ceph", "SeaweedFS"), ("SeaweedFS", "MinIO")]
OPEN = DeleteGuard(100.0, 1_000_000)


def calls() -> Counter[str]:
    """What this process has sent to all stores, by operation."""
    samples = [s for m in REGISTRY.collect() for s in m.samples if s.name == "imagestore_store_calls_total"]
    found: Counter[str] = Counter()
    for s in samples:
        found[s.labels["operation"]] += int(s.value)
    return found


@dataclass
class Side:
    """A bucket of a running store."""

    server: Store
    backend: Backend
    bucket: str = field(default_factory=lambda: f"transfer-{secrets.token_hex(5)}")

    @property
    def objects(self) -> ObjectStore:
        assert self.backend.objects is not None
        return self.backend.objects

    def create(self, *, versioned: bool) -> "Side":
        self.server.s3().create_bucket(Bucket=self.bucket)
        if versioned:
            self.keep_versions()
        return self

    def keep_versions(self) -> None:
        config = {"Status": "Enabled"}
        self.server.s3().put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration=config)

    def policy(self, statement: dict[str, Any] | None) -> None:
        """The bucket's policy has this statement, or there is none."""
        s3 = self.server.s3()
        if statement is None:
            s3.delete_bucket_policy(Bucket=self.bucket)
        else:
            said = {"Version": "2012-10-17", "Statement": [statement]}
            s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(said))

    def put(self, key: str, data: bytes, **attributes: Any) -> None:
        self.objects.write(self.bucket, key, ObjectUpload(data, len(data)), ObjectAttributes(**attributes))

    def remove(self, key: str) -> None:
        self.objects.delete(self.bucket, key)

    def held(self) -> dict[str, bytes]:
        """All content, read back."""
        return {item.key: self._bytes(item.key) for item in walk(KeyListing(self.objects, self.bucket))}

    def versions(self) -> dict[str, list[bytes | None]]:
        """The bytes of all versions of each key, newest first; None: a delete marker."""
        found: dict[str, list[bytes | None]] = defaultdict(list)
        for item in walk(KeyListing(self.objects, self.bucket, versions=True)):
            found[item.key].append(None if item.marker else self._bytes(item.key, item.version))
        return found

    def _bytes(self, key: str, version: str = "") -> bytes:
        with self.objects.read(self.bucket, key, version=version) as body:
            return b"".join(body)

    def kept(self) -> list[str]:
        """What the operator keeps."""
        pages = (
            self.server.s3()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.bucket, Prefix=".imagestore")
        )
        return [o["Key"] for page in pages for o in page.get("Contents", ()) if is_reserved(o["Key"])]


@dataclass
class Pair:
    """``near`` is the source."""

    near: Side
    far: Side
    options: TransferOptions = field(
        default_factory=lambda: TransferOptions(deletes=DeleteMode.MIRROR, guard=OPEN)
    )
    limits: TransferLimits = field(default_factory=TransferLimits)

    @property
    def job(self) -> TransferJob:
        source, destination = (TransferEnd(s.objects, s.bucket) for s in (self.near, self.far))
        return TransferJob("job", source, destination, self.options, self.limits)

    def run(self, **hooks: Any) -> TransferReport:
        return transfer(self.job, TransferHooks(secrets.token_hex(4), **hooks), PairCopier)


def pair(request: pytest.FixtureRequest, names: tuple[str, str], *, versioned: bool = False) -> Pair:
    """Two new buckets."""
    near, far = (
        Side(server, connected(server)).create(versioned=v)
        for server, v in zip(
            (request.getfixturevalue(FIXTURES[n]) for n in names), (False, versioned), strict=True
        )
    )
    return Pair(near, far)
