"""The chart on the node, and what a person asks of it by kubectl and helm."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev import examples
from dev.cluster.api import bucket_path
from dev.cluster.kube import Kube
from dev.image.__main__ import LOCAL
from dev.node.node import Node
from dev.programs import kubectl, program
from dev.stores import Store
from dev.wait import eventually

ROOT = Path(__file__).parents[2]
SYSTEM = "imagestore-system"
RELEASE = "imagestore"
FINALIZER = "imagestore.dev/bucket"
PATIENCE = 90.0
Json = dict[str, Any]


def documented(containing: str) -> str:
    """The one block of commands in docs/operations.md that has these words, as a shell reads it."""
    text = (ROOT / "docs" / "operations.md").read_text()
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return str(found)


@dataclass(frozen=True)
class Installation:
    """The release in its namespace."""

    node: Node

    @property
    def kube(self) -> Kube:
        """As the administrator."""
        return self.node.cluster

    def shell(self, commands: str, **variables: str) -> None:
        """Run a block of the documentation, in the repository, with kubectl and helm on PATH."""
        folders = f"{kubectl().parent}:{program('helm').parent}"
        environment = {**self.kube.environment(), "PATH": f"{folders}:{os.environ['PATH']}", **variables}
        done = subprocess.run(
            ["sh", "-euc", commands],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.story()}"

    def install(self) -> None:
        """As the documentation says it, after the image was brought to the node."""
        self.shell(documented("helm install imagestore"), REPOSITORY=LOCAL)

    def reinstall(self) -> None:
        """The same where the namespace is there already."""
        commands = documented("helm install imagestore")
        self.shell(commands[commands.index("helm install") :], REPOSITORY=LOCAL)

    def helm(self, *words: str) -> None:
        """Helm in the operator's namespace; what the pods did is told when it fails."""
        done = self.kube.helm(*words, "--namespace", SYSTEM, check=False)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.story()}"

    def pods(self, component: str = "operator") -> list[Json]:
        """Its pods that are not on their way out."""
        chosen = f"app.kubernetes.io/component={component}"
        found = self.kube.get("pods", "--namespace", SYSTEM, "--selector", chosen)["items"]
        return [p for p in found if "deletionTimestamp" not in p["metadata"]]

    def leader(self) -> Json:
        """The pod that holds the Lease, once one does that is there."""

        def there() -> Json | None:
            holder = self.holder()
            return next((p for p in self.pods() if holder.startswith(p["metadata"]["name"])), None)

        return eventually(there, PATIENCE, lambda: f"a pod holds the Lease\n{self.story()}") or {}

    def holder(self) -> str:
        """Who the Lease names."""
        spec = self.kube.get("lease", RELEASE, "--namespace", SYSTEM)["spec"]
        return str(spec.get("holderIdentity") or "")

    def await_other_leader(self, before: str) -> str:
        """The holder, once it is not that one."""

        def other() -> str:
            now = self.holder()
            return "" if now == before else now

        return eventually(other, PATIENCE, lambda: f"the Lease goes from {before}\n{self.story()}")

    def await_pods(self, count: int = 2) -> None:
        """So many are Ready, and no other is left."""

        def there() -> bool:
            states = [_is_ready(p) for p in self.pods()]
            return len(states) == count and all(states)

        eventually(there, PATIENCE, lambda: f"{count} pods Ready\n{self.story()}", interval=0.3)

    def await_restart(self, pod: Json) -> None:
        """The pod's operator has ended since, and another one of the same pod is Ready."""
        name, before = pod["metadata"]["name"], pod["status"]["containerStatuses"][0]["restartCount"]

        def again() -> bool:
            found = next((p for p in self.pods() if p["metadata"]["name"] == name), None)
            return found is not None and found["status"]["containerStatuses"][0]["restartCount"] > before

        eventually(again, PATIENCE, lambda: f"{name} started again\n{self.story()}", interval=0.3)

    def running(self) -> list[str]:
        """The names of the pods whose operator runs."""
        return [p["metadata"]["name"] for p in self.pods() if p["status"]["phase"] == "Running"]

    def processes(self, pod: Json) -> list[int]:
        """The operator's, in this pod, by their ids on this machine."""
        (status,) = pod["status"]["containerStatuses"]
        return self.node.processes(status["containerID"])

    def signal(self, pod: Json, number: signal.Signals) -> None:
        """Send it to the pod's operator."""
        for process in self.processes(pod):
            os.kill(process, number)

    @contextmanager
    def frozen(self, pod: Json) -> Iterator[None]:
        """The pod's operator stands still while the block lasts: no answer, no renewal, and not gone."""
        self.signal(pod, signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(pod, signal.SIGCONT)

    def apply_example(self, example: str, name: str, store: Store) -> None:
        """An example, edited for the store as pods reach it."""
        self.kube.apply(examples.text(examples.manifests(example, {name: self.node.seen(store)})))

    def await_bucket(self, namespace: str, name: str) -> Json:
        """The bucket's object, once it is Ready."""
        words = ["--for=condition=Ready", "--namespace", namespace, f"imagebucket/{name}", "--timeout=90s"]
        waited = self.kube.kubectl("wait", *words, check=False)
        assert waited.returncode == 0, f"{waited.stderr}\n{self.bucket(namespace, name)}\n{self.story()}"
        return self.bucket(namespace, name)

    def await_look(self, namespace: str, name: str, request: str) -> None:
        """Ask for a look and wait until the operator that leads has answered."""
        patch = f'{{"spec": {{"reconcileRequest": "{request}"}}}}'
        self.kube.kubectl("patch", "imagebucket", name, "-n", namespace, "--type=merge", "-p", patch)

        def looked() -> bool:
            status = self.bucket(namespace, name).get("status", {})
            ready = next(c for c in status["conditions"] if c["type"] == "Ready")
            return bool(status.get("reconcileRequest") == request and ready["status"] == "True")

        eventually(looked, PATIENCE, lambda: f"a look\n{self.bucket(namespace, name)}\n{self.story()}")

    def await_finalizer(self, namespace: str, name: str) -> None:
        """The operator's, without which a deletion would not ask it."""
        has = lambda: self.finalizers(namespace, name) == [FINALIZER]  # noqa: E731
        eventually(has, PATIENCE, lambda: f"{namespace}/{name} is held\n{self.story()}", interval=0.3)

    def finalizers(self, namespace: str, name: str) -> list[str]:
        """Of the bucket's object."""
        found: list[str] = self.bucket(namespace, name)["metadata"].get("finalizers", [])
        return found

    def revision(self) -> str:
        """The release's, as `helm rollback` is told."""
        listed = self.kube.helm("list", "--namespace", SYSTEM, "--output", "json").stdout
        (release,) = json.loads(listed)
        return str(release["revision"])

    def bucket(self, namespace: str, name: str) -> Json:
        """The bucket's object."""
        return self.node.cluster.api.get(bucket_path(namespace, name))

    def log(self, pod: str) -> str:
        """What the pod's operator wrote since it was started last."""
        return self.kube.kubectl("logs", "--namespace", SYSTEM, pod, check=False).stdout

    def story(self) -> str:
        """What happened, for whoever reads of a failure."""
        words = ("--namespace", SYSTEM)
        pods = self.kube.kubectl("get", "pods", *words, "-o", "wide", check=False).stdout
        events = self.kube.kubectl("get", "events", *words, check=False).stdout
        chosen = "app.kubernetes.io/name=imagestore"
        logs = self.kube.kubectl("logs", *words, "--selector", chosen, "--tail=15", "--prefix", check=False)
        return f"{pods}\n{events[-3000:]}\n{logs.stdout}{logs.stderr}"


def _is_ready(pod: Json) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
