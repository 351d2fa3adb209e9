"""The operator while the API server has its bad days."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from dev.cluster import Cluster
from dev.cluster.api import bucket_path
from dev.wait import eventually
from imagestore.controller.rights import Right
from imagestore.k8s.api.resources import grants
from imagestore.kinds import ALL
from tests.k8s.conftest import CRDS
from tests.k8s.replica import Replica, await_ready, backend, bucket, get, secret


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster without our CRDs, and ours to break."""
    with Cluster.start(tmp_path_factory.mktemp("bare")) as running:
        for namespace in ("op", "shop"):
            running.kubectl("create", "namespace", namespace)
        running.apply(secret("keys", "op", "hunter2hunter2"))
        yield running


@pytest.fixture(scope="module")
def patient(bare: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    """An operator that was there first: GitOps applies things in any order."""
    with Replica(bare, tmp_path_factory.mktemp("toy"), "op") as running:
        running.ready()
        bare.kubectl("apply", "-f", str(CRDS))
        bare.await_crds()
        yield running


def edit(cluster: Cluster, name: str, value: str) -> int:
    """Ask for a look; the generation to wait for."""
    patch = json.dumps({"spec": {"reconcileRequest": value}})
    # Ready is said by another connection to etcd than the one that a write takes.
    asked = ("patch", "ib", name, "-n", "shop", "--type=merge", "-p", patch)
    eventually(lambda: cluster.kubectl(*asked, check=False).returncode == 0, 60, "the edit is taken")
    return int(get(cluster, "shop", name)["metadata"]["generation"])


def test_kinds_that_come_later_are_followed(bare: Cluster, patient: Replica) -> None:
    bare.apply(backend("eu", "keys", ["shop"]))
    bare.apply(bucket("a", "shop", "eu"))
    await_ready(bare, "shop", "a")
    # Both kinds: discovery lags behind CRDs, and kopf by itself follows what it happened to see of it.
    eventually(lambda: patient.calls("a")[-1]["secret"], 60, "the backend is known too")


def test_a_restart_of_the_api_server_is_survived(bare: Cluster, patient: Replica) -> None:
    bare.restart_apiserver()
    await_ready(bare, "shop", "a", generation=edit(bare, "a", "after the restart"), seconds=120)
    old = patient.calls("a")[-1]["secret"]
    bare.apply(secret("keys", "op", "rotated-hunter2"))
    eventually(lambda: patient.calls("a")[-1]["secret"] != old, 60, "our own watches are back too")
    assert patient.get("/healthz")[0] == 200


def test_an_api_server_without_etcd_is_outlived(bare: Cluster, patient: Replica) -> None:
    bare.stop_etcd()
    eventually(
        lambda: bare.kubectl("get", "--raw", "/readyz", check=False).returncode != 0, 60, "it has trouble"
    )
    bare.start_etcd()
    await_ready(bare, "shop", "a", generation=edit(bare, "a", "after etcd"), seconds=120)


def test_kinds_that_go_and_come_back_are_followed(bare: Cluster, patient: Replica) -> None:
    bare.kubectl("delete", "crd", "imagebuckets.imagestore.dev", "--timeout=90s")
    eventually(
        lambda: patient.metric('imagestore_objects{kind="ImageBucket",ready="True"}') == 0, 60, "forgotten"
    )
    bare.kubectl("apply", "-f", str(CRDS))
    bare.await_crds()
    bare.apply(bucket("b", "shop", "eu"))
    await_ready(bare, "shop", "b", seconds=120)


def test_a_replica_that_lost_its_lease_ends_at_once(bare: Cluster, patient: Replica, tmp_path: Path) -> None:
    with Replica(bare, tmp_path, "op", "--lease", "robbed").ready() as replica:
        theft = json.dumps({"spec": {"holderIdentity": "thief"}})
        bare.kubectl("patch", "lease", "robbed", "-n", "op", "--type=merge", "-p", theft)
        assert replica.wait() == 1
        assert bare.get("lease", "robbed", "-n", "op")["spec"]["holderIdentity"] == "thief"


def test_missing_rights_are_said_at_the_start(bare: Cluster, tmp_path: Path) -> None:
    bare.kubectl("create", "serviceaccount", "poor", "-n", "op")
    kubeconfig = bare.service_account_kubeconfig("op", "poor")
    with Replica(bare, tmp_path, "op", kubeconfig=kubeconfig) as replica:
        wanted = "not allowed to list, watch secrets in the operator's own namespace"
        eventually(lambda: wanted in replica.log.read_text(), 60, "it says what is missing")
        eventually(
            lambda: "not all is known yet; cannot watch secrets: 403 Forbidden" in replica.get("/readyz")[1],
            60,
            "it says why it does not begin",
        )
        replica.terminate()
        assert replica.wait() == 0


def role(name: str, needed: Iterable[Right]) -> str:
    """A ClusterRole and its binding to the ServiceAccount of the same name in ``op``."""
    rules = [{"apiGroups": [g.group], "resources": [g.resource], "verbs": list(g.verbs)} for g in needed]
    rbac, kind = {"apiVersion": "rbac.authorization.k8s.io/v1"}, "ClusterRole"
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    whom = [{"kind": "ServiceAccount", "name": name, "namespace": "op"}]
    made = {**rbac, "kind": kind, "metadata": {"name": name}, "rules": rules}
    bound = {
        **rbac,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": ref,
        "subjects": whom,
    }
    return f"{json.dumps(made)}\n---\n{json.dumps(bound)}"


def test_a_right_that_is_missing_for_one_kind_ends_nothing(
    bare: Cluster, patient: Replica, tmp_path: Path
) -> None:
    """A new image ran with the ClusterRole of the one before, which knew no LifecyclePolicy: it ended at each start."""
    bare.kubectl("create", "serviceaccount", "old", "-n", "op")
    bare.apply(role("old", (g for g in grants(ALL) if "lifecyclepolicies" not in g.resource)))
    bare.apply(bucket("served", "shop", "eu"))
    kubeconfig, kind = bare.service_account_kubeconfig("op", "old"), '{kind="LifecyclePolicy"}'
    with Replica(bare, tmp_path, "op", kubeconfig=kubeconfig).ready() as replica:
        await_ready(bare, "shop", "served")
        eventually(lambda: replica.calls("served"), 60, "by this one, too")
        said = replica.log.read_text()
        assert "not allowed to get, list, watch lifecyclepolicies.imagestore.dev" in said
        assert "not allowed to list lifecyclepolicies.imagestore.dev: no LifecyclePolicy is served" in said
        assert replica.metric(f"imagestore_kind_forbidden{kind}") == 1
        bare.apply(role("old", grants(ALL)))
        eventually(lambda: replica.metric(f"imagestore_kind_forbidden{kind}") == 0, 60, "it asks again")
        eventually(
            lambda: "LifecyclePolicy is served from now on" in replica.log.read_text(), 60, "it says so"
        )
        assert replica.get("/healthz")[0] == 200


def test_an_api_server_that_went_back_in_time_is_believed(
    bare: Cluster, patient: Replica, tmp_path: Path
) -> None:
    """etcd was restored: edits had lower versions than what was remembered, and were ignored with Ready True."""
    bare.apply(bucket("restored", "shop", "eu"))
    with Replica(bare, tmp_path, "op", "--audit-interval", "2").ready() as replica:
        await_ready(bare, "shop", "restored")
        with bare.back_in_time():
            edit(bare, "restored", "to be undone")
            for number in range(40):  # what others write must not reach the old version soon
                spec = {"reconcileRequest": f"to be undone {number}"}
                last = bare.api.merge(bucket_path("shop", "restored"), {"spec": spec})["metadata"][
                    "generation"
                ]
            await_ready(bare, "shop", "restored", generation=last, seconds=120)
        generation = edit(bare, "restored", "after the restore")
        assert generation < last
        await_ready(bare, "shop", "restored", generation=generation, seconds=120)
        eventually(lambda: replica.calls("restored")[-1]["generation"] == generation, 120, "this one, too")
        eventually(lambda: "is watched anew" in replica.log.read_text(), 120, "it says so")
        old = replica.calls("restored")[-1]["secret"]
        bare.apply(secret("keys", "op", "rotated-once-more"))
        eventually(lambda: replica.calls("restored")[-1]["secret"] != old, 60, "Secrets are watched anew too")
        assert replica.get("/healthz")[0] == 200
