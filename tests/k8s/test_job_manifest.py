"""The Job of a run as the API server gets it, and as it comes back."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from imagestore.api.pods import RunPods
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.controller.jobs import FOLDER, JobOrder, NoIdentity, backends_file, others
from imagestore.controller.state.objects import Key
from imagestore.k8s.jobs.manifest import job_manifest, job_name, secret_manifest, selecting
from imagestore.k8s.jobs.seen import indexes, job_seen
from imagestore.k8s.jobs.template import AllowedToleration, PodTemplate, PodTemplateError, pod_template
from imagestore.reconcile.shared.pods import pod_choices

Json = dict[str, Any]
POLICY = Key("ReplicationPolicy", "shop", "photos-copy")
NOW = datetime(2026, 11, 25, 12, 0, 10, tzinfo=UTC)
TEMPLATE = PodTemplate(
    image="registry.example/imagestore:1",
    service_account_name="imagestore-run",
    resources={"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "512Mi"}},
    node_selector={"disk": "fast"},
    tolerations=[{"key": "store", "operator": "Exists"}],
    max_resources={"cpu": "2", "memory": "1Gi"},
    priority_class_names=["bulk"],
    allowed_node_selectors={"spot": ["true", "maybe"], "disk": ["fast", "slow"]},
    allowed_tolerations=[
        AllowedToleration(key="spot", operator="Exists", effect="NoSchedule"),
        AllowedToleration(key="zone", value="a"),
        AllowedToleration(key="bare"),
    ],
    labels={"team": "storage"},
)
ORDER = JobOrder(
    key=POLICY,
    uid="u-1",
    digest="d1",
    run="r1",
    indexes=3,
    arguments=("transfer", "run"),
    files={"run.json": b"{}", "backends.yaml": b"secret"},
    backends=frozenset({"far", "near"}),
)


def made(order: JobOrder = ORDER, template: PodTemplate = TEMPLATE) -> Json:
    return job_manifest(order, template, "prod-eu")


def pod(**chosen: Any) -> Json:
    choices = pod_choices(RunPods.model_validate(chosen))
    spec: Json = made(replace(ORDER, pod=choices))["spec"]["template"]["spec"]
    return spec


def test_each_index_has_its_own_tries_and_a_hopeless_one_has_none() -> None:
    spec = made()["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 3, 3)
    assert spec["backoffLimitPerIndex"] > 0
    assert "maxFailedIndexes" not in spec, "one index that fails ends no other"
    evicted, never, again = spec["podFailurePolicy"]["rules"]
    assert (evicted["action"], evicted["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")
    assert (never["action"], never["onExitCodes"]["values"]) == ("FailIndex", [65])
    assert (again["action"], again["onExitCodes"]["values"]) == ("Count", [75])
    assert spec["activeDeadlineSeconds"] > spec["ttlSecondsAfterFinished"] > 0


def test_its_pods_can_do_nothing_in_the_cluster() -> None:
    spec = pod()
    assert spec["serviceAccountName"] == "imagestore-run"
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    annotations = made()["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {"cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": "tmp"}
    files, scratch = spec["volumes"]
    assert files["secret"]["secretName"] == job_name("u-1", "d1")
    assert scratch == {"name": "tmp", "emptyDir": {}}, "backups and sorted listings need a disk"
    assert container["volumeMounts"] == [
        {"name": "run", "mountPath": FOLDER, "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
    ]


def test_no_secret_and_no_key_is_in_the_job() -> None:
    assert "swordfish" not in json.dumps(made(replace(ORDER, files={"f": b"swordfish"})))


def test_the_secret_goes_with_the_job() -> None:
    secret = secret_manifest(ORDER, "job-uid")
    (owner,) = secret["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["name"]) == ("Job", "job-uid", made()["metadata"]["name"])
    assert base64.b64decode(secret["data"]["backends.yaml"]) == b"secret"
    assert secret["immutable"] is True


def test_one_job_of_one_object_has_one_name() -> None:
    assert job_name("a", "b") == job_name("a", "b")
    assert len({job_name("a", "b"), job_name("a", "c"), job_name("b", "b")}) == 3
    assert len(job_name("u" * 36, "d" * 16)) + len("-63") <= 63, "a pod's host name has its index behind it"


def test_what_the_object_chooses_comes_beside_what_the_chart_says() -> None:
    plain = pod()
    assert (plain["nodeSelector"], plain["tolerations"]) == (
        {"disk": "fast"},
        [{"key": "store", "operator": "Exists"}],
    )
    assert "priorityClassName" not in plain
    chosen = pod(
        nodeSelector={"spot": "true", "disk": "slow"},
        tolerations=[{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
        resources={"requests": {"memory": "256Mi"}, "limits": {"cpu": "1"}},
        priorityClassName="bulk",
    )
    assert chosen["nodeSelector"] == {"spot": "true", "disk": "fast"}, "the chart's value of a label counts"
    assert chosen["priorityClassName"] == "bulk"
    assert chosen["tolerations"] == [
        {"key": "store", "operator": "Exists"},
        {"effect": "NoSchedule", "key": "spot", "operator": "Exists"},
    ]
    assert chosen["containers"][0]["resources"] == {
        "requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi", "cpu": "1"},
    }  # fmt: skip
    none = pod(nodeSelector={}, tolerations=[])
    assert (none["nodeSelector"], none["tolerations"]) == (plain["nodeSelector"], plain["tolerations"])


def test_a_job_comes_back_as_what_it_was_made_for() -> None:
    job = made() | {"status": {"ready": 2, "completedIndexes": "0,2", "failedIndexes": "1"}}
    job["metadata"] |= {"creationTimestamp": "2026-11-25T12:00:00Z"}
    seen = job_seen(job, NOW)
    assert seen is not None
    assert (seen.name, seen.key, seen.uid, seen.digest) == (job_name("u-1", "d1"), POLICY, "u-1", "d1")
    assert (seen.indexes, seen.completed, seen.failed, seen.ready, seen.age) == (3, 2, (1,), 2, 10.0)
    assert seen.backends == {"near", "far"}
    assert {seen.ended, seen.complete, seen.going} == {False}
    job["status"]["conditions"] = [
        {"type": "FailureTarget", "status": "True", "reason": "x", "message": "y"},
        {"type": "Failed", "status": "True", "reason": "FailedIndexes", "message": "Job has failed indexes"},
    ]
    failed = job_seen(job, NOW)
    assert failed is not None
    assert (failed.ended, failed.complete, failed.why) == (
        True,
        False,
        "FailedIndexes: Job has failed indexes",
    )
    job["status"]["conditions"] = [{"type": "Complete", "status": "True"}]
    job["metadata"]["deletionTimestamp"] = "2026-11-25T12:00:05Z"
    done = job_seen(job, NOW)
    assert done is not None
    assert (done.ended, done.complete, done.going, done.why) == (True, True, True, "")


def test_a_job_without_our_annotations_is_none_of_ours() -> None:
    job = made()
    job["metadata"] |= {"creationTimestamp": "2026-11-25T12:00:00Z", "annotations": {}}
    assert job_seen(job, NOW) is None


def test_each_job_has_the_labels_by_which_it_is_found() -> None:
    labels, template = made()["metadata"]["labels"], made()["spec"]["template"]["metadata"]["labels"]
    for pair in selecting("prod-eu").split(","):
        name, value = pair.split("=")
        assert labels[name] == template[name] == value
    assert labels["team"] == "storage"


@pytest.mark.parametrize(("text", "numbers"), [("", []), ("0", [0]), ("1,3-5,9", [1, 3, 4, 5, 9])])
def test_indexes_are_read_as_kubernetes_writes_them(text: str, numbers: list[int]) -> None:
    assert list(indexes(text)) == numbers


def test_a_template_is_what_the_chart_writes_or_none() -> None:
    assert pod_template(None) is pod_template("") is None
    assert pod_template('{"image": "a", "serviceAccountName": "b"}') == PodTemplate(
        image="a", service_account_name="b"
    )
    for wrong in (
        "{",
        "[]",
        '{"image": "a"}',
        '{"image": "a", "serviceAccountName": "b", "imagee": 1}',
        '{"image": "a", "serviceAccountName": "b", "allowedTolerations": [{"key": "c", "efect": "NoExecute"}]}',
    ):
        with pytest.raises(PodTemplateError):
            pod_template(wrong)


def backend(**more: Any) -> StorageBackendSpec:
    return StorageBackendSpec.model_validate(
        {
            "provider": "MinIO",
            "s3": {"endpoint": "http://minio", "region": "eu"},
            "credentials": {"secretRef": {"name": "keys"}},
            **more,
        }
    )


SECRETS: dict[str, dict[str, bytes]] = {
    "keys": {"accessKeyId": b"AK", "secretAccessKey": b"SK", "rootPassword": b"swordfish"},
    "admin": {"accessKeyId": b"root", "secretAccessKey": b"toor"},
    "ca": {"ca.crt": b"PEM", "ca.key": b"private"},
}


def test_a_pod_gets_the_keys_of_its_two_stores_and_nothing_else() -> None:
    admin = {"endpoint": "http://minio", "credentials": {"secretRef": {"name": "admin"}}}
    tls = {"caSecretRef": {"name": "ca"}}
    limits = {"requestsPerSecond": 90, "burst": 4, "concurrency": 5}
    specs = {
        "near": backend(admin=admin, tls=tls, limits=limits, tenancy={"maxBuckets": 5}),
        "far": backend(approve=["t"]),
    }
    far, near, *secrets = backends_file(specs, SECRETS.get, 3)
    assert (far["metadata"]["name"], near["metadata"]["name"]) == ("far", "near")
    assert near["spec"]["limits"] == {"requestsPerSecond": 15, "burst": 1, "concurrency": 5}, (
        "half of it, in three"
    )
    assert far["spec"]["limits"]["requestsPerSecond"] == 16, "of the 100 that a backend has without limits"
    assert set(near["spec"]) == {"provider", "s3", "credentials", "tls", "limits"}
    held = {s["metadata"]["name"]: s["stringData"] for s in secrets}
    assert held == {"keys": {"accessKeyId": "AK", "secretAccessKey": "SK"}, "ca": {"ca.crt": "PEM"}}


def test_ambient_credentials_stay_the_operators() -> None:
    with pytest.raises(NoIdentity, match="StorageBackend eu has ambient credentials"):
        backends_file({"eu": backend(credentials={"ambient": {}})}, SECRETS.get, 2)


def test_a_backend_has_one_job_at_a_time() -> None:
    job = made()
    job["metadata"] |= {"creationTimestamp": "2026-11-25T12:00:00Z"}
    seen = job_seen(job, NOW)
    assert seen is not None
    assert others([seen], "u-2", frozenset({"near", "third"}))
    assert not others([seen], "u-1", frozenset({"near"})), "its own"
    assert not others([seen], "u-2", frozenset({"third"}))
    assert not others([replace(seen, ended=True)], "u-2", frozenset({"near"}))
