"""The CRDs as committed, on the real API server, once for all tests here."""

from pathlib import Path

import pytest

from dev.cluster import Cluster

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def installed(cluster: Cluster) -> Cluster:
    """A cluster that knows our kinds."""
    # Server-side and by force: it does not matter whether a chart has installed them before.
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "crds"))
    cluster.await_crds()
    return cluster
