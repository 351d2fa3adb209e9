"""jobs.enabled is switched off while a Job runs: with the rights that the chart leaves, on a real API server."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.cluster import Cluster
from dev.wait import eventually
from imagestore.controller.jobs import JobsUnusable
from imagestore.k8s.api.access import from_kubeconfig
from imagestore.k8s.api.client import Client
from imagestore.k8s.jobs.board import ApiJobs
from imagestore.k8s.jobs.manifest import job_manifest
from tests.k8s.test_job_board import COPY, TEMPLATE, in_a_loop, order

CHART = str(Path(__file__).parents[2] / "charts/imagestore")


def board(cluster: Cluster, home: str) -> ApiJobs:
    """That of a process that has just begun, with the account of the chart."""
    client = Client(from_kubeconfig(cluster.service_account_kubeconfig(home, "imagestore")))
    return ApiJobs(client, asyncio.get_running_loop(), home, "prod", None, lambda: datetime.now(UTC))


@in_a_loop
async def test_a_promotion_sees_the_pods_of_before(own_cluster: Cluster, home: str) -> None:
    values = ("--set", "installation=prod,image.repository=i,jobs.enabled=false")
    shown = ("--show-only", "templates/rbac.yaml", "--show-only", "templates/serviceaccount.yaml")
    own_cluster.apply(
        own_cluster.helm("template", "imagestore", CHART, "-n", home, *values, *shown).stdout, "-n", home
    )
    made = job_manifest(order(), TEMPLATE, "prod")
    made["metadata"]["finalizers"] = ["example.com/pods"]  # no kubelet is here to end any
    own_cluster.apply(json.dumps(made), "-n", home)
    name = made["metadata"]["name"]

    jobs = board(own_cluster, home)
    await jobs._all()
    with pytest.raises(JobsUnusable, match="switched off"):
        jobs.begin(order())
    assert jobs.lingering(COPY, "both ways") is not None
    deleted = lambda: "deletionTimestamp" in own_cluster.get("job", name, "-n", home)["metadata"]  # noqa: E731
    await asyncio.to_thread(eventually, deleted, 20, "the operator deletes the Job")
    assert "its pods have not ended" in str(jobs.lingering(COPY, "both ways"))
    patch = '{"metadata":{"finalizers":null}}'
    own_cluster.kubectl("patch", "job", name, "-n", home, "--type=merge", "-p", patch)
    await asyncio.to_thread(
        eventually, lambda: not jobs.lingering(COPY, "both ways"), 20, "the pods have ended"
    )
    await jobs.client.close()

    own_cluster.kubectl("delete", "rolebinding", "-n", home, "--all")
    later = board(own_cluster, home)
    await later.sweep(set())
    why = str(later.lingering(COPY, "both ways"))
    assert 'cannot list resource "jobs"' in why
    assert "let the operator list and delete Jobs (jobs.batch)" in why
    await later.client.close()
