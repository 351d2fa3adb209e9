"""One node, one build of the image, one installation for all stories here, as docs/operations.md says to install it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dev.cluster import Cluster, control_plane
from dev.image.__main__ import archive
from dev.node import images
from dev.node.ability import why_not
from dev.node.buildah import Buildah
from dev.node.node import Node, node
from dev.stores import Store, minio, seaweedfs
from tests.node.installation import ROOT, Installation

PATIENCE = 900.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where no node can run, these tests say why."""
    reason = why_not()
    if reason:
        for item in items:
            if "tests/node/" in item.nodeid:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="package")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where logs, images and the node's files go. The images are a gigabyte, and pytest would keep those of three runs."""
    folder = tmp_path_factory.mktemp("node")
    yield folder
    for storage in folder.glob("*/storage*"):
        shutil.rmtree(storage, ignore_errors=True)


class Building:
    """`make` on a machine that has buildah, with a storage of its own and the base image."""

    def __init__(self, folder: Path) -> None:
        self.buildah = Buildah(folder / "storage", images.store())
        path = f"{self.buildah.on_path(folder / 'bin')}:{os.environ['PATH']}"
        self._environment = {**os.environ, "PATH": path}

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Make this target, and let it take its time."""
        command = ["make", "--no-print-directory", f"PYTHON={sys.executable}", *words]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def make(self, *words: str) -> None:
        """Make this target."""
        finished(self.begin(*words))


def finished(made: subprocess.Popen[str]) -> None:
    """Wait for its good end."""
    try:
        output, _ = made.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        ended(made)
        raise
    assert made.returncode == 0, output[-4000:]


def ended(made: subprocess.Popen[str]) -> None:
    """End it with all that it has started: buildah would write on into what is being removed."""
    with suppress(ProcessLookupError):
        os.killpg(made.pid, signal.SIGKILL)
    made.wait()


@pytest.fixture(scope="package")
def building(directory: Path) -> Building:
    """Where the image is built."""
    return Building(directory / "building")


@pytest.fixture(scope="package")
def image(building: Building) -> Path:
    """The image's archive."""
    building.make("image", f"BASE={images.BASE}")
    building.make("image-archive")
    return archive()


@pytest.fixture(scope="package")
def second_build(directory: Path, image: Path) -> Iterator[tuple[Building, subprocess.Popen[str]]]:
    """The same again, begun while other tests wait for their cluster."""
    building = Building(directory / "again")
    begun = building.begin("image", f"BASE={images.BASE}")
    yield building, begun
    ended(begun)


@pytest.fixture(scope="package")
def store(directory: Path) -> Iterator[Store]:
    """A SeaweedFS of these stories' own: the examples' buckets have names that others use as well."""
    with seaweedfs(directory) as running:
        yield running


@pytest.fixture(scope="package")
def gallery(directory: Path) -> Iterator[Store]:
    """A MinIO, whose keys can be parted before there is a journal."""
    with minio(directory) as running:
        yield running


@pytest.fixture(scope="package")
def ready_node(directory: Path, image: Path, store: Store, gallery: Store) -> Iterator[Node]:
    """A cluster of one node that has the image and reaches the stores."""
    more = [f"--controllers={','.join(control_plane.NODE_CONTROLLERS)}"]
    with (
        Cluster.start(directory, name="node-cluster", manager_args=more) as cluster,
        node(directory, cluster, [store, gallery]) as running,
    ):
        running.load(image)
        yield running


@pytest.fixture(scope="package")
def installed(ready_node: Node, second_build: object) -> Installation:
    """The chart, as docs/operations.md installs it."""
    made = Installation(ready_node)
    made.install()
    return made
