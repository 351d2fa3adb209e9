"""Replication in a cluster: the status while a run goes on, trouble in time, failover and return under writers."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from dev.cluster import Cluster
from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import PATIENCE, Operator, User, backend_manifests
from tests.e2e.museum import Museum, opened_museum
from tests.local.pair import content, fill, keys

Json = dict[str, Any]


@pytest.fixture(scope="module")
def far(shop: User, installed: Cluster, ceph_store: Store) -> User:
    """The same user, on another store."""
    installed.apply(yaml.safe_dump_all(backend_manifests("ceph", ceph_store, namespaces=("shop",))))
    return User(installed, "shop", "ceph", ceph_store)


@pytest.fixture
def museum(request: pytest.FixtureRequest, shop: User, far: User, installed: Cluster) -> Iterator[Museum]:
    """One for each test; its policy is deleted in the end."""
    with opened_museum(installed, shop, far, request.node.name) as made:
        yield made


def test_copies_from_one_store_to_the_other(museum: Museum, running: Operator) -> None:
    near, far = museum.buckets()
    images = {f"i/{n}.jpg": str(n).encode() for n in range(20)}
    fill(museum.near.s3, near, images)
    museum.policy(
        objectives={"rpo": "1m"}, destination={"bucketRef": {"name": museum.ends[1]}, "prefix": "copy/"}
    )
    museum.becomes("Ready", "True", "Replicated")
    assert museum.says("WithinObjective")[0] == "True"
    assert content(museum.far.s3, far) == {f"copy/{k}": v for k, v in images.items()}
    museum.near.s3.put_object(Bucket=near, Key="i/late.jpg", Body=b"late")
    eventually(lambda: "copy/i/late.jpg" in keys(museum.far.s3, far), PATIENCE, "the next run copies it")
    lag = f'imagestore_replication_lag_seconds{{name="{museum.name}",namespace="shop"}}'
    assert running.metrics()[lag] < 60.0
    shown = museum.cluster.kubectl("get", "rpol", museum.name, "-n", "shop").stdout
    assert "WITHINOBJECTIVE" in shown
    listed = museum.cluster.api.get("/apis/events.k8s.io/v1/namespaces/shop/events")["items"]
    assert "Replicated" in [e["reason"] for e in listed if e["regarding"].get("name") == museum.name]
    museum.cluster.kubectl("delete", "rpol", museum.name, "-n", "shop")
    eventually(lambda: lag not in running.metrics(), PATIENCE, "its metric goes with it")
    assert "copy/i/0.jpg" in keys(museum.far.s3, far), "what was copied stays"


def test_a_revoked_key_is_told_in_time(museum: Museum, ceph_store: Store) -> None:
    """Status was fine while all failed for weeks (noobaa-core#9610)."""
    near, far = museum.buckets()
    museum.policy(objectives={"rpo": "8s"})
    museum.becomes("WithinObjective", "True")
    secret = {"stringData": {"secretAccessKey": "revoked"}}
    patch = ("patch", "secret", "ceph", "-n", "imagestore-system", "-p")
    museum.cluster.kubectl(*patch, json.dumps(secret))
    try:
        message = museum.becomes("WithinObjective", "False", "ObjectiveMissed")
        assert "the destination" in museum.says("Ready")[2]
        assert ceph_store.secret_key not in message
    finally:
        museum.cluster.kubectl(*patch, json.dumps({"stringData": {"secretAccessKey": ceph_store.secret_key}}))
    museum.becomes("WithinObjective", "True")
    assert keys(museum.far.s3, far) == keys(museum.near.s3, near) == []


@dataclass
class Writers:
    """Applications that write to one side, and remember what the store has acknowledged. A later number is a newer object."""

    side: Callable[[], tuple[Any, str]]
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    number: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def beyond(self, number: int) -> bool:
        """Whether they have gone on that far."""
        return self.number > number

    def write(self) -> None:
        """Until the end: some keys again and again, and new ones."""
        while not self.ended.wait(0.01):
            self.number += 1
            key = f"w/{self.number % 7}" if self.number % 2 else f"w/new-{self.number}"
            s3, bucket = self.side()
            try:
                s3.put_object(Bucket=bucket, Key=key, Body=str(self.number).encode())
            except (ClientError, BotoCoreError):
                self.refused += 1
                continue
            self.acknowledged[key] = self.number


def test_failover_and_return_under_writers_lose_nothing(museum: Museum) -> None:
    near, far = museum.buckets()
    sides = {"Primary": (museum.near.s3, near), "Promoted": (museum.far.s3, far)}
    active = {"role": "Primary"}
    writers = Writers(lambda: sides[active["role"]])
    thread = threading.Thread(target=writers.write)
    thread.start()
    try:
        museum.policy(failover={"role": "Primary"})
        museum.becomes("Ready", "True")
        museum.becomes("Fenced", "True")
        with pytest.raises(ClientError, match="AccessDenied"):
            museum.far.s3.put_object(Bucket=far, Key="w/stray", Body=b"x")
        for role in ("Promoted", "Primary"):
            museum.policy(failover={"role": role})
            eventually(partial(museum.has_role, role), PATIENCE, lambda: f"{museum.status()}")
            time.sleep(1)  # late writes still reach the side that was written to before
            active["role"] = role
            before = writers.number
            eventually(partial(writers.beyond, before + 50), PATIENCE, "they write to the other side")
            eventually(lambda: museum.role()[1], PATIENCE, lambda: f"settled; {museum.status()}")
    finally:
        writers.ended.set()
        thread.join()
    for s3, bucket in sides.values():
        eventually(partial(_complete, writers, s3, bucket), PATIENCE, partial(_said, writers, s3, bucket))
    assert writers.acknowledged


def _complete(writers: Writers, s3: Any, bucket: str) -> bool:
    return _lost(writers, s3, bucket) == {}


def _said(writers: Writers, s3: Any, bucket: str) -> str:
    return f"{bucket} lacks {_lost(writers, s3, bucket)}"


def _lost(writers: Writers, s3: Any, bucket: str) -> dict[str, tuple[int, int]]:
    """What was acknowledged and is not there, or is there as an older one."""
    there = {k: int(v) for k, v in content(s3, bucket).items() if k.startswith("w/")}
    return {k: (n, there.get(k, 0)) for k, n in writers.acknowledged.items() if there.get(k, 0) < n}


def test_which_side_is_written_to_is_published(museum: Museum) -> None:
    museum.buckets()
    publish = {"configMap": f"{museum.name}-active"}
    museum.policy(failover={"role": "Primary", "publish": publish})
    assert "set rbac.publish" in museum.becomes("Published", "False", "NotPublished")
    museum.cluster.apply(yaml.safe_dump_all(GRANT))
    museum.policy(failover={"role": "Promoted", "publish": publish})
    museum.becomes("Published", "True")

    def active() -> Json:
        path = f"/api/v1/namespaces/shop/configmaps/{museum.name}-active"
        return dict((museum.cluster.api.find(path) or {}).get("data") or {})

    promoted = {
        "endpoint": museum.far.store.endpoint, "bucket": museum.far.bucket(museum.ends[1]), "role": "Promoted",
        "region": museum.far.store.region,
    }  # fmt: skip
    eventually(lambda: active() == promoted, PATIENCE, lambda: f"switched over; it says {active()}")
    museum.policy(failover={"role": "Primary", "publish": publish})
    eventually(lambda: active()["bucket"] == museum.near.bucket(museum.ends[0]), PATIENCE, "switched back")
    mine = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "mine", "namespace": "shop"},
        "data": {"a": "b"},
    }
    museum.cluster.apply(yaml.safe_dump(mine))
    museum.policy(failover={"role": "Primary", "publish": {"configMap": "mine"}})
    assert "was not created for this policy" in museum.becomes("Published", "False", "NotPublished")
    assert museum.cluster.api.get("/api/v1/namespaces/shop/configmaps/mine")["data"] == {"a": "b"}


