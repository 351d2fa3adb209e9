"""A large Backup and a large Restore on a real kubelet: the image's pods make and write them, and what was backed up is back."""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import backend_manifests
from tests.local.pair import keys
from tests.node.installation import PATIENCE, SYSTEM, Installation

NAMESPACE = "vaults"
BUCKETS = ("photos", "back", "vault")
OBJECTS = {f"shelf/{n:04}.jpg": hashlib.sha512(str(n).encode()).digest() * 50 for n in range(200)}
RUN = "app.kubernetes.io/component=run"
BY_A_POD = {"runsIn": "Job", "pod": {"resources": {"requests": {"cpu": "10m", "memory": "64Mi"}}}}
REPOSITORY = {"bucketRef": {"name": "vault"}, "prefix": "photos/"}
Json = dict[str, Any]


def _object(kind: str, name: str, spec: Json) -> Json:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "imagestore.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


@pytest.fixture
def archive(installed: Installation, gallery: Store) -> Iterator[Store]:
    """Three buckets, of which one is full."""
    kube = installed.kube
    kube.kubectl("create", "namespace", NAMESPACE)
    *secrets, backend = backend_manifests(NAMESPACE, installed.node.seen(gallery), namespaces=(NAMESPACE,))
    backend["spec"]["limits"] = {"requestsPerSecond": 3000, "burst": 6000, "concurrency": 16}
    buckets = [
        _object(
            "ImageBucket", name, {"backendRef": {"name": NAMESPACE}, "bucketName": f"{NAMESPACE}--{name}"}
        )
        for name in BUCKETS
    ]
    kube.apply(yaml.safe_dump_all([*secrets, backend, *buckets]))
    for name in BUCKETS:
        installed.await_bucket(NAMESPACE, name)
    s3 = gallery.s3()
    put = lambda item: s3.put_object(Bucket=f"{NAMESPACE}--photos", Key=item[0], Body=item[1])  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, OBJECTS.items()))
    yield gallery
    kube.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def listed(installed: Installation, what: str) -> list[Json]:
    """Jobs, pods or Secrets of runs."""
    return list(installed.kube.get(what, "-n", SYSTEM, "--selector", RUN)["items"])


def carried_out(installed: Installation, kind: str, spec: Json) -> tuple[Json, str]:
    """The status of a new object once it has succeeded, and all that a person can read of its Job meanwhile."""
    kube, told = installed.kube, dict[str, str]()

    def status() -> Json:
        return dict(kube.get(kind.lower(), "large", "-n", NAMESPACE).get("status") or {})

    def ended() -> bool:
        for what in (*listed(installed, "jobs"), *(pods := listed(installed, "pods"))):
            told[what["metadata"]["name"]] = json.dumps(what)
        for name in (p["metadata"]["name"] for p in pods):
            told[f"log of {name}"] = installed.log(name) or told.get(f"log of {name}", "")
        return status().get("phase") == "Succeeded"

    kube.apply(yaml.safe_dump(_object(kind, "large", spec)))
    eventually(ended, 2 * PATIENCE, lambda: f"{status()}\n{told}\n{installed.story()}", interval=0.2)
    gone = lambda: not listed(installed, "jobs") and not listed(installed, "secrets")  # noqa: E731
    eventually(gone, PATIENCE, installed.story, interval=0.3)
    names = [name for name in told if name.startswith("log of ")]
    assert len(names) == 1, f"one pod did it: {names}"
    return status(), "".join(told.values())


@pytest.mark.timeout(600, func_only=True)
def test_what_a_pod_backed_up_another_pod_brings_back(installed: Installation, archive: Store) -> None:
    backup = {"source": {"bucketRef": {"name": "photos"}}, "repository": REPOSITORY, **BY_A_POD}
    made, told = carried_out(installed, "Backup", backup)
    assert (made["objects"], made["newObjects"]) == (len(OBJECTS), len(OBJECTS))
    spec = {
        "repository": REPOSITORY, "destination": {"bucketRef": {"name": "back"}}, "readBackPercent": 100,
        "conflict": "Fail", **BY_A_POD,
    }  # fmt: skip
    restored, also_told = carried_out(installed, "Restore", spec)
    assert (restored["objects"], restored["verified"]) == (len(OBJECTS), len(OBJECTS))
    s3, bucket = archive.s3(), f"{NAMESPACE}--back"
    assert {k: s3.get_object(Bucket=bucket, Key=k)["Body"].read() for k in keys(s3, bucket)} == OBJECTS
    told += also_told + "".join(map(installed.log, installed.running())) + json.dumps([made, restored])
    assert [key for key in OBJECTS if key in told] == []
    assert archive.secret_key not in told
