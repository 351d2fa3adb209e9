"""The kubelet of stories with Jobs: no other is here. It runs the pods' command lines with their files, and says of the pods what a kubelet would."""

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from dev.cluster import Cluster
from dev.wait import eventually
from imagestore.controller.jobs import FOLDER
from tests.e2e.harness import PATIENCE, SYSTEM

Json = dict[str, Any]
INDEX = "batch.kubernetes.io/job-completion-index"
CHOSEN = "app.kubernetes.io/component=run"
KILLED = 137  # the exit code of a container that met SIGKILL
_PODS_END = 120.0  # seconds


@dataclass
class Kubelet:
    """What a story does in the place of one."""

    cluster: Cluster
    directory: Path
    said: list[str] = field(default_factory=list)  # by the pods' processes

    def jobs(self) -> list[Json]:
        """The Jobs of runs that are there."""
        path = f"/apis/batch/v1/namespaces/{SYSTEM}/jobs?labelSelector={CHOSEN}"
        return list(self.cluster.api.get(path)["items"])

    def secrets(self) -> list[Json]:
        """The Secrets of runs that are there."""
        return list(
            self.cluster.api.get(f"/api/v1/namespaces/{SYSTEM}/secrets?labelSelector={CHOSEN}")["items"]
        )

    def left(self) -> list[str]:
        """Names of what is there, for messages."""
        return [f"{o['metadata']['name']} {o.get('status')}" for o in (*self.jobs(), *self.secrets())]

    def gone(self) -> bool:
        """Whether nothing of any run is there."""
        return not self.jobs() and not self.secrets()

    def await_gone(self) -> None:
        """Wait until nothing of any run is there."""
        eventually(self.gone, PATIENCE, lambda: f"the Job is deleted; {self.left()}")

    def job(self, other_than: str = "") -> Json:
        """The one Job, once it and its pods are there. ``other_than``: the uid of one that is not meant."""

        def found() -> Json | None:
            jobs = [j for j in self.jobs() if j["metadata"]["uid"] != other_than]
            return jobs[0] if len(jobs) == 1 and jobs[0]["status"].get("active") else None

        return eventually(found, PATIENCE, lambda: f"a Job with pods; {self.left()}") or {}

    def pods(self) -> list[Json]:
        """Of the Job, one for each index."""
        found = self.cluster.api.get(f"/api/v1/namespaces/{SYSTEM}/pods?labelSelector={CHOSEN}")["items"]
        open_ = [p for p in found if p["status"].get("phase") not in ("Succeeded", "Failed")]
        return sorted(open_, key=lambda p: str(p["metadata"]["annotations"][INDEX]))

    def pod(self, other_than: str = "") -> Json:
        """The one pod, once it is there. ``other_than``: the name of one that has ended."""
        found = lambda: [p for p in self.pods() if p["metadata"]["name"] != other_than]  # noqa: E731
        (pod,) = eventually(found, PATIENCE, lambda: f"a pod; {self.left()}")
        return dict(pod)

    def mounted(self, job: Json) -> Path:
        """The files of a Job's own Secret, as its pods see them."""

        def found() -> Json | None:
            uid = job["metadata"]["uid"]
            return next(
                (s for s in self.secrets() if s["metadata"]["ownerReferences"][0]["uid"] == uid), None
            )

        secret = eventually(found, PATIENCE, "the Secret") or {}
        folder = self.directory / str(job["metadata"]["uid"])
        folder.mkdir(exist_ok=True)
        for name, value in secret["data"].items():
            (folder / name).write_bytes(base64.b64decode(value))
        return folder

    def worked(self, folder: Path, pods: list[Json]) -> list[int]:
        """Run the containers of pods at the same time; tell Kubernetes of their exit codes, and return them."""
        with ThreadPoolExecutor(len(pods)) as pool:
            codes = list(pool.map(partial(self._run, folder), pods))
        for pod, code in zip(pods, codes, strict=True):
            self.say(pod, code)
        return codes

    def killed(self, folder: Path, pod: Json, when: Callable[[], bool]) -> None:
        """Run the container of a pod, and kill it with SIGKILL as soon as something is so."""
        process = self._started(folder, pod)
        try:
            eventually(when, PATIENCE, "the pod has begun")
            assert process.poll() is None, f"it ended before it was killed: {process.communicate()}"
        finally:
            process.kill()
            self.said.extend(process.communicate())
        self.say(pod, KILLED)

    def _run(self, folder: Path, pod: Json) -> int:
        process = self._started(folder, pod)
        with suppress(subprocess.TimeoutExpired):
            self.said.extend(process.communicate(timeout=_PODS_END))
            return process.returncode
        process.kill()
        raise TimeoutError(f"the pod did not end: {process.communicate()}")

    def _started(self, folder: Path, pod: Json) -> "subprocess.Popen[str]":
        """A pod's container: its arguments and its index, and nothing else of the operator's."""
        (container,) = pod["spec"]["containers"]
        index = pod["metadata"]["annotations"][INDEX]
        arguments = [a.replace(FOLDER, str(folder)) for a in container["args"]]
        return subprocess.Popen(
            [sys.executable, "-m", "imagestore", *arguments],
            env={"PATH": os.environ["PATH"], "JOB_COMPLETION_INDEX": index},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def say(self, pod: Json, code: int) -> None:
        """What a kubelet tells of a container that has ended."""
        (container,) = pod["spec"]["containers"]
        ended = {"exitCode": code, "startedAt": "2026-11-29T00:00:00Z", "finishedAt": "2026-11-29T00:00:01Z"}
        status = {
            "phase": "Succeeded" if code == 0 else "Failed",
            "containerStatuses": [
                {
                    "name": container["name"],
                    "image": container["image"],
                    "imageID": "",
                    "ready": False,
                    "restartCount": 0,
                    "state": {"terminated": ended},
                }
            ],
        }
        path = f"/api/v1/namespaces/{SYSTEM}/pods/{pod['metadata']['name']}/status"
        self.cluster.api.merge(path, {"status": status})
