"""The operator's pods in a cluster: drained without a flag, one after the other, on whatever network."""

import json
from collections.abc import Iterator

import pytest
import yaml

from dev.cluster import Cluster, CommandError
from dev.wait import eventually
from tests.crdgen.test_chart import CHART, MINIMAL, RELEASE, Json, named, rendered

NAMESPACE, NODE = "drained", "old-node"


@pytest.fixture
def scheduled(installed: Cluster) -> Iterator[list[str]]:
    """The chart's two replicas on a node that nobody runs, by a scheduler's hand: ours."""
    made = rendered(installed, *MINIMAL)
    ours = [m for m in made if m["kind"] in ("Deployment", "PodDisruptionBudget", "ServiceAccount")]
    for manifest in ours:
        manifest["metadata"]["namespace"] = NAMESPACE
    node: Json = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
    installed.kubectl("create", "namespace", NAMESPACE)
    installed.apply(yaml.safe_dump_all([node, *ours]))
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods"

    def names() -> list[str]:
        return [p["metadata"]["name"] for p in installed.api.get(pods)["items"]]

    eventually(lambda: len(names()) == 2, 60, "two pods")
    for name in names():
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        installed.api.call("POST", f"{pods}/{name}/binding", {"metadata": {"name": name}, "target": target})
    yield names()
    installed.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    installed.kubectl("delete", "node", NODE)


def test_a_node_is_drained_as_the_page_of_operations_says(installed: Cluster, scheduled: list[str]) -> None:
    said = installed.kubectl("drain", NODE, "--delete-emptydir-data", "--dry-run=server").stdout
    assert all(f"{NAMESPACE}/{name}" in said for name in scheduled)
    assert f"node/{NODE} drained" in said


def test_of_two_replicas_one_is_evicted_at_a_time(cluster: Cluster) -> None:
    made = rendered(cluster, *MINIMAL)
    budget, pods = named(made, "PodDisruptionBudget")["spec"], named(made, "Deployment")["spec"]["template"]
    assert budget["maxUnavailable"] == 1
    wanted = budget["selector"]["matchLabels"]
    assert wanted.items() <= pods["metadata"]["labels"].items()
    job = named(made, "Job")["spec"]["template"]["metadata"]["labels"]
    assert not wanted.items() <= job.items(), "the Job's pod is none of them"
    for values in ("operator: {replicas: 1}", "podDisruptionBudget: {create: false}"):
        fewer = rendered(cluster, *MINIMAL, values=values)
        assert "PodDisruptionBudget" not in {m["kind"] for m in fewer}


def test_the_nodes_network_is_a_value(installed: Cluster) -> None:
    made = rendered(installed, *MINIMAL, values="{hostNetwork: true, operator: {port: 18080}}")
    deployment, job = named(made, "Deployment"), named(made, "Job")
    for pod in (deployment["spec"]["template"]["spec"], job["spec"]["template"]["spec"]):
        assert (pod["hostNetwork"], pod["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert "--listen=0.0.0.0:18080" in container["args"]
    assert container["ports"][0]["containerPort"] == 18080
    taken = installed.kubectl(
        "create", "--dry-run=server", "-o", "json", "-f", "-", input=json.dumps(deployment)
    )
    assert json.loads(taken.stdout)["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0


def test_the_operator_may_write_to_its_temporary_directory(cluster: Cluster) -> None:
    """The root is read-only: without this every Backup, and every copy of a listing that has to be sorted, failed in a cluster."""
    pod = named(rendered(cluster, *MINIMAL), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {m["mountPath"]: m["name"] for m in container["volumeMounts"]} == {"/tmp": "tmp"}  # noqa: S108
    assert pod["volumes"] == [{"name": "tmp", "emptyDir": {}}]


def test_an_older_kubernetes_is_refused_by_name(cluster: Cluster) -> None:
    """Helm says it before anything is made: rules that an older API server does not understand are refused there."""
    arguments = ["template", RELEASE, CHART, *MINIMAL, "--kube-version"]
    cluster.helm(*arguments, "1.30.0")
    with pytest.raises(CommandError, match=r"requires kubeVersion: >=1\.30"):
        cluster.helm(*arguments, "1.29.9")
