"""A large Backup and a large Restore in a cluster: one pod each, which is killed once and made again, and what it leaves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import PATIENCE, Operator, User, backend_manifests
from tests.e2e.kubelet import Kubelet
from tests.e2e.test_backup import granted
from tests.e2e.test_restore import Gallery
from tests.local.pair import content, fill, keys

PICTURES = {f"originals/{n:03}.jpg": b"%d" % n * 50 for n in range(120)}
LIMITS = {"requestsPerSecond": 100, "burst": 20, "concurrency": 4}  # a pod has half of it
KEY = "0123456789abcdef0123456789abcdef"
REPOSITORY = {
    "bucketRef": {"name": "large-backups"}, "prefix": "photos/", "encryption": {"secretRef": {"name": "large-key"}},
}  # fmt: skip
BY_A_POD: dict[str, Any] = {"runsIn": "Job", "pod": {"nodeSelector": {"spot": "true"}}}


@pytest.fixture(scope="module")
def archive(shop: User, installed: Cluster, minio_store: Store, ceph_store: Store) -> Iterator[Gallery]:
    """A bucket of pictures and an empty one on a store that is asked slowly, and a bucket for backups on another."""
    users = []
    key = {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "large-key", "namespace": "shop"},
        "stringData": {"key": KEY},
    }  # fmt: skip
    manifests = [key, *granted(installed)]
    for name, store, limits in (("large-near", minio_store, LIMITS), ("large-far", ceph_store, {})):
        *secrets, backend = backend_manifests(name, store, namespaces=("shop",))
        backend["spec"] |= {"limits": limits} if limits else {}
        manifests += [*secrets, backend]
        users.append(User(installed, "shop", name, store))
    installed.apply(yaml.safe_dump_all(manifests))
    near, far = users
    for user, name in ((near, "large-photos"), (near, "large-back"), (far, "large-backups")):
        user.apply(name)
    for user, name in ((near, "large-photos"), (near, "large-back"), (far, "large-backups")):
        user.ready(name)
    fill(near.s3, near.bucket("large-photos"), PICTURES)
    yield Gallery(installed, near, far)
    installed.kubectl("delete", "rst,ibk", "--all", "-n", "shop")


@pytest.fixture
def kubelet(installed: Cluster, tmp_path: Path) -> Kubelet:
    return Kubelet(installed, tmp_path)


def stored(archive: Gallery, what: str) -> list[str]:
    """Files of the repository."""
    found = keys(archive.far.s3, archive.far.bucket("large-backups"))
    return [key for key in found if key.startswith(f"photos/{what}")]


@pytest.mark.timeout(400, func_only=True)
def test_one_pod_makes_a_large_backup(archive: Gallery, kubelet: Kubelet, running: Operator) -> None:
    archive.make(
        "Backup", "large", source={"bucketRef": {"name": "large-photos"}}, repository=REPOSITORY, **BY_A_POD
    )
    job, pod = kubelet.job(), kubelet.pod()
    assert_few_rights(archive, job, pod)
    shards = 'imagestore_job_shards{kind="Backup",name="large",namespace="shop",state="waiting"}'
    ends = 'imagestore_jobs_ended_total{kind="Backup",outcome="complete"}'
    before = running.metrics().get(ends, 0.0)
    eventually(lambda: running.metrics().get(shards) == 1.0, PATIENCE, "its pod is waited for")
    folder = kubelet.mounted(job)
    kubelet.killed(folder, pod, lambda: bool(stored(archive, "runs/")))
    assert stored(archive, "backups/") == [], "it was killed in the middle"
    other = kubelet.pod(other_than=pod["metadata"]["name"])
    assert kubelet.worked(folder, [other]) == [0]
    status = archive.becomes("large", "Succeeded", "backups")
    assert (status["objects"], status["newObjects"]) == (len(PICTURES), len(PICTURES))
    assert stored(archive, "backups/") == [f"photos/backups/{status['backup']}"]
    kubelet.await_gone()
    eventually(lambda: running.metrics().get(ends) == before + 1.0, PATIENCE, "its end is counted once")
    assert shards not in running.metrics()
    assert_tells_nothing(archive, running.log() + "".join(kubelet.said) + json.dumps(status))


@pytest.mark.timeout(400, func_only=True)
def test_one_pod_writes_a_large_restore(archive: Gallery, kubelet: Kubelet, running: Operator) -> None:
    """Of the backup that a pod made before."""
    near, bucket = archive.near, archive.near.bucket("large-back")
    destination = {"bucketRef": {"name": "large-back"}}
    archive.make("Restore", "large-back", repository=REPOSITORY, destination=destination, **BY_A_POD)
    job, pod = kubelet.job(), kubelet.pod()
    assert_few_rights(archive, job, pod)
    folder = kubelet.mounted(job)
    kubelet.killed(folder, pod, lambda: len(keys(near.s3, bucket)) >= 5)
    assert 0 < len(keys(near.s3, bucket)) < len(PICTURES), "it was killed in the middle"
    other = kubelet.pod(other_than=pod["metadata"]["name"])
    assert kubelet.worked(folder, [other]) == [0]
    status = archive.becomes("large-back", "Succeeded")
    assert status["objects"] + status["equal"] == status["plan"]["objects"] == len(PICTURES)
    assert status["equal"] > 0, "what the first pod wrote is found again"
    assert content(near.s3, bucket) == PICTURES
    kubelet.await_gone()
    assert_tells_nothing(archive, running.log() + "".join(kubelet.said) + json.dumps(status))


def assert_few_rights(archive: Gallery, job: dict[str, Any], pod: dict[str, Any]) -> None:
    """What a person sees of Job and pod: where it runs, that it can do nothing in the cluster, and no secret."""
    assert job["spec"]["completions"] == 1
    assert pod["spec"]["nodeSelector"]["spot"] == "true"
    assert pod["spec"]["serviceAccountName"] == "imagestore-run"
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert_tells_nothing(archive, json.dumps([job, pod]))


def assert_tells_nothing(archive: Gallery, text: str) -> None:
    """Neither an object's key nor one of a store or repository."""
    secrets = (archive.near.store.secret_key, archive.far.store.secret_key, KEY)
    assert [word for word in (*PICTURES, *secrets) if word in text] == []
