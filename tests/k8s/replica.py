"""The toy operator as a process of its own, and what a test asks of it and of the API server."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Coroutine
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError

from dev.cluster import Cluster
from dev.cluster.api import GROUP, bucket_path
from dev.ports import free_ports
from dev.wait import eventually

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
WRITES = {"create", "update", "patch", "delete"}


class Replica:
    """One operator process."""

    def __init__(
        self, cluster: Cluster, folder: Path, namespace: str, *more: str, kubeconfig: Path | None = None
    ) -> None:
        self.folder, self.port = folder, free_ports(1)[0]
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"log-{self.port}"
        words = [
            "--namespace",
            namespace,
            "--listen",
            f"127.0.0.1:{self.port}",
            *more,
        ]
        environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig or cluster.kubeconfig),
            "PYTHONPATH": f"{ROOT}:{ROOT}/operator",
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.k8s.toy", str(folder), *words],
                env=environment,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> "Replica":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def ready(self, role: str = "working") -> "Replica":
        """Wait until it is in this role."""
        eventually(
            lambda: self.get("/readyz") == (200, f"{role}\n"),
            90,
            lambda: f"{role}\n{self.log.read_text()[-3000:]}",
        )
        return self

    def get(self, path: str) -> tuple[int, str]:
        """Ask its own server."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, OSError, HTTPException):
            return 0, ""

    def metric(self, series: str) -> float:
        """The value of one series, 0 when it is not there."""
        lines = self.get("/metrics")[1].splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{series} ")), 0.0)

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 60) -> int:
        """Its exit code."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP: it neither runs nor knows that time passes."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)

    def calls(self, name: str) -> list[dict[str, Any]]:
        """The reconciles of this object, by any replica on this folder."""
        return [c for c in self._lines("calls") if c["key"].endswith(f"/{name}")]

    def writers(self, name: str) -> list[int]:
        """Which processes wrote to the store for this object, by any replica on this folder."""
        return [line["pid"] for line in self._lines("store") if line["name"] == name]

    def _lines(self, what: str) -> list[dict[str, Any]]:
        file = self.folder / what
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def get(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    return cluster.api.get(bucket_path(namespace, name))


def condition(obj: dict[str, Any], type_: str = "Ready") -> dict[str, Any]:
    return next((c for c in obj.get("status", {}).get("conditions", ()) if c["type"] == type_), {})


def await_ready(
    cluster: Cluster, namespace: str, name: str, generation: int = 1, seconds: float = 60
) -> dict[str, Any]:
    def ready() -> dict[str, Any] | None:
        obj = get(cluster, namespace, name)
        done = obj.get("status", {}).get("observedGeneration") == generation
        return obj if done and condition(obj).get("status") == "True" else None

    return eventually(ready, seconds, f"{name} ready") or {}


def await_backend(cluster: Cluster, name: str) -> None:
    """Known, with its Secret: what a bucket has to be looked at for once more is over."""

    def ready() -> bool:
        obj = cluster.api.get(f"{GROUP}/storagebackends/{name}")
        return condition(obj).get("status") == "True"

    eventually(ready, 60, f"backend {name} ready")


def writes(cluster: Cluster, namespace: str, name: str, resource: str = "imagebuckets") -> Counter[str]:
    """What was written to one object by the operator, from the API server's own audit log.

    That is written some time after the answer, and its last line may be half of one.
    """
    found: Counter[str] = Counter()
    for line in cluster.audit_log.read_text().split("\n")[:-1]:
        event = json.loads(line)
        ref = event.get("objectRef") or {}
        mine = event.get("userAgent") == "imagestore" and event["verb"] in WRITES
        mine = mine and ref.get("namespace") == namespace
        if mine and ref.get("resource") == resource and ref.get("name") == name:
            code = event["responseStatus"]["code"]
            found[f"{event['verb']} {ref.get('subresource', '')} {code}".replace("  ", " ")] += 1
    return found


def bucket(name: str, namespace: str, backend: str, **spec: Any) -> str:
    """A manifest."""
    body = {
        "backendRef": {"name": backend},
        "bucketName": spec.pop("bucketName", f"{namespace}--{name}"),
        **spec,
    }
    return json.dumps({
        "apiVersion": "imagestore.dev/v1alpha1", "kind": "ImageBucket",
        "metadata": {"name": name, "namespace": namespace}, "spec": body,
    })  # fmt: skip


def backend(name: str, secret: str, namespaces: list[str], **spec: Any) -> str:
    """A manifest."""
    return json.dumps({
        "apiVersion": "imagestore.dev/v1alpha1", "kind": "StorageBackend", "metadata": {"name": name},
        "spec": {
            "provider": "MinIO",
            "s3": {"endpoint": "http://127.0.0.1:9", "region": "us-east-1"},
            "credentials": {"secretRef": {"name": secret}},
            "namespaces": {"names": namespaces},
            **spec,
        },
    })  # fmt: skip


def secret(name: str, namespace: str, value: str) -> str:
    """A manifest."""
    return json.dumps({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace},
        "stringData": {"accessKeyId": "toy", "secretAccessKey": value},
    })  # fmt: skip


def run(what: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(180):
            return await what

    return asyncio.run(bounded())
