"""Clusters and stores of these tests' own: they are stopped, emptied and lied about."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store, minio
from tests.e2e.harness import backend_manifests, install
from tests.resilience.sweeper import Sweeper, sweeper

SHOP = "shop"


@pytest.fixture(scope="package")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where logs and kubeconfigs go."""
    return tmp_path_factory.mktemp("resilience")


@pytest.fixture(scope="package")
def store(directory: Path) -> Iterator[Store]:
    """A MinIO in which nobody else makes buckets: what is in it can be counted."""
    with minio(directory) as running:
        yield running


@pytest.fixture(scope="package")
def cluster(directory: Path, store: Store) -> Iterator[Cluster]:
    """With the chart, a backend `minio` and the namespace `shop`."""
    with Cluster.start(directory, name="resilience") as running:
        install(running)
        running.kubectl("create", "namespace", SHOP)
        running.apply(yaml.safe_dump_all(backend_manifests("minio", store, namespaces=(SHOP,))))
        yield running


@pytest.fixture(scope="module")
def crashes(cluster: Cluster, directory: Path) -> Iterator[Sweeper]:
    """Operators that die."""
    with sweeper(cluster, directory / "crashes") as running:
        yield running
