"""The chart's release Job, with the real helm: it acts where an uninstall is proven, and only there.

No kubelet runs it here: its own command line with its own account does, and its pod is then said to be done.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster, Result
from dev.stores import Store
from dev.wait import eventually
from imagestore.k8s.jobs.manifest import selecting
from tests.e2e.harness import (
    ACCOUNT,
    CHART,
    INSTALLATION,
    ON,
    PATIENCE,
    SYSTEM,
    User,
    backend_manifests,
    operator,
)

JOB = f"{ACCOUNT}-release"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/imagestore"
VALUES = ("--namespace", SYSTEM, "--set", f"installation={INSTALLATION},image.repository=nowhere.example/x")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that may lose its operator. No pod of it ever runs: it has no node."""
    with Cluster.start(tmp_path_factory.mktemp("uninstall")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def shop(own: Cluster, minio_store: Store) -> User:
    """A user with one bucket, under the chart as operations.md installs it."""
    install(own)
    own.await_crds()
    own.kubectl("create", "namespace", "shop")
    own.apply(yaml.safe_dump_all(backend_manifests("eu", minio_store, namespaces=("shop",))))
    user = User(own, "shop", "eu", minio_store)
    user.apply("leaving", **ON)
    return user


def install(cluster: Cluster, *more: str) -> None:
    """Over CRDs that an earlier installation left."""
    cluster.helm("install", ACCOUNT, str(CHART), "--create-namespace", "--take-ownership", *VALUES, *more)


COPYING = f"/apis/batch/v1/namespaces/{SYSTEM}/jobs/copying"


def _copying() -> Json:
    """The Job of a run, as the operator labels it."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "nowhere.example/x"}]}
    names = dict(pair.split("=") for pair in selecting(INSTALLATION).split(","))
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "copying", "namespace": SYSTEM, "labels": names},
        "spec": {"template": {"spec": pod}},
    }


def arguments(job: Json) -> list[str]:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return [a.replace("$(POD_NAMESPACE)", SYSTEM) for a in container["args"]]


def run(cluster: Cluster, args: list[str]) -> str:
    """What the Job's container does: the same words, as its own account. It must end well."""
    account = cluster.service_account_kubeconfig(SYSTEM, ACCOUNT)
    done = subprocess.run(
        [sys.executable, "-m", "imagestore", *args],
        env={**os.environ, "KUBECONFIG": str(account)}, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def held(user: User) -> bool:
    return "imagestore.dev/bucket" in user.get("leaving")["metadata"].get("finalizers", ())


def holder(cluster: Cluster) -> str:
    return str(cluster.api.get(LEASE)["spec"].get("holderIdentity") or "")


def status(cluster: Cluster) -> str:
    """What helm says of the release, empty when it knows none."""
    listed = json.loads(cluster.helm("list", "--all", "-n", SYSTEM, "-o", "json").stdout)
    return next((r["status"] for r in listed if r["name"] == ACCOUNT), "")


def job(cluster: Cluster) -> Json | None:
    return cluster.api.find(f"/apis/batch/v1/namespaces/{SYSTEM}/jobs/{JOB}")


def succeed(cluster: Cluster) -> None:
    """Say of the Job's pod what a kubelet would say."""
    pods = f"/api/v1/namespaces/{SYSTEM}/pods"

    def pod() -> str | None:
        found = [p["metadata"] for p in cluster.api.get(pods)["items"]]
        return next((m["name"] for m in found if m["name"].startswith(f"{JOB}-")), None)

    name = eventually(pod, PATIENCE, "the Job has a pod")
    done = json.dumps({"status": {"phase": "Succeeded"}})
    cluster.kubectl(
        "patch", "pod", str(name), "-n", SYSTEM, "--subresource=status", "--type=merge", "-p", done
    )


def test_a_rendered_chart_on_a_live_installation_lets_nothing_go(
    own: Cluster, shop: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks are ordinary objects to `kubectl apply`, kustomize and Flux: the Job took the Lease and let every object go."""
    monkeypatch.setenv("POD_NAME", "imagestore-7d4b9c-x2x4z")
    with operator(own, tmp_path) as alive:
        shop.ready("leaving")
        eventually(alive.working, PATIENCE, "at work")
        before = holder(own)
        assert before.startswith("imagestore-7d4b9c-x2x4z-"), "with hostNetwork the host's name is the node's"
        rendered = own.helm("template", ACCOUNT, str(CHART), *VALUES).stdout
        own.kubectl("apply", "-n", SYSTEM, "-f", "-", input=rendered)
        made = job(own)
        assert made is not None
        said = run(own, arguments(made))
        assert said.count("\n") == 1
        assert said.startswith(f"changed nothing: Helm is not uninstalling the release {ACCOUNT}")
        assert "its newest revision is 1, deployed" in said
        assert held(shop)
        assert holder(own) == before
        assert alive.working()
    own.kubectl("delete", "job", JOB, "-n", SYSTEM)


def test_an_uninstall_lets_go_and_a_reinstall_takes_hold_at_once(
    own: Cluster, shop: User, tmp_path: Path
) -> None:
    """The Lease of the Job blocked the next installation for ten minutes, and settled buckets waited for an interval.

    After a rollback, whose hooks are an earlier revision's.
    """
    own.helm("rollback", ACCOUNT, "1", "-n", SYSTEM)
    with operator(own, tmp_path, "old") as old, ThreadPoolExecutor(1) as background:
        shop.ready("leaving")
        own.apply(json.dumps(_copying()))
        eventually(old.working, PATIENCE, "at work")
        uninstall: Future[Result] = background.submit(own.helm, "uninstall", ACCOUNT, "-n", SYSTEM)
        made = eventually(lambda: job(own), PATIENCE, "helm makes the Job") or {}
        said = run(own, arguments(made))
        assert "2 released; no bucket was changed\n1 Jobs of runs are deleted" in said
        eventually(
            lambda: own.api.find(COPYING) is None, PATIENCE, "the Job of a run goes, and its Secret with it"
        )
        assert not held(shop)
        assert holder(own) == ""
        eventually(lambda: not old.server.running, PATIENCE, "the old operator has lost its Lease")
        # The Deployment is still there, and its pods start again: what was let go stays so.
        with operator(own, tmp_path, "again") as again:
            eventually(
                lambda: again.readiness()[0] == 503, PATIENCE, lambda: f"not ready: {again.readiness()}"
            )
            assert f"Helm is uninstalling the release {ACCOUNT}" in again.readiness()[1]
            assert not held(shop)
            succeed(own)
            uninstall.result(timeout=PATIENCE)
    assert status(own) == ""
    assert job(own) is None
    install(own)
    with operator(own, tmp_path, "new", "--drift-interval", "86400") as new:
        eventually(new.working, 10, "no Lease is waited for")
        eventually(lambda: held(shop), PATIENCE, "a settled bucket is held at once")


def test_an_uninstall_whose_job_cannot_run_ends_and_its_job_does_no_harm_later(
    own: Cluster, shop: User, tmp_path: Path
) -> None:
    """An image that cannot be pulled: helm waited, and after a reinstall the old Job let everything go."""
    own.helm("upgrade", ACCOUNT, str(CHART), *VALUES, "--set", "uninstall.timeoutSeconds=3")
    with operator(own, tmp_path) as alive, ThreadPoolExecutor(1) as background:
        shop.ready("leaving")
        uninstall = background.submit(own.helm, "uninstall", ACCOUNT, "-n", SYSTEM, check=False)
        old = eventually(lambda: job(own), PATIENCE, "helm makes the Job") or {}
        failed = uninstall.result(timeout=PATIENCE)
        assert failed.returncode != 0
        assert "DeadlineExceeded" in failed.stderr
        assert status(own) == "uninstalling"
        assert job(own) is None
        assert old["spec"]["ttlSecondsAfterFinished"] > 0, "where helm itself was interrupted"
        assert held(shop)
        assert alive.working(), "nobody took its Lease"
    # Both ways on, as operations.md says them: to keep it, and to finish by hand.
    own.helm("rollback", ACCOUNT, "2", "-n", SYSTEM)
    assert status(own) == "deployed"
    assert "released" in run(own, ["release", "--all", "--yes", "--operator-namespace", SYSTEM])
    own.helm("uninstall", ACCOUNT, "-n", SYSTEM, "--no-hooks")
    install(own)
    with operator(own, tmp_path, "next") as following:
        eventually(following.working, PATIENCE, "at work")
        eventually(lambda: held(shop), PATIENCE, "held again")
        assert run(own, arguments(old)).startswith("changed nothing: ")
        assert held(shop)
        assert following.working()
