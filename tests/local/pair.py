"""Two buckets on two stores, and a ReplicationPolicy between them, as manifests that ``imagestore apply`` carries out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from dev.stores import Store
from tests.cli.world import Said, imagestore
from tests.e2e.harness import backend_manifests
from tests.local.world import told

INSTALLATION = "shed"
RESERVED = ".imagestore/"
API = "imagestore.dev/v1alpha1"
Json = dict[str, Any]


@dataclass
class Pair:
    """``photos`` on the source, ``copy`` on the destination."""

    path: Path
    source: Store
    destination: Store
    capsys: pytest.CaptureFixture[str]
    name: str = field(default_factory=lambda: uuid4().hex[:8])

    def __post_init__(self) -> None:
        self.path.mkdir(exist_ok=True)
        for name, store in (("near", self.source), ("far", self.destination)):
            self.write(name, *backend_manifests(name, store, namespaces=("shop",)))

    def write(self, name: str, *objects: Json) -> None:
        """A file of manifests."""
        (self.path / f"{name}.yaml").write_text(yaml.safe_dump_all(objects))

    def bucket(self, name: str, backend: str, **spec: Any) -> str:
        """An ImageBucket; return its name in the store."""
        bucket = f"shop--{name}-{self.name}"
        found = {"backendRef": {"name": backend}, "bucketName": bucket, **spec}
        self.write(name, object_of("ImageBucket", name, found))
        return bucket

    def buckets(self, source: Json | None = None, destination: Json | None = None) -> tuple[str, str]:
        """Both buckets."""
        return self.bucket("photos", "near", **(source or {})), self.bucket(
            "copy", "far", **(destination or {})
        )

    def policy(self, name: str = "keep", **spec: Any) -> None:
        """The ReplicationPolicy."""
        ends: Json = {
            "source": {"bucketRef": {"name": "photos"}},
            "destination": {"bucketRef": {"name": "copy"}},
        }
        destination = {**ends["destination"], **spec.pop("destination", {})}
        self.write(name, object_of("ReplicationPolicy", name, {**ends, "destination": destination, **spec}))

    def apply(self, *argv: str) -> Said:
        """Run ``imagestore apply`` in this process."""
        given = ("--installation", INSTALLATION, "--confirm-drift", 1.0, "--format", "json", *argv)
        return imagestore(self.capsys, "apply", "-f", self.path, *given)

    def status(self, name: str = "keep") -> Json:
        """The policy's status in the state folder."""
        found: Json = yaml.safe_load(
            (self.path / ".imagestore/replicationpolicies/shop" / f"{name}.yaml").read_text()
        )
        return dict(found["status"])

    def condition(self, type_: str = "Ready", name: str = "keep") -> tuple[str, str, str]:
        """Status, reason and message of a condition of the policy."""
        listed = self.status(name)["conditions"]
        found: Json = next((c for c in listed if c["type"] == type_), {})
        return found.get("status", ""), found.get("reason", ""), found.get("message", "")


def object_of(kind: str, name: str, spec: Json) -> Json:
    """A manifest in the namespace shop."""
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def keys(s3: Any, bucket: str) -> list[str]:
    """The keys of a bucket's content."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    found = [o["Key"] for page in pages for o in page.get("Contents", ())]
    return [k for k in found if not k.startswith(RESERVED)]


def content(s3: Any, bucket: str) -> dict[str, bytes]:
    """All objects of a bucket with their bytes."""
    return {k: s3.get_object(Bucket=bucket, Key=k)["Body"].read() for k in keys(s3, bucket)}


def fill(s3: Any, bucket: str, objects: Mapping[str, bytes]) -> None:
    """Put these."""
    for key, body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def events(said: Said, name: str = "shop/keep") -> list[str]:
    """The reasons of the Events of the policy in one run."""
    return [e["reason"] for e in told(said, name)["events"]]
