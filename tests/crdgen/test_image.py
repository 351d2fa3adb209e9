"""The Dockerfile's promises that can be read off it; tests/node builds it and runs it."""

import re
from pathlib import PurePath

import yaml

from imagestore import __version__
from tests.crdgen.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_the_base_is_an_argument() -> None:
    """Where no image registry is reached, the base is made by other means."""
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${BASE}", "scratch"}


def test_everything_installed_is_locked_by_its_hash() -> None:
    assert "--require-hashes" in (ROOT / "dev/image/install.sh").read_text()
    names = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-cli.lock").read_text(), re.MULTILINE)
    assert {"kopf", "boto3", "aiohttp", "cel-expr-python"} <= set(names)
    assert "kubernetes" not in names, "importing kopf would load it: 32 MB become 74"


def test_what_is_copied_is_not_ignored() -> None:
    allowed = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert copied
    for source in " ".join(copied).split():
        assert any(PurePath(source).is_relative_to(a) or PurePath(source).match(a) for a in allowed), source
        assert (ROOT / source).exists()


def test_the_user_is_the_charts() -> None:
    helpers = (ROOT / "charts/imagestore/templates/_helpers.tpl").read_text()
    (user,) = re.findall(r"^USER (\d+):\d+", DOCKERFILE, re.MULTILINE)
    assert f"runAsUser: {user}" in helpers


def test_the_chart_asks_for_the_version_that_the_package_has() -> None:
    chart = yaml.safe_load((ROOT / "charts/imagestore/Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
