"""Servers that any test may ask for: each is started when the first test wants it, and shared until the end.

A test that stops, pauses or fills one up starts its own instead.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from dev.cluster import Cluster
from dev.programs.prepare import prepare
from dev.stores import Store, aws, ceph, minio, rclone, seaweedfs, tiered_minio, versitygw
from dev.testing.examples import examples
from dev.testing.guard import unit_test
from dev.testing.needs import Needs, needs

# Some machines set it for all programs. Tests start hundreds of processes, and each compiled every module anew: 0.6 s of CPU in an
# operator of 1.6 s, 1.5 s in an `imagestore backup` of 3 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says something about the machine, not about what is tested.
settings.register_profile(
    "imagestore",
    settings(),
    deadline=None,
    max_examples=examples(100),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("imagestore")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real Kubernetes API of our own."""
    with Cluster.start(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def minio_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A MinIO with the KMS key `images`."""
    with minio(tmp_path_factory.mktemp("stores")) as store:
        yield store


@pytest.fixture(scope="session")
def tiered_minio_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A MinIO with the KMS key `images`, whose tier WARM is another MinIO."""
    with tiered_minio(tmp_path_factory.mktemp("stores")) as store:
        yield store


@pytest.fixture(scope="session")
def ceph_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A Ceph gateway with the KMS key `images`."""
    with ceph(tmp_path_factory.mktemp("stores")) as store:
        yield store


@pytest.fixture(scope="session")
def seaweedfs_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A SeaweedFS that checks signatures."""
    with seaweedfs(tmp_path_factory.mktemp("stores")) as store:
        yield store


@pytest.fixture(scope="session")
def aws_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """moto, for what only AWS has."""
    with aws(tmp_path_factory.mktemp("stores")) as store:
        yield store


@pytest.fixture(scope="session")
def versitygw_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A VersityGW: an S3 server that nobody here has tuned for."""
    with versitygw(tmp_path_factory.mktemp("stores")) as store:
        yield store


@pytest.fixture(scope="session")
def rclone_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An rclone that serves S3: another one, which knows no settings at all."""
    with rclone(tmp_path_factory.mktemp("stores")) as store:
        yield store


# Folders that take minutes, in this order and before all others: begun last, one process would work on them alone.
SLOW = (
    "contract",
    "objects",
    "resilience",
    "node",
    "e2e",
    "faults",
    "alerts",
    "examples",
    "k8s",
    "cli",
    "local",
    "soak",
)
# Folders in which every test needs a server: `-m unit` does not even collect them.
SERVERS_ONLY = ("contract", "resilience", "node", "e2e", "faults", "cost")
NEEDS = pytest.StashKey[Needs]()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect no folder of server tests for unit tests."""
    servers_only = collection_path.parent == Path(__file__).parent and collection_path.name in SERVERS_ONLY
    return True if servers_only and config.option.markexpr == "unit" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the unit tests, before others are deselected; slow folders first, the order within a folder stays."""
    for item in items:
        if isinstance(item, pytest.Function):
            item.stash[NEEDS] = needs(item)
            if item.stash[NEEDS].nothing:
                item.add_marker("unit")
    rank = {folder: number for number, folder in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(item.nodeid.split("/")[1], len(SLOW)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build or fetch the programs that the chosen tests need, before a test's time begins to count."""
    if not session.config.option.collectonly:
        prepare({program for item in session.items for program in item.stash[NEEDS].programs})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Hold a unit test to what it is, and show logs as they are shown before anything sets their level.

    `imagestore apply` sets it for its process, and a test that ran it in its own hid what later tests waited for.
    """
    logging.getLogger().setLevel(logging.WARNING)
    with guarded(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Hold a unit test to what it is."""
    with guarded(item):
        return (yield)


def guarded(item: pytest.Item) -> AbstractContextManager[None]:
    """What a test runs in."""
    return unit_test() if item.get_closest_marker("unit") else nullcontext()


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Each folder's tests run in one process, in order: they share a cluster, an operator or a store."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("/")[1]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder | None:
    """How --dist=loadscope deals out the tests: folders in the order of collection, not by how many tests they have."""
    if config.option.dist != "loadscope":
        return None
    config.option.loadscopereorder = False
    return ByFolder(config, log)
