"""A cluster with the chart, a MinIO in memory, and the operator as the chart's ServiceAccount."""

import compileall
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import imagestore
from dev.bench import process
from dev.bench.counting import Audit
from dev.cluster import Cluster
from dev.ports import free_port
from dev.process import Server
from dev.stores import Store, minio
from dev.wait import eventually

SYSTEM, RELEASE, NAMESPACE, BACKEND = "imagestore-system", "imagestore", "bench", "minio"
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
# The bench asks what the operator can do, so it is not held back; the default is 100 a second.
LIMITS = {"requestsPerSecond": 100000, "burst": 100000, "concurrency": 16}
CHART = Path(__file__).resolve().parents[2] / "charts" / "imagestore"


@dataclass
class Operator:
    """`imagestore run`, started and stopped at will."""

    cluster: Cluster
    directory: Path
    arguments: Sequence[str] = ()
    url: str = ""
    server: Server = field(init=False)
    started: float = 0.0

    def __post_init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._kubeconfig = self.cluster.service_account_kubeconfig(SYSTEM, RELEASE)
        self.server = self._server(port)

    def _server(self, port: int) -> Server:
        command = [
            sys.executable, "-m", "imagestore", "run", "--installation", "bench", "--namespace", SYSTEM,
            "--listen", f"127.0.0.1:{port}", *self.arguments,
        ]  # fmt: skip
        log, env = self.directory / "operator.log", {"KUBECONFIG": str(self._kubeconfig)}
        return Server("operator", command, log=log, env=env, ready=self.working, grace=30)

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self.server.pid is not None, "it runs"  # noqa: S101
        return self.server.pid

    def launch(self) -> None:
        """Start it, and do not wait."""
        self.started = time.monotonic()
        self.server.launch()

    def working(self) -> bool:
        """Whether it knows everything and holds the Lease."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310 - loopback
                return bool(answer.read().strip() == b"working")
        except (urllib.error.URLError, OSError):
            return False

    def await_working(self) -> float:
        """Seconds from its start until it worked."""
        eventually(self.working, 60, "the operator works", interval=0.01)
        return time.monotonic() - self.started


@dataclass(frozen=True)
class World:
    """All that a measurement needs."""

    cluster: Cluster
    store: Store
    audit: Audit
    directory: Path

    def others(self) -> dict[str, float]:
        """CPU seconds of everybody but the operator."""
        servers = (self.cluster.etcd, self.cluster.apiserver, self.cluster.manager, *self.store.servers)
        found = {server.name: process.cpu(server.pid) for server in servers if server.pid is not None}
        return {**found, "bench": process.cpu(os.getpid())}

    @contextmanager
    def operator(self, *arguments: str, wait: bool = True) -> Iterator[Operator]:
        """An operator from its start to its end."""
        one = Operator(self.cluster, self.directory, arguments)
        one.launch()
        try:
            if wait:
                one.await_working()
            yield one
        finally:
            one.server.stop()


@contextmanager
def counting_minio(folder: Path, name: str = "minio") -> Iterator[Store]:
    """A MinIO that tells on loopback how many calls it has answered."""
    os.environ["MINIO_PROMETHEUS_AUTH_TYPE"] = "public"
    with minio(folder, name=name, kms=False) as store:
        yield store


@contextmanager
def world(folder: Path, limits: dict[str, int]) -> Iterator[World]:
    """Everything but the operator. ``folder`` is on a memory file system: on disk MinIO creates tens a second."""
    compileall.compile_dir(imagestore.__path__[0], quiet=1)  # as the image has it: 0.3 s of each start
    with Cluster.start(folder, name="bench") as cluster, counting_minio(folder) as store:
        _install(cluster, store, limits)
        yield World(cluster, store, Audit(cluster.audit_log), folder)


def _install(cluster: Cluster, store: Store, limits: dict[str, int]) -> None:
    settings = ("--set", "operator.enabled=false", "--set", "installation=bench")
    cluster.helm("install", RELEASE, str(CHART), "--namespace", SYSTEM, "--create-namespace", *settings)
    cluster.await_crds()
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.apply(yaml.safe_dump_all([secret(store), backend(store, limits)]))


def secret(store: Store) -> dict[str, Any]:
    """Its keys."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": BACKEND, "namespace": SYSTEM},
        "stringData": {"accessKeyId": store.access_key, "secretAccessKey": store.secret_key},
    }


def backend(store: Store, limits: dict[str, int]) -> dict[str, Any]:
    """The StorageBackend of all buckets."""
    spec = {
        "provider": store.provider,
        "s3": {"endpoint": store.endpoint, "region": store.region},
        "credentials": {"secretRef": {"name": BACKEND}},
        "namespaces": {"names": [NAMESPACE]},
        "limits": limits,
    }
    return {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "StorageBackend",
        "metadata": {"name": BACKEND},
        "spec": spec,
    }


def bucket(index: int) -> dict[str, Any]:
    """One ImageBucket as the issue describes it: versioning, tags, a policy, two lifecycle rules."""
    name = f"b{index:05}"
    spec = {
        "backendRef": {"name": BACKEND},
        "bucketName": f"{NAMESPACE}--{name}",
        "deletionPolicy": "DeleteIfEmpty",
        "versioning": {"state": "Enabled"},
        "tags": {"team": "shop", "number": str(index)},
        "policy": {"statements": [_NOBODY_DELETES]},
        "lifecycle": {
            "rules": [
                {"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 30}},
                {"name": "old", "noncurrent": {"expire": {"days": 90}}},
            ]
        },
    }
    return manifest("ImageBucket", name, spec)


def manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of the bench's namespace."""
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "imagestore.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


_NOBODY_DELETES = {
    "sid": "nobody-deletes",
    "effect": "Deny",
    "principals": ["*"],
    "actions": ["s3:DeleteObject"],
    "resources": ["originals/*"],
}
