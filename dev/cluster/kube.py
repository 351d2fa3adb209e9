"""kubectl and helm against one cluster, ours or the user's own."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from dev.cluster.certificates import Pair
from dev.programs import KUBERNETES, kubectl, program
from dev.wait import eventually

Result = subprocess.CompletedProcess[str]


class CommandError(RuntimeError):
    """A command that ended with an error; the message holds all that it wrote."""

    def __init__(self, result: Result) -> None:
        super().__init__(
            f"{' '.join(result.args)} ended with {result.returncode}\n{result.stdout}{result.stderr}"
        )
        self.result = result


class Kube:
    """A cluster as its administrator's kubeconfig shows it; `directory` holds the files made for it."""

    def __init__(self, directory: Path, kubeconfig: Path) -> None:
        self.directory = directory
        self.kubeconfig = kubeconfig

    @classmethod
    def existing(cls, context: str, directory: Path) -> "Kube":
        """The cluster of a context in the user's own kubeconfig, copied into a file that names only it."""
        shown = subprocess.run(
            [kubectl(), "config", "view", "--minify", "--flatten", "--raw", "--context", context],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if shown.returncode != 0:
            raise CommandError(shown)
        directory.mkdir(parents=True, exist_ok=True)
        return cls(directory, _private_file(directory / "kubeconfig", shown.stdout))

    @property
    def server(self) -> str:
        """The API server's address."""
        return str(self._cluster_entry()["server"])

    @property
    def version(self) -> str:
        """What the API server says its version is."""
        shown = yaml.safe_load(self.kubectl("version", "-o", "yaml").stdout)
        return str(shown["serverVersion"]["gitVersion"])

    def kubectl(
        self, *args: str, input: str | None = None, check: bool = True, timeout: float = 120
    ) -> Result:
        """Run kubectl as the administrator; with `check` a failure raises CommandError."""
        return self._run([str(kubectl()), *args], input, check=check, timeout=timeout)

    def helm(self, *args: str, input: str | None = None, check: bool = True, timeout: float = 300) -> Result:
        """Run helm as the administrator; with `check` a failure raises CommandError."""
        # Without a cluster helm goes by the version of Kubernetes that its build was told, which ours was not.
        version = ("--kube-version", KUBERNETES) if args[0] == "template" else ()
        command = [str(program("helm")), args[0], *version, *args[1:]]
        return self._run(command, input, check=check, timeout=timeout)

    def apply(self, manifest: str, *args: str) -> Result:
        """`kubectl apply -f -` of this text."""
        return self.kubectl("apply", "-f", "-", *args, input=manifest)

    def get(self, *args: str) -> dict[str, Any]:
        """`kubectl get ... -o json`, parsed."""
        answer: dict[str, Any] = json.loads(self.kubectl("get", *args, "-o", "json").stdout)
        return answer

    def await_crds(self, *names: str, timeout: float = 60) -> None:
        """Wait until the API server serves these CRDs; without names, all that it has.

        `kubectl wait --for=condition=Established` ends with an error ("accessor error: <nil>") where it asks in the
        moment in which a CRD is stored and its status is empty: one run in twenty on a busy machine.
        """
        found: list[str] = []

        def served() -> bool:
            missing = not_served(self.get("crd")["items"])
            found[:] = [name for name in missing if not names or name in names]
            return not found

        eventually(served, timeout, lambda: f"CRDs are served: {', '.join(found)}", interval=0.2)

    def service_account_kubeconfig(self, namespace: str, name: str, duration: str = "24h") -> Path:
        """A kubeconfig that may do what this ServiceAccount may do, for as long as its token lives."""
        token = self.kubectl("create", "token", name, "--namespace", namespace, "--duration", duration).stdout
        text = kubeconfig_text(self._cluster_entry(), {"token": token.strip()}, namespace=namespace)
        return _private_file(self.directory / f"{namespace}-{name}.kubeconfig", text)

    def environment(self) -> dict[str, str]:
        """The environment of a command that speaks to this cluster and keeps its caches beside it."""
        helm = {f"HELM_{kind}_HOME": str(self.directory / "helm") for kind in ("CACHE", "CONFIG", "DATA")}
        # The user's own discovery cache is keyed by host and port: a second cluster on the same port would
        # be served the first one's kinds.
        cache = {"KUBECACHEDIR": str(self.directory / "kubectl-cache"), "KUBECONFIG": str(self.kubeconfig)}
        return {**os.environ, **helm, **cache}

    def _run(self, command: list[str], input: str | None, *, check: bool, timeout: float) -> Result:
        result = subprocess.run(
            command,
            input=input,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if check and result.returncode != 0:
            raise CommandError(result)
        return result

    def _cluster_entry(self) -> dict[str, Any]:
        shown = yaml.safe_load(self.kubeconfig.read_text())
        entry: dict[str, Any] = shown["clusters"][0]["cluster"]
        return entry


def not_served(crds: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of these CRDs that are not established yet. A new one has no conditions, or null."""
    return [crd["metadata"]["name"] for crd in crds if not _established(crd.get("status") or {})]


def _established(status: Mapping[str, Any]) -> bool:
    conditions = status.get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def write_kubeconfig(path: Path, server: str, ca_file: Path, client: Pair) -> Path:
    """A kubeconfig with a client certificate, for one server."""
    user = {"client-certificate": str(client.certificate), "client-key": str(client.key)}
    cluster = {"server": server, "certificate-authority": str(ca_file)}
    return _private_file(path, kubeconfig_text(cluster, user))


def kubeconfig_text(cluster: dict[str, Any], user: dict[str, Any], *, namespace: str = "default") -> str:
    """A kubeconfig of one cluster, one user and one context."""
    name = "imagestore"
    return yaml.safe_dump({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
    })  # fmt: skip


def _private_file(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
    return path
