"""One cluster with the chart, one operator and one user on MinIO for all stories that do not harm them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dev.cluster import Cluster
from dev.ports import free_port
from dev.stores import Store
from tests.e2e.harness import Operator, User, backend_manifests, install, operator


@pytest.fixture(scope="package")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where logs and kubeconfigs go."""
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="package")
def installed(directory: Path) -> Iterator[Cluster]:
    """A cluster of its own with the chart in it: its audit log holds nothing but these stories."""
    with Cluster.start(directory, name="e2e") as cluster:
        install(cluster)
        yield cluster


@pytest.fixture(scope="package")
def receiver() -> str:
    """Where the operator receives notifications: host and port."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(scope="package")
def running(installed: Cluster, directory: Path, receiver: str) -> Iterator[Operator]:
    """The operator, as the chart's ServiceAccount."""
    with operator(installed, directory, "shared", "--notifications", receiver) as process:
        yield process


@pytest.fixture(scope="package")
def shop(running: Operator, installed: Cluster, minio_store: Store) -> User:
    """A user in the namespace shop, with buckets on MinIO."""
    grants = [{"namespace": "shop", "bucketName": "legacy-photos"}]
    manifests = backend_manifests("minio", minio_store, namespaces=("shop", "press"), adoptionGrants=grants)
    for namespace in ("shop", "press", "stranger"):
        installed.kubectl("create", "namespace", namespace)
    installed.apply(yaml.safe_dump_all(manifests))
    return User(installed, "shop", "minio", minio_store)
