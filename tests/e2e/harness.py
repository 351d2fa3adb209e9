"""What an end-to-end story needs: the operator as the chart's ServiceAccount, and a user with kubectl."""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dev.cluster import Cluster, Kube
from dev.cluster.api import bucket_path, events_path
from dev.ports import free_port
from dev.process import Server
from dev.stores import Store
from dev.wait import eventually
from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.core import conditions

SYSTEM = "imagestore-system"
ACCOUNT = "imagestore"
INSTALLATION = "e2e"
CHART = Path(__file__).parents[2] / "charts" / "imagestore"
OWNER = "imagestore.dev/owner"
PATIENCE = 90.0  # a machine may be three times as slow as the one where a story was written
ON: dict[str, Any] = {"versioning": {"state": "Enabled"}, "tags": {"team": "shop"}}
# No kubelet is here: a story plays it.
JOBS = json.dumps(
    {
        "image": "localhost/imagestore:1",
        "serviceAccountName": f"{ACCOUNT}-run",
        "allowedNodeSelectors": {"spot": ["true"]},
    }
)
PRUNE = {"rules": [{"name": "old", "noncurrent": {"expire": {"days": 30, "keepNewest": 2}}}]}


def install(cluster: Cluster) -> None:
    """CRDs, RBAC and the ServiceAccount, by the chart."""
    arguments = ["--namespace", SYSTEM, "--create-namespace", "--set", f"installation={INSTALLATION}"]
    cluster.helm("install", ACCOUNT, str(CHART), "--set", "operator.enabled=false", *arguments)
    cluster.await_crds()


