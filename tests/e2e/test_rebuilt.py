"""A cluster is rebuilt from its manifests (GitOps applies everything, no status is left)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from dev.cluster import Cluster
from dev.stores import Store
from tests.e2e.harness import User, backend_manifests, install, operator

SPEC: dict[str, Any] = {"versioning": {"state": "Enabled"}, "tags": {"team": "museum"}}


@contextmanager
def cluster_with_operator(directory: Path, name: str) -> Iterator[Cluster]:
    """A new cluster with the chart, and an operator of the same installation."""
    with Cluster.start(directory, name=name) as cluster:
        install(cluster)
        with operator(cluster, directory, f"operator-{name}"):
            yield cluster


def build(cluster: Cluster, store: Store) -> User:
    """Everything that is in the GitOps repository."""
    cluster.kubectl("create", "namespace", "museum")
    cluster.apply(yaml.safe_dump_all(backend_manifests("museum", store, namespaces=("museum",))))
    user = User(cluster, "museum", "museum", store)
    user.apply("scans", **SPEC)
    return user


def test_a_rebuilt_cluster_finds_its_buckets_and_changes_nothing(tmp_path: Path, minio_store: Store) -> None:
    with cluster_with_operator(tmp_path, "before") as cluster:
        user = build(cluster, minio_store)
        user.ready("scans")
        user.s3.put_object(Bucket="museum--scans", Key="1.tif", Body=b"scan")
        tags = user.tags("scans")
    with cluster_with_operator(tmp_path, "after") as cluster:
        user = build(cluster, minio_store)
        status = user.ready("scans")["status"]
        assert "lostAt" not in status
        assert user.tags("scans") == tags
        assert user.s3.get_object(Bucket="museum--scans", Key="1.tif")["Body"].read() == b"scan"
        # Events come after the status; had the bucket been made, this one were "Created".
        user.await_event("scans", "Ready")
        assert "Created" not in user.events("scans")
        user.apply("scans", **SPEC, deletionPolicy="DeleteAll")
        user.ready("scans")
        user.delete("scans")
        assert not user.in_store("scans")
