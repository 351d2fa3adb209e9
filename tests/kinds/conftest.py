"""A cluster with the chart and the CRD of the tests' own kind, and the operator that knows it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store
from imagestore.crdgen.crd import definition
from tests.e2e.harness import ACCOUNT, SYSTEM, Operator, User, backend_manifests, install, operator
from tests.kinds.tagset import TAG_SETS


def role() -> str:
    """What the record asks for, as a ClusterRole of the operator's account."""
    rules = [
        {"apiGroups": [g.group], "resources": [g.resource], "verbs": list(g.verbs)} for g in TAG_SETS.rights
    ]
    api = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "tagsets"}}
    bound = {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "tagsets"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}],
    }
    made = [api | {"kind": "ClusterRole", "rules": rules}, api | {"kind": "ClusterRoleBinding"} | bound]
    return yaml.safe_dump_all(json.loads(json.dumps(made)))


@pytest.fixture(scope="package")
def cluster_of_kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of its own: its CRDs are nobody else's."""
    with Cluster.start(tmp_path_factory.mktemp("kinds"), name="kinds") as cluster:
        install(cluster)
        cluster.apply(yaml.safe_dump(definition(TAG_SETS.kind)))
        cluster.await_crds()
        cluster.apply(role())
        yield cluster


@pytest.fixture(scope="package")
def running_with_kind(
    cluster_of_kinds: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """The operator with the additional record."""
    folder: Path = tmp_path_factory.mktemp("operator-of-kinds")
    with operator(cluster_of_kinds, folder, "kinds", module="tests.kinds") as process:
        yield process


@pytest.fixture(scope="package")
def shop(running_with_kind: Operator, cluster_of_kinds: Cluster, minio_store: Store) -> User:
    """A user with buckets on MinIO, of a namespace that no other cluster of the same worker has.

    The end-to-end tests have a bucket shop--kept on the same server, whose operator still runs: each wrote its own tags.
    """
    cluster_of_kinds.kubectl("create", "namespace", "depot")
    cluster_of_kinds.apply(yaml.safe_dump_all(backend_manifests("minio", minio_store, namespaces=("depot",))))
    return User(cluster_of_kinds, "depot", "minio", minio_store)