@dataclass
class Operator:
    """One `imagestore run` process."""

    server: Server
    url: str

    def working(self) -> bool:
        """Whether it works: synced, and the Lease is held. One that stands by is ready as well."""
        return (self._get("/readyz") or "").strip() == "working"

    def readiness(self) -> tuple[int, str]:
        """Status and text of /readyz; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310 - our own loopback
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name and labels."""
        lines = (self._get("/metrics") or "").splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def _get(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - our own loopback address
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return None

    def log(self) -> str:
        """All that it wrote."""
        return self.server.log.read_text()


@contextmanager
def operator(
    cluster: Kube, directory: Path, name: str = "operator", *arguments: str, module: str = "imagestore"
) -> Iterator[Operator]:
    """An operator that is alive; it need not be ready, another one may hold the Lease."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", module, "run", "--installation", INSTALLATION, "--namespace", SYSTEM,
        "--listen", f"127.0.0.1:{port}", "--confirm-drift", "1", "--jobs", JOBS, *arguments,
    ]  # fmt: skip
    kubeconfig = cluster.service_account_kubeconfig(SYSTEM, ACCOUNT)
    alive = Operator(Server(name, command, log=directory / f"{name}.log"), url)
    server = Server(
        name,
        command,
        log=directory / f"{name}.log",
        env={"KUBECONFIG": str(kubeconfig)},
        ready=lambda: alive._get("/healthz") is not None,
        grace=30,
    )
    alive.server = server
    server.start()
    try:
        yield alive
    finally:
        server.stop()


def backend_manifests(
    name: str, store: Store, *, namespaces: tuple[str, ...], **tenancy: Any
) -> list[dict[str, Any]]:
    """A StorageBackend for a running store, with its Secrets."""
    secrets = [_secret(name, store.access_key, store.secret_key)]
    spec: dict[str, Any] = {
        "provider": store.provider,
        "s3": {"endpoint": store.endpoint, "region": store.region, "addressing": "Path"},
        "credentials": {"secretRef": {"name": name}},
        "namespaces": {"names": list(namespaces)},
        "tenancy": {"deletionPolicies": ["Retain", "DeleteIfEmpty", "DeleteAll"], **tenancy},
    }
    if store.tiers:
        spec["tiers"] = [{"tier": t, "storageClass": c} for t, c in store.tiers.items()]
    if store.admin_endpoint and store.admin_access_key and store.admin_secret_key:
        admin = f"{name}-admin"
        secrets.append(_secret(admin, store.admin_access_key, store.admin_secret_key))
        spec["admin"] = {"endpoint": store.admin_endpoint, "credentials": {"secretRef": {"name": admin}}}
    return [*secrets, _object("StorageBackend", name, None, spec)]


def _secret(name: str, access: str, secret: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": SYSTEM},
        "stringData": {"accessKeyId": access, "secretAccessKey": secret},
    }


def _object(kind: str, name: str, namespace: str | None, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "imagestore.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


@dataclass
class User:
    """Somebody with kubectl in one namespace, whose buckets are on one store."""

    cluster: Cluster
    namespace: str
    backend: str
    store: Store
    s3: Any = field(init=False)

    def __post_init__(self) -> None:
        self.s3 = self.store.s3()

    def bucket(self, name: str) -> str:
        """The bucket's name in the store."""
        return f"{self.namespace}--{name}"

    def apply(self, name: str, **spec: Any) -> None:
        """`kubectl apply` of an ImageBucket."""
        wanted = {"backendRef": {"name": self.backend}, "bucketName": self.bucket(name), **spec}
        self.cluster.apply(yaml.safe_dump(_object("ImageBucket", name, self.namespace, wanted)))

    def patch(self, name: str, **spec: Any) -> None:
        """`kubectl patch` of some fields of the spec; None removes one."""
        body = json.dumps({"spec": spec})
        self.cluster.kubectl("patch", "ib", name, "-n", self.namespace, "--type=merge", "-p", body)

    def get(self, name: str) -> dict[str, Any]:
        """The object; every status that is seen obeys the rules of kstatus."""
        found = self.cluster.api.get(bucket_path(self.namespace, name))
        status = ImageBucketStatus.model_validate(found.get("status") or {})
        if status.conditions:
            generation = found["metadata"]["generation"]
            wrong = conditions.violations(status.conditions, generation, status.observed_generation)
            assert not wrong, (wrong, found["status"])
        return found

    def exists(self, name: str) -> bool:
        """Whether Kubernetes still has the object."""
        return self.cluster.api.find(bucket_path(self.namespace, name)) is not None

    def condition(self, name: str, type_: str) -> dict[str, Any] | None:
        """One condition of the object, judged for its present generation, or None."""
        found = self.get(name)
        current = found["metadata"]["generation"]
        listed = found.get("status", {}).get("conditions", [])
        wanted = (c for c in listed if c["type"] == type_ and c.get("observedGeneration") == current)
        return next(wanted, None)

    def await_condition(
        self, name: str, type_: str, status: str, reason: str = "", timeout: float = PATIENCE
    ) -> dict[str, Any]:
        """The condition, once it has this status (and reason) for the present generation."""

        def there() -> dict[str, Any] | None:
            found = self.condition(name, type_)
            fits = found is not None and found["status"] == status and reason in ("", found["reason"])
            return found if fits else None

        what = f"{type_}={status} {reason} of {name}"
        return eventually(there, timeout, lambda: f"{what}; it is {self.get(name).get('status')}") or {}

    def ready(self, name: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The object, once it is Ready for its present generation."""
        self.await_condition(name, "Ready", "True", timeout=timeout)
        return self.get(name)

    def stuck(self, name: str, reason: str) -> str:
        """The message of Ready, once it is False for this reason."""
        return str(self.await_condition(name, "Ready", "False", reason)["message"])

    def delete(self, name: str, *, wait: bool = True) -> None:
        """`kubectl delete`."""
        self.cluster.kubectl(
            "delete", "ib", name, "-n", self.namespace, f"--wait={str(wait).lower()}", "--timeout=90s"
        )

    def look_now(self, name: str) -> None:
        """Ask for a look."""
        self.patch(name, reconcileRequest=str(time.monotonic_ns()))

    def events(self, name: str) -> list[str]:
        """Reasons of the object's Events."""
        listed = self.cluster.api.get(events_path(self.namespace))["items"]
        return [e["reason"] for e in listed if e["regarding"].get("name") == name]

    def await_event(self, name: str, reason: str) -> None:
        """Wait for an Event."""
        eventually(
            lambda: reason in self.events(name), PATIENCE, lambda: f"Event {reason}; {self.events(name)}"
        )

    def tags(self, name: str) -> dict[str, str]:
        """The bucket's tags in the store."""
        return {t["Key"]: t["Value"] for t in self.s3.get_bucket_tagging(Bucket=self.bucket(name))["TagSet"]}

    def versioning(self, name: str) -> str | None:
        """The bucket's versioning in the store."""
        found: str | None = self.s3.get_bucket_versioning(Bucket=self.bucket(name)).get("Status")
        return found

    def suspend_versioning(self, name: str) -> None:
        """Somebody clicks in the console."""
        self.s3.put_bucket_versioning(
            Bucket=self.bucket(name), VersioningConfiguration={"Status": "Suspended"}
        )

    def in_store(self, name: str) -> bool:
        """Whether the store has the bucket."""
        return self.bucket(name) in {b["Name"] for b in self.s3.list_buckets()["Buckets"]}
