"""The audit log of all stories proves the rights: none is missing, and none is granted that nobody uses.

It comes last in its package, when everything that the operator does has been done.
"""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from dev.cluster import Cluster
from imagestore.api.kinds import KINDS
from imagestore.k8s.api.resources import grants
from imagestore.kinds import ALL
from tests.e2e.harness import ACCOUNT, CHART, INSTALLATION, SYSTEM, Operator, User

Right = tuple[str, str, str]  # group, resource/subresource, verb

# Asked for only after a write met a conflict (409), which tests/k8s brings about and no story can on purpose.
AFTER_A_CONFLICT = {("imagestore.dev", kind.plural, "get") for kind in KINDS}


def used(cluster: Cluster) -> Iterator[tuple[Right, int]]:
    """Every request of the operator's account to a resource, and its answer."""
    account = f"system:serviceaccount:{SYSTEM}:{ACCOUNT}"
    *lines, _unfinished = cluster.audit_log.read_text().split("\n")  # the API server goes on writing
    for line in lines:
        entry: dict[str, Any] = json.loads(line)
        ref = entry.get("objectRef")
        if entry["user"]["username"] == account and entry["stage"] == "ResponseComplete" and ref:
            resource = "/".join(filter(None, (ref.get("resource"), ref.get("subresource"))))
            status = entry["responseStatus"]
            # A namespace that is being deleted takes no Event, whatever the rights.
            ending = "being terminated" in status.get("message", "")
            yield (ref.get("apiGroup", ""), resource, entry["verb"]), 0 if ending else status["code"]


def granted(cluster: Cluster) -> set[Right]:
    """Every right in the operator's Role and ClusterRole as the chart renders them."""
    rendered = cluster.helm(
        "template", ACCOUNT, str(CHART), "--namespace", SYSTEM,
        "--set", f"installation={INSTALLATION},image.repository=imagestore", "--show-only", "templates/rbac.yaml",
    ).stdout  # fmt: skip
    roles = [d for d in yaml.safe_load_all(rendered) if d and d["kind"] in ("Role", "ClusterRole")]
    rules = [rule for role in roles for rule in role["rules"]]
    return {
        (g, r, v)
        for rule in rules
        for g in rule["apiGroups"]
        for r in rule["resources"]
        for v in rule["verbs"]
    }


def test_every_right_is_used_and_none_is_missing(shop: User, running: Operator, installed: Cluster) -> None:
    seen = list(used(installed))
    optional = (g for g in grants(ALL) if g.switch or g.listed)  # a story has not granted these at first
    ungranted = {(g.group, g.resource, verb) for g in optional for verb in g.verbs}
    denied = [right for right, code in seen if code == 403 and right not in ungranted]
    assert not denied, "a right is missing"
    assert granted(installed) - {right for right, _ in seen} <= AFTER_A_CONFLICT


def test_no_secret_of_a_store_is_in_the_audit_log(shop: User, installed: Cluster) -> None:
    assert shop.store.secret_key not in installed.audit_log.read_text()
