"""A real operator between an API server that keeps an audit log and a MinIO behind a proxy that counts."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.bench.counting import Audit
from dev.cluster import Cluster
from dev.cluster.api import bucket_path
from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import Operator, backend_manifests, install, operator
from tests.faults.proxy import Proxy, proxied

NAMESPACE, BACKEND, SIZE = "cost", "counted", 12
SETTINGS = ("versioning", "tags", "policy", "lifecycle")  # of every bucket here
NAMES = [f"b{i:02}" for i in range(SIZE)]


@dataclass(frozen=True)
class Counted:
    """What it costs, as those see it who are asked."""

    cluster: Cluster
    proxy: Proxy
    audit: Audit
    directory: Path

    def forget(self) -> None:
        """Count from here."""
        self.proxy.forget()
        self.audit.all()

    def calls(self) -> dict[str, list[str]]:
        """Calls to the store by bucket: `GET tagging`."""
        found: dict[str, list[str]] = {f"{NAMESPACE}--{name}": [] for name in NAMES}
        for asked in tuple(self.proxy.seen):
            if asked.bucket in found:
                found[asked.bucket].append(f"{asked.method} {asked.sub}".strip())
        return found

    def writes(self) -> Counter[str]:
        """Writes to ImageBuckets; Events and the Lease apart."""
        return Counter({k: n for k, n in self.audit.all().items() if " imagebuckets" in k})

    def apply(self) -> None:
        """All of them at once."""
        self.cluster.apply(yaml.safe_dump_all(map(_bucket, NAMES)))

    def listed(self) -> list[dict[str, Any]]:
        """Every ImageBucket as the API server has it."""
        items: list[dict[str, Any]] = self.cluster.api.get(bucket_path(NAMESPACE))["items"]
        return items

    def all_ready(self) -> bool:
        """Whether each is Ready for its present generation."""
        return all(map(_is_ready, self.listed()))

    @contextmanager
    def operator(self, name: str, *arguments: str) -> Iterator[Operator]:
        """An operator that has the Lease and knows everything."""
        with operator(self.cluster, self.directory, name, *arguments) as running:
            eventually(running.working, 60, "the operator works")
            yield running


def _is_ready(item: dict[str, Any]) -> bool:
    status = item.get("status") or {}
    judged = status.get("observedGeneration") == item["metadata"]["generation"]
    conditions = status.get("conditions", ())
    return judged and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _bucket(name: str) -> dict[str, Any]:
    deny = {
        "sid": "nobody-deletes",
        "effect": "Deny",
        "principals": ["*"],
        "actions": ["s3:DeleteObject"],
        "resources": ["originals/*"],
    }
    rules = [
        {"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 30}},
        {"name": "old", "noncurrent": {"expire": {"days": 90}}},
    ]
    spec = {
        "backendRef": {"name": BACKEND},
        "bucketName": f"{NAMESPACE}--{name}",
        "deletionPolicy": "DeleteIfEmpty",
        "versioning": {"state": "Enabled"},
        "tags": {"team": "shop"},
        "policy": {"statements": [deny]},
        "lifecycle": {"rules": rules},
    }
    metadata = {"name": name, "namespace": NAMESPACE}
    return {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "ImageBucket",
        "metadata": metadata,
        "spec": spec,
    }


@pytest.fixture(scope="package")
def counted(tmp_path_factory: pytest.TempPathFactory, minio_store: Store) -> Iterator[Counted]:
    """A cluster of its own: nobody else is in its audit log."""
    folder = tmp_path_factory.mktemp("cost")
    with Cluster.start(folder, name="cost") as cluster, proxied(minio_store.endpoint) as proxy:
        install(cluster)
        cluster.kubectl("create", "namespace", NAMESPACE)
        # Without the admin API: usage is asked for by the hour, and not a setting's cost.
        store = replace(minio_store, endpoint=proxy.endpoint, admin_endpoint=None)
        cluster.apply(yaml.safe_dump_all(backend_manifests(BACKEND, store, namespaces=(NAMESPACE,))))
        yield Counted(cluster, proxy, Audit(cluster.audit_log), folder)
