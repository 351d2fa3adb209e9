"""A cluster with the chart and the operator, for all examples."""

from collections.abc import Iterator

import pytest

from dev.cluster import Cluster
from dev.demo.operator import Operator, operating
from dev.stores import Store, seaweedfs


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
