"""Backups in a cluster: the right to read a key, an operator that is killed while it backs up, a backup that is cancelled."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store
from dev.wait import eventually
from imagestore.api.backup import BackupStatus
from imagestore.core import conditions
from tests.e2e.harness import (
    ACCOUNT,
    CHART,
    INSTALLATION,
    PATIENCE,
    SYSTEM,
    Operator,
    User,
    backend_manifests,
)
from tests.local.pair import fill, keys

PATH = "/apis/imagestore.dev/v1alpha1/namespaces/shop/backups"
PICTURES = {f"originals/{n:03}.jpg": str(n).encode() * 50 for n in range(100)}
SLOW = {"requestsPerSecond": 20, "burst": 5, "concurrency": 4}
Json = dict[str, Any]


@dataclass
class Vault:
    """Backups of a bucket on one store into a bucket on another."""

    cluster: Cluster
    near: User
    far: User

    def backup(self, name: str, prefix: str = "") -> None:
        """`kubectl apply` of an encrypted Backup."""
        spec = {
            "source": {"bucketRef": {"name": "vault-photos"}},
            "repository": {
                "bucketRef": {"name": "vault-backups"},
                "prefix": prefix or f"{name}/",
                "encryption": {"secretRef": {"name": "vault-key"}},
            },
        }
        meta = {"name": name, "namespace": "shop"}
        body = {"apiVersion": "imagestore.dev/v1alpha1", "kind": "Backup", "metadata": meta, "spec": spec}
        self.cluster.apply(yaml.safe_dump(body))

    def status(self, name: str) -> Json:
        """Every status that is seen obeys the rules of kstatus."""
        found = self.cluster.api.get(f"{PATH}/{name}")
        status = dict(found.get("status") or {})
        read = BackupStatus.model_validate(status)
        if read.conditions:
            generation = found["metadata"]["generation"]
            assert not conditions.violations(read.conditions, generation, read.observed_generation), status
        return status

    def becomes(self, name: str, phase: str, reason: str = "") -> Json:
        """Its status, once it is in this phase."""

        def there() -> bool:
            status = self.status(name)
            said = [c["reason"] for c in status.get("conditions", ()) if c["type"] == "Ready"]
            return status.get("phase") == phase and (not reason or reason in said)

        eventually(there, PATIENCE, lambda: f"{name} is {phase} {reason}; it is {self.status(name)}")
        return self.status(name)

    def stored(self, below: str) -> list[str]:
        """Files of a repository."""
        return [k for k in keys(self.far.s3, self.far.bucket("vault-backups")) if k.startswith(below)]


def granted(cluster: Cluster) -> list[Json]:
    """What the chart gives for ``rbac.backupKeys: [shop]``."""
    rendered = cluster.helm(
        "template", ACCOUNT, str(CHART), "--namespace", SYSTEM, "--show-only", "templates/rbac.yaml", "--set",
        f"installation={INSTALLATION},image.repository=imagestore,rbac.backupKeys={{shop}}",
    ).stdout  # fmt: skip
    return [m for m in yaml.safe_load_all(rendered) if m and m["metadata"]["name"].endswith("-backup-keys")]


@pytest.fixture(scope="module")
def vault(shop: User, installed: Cluster, minio_store: Store, ceph_store: Store) -> Iterator[Vault]:
    """Two buckets; the source's store may be asked 20 times a second."""
    slow = backend_manifests("vault", minio_store, namespaces=("shop",))
    slow[-1]["spec"]["limits"] = SLOW
    key = {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "vault-key", "namespace": "shop"},
        "stringData": {"key": "0123456789abcdef0123456789abcdef"},
    }  # fmt: skip
    installed.apply(
        yaml.safe_dump_all([*slow, *backend_manifests("ceph", ceph_store, namespaces=("shop",)), key])
    )
    made = Vault(
        installed, User(installed, "shop", "vault", minio_store), User(installed, "shop", "ceph", ceph_store)
    )
    made.near.apply("vault-photos")
    made.far.apply("vault-backups")
    made.near.ready("vault-photos")
    made.far.ready("vault-backups")
    fill(made.near.s3, made.near.bucket("vault-photos"), PICTURES)
    yield made
    installed.kubectl("delete", "ibk", "--all", "-n", "shop")


def test_a_key_is_read_where_the_chart_lets_it_be(vault: Vault, running: Operator) -> None:
    vault.backup("denied")
    status = vault.becomes("denied", "Pending", "SecretDenied")
    assert "adds the namespace shop to the chart's rbac.backupKeys" in str(status["conditions"])
    vault.cluster.kubectl("delete", "ibk", "denied", "-n", "shop")
    vault.cluster.apply(yaml.safe_dump_all(granted(vault.cluster)))
    vault.backup("first")
    status = vault.becomes("first", "Succeeded", "BackedUp")
    assert (status["objects"], status["newObjects"]) == (100, 100)
    assert vault.stored("first/backups/") == [f"first/backups/{status['backup']}"]
    told = vault.cluster.api.get("/apis/events.k8s.io/v1/namespaces/shop/events")["items"]
    assert "BackedUp" in [e["reason"] for e in told if e["regarding"].get("name") == "first"]
    objects = 'imagestore_backup_objects{name="first",namespace="shop"}'
    assert running.metrics()[objects] == 100.0
    shown = vault.cluster.kubectl("get", "ibk", "first", "-n", "shop").stdout
    assert "Succeeded" in shown
    assert "originals/" not in running.log()
    vault.cluster.kubectl("delete", "ibk", "first", "-n", "shop")
    eventually(lambda: objects not in running.metrics(), PATIENCE, "its metric goes with it")
    assert vault.stored("first/backups/"), "deleting the object deletes nothing in the repository"


def test_a_backup_goes_on_after_its_operator_was_killed(vault: Vault, running: Operator) -> None:
    vault.cluster.apply(yaml.safe_dump_all(granted(vault.cluster)))
    vault.backup("killed")
    vault.becomes("killed", "Running")
    eventually(lambda: bool(vault.stored("killed/runs/")), PATIENCE, "its run is in the repository")
    running.server.kill()
    assert vault.stored("killed/backups/") == [], "it was killed before its end"
    vault.cluster.kubectl("delete", "lease", "imagestore", "-n", SYSTEM)  # else its time is waited for
    running.server.start()
    status = vault.becomes("killed", "Succeeded")
    assert status["objects"] == 100
    assert vault.stored("killed/backups/") == [f"killed/backups/{status['backup']}"]


def test_deleting_a_backup_stops_its_run(vault: Vault, running: Operator) -> None:
    vault.cluster.apply(yaml.safe_dump_all(granted(vault.cluster)))
    runs = 'imagestore_runs{backend="ceph",lane="backup",state="running"}'
    vault.backup("cancelled")
    vault.becomes("cancelled", "Running")
    eventually(lambda: running.metrics().get(runs) == 1.0, PATIENCE, "it runs")
    vault.cluster.kubectl("delete", "ibk", "cancelled", "-n", "shop")
    eventually(lambda: runs not in running.metrics(), PATIENCE, "its run has ended")
    assert vault.stored("cancelled/backups/") == []
