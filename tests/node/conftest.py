"""One node, one build of the image, one installation for all stories here, as docs/operations.md says to install it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import control_plane
from dev.cluster import Cluster
from dev.image.__main__ import archive
from dev.node import images
from dev.node.ability import why_not
from dev.node.buildah import Buildah
from dev.node.node import Node, node
from dev.stores import Store
from tests.node.installation import Installation

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where no node can run, these tests say why."""
    reason = why_not()
    if reason:
        for item in items:
            if "tests/node/" in item.nodeid:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="package")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where logs, archives and the node's files go."""
    return tmp_path_factory.mktemp("node")


@pytest.fixture(scope="package")
def buildah(directory: Path) -> Buildah:
    """A buildah with a storage of its own, which has the base image."""
    return Buildah(directory / "storage", images.store())


@pytest.fixture(scope="package")
def make(directory: Path, buildah: Buildah) -> "Make":
    """`make`, on a machine that has buildah."""
    return Make(buildah.on_path(directory / "bin"))


class Make:
    """`make TARGET` with a PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self._environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}

    def __call__(self, *words: str) -> str:
        """Run it; what it wrote."""
        command = ["make", "--no-print-directory", f"PYTHON={sys.executable}", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="package")
def image(make: Make) -> Path:
    """The image's archive."""
    make("image", f"BASE={images.BASE}")
    make("image-archive")
    return archive()


@pytest.fixture(scope="package")
def ready_node(directory: Path, image: Path, seaweedfs_store: Store) -> Iterator[Node]:
    """A cluster of one node that has the image and reaches the store."""
    more = [f"--controllers={','.join(control_plane.NODE_CONTROLLERS)}"]
    with (
        Cluster.start(directory, name="node-cluster", manager_args=more) as cluster,
        node(directory, cluster, [seaweedfs_store]) as running,
    ):
        running.load(image)
        yield running


@pytest.fixture(scope="package")
def installed(ready_node: Node) -> Installation:
    """The chart, as docs/operations.md installs it."""
    made = Installation(ready_node)
    made.install()
    return made
