"""The chart renders, installs, gives the rights it should, and leaves behind what it promised."""

import argparse
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster, CommandError
from imagestore.api.kinds import KINDS
from imagestore.cli.commands import run
from imagestore.crdgen import metricspage
from tests.crdgen.conftest import ROOT
from tests.crdgen.schemas import LOADER

Json = dict[str, Any]
CHART = str(ROOT / "charts/imagestore")
RELEASE, SYSTEM = "imagestore", "chart-system"
ACCOUNT = f"system:serviceaccount:{SYSTEM}:{RELEASE}"
MINIMAL = ("--set", "installation=test", "--set", "image.repository=localhost/imagestore")
FULL = """
installation: prod-eu
operator: {replicas: 1, extraArgs: [--log-level=debug], extraEnv: [{name: HTTPS_PROXY, value: "http://proxy:3128"}]}
image: {repository: registry.example/imagestore, digest: "sha256:%s", pullPolicy: Always}
imagePullSecrets: [{name: pull}]
crds: {install: true, keep: false}
notifications: {enabled: true, port: 9000, secretName: told, service: {type: LoadBalancer, annotations: {e: f}}}
serviceAccount: {annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/x"}}
priorityClassName: system-cluster-critical
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: dedicated, operator: Exists}]
affinity: {nodeAffinity: {}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]
podAnnotations: {a: b}
podLabels: {c: d}
metrics: {podMonitor: {enabled: true, interval: 1m, labels: {release: prometheus}}, prometheusRule: {enabled: true}}
fullnameOverride: store-keeper
""" % ("0" * 64)


@cache
def rendered(cluster: Cluster, *arguments: str, values: str = "{}") -> list[Json]:
    """Every manifest that the chart makes of these values."""
    out = cluster.helm(
        "template", RELEASE, CHART, "--namespace", SYSTEM, "-f", "-", *arguments, input=values
    ).stdout
    return [d for d in yaml.load_all(out, LOADER) if d]


def test_what_it_says_after_an_installation_names_every_crd(cluster: Cluster) -> None:
    """Written by hand, it forgot the LifecyclePolicies: their CRD stayed when all was to go."""
    # Another test may have applied the CRDs to this cluster.
    tried = ("install", RELEASE, CHART, "--dry-run=client", "--take-ownership", "--namespace", SYSTEM)
    said = cluster.helm(*tried, *MINIMAL).stdout
    (line,) = [li for li in said.splitlines() if "kubectl delete crd" in li]
    assert set(line.partition("kubectl delete crd ")[2].split()) == {k.crd for k in KINDS}


def named(manifests: list[Json], kind: str) -> Json:
    (found,) = [m for m in manifests if m["kind"] == kind]
    return found


@pytest.fixture(scope="module")
def released(installed: Cluster) -> Iterator[Cluster]:
    """The chart without its Deployment, installed over CRDs that are there already."""
    arguments = [
        "--namespace",
        SYSTEM,
        "--create-namespace",
        "--take-ownership",
        "--set",
        "operator.enabled=false",
    ]
    installed.helm("install", RELEASE, CHART, *arguments)
    yield installed
    installed.helm("uninstall", RELEASE, "--namespace", SYSTEM, "--ignore-not-found")


