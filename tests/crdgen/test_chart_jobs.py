"""What the chart gives the operator for runs that are Jobs: a template of their pods, an account without rights, a role."""

import pytest

from dev.cluster import Cluster, CommandError
from imagestore.k8s.jobs.template import AllowedToleration, PodTemplate, pod_template
from tests.crdgen.test_chart import FULL, MINIMAL, named, rendered

CHOSEN = """
jobs:
  maxResources: {cpu: '8'}
  priorityClassNames: [bulk]
  nodeSelector: {a: b}
  allowedNodeSelectors: {example.com/spot: ["true"]}
  allowedTolerations: [{key: spot, operator: Exists}]
  env: [{name: NO_PROXY, value: .svc}]
"""


def test_pods_of_jobs_are_made_as_the_values_say(cluster: Cluster) -> None:
    """The operator reads what the chart writes, and the account that it names has no rights."""

    def told(values: str) -> PodTemplate | None:
        container = named(rendered(cluster, values=values), "Deployment")["spec"]["template"]["spec"][
            "containers"
        ][0]
        env = {e["name"]: e.get("value") for e in container["env"]}
        return pod_template(env.get("IMAGESTORE_JOBS"))

    made = told(FULL + CHOSEN)
    assert made is not None
    assert (made.image, made.image_pull_policy) == (
        "registry.example/imagestore@sha256:" + "0" * 64,
        "Always",
    )
    assert (made.service_account_name, made.image_pull_secrets) == ("store-keeper-run", [{"name": "pull"}])
    assert made.env == [{"name": "NO_PROXY", "value": ".svc"}], "and nothing of operator.extraEnv"
    assert made.max_resources == {"cpu": "8", "memory": "4Gi"}
    assert (made.priority_class_names, made.node_selector) == (["bulk"], {"a": "b"})
    assert made.allowed_node_selectors == {"example.com/spot": ["true"]}
    assert made.allowed_tolerations == [AllowedToleration(key="spot", operator="Exists")]
    assert made.resources["limits"]["memory"]
    accounts = {
        m["metadata"]["name"]: m for m in rendered(cluster, values=FULL) if m["kind"] == "ServiceAccount"
    }
    assert accounts["store-keeper-run"]["automountServiceAccountToken"] is False
    bindings = [m for m in rendered(cluster, values=FULL) if m["kind"].endswith("Binding")]
    assert "store-keeper-run" not in {s["name"] for b in bindings for s in b["subjects"]}
    assert told(FULL + "jobs: {enabled: false}\n") is None
    bare = told(FULL)
    assert bare is not None
    assert (bare.allowed_node_selectors, bare.allowed_tolerations, bare.env) == ({}, [], [])
    old = "jobs: {allowedNodeSelectors: null, allowedTolerations: null, env: null}\n"
    assert told(FULL + old) == bare, "as an upgrade with --reuse-values has them"


@pytest.mark.parametrize(
    ("jobs", "says"),
    [
        ("allowedNodeSelectors: {spot: 'true'}", "allowedNodeSelectors"),
        ("allowedNodeSelectors: {spot: []}", "allowedNodeSelectors"),
        ("allowedTolerations: [{key: spot, efect: NoSchedule}]", "efect"),
        ("allowedTolerations: [{effect: NoSchedule}]", "allowedTolerations"),
        ("allowedTolerations: [{key: spot, operator: Exists, value: a}]", "allowedTolerations"),
        ("env: [{value: a}]", "name"),
    ],
)
def test_lists_of_what_is_allowed_are_checked(cluster: Cluster, jobs: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        rendered(cluster, *MINIMAL, values=f"jobs: {{{jobs}}}")


def test_the_right_to_make_jobs_is_a_switch_and_for_its_own_namespace(cluster: Cluster) -> None:
    def makes(kind: str, *values: str, verb: str = "create") -> set[str]:
        roles = [m for m in rendered(cluster, *MINIMAL, *values) if m["kind"] == kind]
        return {
            what for role in roles for r in role["rules"] if verb in r["verbs"] for what in r["resources"]
        }

    assert makes("Role") >= {"jobs", "secrets"}
    assert makes("Role", "--set", "jobs.enabled=false") & {"jobs", "secrets"} == set()
    for verb in ("list", "delete"):
        assert "jobs" in makes("Role", "--set", "jobs.enabled=false", verb=verb), "those of before are ended"
    assert makes("ClusterRole") & {"jobs", "secrets"} == set()
