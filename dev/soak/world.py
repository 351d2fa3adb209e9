"""A cluster with the chart, three stores, and an operator that is started again when it ends, as by Kubernetes."""

import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dev.cluster import Cluster
from dev.ports import free_port
from dev.process import Server
from dev.soak.fleet import NAMESPACES
from dev.stores import FACTORIES, Store
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.connecting import connect_with_keys

SYSTEM, RELEASE, INSTALLATION = "imagestore-system", "imagestore", "soak"
CHART = Path(__file__).resolve().parents[2] / "charts" / "imagestore"
STORES = {name: FACTORIES[name] for name in ("minio", "seaweedfs", "ceph")}


@dataclass
class Operator:
    """`imagestore run` under supervision: whoever ends, by itself or by us, is started again."""

    server: Server
    url: str
    starts: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def supervise(self) -> None:
        """For ever."""
        while not self._over.wait(0.5):
            with self._lock:
                if not self.server.running and not self._over.is_set():
                    self.server.launch()
                    self.starts += 1

    def end(self) -> int | None:
        """Ask it to end and leave it so; its exit code."""
        with self._lock:
            self._over.set()
        process = self.server._process
        self.server.stop()
        return process.returncode if process else None

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name and labels; nothing if it does not answer."""
        lines = (self.get("/metrics") or "").splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def get(self, path: str) -> str | None:
        """What it says there."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - loopback
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return None


@dataclass(frozen=True)
class World:
    """All that runs."""

    cluster: Cluster
    stores: Mapping[str, Store]
    operator: Operator
    began: float = field(default_factory=time.monotonic)

    def backends(self) -> dict[str, Backend]:
        """Each store, read directly with the keys of its owner."""
        return {name: _direct(name, store) for name, store in self.stores.items()}


@contextmanager
def world(folder: Path, interval: float) -> Iterator[World]:
    """Everything; ``interval`` is between two looks at a bucket."""
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster.start(folder, name="soak"))
        stores = {name: stack.enter_context(start(folder)) for name, start in STORES.items()}
        _install(cluster, stores)
        operator = _operator(cluster, folder, interval)
        threading.Thread(target=operator.supervise, daemon=True).start()
        try:
            yield World(cluster, stores, operator)
        finally:
            operator.end()


def _operator(cluster: Cluster, folder: Path, interval: float) -> Operator:
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        sys.executable, "-m", "imagestore", "run", "--installation", INSTALLATION, "--namespace", SYSTEM,
        "--listen", f"127.0.0.1:{port}", "--confirm-drift", "1", "--drift-interval", str(interval),
        "--audit-interval", str(max(10.0, interval)),
    ]  # fmt: skip
    env = {"KUBECONFIG": str(cluster.service_account_kubeconfig(SYSTEM, RELEASE))}
    return Operator(Server("operator", command, log=folder / "operator.log", env=env, grace=35), url)


def _install(cluster: Cluster, stores: Mapping[str, Store]) -> None:
    settings = ("--set", "operator.enabled=false", "--set", f"installation={INSTALLATION}")
    cluster.helm("install", RELEASE, str(CHART), "--namespace", SYSTEM, "--create-namespace", *settings)
    cluster.await_crds()
    for namespace in NAMESPACES:
        cluster.kubectl("create", "namespace", namespace)
    for name, store in stores.items():
        cluster.apply(yaml.safe_dump_all([*secrets(name, store), _backend(name, store)]))


def secrets(name: str, store: Store) -> list[dict[str, Any]]:
    """The Secrets that a backend refers to."""
    found = [_secret(name, store.access_key, store.secret_key)]
    if store.admin_access_key and store.admin_secret_key:
        found.append(_secret(f"{name}-admin", store.admin_access_key, store.admin_secret_key))
    return found


def _secret(name: str, access: str, secret: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": SYSTEM},
        "stringData": {"accessKeyId": access, "secretAccessKey": secret},
    }


def _spec(name: str, store: Store) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "provider": store.provider,
        "s3": {"endpoint": store.endpoint, "region": store.region, "addressing": "Path"},
        "credentials": {"secretRef": {"name": name}},
        "namespaces": {"names": list(NAMESPACES)},
        "tenancy": {"deletionPolicies": ["Retain", "DeleteIfEmpty", "DeleteAll"]},
        # Here people do delete several of a few buckets in one interval, and each must be made again.
        "limits": {"missingBuckets": {"percent": 100}},
    }
    if store.admin_endpoint:
        credentials = {"secretRef": {"name": f"{name}-admin"}}
        spec["admin"] = {"endpoint": store.admin_endpoint, "credentials": credentials}
    return spec


def _backend(name: str, store: Store) -> dict[str, Any]:
    kind = {"apiVersion": "imagestore.dev/v1alpha1", "kind": "StorageBackend"}
    return {**kind, "metadata": {"name": name}, "spec": _spec(name, store)}


def _direct(name: str, store: Store) -> Backend:
    spec = StorageBackendSpec.model_validate(_spec(name, store))
    admin = None
    if store.admin_access_key and store.admin_secret_key:
        admin = Keys(store.admin_access_key, store.admin_secret_key)
    return connect_with_keys(
        f"direct-{name}", spec, Keys(store.access_key, store.secret_key), admin_keys=admin
    )
