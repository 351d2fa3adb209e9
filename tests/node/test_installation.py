"""What a cluster does to a pod, and what a person does to a release."""

import json
import signal

import pytest

from dev.cluster.control_plane import NODE
from dev.image.__main__ import LOCAL
from dev.stores import Store
from dev.wait import eventually
from tests.node.installation import FINALIZER, PATIENCE, RELEASE, ROOT, SYSTEM, Installation

CHART = str(ROOT / "charts" / "imagestore")
BUCKETS = (("shop", "photos"), ("press", "archive"))
SETTINGS = ("--set", "installation=prod-eu", "--set", f"image.repository={LOCAL}")
IN_STORE = {"shop--photos", "press--archive"}


def in_store(store: Store) -> set[str]:
    """The names of the store's buckets."""
    return {b["Name"] for b in store.s3().list_buckets()["Buckets"]}


@pytest.fixture(scope="module")
def settled(installed: Installation, store: Store) -> Installation:
    """With the first two examples applied."""
    installed.apply_example("01-shop-photos", "cdn-origin", store)
    installed.apply_example("02-press-archive", "archive", store)
    return installed


def test_it_installs_as_the_documentation_says(installed: Installation) -> None:
    """Two replicas are Ready where the strictest level is enforced, and none was ever started again."""
    installed.await_pods()
    assert [p["status"]["containerStatuses"][0]["restartCount"] for p in installed.pods()] == [0, 0]
    labels = installed.kube.get("namespace", SYSTEM)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_any_user_will_do(installed: Installation) -> None:
    """One that /etc/passwd does not name, with a Lease of its own, which it wins: that is when kopf begins."""
    template = installed.kube.get("deployment", RELEASE, "--namespace", SYSTEM)["spec"]["template"]
    spec = template["spec"]
    spec["securityContext"] |= {"runAsUser": 1234567, "runAsGroup": 1234567}
    spec["containers"][0]["args"].append("--lease-name=any-user")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "any-user", "namespace": SYSTEM},
        "spec": spec,
    }
    installed.kube.apply(json.dumps(pod))
    said = lambda: "objects are known" in installed.log("any-user")  # noqa: E731
    eventually(said, PATIENCE, installed.story, interval=0.3)
    installed.kube.kubectl("wait", "--for=condition=Ready", "-n", SYSTEM, "pod/any-user", "--timeout=60s")
    found = installed.kube.get("pod", "any-user", "--namespace", SYSTEM)
    assert found["status"]["containerStatuses"][0]["restartCount"] == 0, installed.story()
    # It is another operator: still stopping, it made the first bucket of the next story, for which this one then had no mark.
    installed.kube.kubectl("delete", "pod", "any-user", "-n", SYSTEM, "--timeout=60s")


def test_examples_become_ready(settled: Installation, store: Store) -> None:
    for namespace, name in BUCKETS:
        settled.await_bucket(namespace, name)
    assert in_store(store) >= IN_STORE


def test_a_deleted_leader_hands_over(settled: Installation) -> None:
    leader, holder = settled.leader(), settled.holder()
    settled.kube.kubectl("delete", "pod", leader["metadata"]["name"], "-n", SYSTEM, "--wait=false")
    settled.await_other_leader(holder)
    settled.await_look("shop", "photos", "after a delete")
    settled.await_pods()


def test_a_killed_leader_works_on_or_is_followed(settled: Installation) -> None:
    leader = settled.leader()
    settled.signal(leader, signal.SIGKILL)
    settled.await_restart(leader)
    settled.await_look("shop", "photos", "after a kill")
    settled.await_pods()


def test_a_frozen_leader_is_followed_and_stops_when_it_thaws(settled: Installation) -> None:
    leader, holder = settled.leader(), settled.holder()
    with settled.frozen(leader):
        follower = settled.await_other_leader(holder)
        settled.await_look("shop", "photos", "while the leader is frozen")
    settled.await_restart(leader)
    settled.await_pods()
    assert settled.holder() == follower


def test_an_upgrade_and_a_rollback_leave_every_bucket_ready(settled: Installation) -> None:
    before = settled.holder()
    changed = ("--reuse-values", "--set", "operator.extraArgs={--log-level=debug}")
    settled.helm("upgrade", RELEASE, CHART, *changed, "--wait")
    settled.await_look("shop", "photos", "after the upgrade")
    upgraded = settled.await_other_leader(before)
    settled.helm("rollback", RELEASE, "--wait")
    settled.await_other_leader(upgraded)
    settled.await_look("shop", "photos", "after the rollback")
    settled.await_pods()


def test_a_drain_leaves_one_replica_at_work(settled: Installation) -> None:
    """There is no other node, so what was evicted is not Ready elsewhere, and the budget lets no second one go."""
    settled.await_pods()
    # Right after a rollback its last pod still counted as healthy, and the budget let both others go (seen once).
    budget = ("pdb", RELEASE, "-n", SYSTEM)
    one = lambda: settled.kube.get(*budget)["status"].get("disruptionsAllowed") == 1  # noqa: E731
    eventually(one, PATIENCE, settled.story, interval=0.3)
    drained = settled.kube.kubectl("drain", NODE, "--delete-emptydir-data", "--timeout=15s", check=False)
    assert "disruption budget" in drained.stderr
    eventually(lambda: len(settled.running()) == 1, PATIENCE, settled.story, interval=0.3)
    settled.await_look("shop", "photos", "while the node is drained")
    settled.kube.kubectl("uncordon", NODE)
    settled.await_pods()


def test_a_rendered_release_job_changes_nothing(settled: Installation) -> None:
    """`helm template | kubectl apply`, kustomize and Argo CD treat a hook like any other object."""
    holder = settled.holder()
    only = ("--show-only", "templates/release-job.yaml", *SETTINGS)
    rendered = settled.kube.helm("template", RELEASE, CHART, "--namespace", SYSTEM, *only).stdout
    settled.kube.apply(rendered)
    job = f"job/{RELEASE}-release"
    settled.kube.kubectl("wait", "--for=condition=Complete", "-n", SYSTEM, job, "--timeout=90s")
    assert [settled.finalizers(*bucket) for bucket in BUCKETS] == [[FINALIZER]] * len(BUCKETS)
    assert settled.holder() == holder
    settled.kube.kubectl("delete", "-n", SYSTEM, job)


def test_an_uninstall_whose_image_is_missing_ends_and_can_be_taken_back(settled: Installation) -> None:
    missing = ("--set", "image.tag=missing", "--set", "uninstall.timeoutSeconds=5")
    good = settled.revision()
    settled.helm("upgrade", RELEASE, CHART, "--reuse-values", *missing)
    failed = settled.kube.helm("uninstall", RELEASE, "--namespace", SYSTEM, check=False)
    assert "DeadlineExceeded" in failed.stderr
    settled.helm("rollback", RELEASE, good, "--wait")
    settled.await_pods()
    settled.await_look("shop", "photos", "after an uninstall that failed")
    assert [settled.finalizers(*bucket) for bucket in BUCKETS] == [[FINALIZER]] * len(BUCKETS)


def test_a_reinstalled_release_takes_up_what_was_let_go(settled: Installation, store: Store) -> None:
    settled.helm("uninstall", RELEASE)
    for namespace, name in BUCKETS:
        assert settled.finalizers(namespace, name) == []
    assert in_store(store) >= IN_STORE
    settled.reinstall()
    for namespace, name in BUCKETS:
        settled.await_finalizer(namespace, name)
    settled.await_look("shop", "photos", "after the reinstallation")
