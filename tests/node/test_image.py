"""The image that `make image` builds."""

import json
import re
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.node.installation import ROOT


def config_and_names(archive: Path) -> tuple[dict[str, Any], set[str]]:
    """The image's configuration, and every path in its one layer."""
    with tarfile.open(archive) as outer:
        (manifest,) = json.load(_file(outer, "manifest.json"))
        (layer,) = manifest["Layers"]
        config = json.load(_file(outer, manifest["Config"]))
        with tarfile.open(fileobj=_file(outer, layer)) as inner:
            return config, {f"/{member.name.removeprefix('./')}" for member in inner}


def _file(tar: tarfile.TarFile, name: str) -> Any:
    member = tar.extractfile(name)
    assert member is not None
    return member


@pytest.fixture(scope="module")
def content(image: Path) -> set[str]:
    """Every path."""
    return config_and_names(image)[1]


def test_its_command_is_the_operators(image: Path) -> None:
    config = config_and_names(image)[0]["config"]
    assert (config["Entrypoint"], config["Cmd"], config["User"]) == (
        ["imagestore"],
        ["run", "--help"],
        "65532:65532",
    )


def test_its_size_is_the_documented_one(image: Path) -> None:
    documented = re.search(r"takes (\d+) MB on a node", (ROOT / "docs" / "operations.md").read_text())
    assert documented
    assert image.stat().st_size / 1e6 == pytest.approx(int(documented[1]), rel=0.1)


def test_nothing_is_in_it_that_only_a_build_needs(content: set[str]) -> None:
    names = {PurePosixPath(path).name for path in content}
    assert (
        names & {"pip", "pip3", "ensurepip", "python-wheels", "requirements.lock", "pip.conf", "ca.crt"}
        == set()
    )
    for folder in ("/tmp", "/var/lib/apt/lists", "/var/cache/apt", "/var/log"):  # noqa: S108
        assert [path for path in content if path.startswith(f"{folder}/")] == []


def test_botocore_describes_only_what_is_spoken(content: set[str]) -> None:
    """STS turns the token of a pod (IRSA) into credentials."""
    services = re.compile(r"/opt/imagestore/lib/[^/]+/site-packages/botocore/data/([^/.]+)")
    assert {found[1] for path in content if (found := services.fullmatch(path))} == {"s3", "sts"}


def test_every_module_has_its_bytecode(content: set[str]) -> None:
    """A pod's root file system is read-only: what is not compiled here is compiled at each start."""
    modules = {path for path in content if re.match(r"/(opt/imagestore|usr)/lib/python3\.\d+/.*\.py$", path)}
    assert len(modules) > 1000
    compiled = {p for p in content if p.endswith(".pyc")}
    names = {re.sub(r"__pycache__/(.*)\.cpython-\d+\.pyc$", r"\1.py", path) for path in compiled}
    assert modules - names == set()
