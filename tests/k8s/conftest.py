"""A cluster of these tests' own: their operators follow every namespace, and so would others'."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from dev.cluster import Cluster
from imagestore.k8s.api.access import Access, from_kubeconfig
from tests.k8s.replica import Replica, backend, secret
from tests.k8s.staged_runs import SOON, Stage

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="package")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With our CRDs."""
    with Cluster.start(tmp_path_factory.mktemp("k8s")) as running:
        running.kubectl("apply", "-f", str(CRDS))
        running.await_crds()
        yield running


@pytest.fixture(scope="module")
def home(own_cluster: Cluster) -> str:
    """A namespace for an operator, where its Secrets are."""
    name = f"op-{uuid4().hex[:6]}"
    own_cluster.kubectl("create", "namespace", name)
    return name


@pytest.fixture
def shop(own_cluster: Cluster, home: str) -> Iterator[str]:
    """A user's namespace and, under the same name, a backend that it may use."""
    name = f"shop-{uuid4().hex[:6]}"
    own_cluster.kubectl("create", "namespace", name)
    own_cluster.apply(secret(f"{name}-keys", home, "hunter2hunter2"))
    own_cluster.apply(backend(name, f"{name}-keys", [name]))
    yield name
    _release(own_cluster, name)


def _release(cluster: Cluster, shop: str) -> None:
    """Whether an operator runs or not: let its objects go, so that they are not in the next test's way."""
    patch = '{"metadata":{"finalizers":null}}'
    names = cluster.kubectl("get", "imagebuckets", "-n", shop, "-o", "name").stdout.split()
    for name in names:
        cluster.kubectl("patch", "-n", shop, name, "--type=merge", "-p", patch, check=False)
        cluster.kubectl("delete", "-n", shop, name, "--wait=false", check=False)
    cluster.kubectl("patch", "storagebackend", shop, "--type=merge", "-p", patch, check=False)
    cluster.kubectl("delete", "storagebackend", shop, check=False)


@pytest.fixture(scope="module")
def replica(own_cluster: Cluster, home: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    """One operator without a Lease, for all tests of a file."""
    with Replica(own_cluster, tmp_path_factory.mktemp("toy"), home) as running:
        yield running.ready()


@pytest.fixture
def access(own_cluster: Cluster) -> Access:
    return from_kubeconfig(own_cluster.kubeconfig)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A scheduler of runs; at the end all of them have ended."""
    made = Stage()
    yield made
    made.runs.close()
    assert made.runs.drain(SOON) == 0
