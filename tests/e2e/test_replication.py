"""Replication in a cluster: the status while a run goes on, trouble in time, failover and return under writers."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from dev.cluster import Cluster
from dev.stores import Store
from dev.wait import eventually
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.core import conditions
from tests.e2e.harness import PATIENCE, Operator, User, backend_manifests
from tests.local.pair import content, fill, keys

PATH = "/apis/imagestore.dev/v1alpha1/namespaces/shop/replicationpolicies"
Json = dict[str, Any]


@dataclass
class Museum:
    """Two buckets of the namespace shop on two stores, and a policy between them."""

    cluster: Cluster
    near: User
    far: User
    name: str

    @property
    def ends(self) -> tuple[str, str]:
        """Names of the ImageBuckets."""
        return f"{self.name}-a", f"{self.name}-b"

    def buckets(self, **destination: Any) -> tuple[str, str]:
        """Both, Ready; their names in the stores."""
        one, other = self.ends
        self.near.apply(one)
        self.far.apply(other, **destination)
        self.near.ready(one)
        self.far.ready(other)
        return self.near.bucket(one), self.far.bucket(other)

    def policy(self, **spec: Any) -> None:
        """`kubectl apply` of the policy."""
        one, other = self.ends
        ends = {"source": {"bucketRef": {"name": one}}, "destination": {"bucketRef": {"name": other}}}
        body = {
            "apiVersion": "imagestore.dev/v1alpha1",
            "kind": "ReplicationPolicy",
            "metadata": {"name": self.name, "namespace": "shop"},
            "spec": {**ends, "schedule": {"interval": "1s"}, **spec},
        }
        self.cluster.apply(yaml.safe_dump(body))

    def status(self) -> Json:
        """Of the policy; every status that is seen obeys the rules of kstatus."""
        found = self.cluster.api.get(f"{PATH}/{self.name}")
        status = dict(found.get("status") or {})
        read = ReplicationPolicyStatus.model_validate(status)
        if read.conditions:
            generation = found["metadata"]["generation"]
            assert not conditions.violations(read.conditions, generation, read.observed_generation), status
        return status

    def says(self, type_: str) -> tuple[str, str, str]:
        """Status, reason and message of a condition for the present generation."""
        found = self.cluster.api.get(f"{PATH}/{self.name}")
        listed = found.get("status", {}).get("conditions", ())
        now = found["metadata"]["generation"]
        wanted = (c for c in listed if c["type"] == type_ and c.get("observedGeneration") == now)
        return next(((c["status"], c["reason"], c["message"]) for c in wanted), ("", "", ""))

    def becomes(self, type_: str, status: str, reason: str = "", timeout: float = PATIENCE) -> str:
        """The message of a condition, once it is so."""

        def there() -> bool:
            said = self.says(type_)
            return said[0] == status and reason in ("", said[1])

        eventually(there, timeout, lambda: f"{type_}={status} {reason}; it is {self.status()}")
        return self.says(type_)[2]

    def has_role(self, role: str) -> bool:
        """Whether this side is written to."""
        return self.role()[0] == role

    def role(self) -> tuple[str, bool]:
        """Which side is written to, and whether both are equal."""
        found = self.status().get("failover") or {}
        return found.get("role", ""), bool(found.get("settled"))


@pytest.fixture(scope="module")
def far(shop: User, installed: Cluster, ceph_store: Store) -> User:
    """The same user, on another store."""
    installed.apply(yaml.safe_dump_all(backend_manifests("ceph", ceph_store, namespaces=("shop",))))
    return User(installed, "shop", "ceph", ceph_store)


@pytest.fixture
def museum(request: pytest.FixtureRequest, shop: User, far: User, installed: Cluster) -> Iterator[Museum]:
    """One for each test; its policy is deleted in the end."""
    made = Museum(
        installed, shop, far, request.node.name.removeprefix("test_").replace("_", "-")[:20].strip("-")
    )
    yield made
    installed.kubectl("delete", "rpol", made.name, "-n", "shop", "--ignore-not-found")


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
