"""A large run of a ReplicationPolicy in a cluster: the Job that the operator makes, what its pods run, and what is left."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store
from tests.e2e.harness import Operator, User, backend_manifests
from tests.e2e.kubelet import Kubelet
from tests.e2e.museum import Museum
from tests.local.pair import keys

OBJECTS = {f"i/{n:04}.jpg": str(n).encode() for n in range(1020)}  # more than one page, which is never parted


@pytest.fixture
def kubelet(installed: Cluster, tmp_path: Path) -> Kubelet:
    return Kubelet(installed, tmp_path)


@pytest.fixture
def museum(shop: User, installed: Cluster, minio_store: Store, ceph_store: Store) -> Iterator[Museum]:
    """Two buckets on two stores that may be asked as often as a run likes."""
    users: list[User] = []
    for name, store in (("run-near", minio_store), ("run-far", ceph_store)):
        manifests = backend_manifests(name, store, namespaces=("shop",))
        manifests[-1]["spec"]["limits"] = {"requestsPerSecond": 4000, "burst": 8000, "concurrency": 16}
        installed.apply(yaml.safe_dump_all(manifests))
        users.append(User(installed, "shop", name, store))
    near, far = users
    made = Museum(installed, near, far, "jobs")
    yield made
    installed.kubectl("delete", "rpol", made.name, "-n", "shop", "--ignore-not-found")


def put(museum: Museum, bucket: str) -> None:
    """All objects, quickly."""
    one = lambda item: museum.near.s3.put_object(Bucket=bucket, Key=item[0], Body=item[1])  # noqa: E731
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, OBJECTS.items()))


def read(museum: Museum, bucket: str) -> dict[str, bytes]:
    """All objects of the destination, quickly: one after the other they took a minute."""
    s3 = museum.far.s3
    one = lambda key: (key, s3.get_object(Bucket=bucket, Key=key)["Body"].read())  # noqa: E731
    with ThreadPoolExecutor(10) as pool:
        return dict(pool.map(one, keys(s3, bucket)))


@pytest.mark.timeout(400, func_only=True)
def test_a_large_run_is_a_job(museum: Museum, kubelet: Kubelet, running: Operator) -> None:
    """Deleted with what it belongs to, told of with the reason of a shard, and in the end finished by the operator."""
    near, far = museum.buckets()
    put(museum, near)
    asked = partial(museum.policy, schedule={"interval": "1h"}, pod={"nodeSelector": {"spot": "true"}})
    asked(limits={"shards": 3, "requestsPerSecond": 3000})
    first = kubelet.job()["metadata"]["uid"]
    asked(limits={"shards": 3}, suspend=True)
    kubelet.await_gone()

    asked(limits={"shards": 3})
    job = kubelet.job()
    assert job["metadata"]["uid"] != first
    pods, folder = kubelet.pods(), kubelet.mounted(job)
    assert len(pods) == job["spec"]["completions"] == 3
    assert {p["spec"]["nodeSelector"]["spot"] for p in pods} == {"true"}
    assert_no_secret(museum, json.dumps([job, pods]))
    assert kubelet.worked(folder, pods[:2]) == [0, 0]
    wrong = (folder / "backends.yaml").read_text().replace(museum.near.store.secret_key, "revoked")
    (folder / "backends.yaml").write_text(wrong)
    assert kubelet.worked(folder, pods[2:]) == [65]
    assert museum.becomes("Ready", "False", "Denied").startswith("the source: ")
    assert 0 < len(keys(museum.far.s3, far)) < len(OBJECTS)

    another = kubelet.job(other_than=job["metadata"]["uid"])
    *done, left = kubelet.pods()
    assert kubelet.worked(kubelet.mounted(another), [left]) == [0]
    for pod in done:  # their ranges are at their ends, which the operator sees for itself
        kubelet.say(pod, 0)
    museum.becomes("Ready", "True", "Replicated")
    assert museum.status()["copied"]["objects"] == len(OBJECTS)
    assert read(museum, far) == OBJECTS
    kubelet.await_gone()
    assert_no_secret(museum, running.log() + "".join(kubelet.said))
    assert_no_secret(museum, json.dumps(museum.status()))


def assert_no_secret(museum: Museum, text: str) -> None:
    """Neither an object's key nor one of a store."""
    assert [k for k in OBJECTS if k in text] == []
    for user in (museum.near, museum.far):
        assert user.store.secret_key not in text
