"""Replication to another backend, as `import` and `plan` show it. Two real MinIOs."""

from pathlib import Path
from typing import Any

import pytest

from dev.stores import Store
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.connecting import connect_with_keys
from imagestore.facets.replication import Replication
from tests.cli.world import backend, bucket, imagestore, write

SOURCE, COPIES = "shop--replicated", "shop--copies"
COPYING = "replication: {credentials: {secretRef: {name: far}}}"


def manifests(near: Store, far: Store, *rules: str) -> str:
    """Two backends, two buckets, and the source's settings."""
    admin = f'admin: {{endpoint: "{near.endpoint}", credentials: {{secretRef: {{name: eu}}}}}}'
    grant = f"{{adoptionGrants: [{{namespace: shop, bucketName: {SOURCE}}}]}}"
    here = backend(near, admin, tenancy=grant)
    there = backend(far, COPYING).replace("name: eu", "name: far")
    copies = bucket("copies", COPIES, "versioning: {state: Enabled}").replace("name: eu", "name: far")
    return here + there + copies + (bucket("photos", SOURCE, "adoption: Granted", *rules) if rules else "")


def replicating(near: Store, far: Store) -> Any:
    """The source with a rule of ours, as the operator has written it."""
    for store, name in ((near, SOURCE), (far, COPIES)):
        store.s3().create_bucket(Bucket=name)
        store.s3().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def connected(name: str, store: Store) -> Any:
        spec = {
            "provider": "MinIO",
            "s3": {"endpoint": store.endpoint, "region": store.region},
            "credentials": {"ambient": {}},
            "admin": {"endpoint": store.endpoint, "credentials": {"ambient": {}}},
        }
        keys = Keys(store.access_key, store.secret_key)
        said = StorageBackendSpec.model_validate(spec)
        return connect_with_keys(name, said, keys, replication_keys=keys)

    target = connected("far", far).replicator.receiving(COPIES)
    driver = connected("eu", near).toward({"copies": target}).drivers["replication"]
    to = {"bucketRef": {"bucket": COPIES, "store": "far", "access": "Current"}}
    rule = {"name": "all", "destination": to, "deleteMarkers": True}
    driver.write(SOURCE, Replication.model_validate({"rules": [rule]}), None)
    return driver


def test_a_rule_is_imported_with_the_name_of_its_destination_and_planned_without_changes(
    tiered_minio_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    near, far = tiered_minio_store, tiered_minio_store.behind
    assert far is not None
    driver = replicating(near, far)
    write(tmp_path, manifests(near, far), "backends.yaml")
    imported = imagestore(capsys, "import", f"eu/{SOURCE}", "-f", tmp_path, "-n", "shop", "--offline")
    assert imported.code == 0, imported.err
    assert "name: copies" in imported.out
    assert "left out" not in imported.out
    assert "priority" not in imported.out, "nobody gave one"
    assert "deleteMarkers: true" in imported.out
    write(tmp_path, imported.out, "photos.yaml")
    before = driver.read(SOURCE)
    planned = imagestore(capsys, "plan", "-f", tmp_path, "--offline", "--format", "json")
    changes = {c["facet"]: c["op"] for c in planned.bucket(f"shop/{SOURCE}")["changes"]}
    assert changes["replication"] == "Keep", planned.out

    (tmp_path / "photos.yaml").unlink()
    rule = "replication: {rules: [{name: all, destination: {bucketRef: {name: copies}, synchronous: true}}]}"
    write(tmp_path, manifests(near, far, "versioning: {state: Enabled}", rule), "backends.yaml")
    shown = imagestore(capsys, "plan", "-f", tmp_path, "--offline")
    assert "replication.rules[name=all].destination.synchronous" in shown.out
    for store in (near, far):
        assert store.secret_key not in imported.out + planned.out + shown.out + shown.err
    assert driver.read(SOURCE) == before, "neither command writes"


POLICY = """
---
apiVersion: imagestore.dev/v1alpha1
kind: ReplicationPolicy
metadata: {name: keep, namespace: shop}
spec:
  source: {bucketRef: {name: photos}}
  destination: {bucketRef: {name: copies}}
"""


def test_the_rules_that_a_policy_would_contribute_are_planned(
    tiered_minio_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No operator has judged it: plan finds out by itself that the store can replicate, and only reads."""
    near, far = tiered_minio_store, tiered_minio_store.behind
    assert far is not None
    objects = manifests(near, far, "versioning: {state: Enabled}").replace(SOURCE, "shop--planned")
    write(tmp_path, objects.replace(COPIES, "shop--planned-copies") + POLICY, "shop.yaml")
    shown = imagestore(capsys, "plan", "-f", tmp_path, "--offline")
    assert "replication.rules[name=keep/part-1]" in shown.out, shown.out + shown.err
    write(
        tmp_path, objects.replace(COPIES, "shop--planned-copies") + POLICY + "  method: Copy\n", "shop.yaml"
    )
    copied = imagestore(capsys, "plan", "-f", tmp_path, "--offline")
    assert "replication" not in copied.out
