"""A folder of manifests on a running store, and the commands on it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from dev.stores import Store
from imagestore.metrics import REGISTRY
from tests.cli.world import Said, backend, bucket, imagestore

INSTALLATION = "shed"
READS = ("Get", "Head", "List")


def writes() -> dict[str, float]:
    """How often this process has sent a store anything that does not only read, by operation."""
    samples = [s for m in REGISTRY.collect() for s in m.samples if s.name == "imagestore_store_calls_total"]
    return {
        s.labels["operation"]: s.value
        for s in samples
        if not s.labels["operation"].removeprefix("admin:").startswith(READS)
    }


@dataclass
class Folder:
    """Manifests in a folder. ``name``: of the one bucket that most stories have."""

    path: Path
    store: Store
    capsys: pytest.CaptureFixture[str]
    name: str = field(default_factory=lambda: f"shop--{uuid4().hex[:8]}")

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.path / ".imagestore"

    def backend(self, *settings: str, tenancy: str = "{}") -> None:
        """Write the StorageBackend and its Secret."""
        (self.path / "backend.yaml").write_text(backend(self.store, *settings, tenancy=tenancy))

    def bucket(self, *settings: str, name: str = "photos", bucket_name: str = "") -> None:
        """Write an ImageBucket."""
        (self.path / f"{name}.yaml").write_text(bucket(name, bucket_name or self.name, *settings))

    def apply(self, *argv: str, confirm: float = 1.0) -> Said:
        """Run ``imagestore apply`` in this process."""
        given = ("--installation", INSTALLATION, "--confirm-drift", confirm, "--format", "json", *argv)
        return imagestore(self.capsys, "apply", "-f", self.path, *given)

    def status(self, *argv: str) -> Said:
        """Run ``imagestore status``."""
        return imagestore(self.capsys, "status", "-f", self.path, *argv)

    def kept(self, name: str = "photos", kind: str = "imagebuckets/shop") -> dict[str, Any]:
        """An object as the state folder has it."""
        found: dict[str, Any] = yaml.safe_load((self.state / kind / f"{name}.yaml").read_text())
        return found

    def reason(self, name: str = "photos") -> str:
        """Of its Ready condition."""
        conditions = self.kept(name)["status"]["conditions"]
        return next(str(c["reason"]) for c in conditions if c["type"] == "Ready")

    def tags(self) -> dict[str, str]:
        """The bucket's tags in the store."""
        found = self.store.s3().get_bucket_tagging(Bucket=self.name)["TagSet"]
        return {t["Key"]: t["Value"] for t in found}

    def exists(self) -> bool:
        """Whether the bucket is in the store."""
        return self.name in [b["Name"] for b in self.store.s3().list_buckets()["Buckets"]]


def told(said: Said, name: str = "shop/photos") -> dict[str, Any]:
    """One object of what ``apply`` answered."""
    found: dict[str, Any] = next(o for o in said.json["objects"] if o["name"] == name)
    return found


def deleted(said: Said) -> dict[str, list[str]]:
    """The objects whose deletion ``apply`` finished, with the reasons of their Events."""
    return {o["name"]: [e["reason"] for e in o["events"]] for o in said.json["deleted"]}


def until(what: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
