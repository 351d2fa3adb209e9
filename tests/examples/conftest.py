"""A cluster with the chart and the operator, for all examples."""

from collections.abc import Iterator

import pytest

from dev.cluster import Cluster
from dev.demo.operator import Operator, operating
from dev.stores import Store, minio, seaweedfs
from tests.backends.listener import Heard, listening


@pytest.fixture(scope="package")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """The operator at work on a cluster of its own, as the chart's ServiceAccount."""
    with (
        Cluster.start(tmp_path_factory.mktemp("examples")) as cluster,
        operating(cluster, confirm_drift=1) as operator,
    ):
        yield operator


@pytest.fixture(scope="package")
def tls_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A SeaweedFS that answers TLS only, with a certificate of an authority of its own."""
    with seaweedfs(tmp_path_factory.mktemp("stores"), name="clinic", tls=True) as store:
        yield store


@pytest.fixture(scope="package")
def webhook() -> Iterator[Heard]:
    """A service that is told of uploads."""
    with listening() as heard:
        yield heard


@pytest.fixture(scope="package")
def webhook_store(webhook: Heard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A MinIO with that service as a target in its configuration."""
    with minio(tmp_path_factory.mktemp("stores"), name="uploads", webhook=webhook.endpoint) as store:
        yield store
