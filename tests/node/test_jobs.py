"""A large run as an Indexed Job on a real kubelet: a pod is killed, the operator is replaced, and in the end both buckets are equal."""

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.programs import kubectl
from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import backend_manifests
from tests.node.installation import PATIENCE, SYSTEM, Installation

NAMESPACE, POLICY = "gallery", "photos-copy"
SOURCE, DESTINATION = "gallery--photos", "gallery--photos-dr"
OBJECTS = {f"shelf/{n:04}.jpg": hashlib.sha512(str(n).encode()).digest() for n in range(1020)}
RUN = "app.kubernetes.io/component=run"
Json = dict[str, Any]


def manifests(store: Store) -> str:
    """A backend that may be asked often, two buckets, and a policy that goes slowly enough to be interrupted."""
    *secrets, backend = backend_manifests("gallery", store, namespaces=(NAMESPACE,))
    backend["spec"]["limits"] = {"requestsPerSecond": 3000, "burst": 6000, "concurrency": 16}
    buckets = [
        _object("ImageBucket", name, {"backendRef": {"name": "gallery"}, "bucketName": bucket})
        for name, bucket in (("photos", SOURCE), ("photos-dr", DESTINATION))
    ]
    return yaml.safe_dump_all([*secrets, backend, *buckets])


def policy() -> str:
    """Its rates are shared by three pods."""
    spec = {
        "source": {"bucketRef": {"name": "photos"}},
        "destination": {"bucketRef": {"name": "photos-dr"}},
        "method": "Copy",
        "schedule": {"interval": "1h"},
        "limits": {"shards": 3, "requestsPerSecond": 120},
        "pod": {"resources": {"requests": {"cpu": "10m", "memory": "64Mi"}}},
    }
    return yaml.safe_dump(_object("ReplicationPolicy", POLICY, spec))


def _object(kind: str, name: str, spec: Json) -> Json:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "imagestore.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


@dataclass
class Watched:
    """The run as a person watches it. ``files``: the logs of all its pods, followed to their ends."""

    installed: Installation
    store: Store
    directory: Path
    stack: ExitStack
    files: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.s3 = self.store.s3()

    def listed(self, what: str) -> list[Json]:
        """Jobs, pods or Secrets of runs."""
        return list(self.installed.kube.get(what, "-n", SYSTEM, "--selector", RUN)["items"])

    def pods(self) -> dict[str, Json]:
        """The pods that run, by index; the log of each that is new is followed."""
        found = {}
        for pod in self.listed("pods"):
            name = pod["metadata"]["name"]
            if pod["status"]["phase"] != "Pending" and name not in self.files:
                self._follow(name)
            if pod["status"]["phase"] == "Running":
                found[pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]] = pod
        return found

    def _follow(self, name: str) -> None:
        file = self.files[name] = self.directory / f"{name}.log"
        command = [str(kubectl()), "logs", "--follow", "-n", SYSTEM, name]
        output = self.stack.enter_context(file.open("w"))
        followed = subprocess.Popen(
            command, env=self.installed.kube.environment(), stdout=output, stderr=subprocess.STDOUT
        )
        self.stack.callback(followed.wait)
        self.stack.callback(followed.kill)

    def status(self) -> Json:
        """Of the policy."""
        found = self.installed.kube.get("replicationpolicy", POLICY, "-n", NAMESPACE)
        return dict(found.get("status") or {})

    def ready(self) -> bool:
        """Whether the policy is, while the logs of new pods are followed."""
        self.pods()
        ready: Json = next((c for c in self.status().get("conditions", ()) if c["type"] == "Ready"), {})
        return bool(ready.get("status") == "True" and ready["reason"] == "Replicated")

    def keys(self, bucket: str) -> list[str]:
        """The objects of a bucket, without what the operator keeps for itself."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        found = [o["Key"] for page in pages for o in page.get("Contents", ())]
        return [key for key in found if not key.startswith(".imagestore/")]

    def held(self, bucket: str) -> dict[str, str]:
        """The digest of every object's bytes."""
        read = lambda key: self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()  # noqa: E731
        keys = self.keys(bucket)
        with ThreadPoolExecutor(8) as pool:
            bodies = pool.map(read, keys)
            return {key: hashlib.sha256(body).hexdigest() for key, body in zip(keys, bodies, strict=True)}

    def story(self) -> str:
        """For whoever reads of a failure."""
        jobs = [(j["metadata"]["name"], j["status"]) for j in self.listed("jobs")]
        logs = {name: file.read_text()[-500:] for name, file in self.files.items()}
        return f"{self.status()}\n{jobs}\n{logs}\n{self.installed.story()}"


@pytest.fixture
def watched(installed: Installation, gallery: Store, tmp_path: Path) -> Iterator[Watched]:
    """Both buckets Ready, the source full."""
    kube = installed.kube
    kube.kubectl("create", "namespace", NAMESPACE)
    kube.apply(manifests(installed.node.seen(gallery)))
    for name in ("photos", "photos-dr"):
        installed.await_bucket(NAMESPACE, name)
    s3 = gallery.s3()
    put = lambda item: s3.put_object(Bucket=SOURCE, Key=item[0], Body=item[1])  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, OBJECTS.items()))
    with ExitStack() as stack:
        yield Watched(installed, gallery, tmp_path, stack)
    kube.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.mark.timeout(600, func_only=True)
def test_three_pods_of_which_one_is_killed_end_equal(watched: Watched) -> None:
    installed = watched.installed
    installed.kube.apply(policy())
    eventually(lambda: len(watched.pods()) == 3, PATIENCE, watched.story, interval=0.3)
    (job,) = watched.listed("jobs")
    told = json.dumps([job, watched.listed("pods")])
    eventually(lambda: watched.keys(DESTINATION), PATIENCE, watched.story, interval=0.3)
    killed = watched.pods()["1"]
    (container,) = killed["status"]["containerStatuses"]
    for process in installed.node.processes(container["containerID"]):
        os.kill(process, signal.SIGKILL)
    installed.kube.kubectl(
        "delete", "pod", installed.leader()["metadata"]["name"], "-n", SYSTEM, "--wait=false"
    )
    replaced = lambda: watched.pods().get("1", killed)["metadata"]["uid"] != killed["metadata"]["uid"]  # noqa: E731
    eventually(replaced, PATIENCE, watched.story, interval=0.3)
    assert [j["metadata"]["uid"] for j in watched.listed("jobs")] == [job["metadata"]["uid"]], "the same Job"
    told += json.dumps(watched.listed("pods"))
    eventually(watched.ready, 2 * PATIENCE, watched.story, interval=0.5)

    there = {key: hashlib.sha256(body).hexdigest() for key, body in OBJECTS.items()}
    assert watched.held(DESTINATION) == watched.held(SOURCE) == there
    gone = lambda: not watched.listed("jobs") and not watched.listed("secrets")  # noqa: E731
    eventually(gone, PATIENCE, watched.story)
    assert watched.status()["copied"]["objects"] <= len(OBJECTS)
    logs = "".join(file.read_text() for file in watched.files.values())
    assert len(watched.files) == 4
    assert "copied" in logs
    told += logs + json.dumps(watched.status()) + "".join(map(installed.log, installed.running()))
    assert [key for key in OBJECTS if key in told] == []
    assert watched.store.secret_key not in told
