"""A cluster is rebuilt from its manifests (GitOps applies everything, no status is left)."""

from pathlib import Path
from typing import Any

import yaml

from dev.cluster import Cluster
from dev.stores import Store
from tests.e2e.harness import User, backend_manifests, install, operator

SPEC: dict[str, Any] = {"versioning": {"state": "Enabled"}, "tags": {"team": "museum"}}


def build(cluster: Cluster, store: Store) -> User:
    """Everything that is in the GitOps repository."""
    install(cluster)
    cluster.kubectl("create", "namespace", "museum")
    cluster.apply(yaml.safe_dump_all(backend_manifests("museum", store, namespaces=("museum",))))
    user = User(cluster, "museum", "museum", store)
    user.apply("scans", **SPEC)
    return user


def test_a_rebuilt_cluster_finds_its_buckets_and_changes_nothing(tmp_path: Path, minio_store: Store) -> None:
    with Cluster.start(tmp_path, name="before") as cluster, operator(cluster, tmp_path, "before"):
        user = build(cluster, minio_store)
        user.ready("scans")
        user.s3.put_object(Bucket="museum--scans", Key="1.tif", Body=b"scan")
        tags = user.tags("scans")
    with Cluster.start(tmp_path, name="after") as cluster, operator(cluster, tmp_path, "after"):
        user = build(cluster, minio_store)
        status = user.ready("scans")["status"]
        assert "lostAt" not in status
        assert user.tags("scans") == tags
        assert user.s3.get_object(Bucket="museum--scans", Key="1.tif")["Body"].read() == b"scan"
        assert "Created" not in user.events("scans")
        user.apply("scans", **SPEC, deletionPolicy="DeleteAll")
        user.ready("scans")
        user.delete("scans")
        assert not user.in_store("scans")
