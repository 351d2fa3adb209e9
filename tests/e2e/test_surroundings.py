"""Stories of what is around a bucket: its store, its Secret, the operator itself."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from botocore.exceptions import ClientError

from dev.cluster import Cluster
from dev.cluster.kube import CommandError
from dev.stores import Store, minio
from dev.wait import eventually
from tests.e2e.harness import ON, PATIENCE, Operator, User, backend_manifests, operator


def test_the_secret_is_nowhere(shop: User, running: Operator) -> None:
    objects = json.dumps([shop.cluster.get(k, "-A") for k in ("ib", "sbe", "events.events.k8s.io")])
    for place in (objects, running.log(), str(running.metrics())):
        assert shop.store.secret_key not in place


def test_metrics_of_a_deleted_bucket_are_gone(shop: User, running: Operator) -> None:
    shop.apply("measured", **ON)
    shop.ready("measured")
    eventually(
        lambda: any('name="measured"' in k for k in running.metrics()), PATIENCE, "a series of the bucket"
    )
    shop.delete("measured")
    eventually(
        lambda: not any('name="measured"' in k for k in running.metrics()), PATIENCE, "no series of it"
    )


def test_a_store_that_is_down_blocks_nobody_else(
    shop: User, running: Operator, installed: Cluster, tmp_path: Path
) -> None:
    """A namespace deleted while its store is down goes as soon as nothing has to be asked of the store."""
    with minio(tmp_path) as store:
        manifests = backend_manifests("fragile", store, namespaces=("fragile",))
        installed.kubectl("create", "namespace", "fragile")
        installed.apply(yaml.safe_dump_all(manifests))
        fragile = User(installed, "fragile", "fragile", store)
        fragile.apply("kept", **ON)
        fragile.apply("tidy", **ON, deletionPolicy="DeleteIfEmpty")
        fragile.ready("kept")
        fragile.ready("tidy")
        store.stop()
        installed.kubectl("delete", "namespace", "fragile", "--wait=false")
        eventually(lambda: not fragile.exists("kept"), PATIENCE, "a kept bucket needs no store")
        assert "deletionPolicy: Retain" in str(fragile.await_condition("tidy", "Ready", "False")["message"])
        shop.apply("meanwhile", **ON)
        shop.ready("meanwhile", timeout=10)
        store.start()
        with suppress(CommandError):  # it may have looked by itself already, and be gone
            fragile.look_now("tidy")
        gone = lambda: not installed.kubectl("get", "ns", "fragile", "--ignore-not-found").stdout  # noqa: E731
        eventually(gone, PATIENCE, "the namespace is gone")
        assert [b["Name"] for b in fragile.s3.list_buckets()["Buckets"]] == ["fragile--kept"]


def test_rotated_credentials_take_effect_at_once(
    shop: User, running: Operator, installed: Cluster, minio_store: Store
) -> None:
    installed.kubectl("create", "namespace", "rotated")
    good = backend_manifests("rotated", minio_store, namespaces=("rotated",))
    bad = json.loads(json.dumps(good))
    bad[0]["stringData"]["secretAccessKey"] = "wrong-secret-key"
    installed.apply(yaml.safe_dump_all(bad))
    user = User(installed, "rotated", "rotated", minio_store)
    user.apply("photos", **ON)
    message = user.stuck("photos", "AccessDenied")
    assert "wrong-secret-key" not in message
    installed.apply(yaml.safe_dump_all(good))
    user.ready("photos", timeout=15)
    with pytest.raises(ClientError):
        user.s3.head_bucket(Bucket="rotated--nothing")


def test_a_secret_that_comes_later_is_noticed(
    running: Operator, installed: Cluster, minio_store: Store
) -> None:
    installed.kubectl("create", "namespace", "early")
    manifests = backend_manifests("early", minio_store, namespaces=("early",))
    installed.apply(yaml.safe_dump(manifests[-1]))
    user = User(installed, "early", "early", minio_store)
    user.apply("photos", **ON)
    user.await_condition("photos", "Ready", "Unknown", "BackendUnusable")
    installed.apply(yaml.safe_dump_all(manifests[:-1]))
    user.ready("photos", timeout=15)


def test_a_restart_writes_nothing(installed: Cluster, shop: User, running: Operator, directory: Path) -> None:
    """A second operator takes over when the first ends, and a fleet in order stays as it is."""
    # A periodic look that happens to be due now may have news: the usage, once MinIO's scanner has come by.
    shop.apply("steady", **ON, drift={"interval": "24h"})
    shop.ready("steady")
    before = shop.get("steady")["metadata"]["resourceVersion"]
    with operator(installed, directory, "standby") as standby:
        assert not standby.working(), "the first one holds the Lease"
        running.server.stop()
        eventually(standby.working, PATIENCE, lambda: f"takes over\n{standby.log()[-2000:]}")
        shop.apply("proof", **ON)
        shop.ready("proof")
        assert shop.get("steady")["metadata"]["resourceVersion"] == before
    running.server.start()
    eventually(running.working, PATIENCE, "the first one is back")
