"""A folder of manifests for each test."""

from pathlib import Path

import pytest

from dev.stores import Store
from tests.local.world import Folder


@pytest.fixture
def folder(tmp_path: Path, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str]) -> Folder:
    """A folder with a StorageBackend on a real SeaweedFS, and no bucket yet."""
    (tmp_path / "manifests").mkdir()
    made = Folder(tmp_path / "manifests", seaweedfs_store, capsys)
    made.backend()
    return made
