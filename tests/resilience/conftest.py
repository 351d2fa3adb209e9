"""Clusters and stores of these tests' own: they are stopped, emptied and lied about."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store, minio
from tests.e2e.harness import backend_manifests, install
from tests.resilience.api_proxy import ApiProxy, api_proxy
from tests.resilience.calm import assert_calm
from tests.resilience.pod import Pod, pod
from tests.resilience.sweeper import Sweeper, sweeper
from tests.resilience.tenant import SHOP, Tenant


@pytest.fixture(scope="package")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where logs and kubeconfigs go."""
    return tmp_path_factory.mktemp("resilience")


@pytest.fixture(scope="package")
def store(directory: Path) -> Iterator[Store]:
    """A MinIO in which nobody else makes buckets: what is in it can be counted."""
    with minio(directory) as running:
        yield running


@contextmanager
def furnished(directory: Path, store: Store, name: str) -> Iterator[Cluster]:
    """A cluster with the chart, a backend `minio` and the namespace `shop`."""
    with Cluster.start(directory, name=name) as running:
        install(running)
        running.kubectl("create", "namespace", SHOP)
        running.apply(yaml.safe_dump_all(backend_manifests("minio", store, namespaces=(SHOP,))))
        yield running


@pytest.fixture(scope="package")
def cluster(directory: Path, store: Store) -> Iterator[Cluster]:
    """For all that one operator behind the proxy has to stand."""
    with furnished(directory, store, "resilience") as running:
        yield running


@pytest.fixture(scope="package")
def proxy(cluster: Cluster, directory: Path) -> Iterator[ApiProxy]:
    """Between the operator and the API server."""
    with api_proxy(cluster, directory) as running:
        yield running


@pytest.fixture(scope="package")
def operator(cluster: Cluster, proxy: ApiProxy, directory: Path) -> Iterator[Pod]:
    """An operator behind the proxy that says all it can say, and compares often."""
    api = f"https://127.0.0.1:{proxy.port}"
    with pod(
        cluster, directory, "operator", "--audit-interval", "3", api=api, ca_file=proxy.ca_file
    ) as running:
        running.await_working()
        yield running


@pytest.fixture
def shop(cluster: Cluster, store: Store, operator: Pod) -> Iterator[Tenant]:
    """Somebody with buckets, and an operator that works before and after; its log stays calm."""
    operator.await_working()
    began = len(operator.log)
    yield Tenant(cluster.api, SHOP, store)
    assert_calm(operator.log[began:])


@pytest.fixture(scope="module")
def crashes(directory: Path, store: Store) -> Iterator[Sweeper]:
    """Operators that die, in a cluster where nobody else repairs what they leave."""
    with furnished(directory, store, "crashes") as running, sweeper(running, directory / "crashes") as made:
        yield made
