"""`python -m dev.image` where something is missing, and what a build is told; tests/node builds the image for real."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev.image import engines, pip

ROOT = Path(__file__).parents[2]


def said(*words: str, path: str) -> str:
    """What it says as it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "dev.image", *words], cwd=ROOT, env={**os.environ, "PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    return done.stderr


def test_without_an_engine_it_names_those_that_would_do(tmp_path: Path) -> None:
    assert (
        said("build", path=str(tmp_path))
        == "error: no engine builds images here: install buildah, podman or docker\n"
    )


def test_a_push_without_a_repository_says_how_to_name_one(tmp_path: Path) -> None:
    (tmp_path / "docker").touch(mode=0o755)
    assert "make push REPO=registry.example/team/imagestore" in said("push", path=str(tmp_path))


def test_without_kind_it_is_kind_that_is_missed(tmp_path: Path) -> None:
    (tmp_path / "docker").touch(mode=0o755)
    assert said("kind", path=str(tmp_path)) == "error: kind is needed for this, and is not on PATH\n"


@pytest.mark.parametrize("engine", engines.ENGINES, ids=lambda engine: engine.name)
def test_every_engine_is_told_base_secrets_and_times(engine: engines.Engine) -> None:
    command = engine.build("x:1", Path("/src"), base="own:1", secrets={"pip": Path("/tmp/pip.conf")})  # noqa: S108
    assert command[:2] == [engine.name, "build"]
    assert {"BASE=own:1", "id=pip,src=/tmp/pip.conf", "x:1"} <= set(command)
    assert "0" in command or "SOURCE_DATE_EPOCH=0" in command


def test_the_build_learns_where_packages_come_from() -> None:
    listed = (
        "global.index-url='https://mirror.example/simple'\n"
        "global.cert='/etc/ssl/own.crt'\n"
        ":env:.find-links='/opt/wheels'\n"
        ":env:.cert='/etc/ssl/env.crt'\n"
    )
    assert pip.told(pip.parse(listed)) == {
        "index-url": "https://mirror.example/simple",
        "cert": "/run/ca.crt",
    }
    assert pip.parse(listed)["cert"] == "/etc/ssl/env.crt"
    assert pip.told(pip.parse("")) == {}


def test_several_addresses_stay_several() -> None:
    """pip shows the line break between them as Python spells it: the build asked one address with a backslash in it."""
    listed = "global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'\n"
    (address,) = pip.told(pip.parse(listed)).values()
    assert address.split("\n    ") == ["https://one.example/simple", "https://two.example/simple"]
