"""The image again, from nothing: built beside the stories of this folder, and asked for after them."""

import subprocess
from pathlib import Path

from dev.image.__main__ import local
from tests.node.conftest import Building, finished


def test_two_builds_have_one_digest(
    building: Building, image: Path, second_build: tuple[Building, subprocess.Popen[str]]
) -> None:
    again, begun = second_build
    finished(begun)
    assert again.buildah.digest(local()) == building.buildah.digest(local())
