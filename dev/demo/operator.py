"""The operator as the demo and the examples' tests run it: our chart's CRDs and rights, a process of our own."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.cluster.kube import Kube
from dev.ports import free_port
from dev.process import Server, running
from dev.wait import eventually

SYSTEM = "imagestore-system"
RELEASE = "imagestore"
INSTALLATION = "demo"
CHART = Path(__file__).resolve().parents[2] / "charts" / "imagestore"


@dataclass(frozen=True)
class Operator:
    """A running operator and the cluster that it looks after."""

    kube: Kube
    server: Server
    url: str

    def condition(self, name: str, namespace: str, type_: str = "Ready") -> dict[str, Any] | None:
        """One condition of an ImageBucket, if it judges the newest generation."""
        found = self.kube.get("imagebucket", name, "-n", namespace)
        status = found.get("status") or {}
        if status.get("observedGeneration") != found["metadata"]["generation"]:
            return None
        return next((c for c in status.get("conditions", []) if c["type"] == type_), None)

    def await_ready(self, name: str, namespace: str, timeout: float = 60) -> dict[str, Any]:
        """The object, once it is Ready."""

        def ready() -> bool:
            return (self.condition(name, namespace) or {}).get("status") == "True"

        eventually(
            ready,
            timeout,
            lambda: f"{namespace}/{name} Ready\n{self.describe(name, namespace)}",
            interval=0.2,
        )
        return self.kube.get("imagebucket", name, "-n", namespace)

    def describe(self, name: str, namespace: str) -> str:
        """What the object says of itself, and the end of the operator's log."""
        status = self.kube.kubectl("get", "ib", name, "-n", namespace, "-o", "yaml", check=False).stdout
        return f"{status}\n{self.server.log_tail()}"


def install(kube: Kube) -> None:
    """CRDs, rights and the ServiceAccount, by the chart; again on a cluster that has them is an upgrade."""
    settings = [f"installation={INSTALLATION}", "operator.enabled=false"]
    chosen = [part for setting in settings for part in ("--set", setting)]
    kube.helm(
        "upgrade", "--install", RELEASE, str(CHART), "--namespace", SYSTEM, "--create-namespace", *chosen
    )
    kube.await_crds(*_crds(kube))


def _crds(kube: Kube) -> list[str]:
    names = kube.kubectl("get", "crd", "-o", "name").stdout.split()
    return [n.split("/")[1] for n in names if n.endswith(".imagestore.dev")]


@contextmanager
def operating(kube: Kube, *, confirm_drift: float) -> Iterator[Operator]:
    """`imagestore run` with the rights of the chart's ServiceAccount, from installed to stopped."""
    install(kube)
    url = f"http://127.0.0.1:{(port := free_port())}"
    server = Server(
        "imagestore",
        [
            sys.executable, "-m", "imagestore", "run", "--installation", INSTALLATION, "--namespace", SYSTEM,
            "--listen", f"127.0.0.1:{port}", "--confirm-drift", str(confirm_drift),
        ],
        log=kube.directory / "operator.log",
        env={"KUBECONFIG": str(kube.service_account_kubeconfig(SYSTEM, RELEASE))},
        ready=lambda: _answers(f"{url}/readyz"),
        grace=20,
    )  # fmt: skip
    with running(server):
        yield Operator(kube, server, url)


def installed(kube: Kube) -> bool:
    """Whether somebody has put imagestore into this cluster."""
    return bool(_crds(kube))


def namespaces(kube: Kube) -> set[str]:
    """Those that the cluster has."""
    return {n.split("/")[1] for n in kube.kubectl("get", "namespaces", "-o", "name").stdout.split()}


def uninstall(kube: Kube, before: set[str]) -> None:
    """Leave a cluster that is not ours as it was: what was not there ``before`` goes, and no more."""
    release = [sys.executable, "-m", "imagestore", "release", "--all", "--yes", "--force"]
    subprocess.run(release, env=kube.environment(), check=True, timeout=60, stdout=subprocess.DEVNULL)
    kube.helm("uninstall", RELEASE, "--namespace", SYSTEM, "--no-hooks")
    if crds := _crds(kube):
        kube.kubectl("delete", "crd", *crds, "--timeout=60s")
    if new := sorted(namespaces(kube) - before):
        kube.kubectl("delete", "namespace", *new, "--timeout=90s")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address on loopback
            return True
    except (urllib.error.URLError, OSError):
        return False