@pytest.mark.parametrize(
    "values",
    [
        "{installation: a, image: {repository: b}}",
        FULL,
        "operator: {enabled: false}",
    ],
)
def test_lint_has_nothing_to_say(cluster: Cluster, values: str) -> None:
    cluster.helm("lint", "--strict", CHART, "-f", "-", input=values)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ("{image: {repository: b}}", "set installation to a name for this cluster"),
        ("installation: a/b", "installation"),
        ("installation: Prod", "installation"),
        ("{installation: a, operators: {}}", "operators"),
        ("{installation: a, operator: {replica: 1}}", "replica"),
        ("{installation: a, image: {digest: latest}}", "digest"),
        ("installation: a", "set image.repository .* make image kind-load, then .* make push REPO="),
        ("{installation: a, image: {repository: 'https://registry.example/x'}}", "repository"),
        ("{installation: a, image: {repository: 'registry.example/x:1.0'}}", "repository"),
    ],
)
def test_wrong_values_are_refused(cluster: Cluster, values: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        rendered(cluster, values=values)


def test_no_custom_resource_is_in_the_chart(cluster: Cluster) -> None:
    """Helm would try it before the CRD that the same chart installs is served."""
    kinds = {m["apiVersion"].split("/")[0] for m in rendered(cluster, values=FULL)}
    assert kinds == {
        "apiextensions.k8s.io", "rbac.authorization.k8s.io", "apps", "batch", "v1", "monitoring.coreos.com"
    }  # fmt: skip


def test_alerts_ask_for_metrics_that_exist(cluster: Cluster) -> None:
    (group,) = named(rendered(cluster, values=FULL), "PrometheusRule")["spec"]["groups"]
    ours = {metric.name: metric.labels for metric in metricspage.describe()}
    for rule in group["rules"]:
        asked = set(re.findall(r"imagestore_\w+", rule["expr"]))
        assert asked
        assert asked <= set(ours)
        shown = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        # What only explains an alert away (unless ...) need not have the labels that the alert shows.
        asking = re.findall(r"imagestore_\w+", rule["expr"].partition(" unless ")[0])
        assert all(shown <= set(ours[name]) for name in asking)


def test_every_value_arrives(cluster: Cluster) -> None:
    made = rendered(cluster, values=FULL)
    pod = named(made, "Deployment")["spec"]["template"]
    container = pod["spec"]["containers"][0]
    assert container["image"] == "registry.example/imagestore@sha256:" + "0" * 64
    assert container["args"][:2] == ["run", "--installation=prod-eu"]
    assert container["args"][-1] == "--log-level=debug"
    assert container["env"][-1]["name"] == "HTTPS_PROXY"
    assert pod["metadata"]["labels"]["c"] == "d"
    assert pod["spec"]["topologySpreadConstraints"][0]["topologyKey"] == "zone"
    assert [m for m in made if m["kind"] == "ServiceAccount"][-1]["metadata"]["annotations"]
    assert named(made, "PodMonitor")["metadata"]["labels"]["release"] == "prometheus"
    crds = [m for m in made if m["kind"] == "CustomResourceDefinition"]
    assert [c["metadata"].get("annotations") for c in crds] == [None] * len(KINDS)


def test_parts_are_left_out(cluster: Cluster) -> None:
    off = "{operator: {enabled: false}, crds: {install: false}, rbac: {create: false, userRoles: false}}"
    assert [m["kind"] for m in rendered(cluster, values=off)] == ["ServiceAccount"]
    kept = "{installation: a, image: {repository: b}, uninstall: {release: false}}"
    assert "Job" not in {m["kind"] for m in rendered(cluster, values=kept)}


def test_the_release_job_stops_the_operator_by_the_lease_that_it_has(cluster: Cluster) -> None:
    values = (
        "{installation: a, image: {repository: b}, operator: {extraArgs: [--lease-name=mine, --workers=8]}}"
    )
    (container,) = named(rendered(cluster, values=values), "Job")["spec"]["template"]["spec"]["containers"]
    assert container["args"][-2:] == ["--operator-namespace=$(POD_NAMESPACE)", "--lease-name=mine"]


def test_the_arguments_are_those_of_imagestore_run(cluster: Cluster) -> None:
    parser = argparse.ArgumentParser()
    run.register(parser.add_subparsers())
    container = named(rendered(cluster, *MINIMAL), "Deployment")["spec"]["template"]["spec"]["containers"][0]
    given = parser.parse_args(container["args"])
    assert (given.installation, given.listen) == ("test", "0.0.0.0:8080")
    assert container["ports"][0]["containerPort"] == 8080


def test_pods_pass_the_restricted_profile(cluster: Cluster) -> None:
    namespace = {
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "restricted", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }  # fmt: skip
    cluster.apply(yaml.safe_dump(namespace))
    for kind in ("Deployment", "Job"):
        template = named(rendered(cluster, *MINIMAL), kind)["spec"]["template"]
        spec = template["spec"] | {"serviceAccountName": "default"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried"}, "spec": spec}
        cluster.kubectl(
            "create", "--dry-run=server", "-n", "restricted", "-f", "-", input=yaml.safe_dump(pod)
        )


def test_the_api_server_takes_all_of_it(released: Cluster) -> None:
    """What is rendered with the operator on, strictly checked."""
    made = [m for m in rendered(released, *MINIMAL) if m["kind"] in ("Deployment", "Job", "ServiceAccount")]
    flags = ("--dry-run=server", "--validate=strict", "-n", SYSTEM, "-f", "-")
    done = released.kubectl("apply", *flags, input=yaml.safe_dump_all(made))
    assert "Deployment" in done.stdout or "deployment" in done.stdout


@pytest.mark.parametrize(
    ("verb", "resource", "where", "answer"),
    [
        ("patch", "imagebuckets", "default", "yes"),
        ("patch", "imagebuckets/status", "default", "yes"),
        ("patch", "lifecyclepolicies/status", "default", "yes"),
        ("patch", "lifecyclepolicies", "default", "no"),
        ("update", "imagebuckets", "default", "no"),
        ("delete", "imagebuckets", "default", "no"),
        ("create", "imagebuckets", "default", "no"),
        ("list", "secrets", SYSTEM, "yes"),
        ("list", "secrets", "default", "no"),
        ("get", "configmaps", "default", "no"),
        ("update", "leases.coordination.k8s.io", SYSTEM, "yes"),
        ("update", "leases.coordination.k8s.io", "default", "no"),
        ("create", "events.events.k8s.io", "default", "yes"),
    ],
)
def test_the_operator_may(released: Cluster, verb: str, resource: str, where: str, answer: str) -> None:
    assert may(released, verb, resource, "-n", where, "--as", ACCOUNT) == answer


@pytest.mark.parametrize(
    ("role", "verb", "resource", "answer"),
    [
        ("view", "list", "imagebuckets", "yes"),
        ("view", "update", "imagebuckets", "no"),
        ("edit", "create", "imagebuckets", "yes"),
        ("edit", "delete", "imagebuckets", "yes"),
        ("edit", "update", "imagebuckets/status", "no"),
        ("edit", "patch", "imagebuckets/status", "no"),
        ("edit", "update", "imagebuckets/finalizers", "no"),
        ("edit", "update", "storagebackends", "no"),
        ("admin", "update", "imagebuckets", "yes"),
        ("admin", "patch", "imagebuckets/status", "no"),
        ("admin", "create", "storagebackends", "no"),
        ("admin", "get", "storagebackends", "no"),
    ],
)
def test_users_may(released: Cluster, role: str, verb: str, resource: str, answer: str) -> None:
    """The roles that are added to Kubernetes' own; nothing adds them up here, so they are bound directly."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": f"user-{role}", "namespace": "default"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": f"{RELEASE}-{role}"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"some-{role}"}],
    }  # fmt: skip
    released.apply(yaml.safe_dump(binding))
    assert may(released, verb, resource, "-n", "default", "--as", f"some-{role}") == answer
    labels = released.get("clusterrole", f"{RELEASE}-{role}")["metadata"]["labels"]
    assert labels[f"rbac.authorization.k8s.io/aggregate-to-{role}"] == "true"


def may(cluster: Cluster, verb: str, resource: str, *arguments: str) -> str:
    """kubectl would take ``imagebuckets/status`` for an object named status."""
    plural, _, sub = resource.partition("/")
    which = [plural, f"--subresource={sub}"] if sub else [plural]
    return cluster.kubectl("auth", "can-i", verb, *which, *arguments, check=False).stdout.strip()


def test_an_upgrade_brings_new_crds(released: Cluster) -> None:
    """Helm never upgrades a chart's ``crds/`` folder; templates it does."""
    crd = "imagebuckets.imagestore.dev"
    field = json.dumps([{"op": "remove", "path": "/spec/versions/0/additionalPrinterColumns"}])
    released.kubectl("patch", "crd", crd, "--type=json", "-p", field)
    released.helm(
        "upgrade", RELEASE, CHART, "--namespace", SYSTEM, "--set", "operator.enabled=false", "--force"
    )
    assert released.get("crd", crd)["spec"]["versions"][0]["additionalPrinterColumns"]


def test_an_uninstall_leaves_crds_and_objects(released: Cluster) -> None:
    released.helm("uninstall", RELEASE, "--namespace", SYSTEM)
    assert released.get("crd", "imagebuckets.imagestore.dev")["metadata"]["name"]
    assert may(released, "list", "imagebuckets", "-n", "default", "--as", ACCOUNT) == "no"
    again = ["--namespace", SYSTEM, "--take-ownership", "--set", "operator.enabled=false"]
    released.helm("install", RELEASE, CHART, *again)
