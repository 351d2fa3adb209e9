"""What an object may choose of the pods of its Jobs: what the chart allows, because they hold a StorageBackend's keys."""

from typing import Any

import pytest

from imagestore.api.pods import RunPods
from imagestore.k8s.jobs.template import AllowedToleration, PodTemplate, refused_choices
from imagestore.reconcile.shared.pods import PodChoices, pod_choices
from tests.k8s.test_job_manifest import TEMPLATE

Json = dict[str, Any]


def refused(chosen: Json, template: PodTemplate = TEMPLATE) -> str:
    return refused_choices(pod_choices(RunPods.model_validate(chosen)), template)


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"priorityClassName": "system-node-critical"}, "is not among the chart's jobs.priorityClassNames"),
        (
            {"resources": {"limits": {"memory": "2Gi"}}},
            "memory 2Gi, and the chart's jobs.maxResources allows 1Gi",
        ),
        (
            {"resources": {"requests": {"cpu": "2500m"}}},
            "cpu 2500m, and the chart's jobs.maxResources allows 2",
        ),
        ({"resources": {"requests": {"cpu": "2000m", "memory": "1024Mi"}}}, ""),
        ({"priorityClassName": "bulk", "nodeSelector": {"spot": "true", "disk": "slow"}}, ""),
        (
            {"nodeSelector": {"spot": "true", "kubernetes.io/hostname": "mine"}},
            "spec.pod.nodeSelector has kubernetes.io/hostname: mine, which the chart's jobs.allowedNodeSelectors does not allow",
        ),
        ({"nodeSelector": {"spot": "false"}}, "spec.pod.nodeSelector has spot: false, which"),
        ({"nodeSelector": {}, "tolerations": []}, ""),
    ],
)
def test_the_administrator_bounds_what_an_object_may_choose(chosen: Json, says: str) -> None:
    found = refused(chosen)
    assert (says in found) if says else found == ""


@pytest.mark.parametrize(
    "asked",
    [
        {"key": "spot", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "spot", "value": "true", "effect": "NoSchedule"},
        {"key": "zone", "operator": "Equal", "value": "a"},
        {"key": "zone", "value": "a", "effect": "NoExecute"},
        {"key": "bare"},
    ],
)
def test_a_toleration_is_allowed_that_tolerates_no_more_than_an_allowed_one(asked: Json) -> None:
    assert refused({"tolerations": [asked]}) == ""


@pytest.mark.parametrize(
    "asked",
    [
        {"key": "spot", "operator": "Exists"},
        {"key": "spot", "operator": "Exists", "effect": "NoExecute"},
        {"key": "zone", "value": "b"},
        {"key": "zone"},
        {"key": "zone", "operator": "Exists"},
        {"key": "bare", "operator": "Exists"},
        {"operator": "Exists"},
        {"operator": "Exists", "effect": "NoSchedule"},
        {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"},
    ],
)
def test_one_that_tolerates_more_is_refused(asked: Json) -> None:
    found = refused({"tolerations": [asked]})
    assert "which the chart's jobs.allowedTolerations does not allow" in found


def test_without_lists_an_object_chooses_no_nodes_and_one_without_a_key_allows_all_taints() -> None:
    bare = PodTemplate(image="i", service_account_name="run")
    assert refused({"nodeSelector": {"spot": "true"}}, bare)
    assert refused({"tolerations": [{"key": "spot", "operator": "Exists"}]}, bare)
    assert not refused({}, bare)
    every = bare.model_copy(update={"allowed_tolerations": [AllowedToleration(operator="Exists")]})
    for asked in ({"operator": "Exists"}, {"key": "a", "value": "b", "effect": "NoExecute"}):
        assert not refused({"tolerations": [asked]}, every)


@pytest.mark.parametrize(("most", "asked", "fits"), [
    ("0.5", "0.999", False), ("4", "4.9", False), ("0.5", "500m", True), ("0.5", "501m", False), ("1.5Gi", "1536Mi", True),
])  # fmt: skip
def test_parts_of_a_cpu_are_compared_exactly(most: str, asked: str, *, fits: bool) -> None:
    """Half a CPU counted as none, so that a policy was allowed anything below one."""
    what = "memory" if "i" in most else "cpu"
    template = PodTemplate(image="i", service_account_name="s", max_resources={what: most})
    assert (refused_choices(PodChoices(limits=((what, asked),)), template) == "") is fits
