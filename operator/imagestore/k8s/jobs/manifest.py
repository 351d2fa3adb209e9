"""The Job of a run, and its Secret, as the API server takes them. Pure.

Written so that the Pod Security profile ``restricted`` admits it, and so that its pods can do nothing in the cluster: their
ServiceAccount has no rights, and no token of it is mounted.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from imagestore.controller.jobs import FOLDER, JobOrder
from imagestore.controller.state.mirrors import RUN_SECRET
from imagestore.k8s.jobs.template import PodTemplate

JobBody = dict[str, Any]
AGAIN, NEVER = 75, 65  # exit codes of the command: EX_TEMPFAIL and EX_DATAERR of sysexits
CONTAINER = "transfer"
USER = 65532
INDEX_TRIES = 6  # of one index, besides the first; a pod that its node evicts does not count
DEADLINE = 86_400  # seconds; what is done until then is not done again by the next Job
LEFT = 600  # seconds that a Job stays which no operator has deleted
POD_GRACE = 40  # seconds for a pod to save its checkpoint
UID, DIGEST, RUN = "imagestore.dev/uid", "imagestore.dev/digest", "imagestore.dev/run"
INSTALLATION = "imagestore.dev/installation"
_COMMON = {"app.kubernetes.io/managed-by": "imagestore", "app.kubernetes.io/component": "run"}
SELECTED = ",".join(f"{name}={value}" for name, value in _COMMON.items())  # Jobs and Secrets of runs
OBJECT, BACKENDS = "imagestore.dev/object", "imagestore.dev/backends"  # annotations: they may be long

# A cluster autoscaler keeps nodes with an emptyDir otherwise. What lies in it is of no use to another pod.
_EVICTABLE = {"cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": "tmp"}


def job_name(uid: str, digest: str) -> str:
    """One name for one job of one object: whatever two replicas do, the API server has it once."""
    return f"imagestore-run-{hashlib.sha256(f'{uid}/{digest}'.encode()).hexdigest()[:20]}"


def selecting(installation: str) -> str:
    """The label selector of all Jobs of an installation."""
    return f"{SELECTED},{INSTALLATION}={installation}"


def job_manifest(order: JobOrder, template: PodTemplate, installation: str) -> JobBody:
    """The Job. It is never changed: what is to run otherwise is another Job."""
    names = {INSTALLATION: installation, UID: order.uid, DIGEST: order.digest, RUN: order.run}
    labels = {**template.labels, **_COMMON, **names}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(order.uid, order.digest),
            "labels": labels,
            "annotations": {
                OBJECT: "/".join(order.key),
                BACKENDS: ",".join(sorted(order.backends)),
            },
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": order.indexes,
            "parallelism": order.indexes,
            "backoffLimitPerIndex": INDEX_TRIES,
            "podReplacementPolicy": "Failed",
            "activeDeadlineSeconds": DEADLINE,
            "ttlSecondsAfterFinished": LEFT,
            "podFailurePolicy": {"rules": _on_failure()},
            "template": {
                "metadata": {"labels": labels, "annotations": _EVICTABLE},
                "spec": pod_spec(order, template),
            },
        },
    }


def _on_failure() -> list[JobBody]:
    """The first rule that fits counts. Whatever is not here is a try that failed."""

    def code(number: int, action: str) -> JobBody:
        return {
            "action": action,
            "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": [number]},
        }

    evicted = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    return [evicted, code(NEVER, "FailIndex"), code(AGAIN, "Count")]


def pod_spec(order: JobOrder, template: PodTemplate) -> JobBody:
    """One pod, of whichever index: Kubernetes tells it by JOB_COMPLETION_INDEX."""
    chosen = order.pod
    made: JobBody = {
        "restartPolicy": "Never",
        "serviceAccountName": template.service_account_name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": POD_GRACE,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(order, template)],
        "volumes": [
            {
                "name": "run",
                "secret": {"secretName": job_name(order.uid, order.digest), "defaultMode": 0o440},
            },
            {"name": "tmp", "emptyDir": {}},  # indexes of backups and sorted listings are kept on disk
        ],
    }
    optional = {
        "imagePullSecrets": template.image_pull_secrets,
        "nodeSelector": {**dict(chosen.node_selector), **template.node_selector},
        "tolerations": [*template.tolerations, *map(dict, chosen.tolerations)],
        "priorityClassName": chosen.priority_class,
    }
    made |= {name: value for name, value in optional.items() if value}
    return made | (
        {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"} if template.host_network else {}
    )


def _container(order: JobOrder, template: PodTemplate) -> JobBody:
    return {
        "name": CONTAINER,
        "image": template.image,
        "imagePullPolicy": template.image_pull_policy,
        "args": list(order.arguments),
        "env": template.env,
        "resources": _resources(order, template.resources),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "run", "mountPath": FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  in the pod
        ],
    }


def _resources(order: JobOrder, default: Mapping[str, Any]) -> JobBody:
    """The chart's, with what the object chose laid over each amount."""
    chosen = {"requests": dict(order.pod.requests), "limits": dict(order.pod.limits)}
    merged = {part: {**default.get(part, {}), **own} for part, own in chosen.items()}
    return {part: amounts for part, amounts in merged.items() if amounts}


def secret_manifest(order: JobOrder, owner: str) -> JobBody:
    """The Job's own Secret, which Kubernetes deletes with it. ``owner``: the Job's uid."""
    name = job_name(order.uid, order.digest)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": RUN_SECRET,
        "immutable": True,
        "metadata": {
            "name": name,
            "labels": _COMMON,
            "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": owner, "controller": True}
            ],
        },
        "data": {file: base64.b64encode(content).decode() for file, content in order.files.items()},
    }
