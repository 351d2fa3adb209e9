"""Rights that a value of the chart grants."""

from dev.cluster import Cluster
from tests.crdgen.test_chart import MINIMAL, rendered


def test_the_right_to_publish_is_a_switch(cluster: Cluster) -> None:
    def writes(*values: str) -> set[str]:
        roles = [m for m in rendered(cluster, *MINIMAL, *values) if m["kind"] == "ClusterRole"]
        rules = [
            r for role in roles for r in role["rules"] if "create" in r["verbs"] and r["apiGroups"] == [""]
        ]
        return {resource for rule in rules for resource in rule["resources"]}

    assert writes() & {"configmaps", "services"} == set()
    assert writes("--set", "rbac.publish=true") >= {"configmaps", "services"}
    bound = [
        m
        for m in rendered(cluster, *MINIMAL, "--set", "rbac.publish=true")
        if m["kind"] == "ClusterRoleBinding"
    ]
    assert any(m["roleRef"]["name"].endswith("-publish") for m in bound)


def test_keys_of_backups_are_read_only_in_the_namespaces_that_are_listed(cluster: Cluster) -> None:
    def readable(*values: str) -> set[tuple[str, str]]:
        made = rendered(cluster, *MINIMAL, *values)
        roles = {
            (m["metadata"]["namespace"], m["metadata"]["name"]): m["rules"]
            for m in made
            if m["kind"] == "Role"
        }
        bound = [m for m in made if m["kind"] == "RoleBinding"]
        return {
            (b["metadata"]["namespace"], verb)
            for b in bound
            for rule in roles[b["metadata"]["namespace"], b["roleRef"]["name"]]
            for verb in rule["verbs"]
            if rule["resources"] == ["secrets"] and verb == "get" and b["subjects"][0]["name"]
        }

    assert readable() == set()
    assert readable("--set", "rbac.backupKeys={shop,press}") == {("shop", "get"), ("press", "get")}
    cluster_wide = [m for m in rendered(cluster, *MINIMAL) if m["kind"] == "ClusterRole"]
    assert "secrets" not in {r for m in cluster_wide for rule in m["rules"] for r in rule["resources"]}