def named(store: Store) -> Store:
    """The same store at an address that has a name."""
    admin = store.admin_endpoint and store.admin_endpoint.replace("127.0.0.1", "localhost")
    return replace(store, endpoint=store.endpoint.replace("127.0.0.1", "localhost"), admin_endpoint=admin)


def test_a_service_leads_to_the_side_that_is_written_to(museum: Museum) -> None:
    museum.cluster.apply(yaml.safe_dump_all(GRANT))
    for user, name in ((museum.near, "named"), (museum.far, "named-far")):
        made = backend_manifests(name, named(user.store), namespaces=("shop",))
        museum.cluster.apply(yaml.safe_dump_all(made))
    museum.near = User(museum.cluster, "shop", "named", museum.near.store)
    museum.far = User(museum.cluster, "shop", "named-far", museum.far.store)
    museum.buckets()
    path = f"/api/v1/namespaces/shop/services/{museum.name}"
    publish = {"configMap": f"{museum.name}-active", "service": museum.name}
    museum.policy(failover={"role": "Primary", "publish": publish})
    museum.becomes("Published", "True")
    found = museum.cluster.api.get(path)
    assert (found["spec"]["type"], found["spec"]["externalName"]) == ("ExternalName", "localhost")
    assert [o["kind"] for o in found["metadata"]["ownerReferences"]] == ["ReplicationPolicy"]
    museum.cluster.kubectl("delete", "service", museum.name, "-n", "shop")
    museum.policy(failover={"role": "Promoted", "publish": publish})

    def leads() -> str:
        return str(((museum.cluster.api.find(path) or {}).get("spec") or {}).get("externalName"))

    eventually(lambda: leads() == "localhost", PATIENCE, "it was deleted, and is published again")
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "theirs", "namespace": "shop"}}
    museum.cluster.apply(yaml.safe_dump({**theirs, "spec": {"ports": [{"port": 80}]}}))
    publish["service"] = "theirs"
    museum.policy(failover={"role": "Promoted", "publish": publish})
    assert "was not created for this policy" in museum.becomes("Published", "False", "NotPublished")
    assert museum.cluster.api.get("/api/v1/namespaces/shop/services/theirs")["spec"]["type"] == "ClusterIP"


GRANT: list[Json] = [
    {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "publish"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps", "services"], "verbs": ["get", "create", "patch"]}],
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "publish"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "publish"},
        "subjects": [{"kind": "ServiceAccount", "name": "imagestore", "namespace": "imagestore-system"}],
    },
]  # fmt: skip
