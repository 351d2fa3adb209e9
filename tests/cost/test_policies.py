"""What LifecyclePolicies cost: forty of them over all buckets, one edit, and nothing at all."""

from collections import Counter
from typing import Any

import yaml

from dev.cluster.api import policy_path
from dev.wait import eventually
from tests.cost.conftest import NAMES, NAMESPACE, SIZE, Counted, _bucket

MANY = 40
LABEL = {"cost": "policies"}


def _policy(number: int, days: int = 30) -> dict[str, Any]:
    rule = {"name": f"trash-{number}", "match": {"prefix": f"p{number}/"}, "expire": {"days": days}}
    return {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "LifecyclePolicy",
        "metadata": {"name": f"policy-{number}", "namespace": NAMESPACE},
        "spec": {"bucketSelector": {"matchLabels": LABEL}, "rules": [rule]},
    }


def _labelled(name: str) -> dict[str, Any]:
    made = _bucket(name)
    made["metadata"]["labels"] = LABEL
    return made


def _applied(counted: Counted) -> bool:
    """Whether every policy is applied on every bucket, for its present generation."""
    items = counted.cluster.api.get(policy_path(NAMESPACE))["items"]
    return len(items) == MANY and all(
        i.get("status", {}).get("observedGeneration") == i["metadata"]["generation"]
        and i["status"]["counts"]["applied"] == SIZE
        for i in items
    )


def _said(counted: Counted) -> str:
    return str(counted.cluster.api.get(policy_path(NAMESPACE, "policy-7")).get("status"))[:2000]


def _writes(counted: Counted) -> Counter[str]:
    found: Counter[str] = Counter()
    for what, n in counted.audit.all().items():
        if " imagebuckets" in what or " lifecyclepolicies" in what:
            found[what] += n
    return found


def test_one_edit_costs_one_change_of_each_bucket_and_nothing_costs_nothing(counted: Counted) -> None:
    buckets = [_labelled(name) for name in NAMES]
    counted.cluster.apply(yaml.safe_dump_all([*buckets, *(_policy(n) for n in range(MANY))]))
    with counted.operator("policies"):
        eventually(lambda: _applied(counted), 180, lambda: f"all are applied: {_said(counted)}", interval=1)
        eventually(counted.all_ready, 90, "all are Ready")
        counted.forget()

        counted.cluster.apply(yaml.safe_dump(_policy(7, days=60)))
        eventually(lambda: _applied(counted), 120, "the edit is applied", interval=0.3)
        calls, writes = counted.calls(), _writes(counted)
        # Tried out switched off: MinIO is not known to keep all of it. A lossless store is written to once.
        assert {b: made.count("PUT lifecycle") for b, made in calls.items()} == dict.fromkeys(calls, 2)
        assert all(
            not [c for c in made if c.startswith("PUT") and c != "PUT lifecycle"] for made in calls.values()
        )
        assert writes["patch imagebuckets/status 200"] == SIZE, "each bucket's inputs, once"
        # The edited policy says that it is pending, how far it is, and that it is done; the others say nothing.
        assert writes["patch lifecyclepolicies/status 200"] <= 4
        assert sum(writes.values()) == SIZE + writes["patch lifecyclepolicies/status 200"]

        counted.forget()
        touched = _policy(7, days=60)
        touched["metadata"]["annotations"] = {"note": "nothing that is asked for has changed"}
        counted.cluster.apply(yaml.safe_dump(touched))
        counted.cluster.kubectl("annotate", "ib", "-n", NAMESPACE, "--all", "note=nothing")
        eventually(lambda: counted.audit.all()["patch lifecyclepolicies/status 200"] == 0, 5, "no write")
        assert sum(map(len, counted.calls().values())) == 0
        # An edit that comes after all of that: once it is acted on, that has been seen.
        patch = '{"spec":{"reconcileRequest":"now"}}'
        counted.cluster.kubectl("patch", "ib", NAMES[0], "-n", NAMESPACE, "--type=merge", "-p", patch)
        eventually(counted.all_ready, 60, "the edit is acted on")
        assert {bucket for bucket, made in counted.calls().items() if made} == {f"{NAMESPACE}--{NAMES[0]}"}
    counted.cluster.kubectl("delete", "lcp", "--all", "-n", NAMESPACE, "--timeout=120s")


def test_policies_that_went_while_nobody_looked_are_noticed_once(counted: Counted) -> None:
    """They are gone while nobody looks: each bucket notices by its inputs, once."""
    counted.forget()
    with counted.operator("without"):
        ready = lambda: all(len(c) >= 1 for c in counted.calls().values()) and counted.all_ready()  # noqa: E731
        eventually(ready, 120, "all have looked", interval=0.5)
        eventually(
            lambda: all("PUT lifecycle" in made for made in counted.calls().values()), 90, "rules are gone"
        )
        assert {made.count("PUT lifecycle") for made in counted.calls().values()} == {1}, (
            "nothing is tried out"
        )
        counted.cluster.kubectl("delete", "ib", "--all", "-n", NAMESPACE, "--timeout=120s")
