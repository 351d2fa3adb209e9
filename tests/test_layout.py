"""The shape of the repository itself."""

import importlib
import operator
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit  # it starts git, which is there wherever the repository is

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 300
GENERATED = ("crds/", "charts/imagestore/", "docs/", "dev/go/", "LICENSE")
OURS = (".py", ".md", ".yaml", ".yml", ".toml", ".sh", "Makefile", "Dockerfile")

# What may be silenced today. Lower these when fewer are needed; raise one only with a reason in its commit.
CEILINGS = {"type: ignore": 7, "pragma: no cover": 0}

# Put together here so that this file does not find itself.
HOSTS = [".".join(parts) for parts in (
    ("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"), ("proxy", "golang", "org"),
    ("sum", "golang", "org"), ("goproxy", "io"), ("deb", "debian", "org"), ("registry", "k8s", "io"), ("quay", "io"),
)]  # fmt: skip
INDEX_OPTION = re.compile(r"^\s*--?(extra-)?index-url|^\s*--(trusted-host|find-links)", re.MULTILINE)


def committed() -> Iterator[tuple[str, str]]:
    """Every committed text file with its content."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in path.read_bytes()[:8000]:
            yield name, path.read_text(errors="replace")


def test_the_standard_librarys_operator_is_not_shadowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.delitem(sys.modules, "operator")
    again = importlib.import_module("operator")
    assert again.itemgetter(0)("x") == operator.itemgetter(0)("x") == "x"


@pytest.mark.parametrize("word", CEILINGS)
def test_what_is_silenced_does_not_grow(word: str) -> None:
    mark = re.compile(rf"#\s*{re.escape(word)}")
    found = [name for name, text in committed() if name.endswith(".py") for _ in mark.findall(text)]
    assert len(found) <= CEILINGS[word], f"# {word} in {found}"


def test_no_file_of_ours_is_long() -> None:
    long = {
        name: lines
        for name, text in committed()
        if name.endswith(OURS) and not name.startswith(GENERATED) and (lines := text.count("\n")) > LONGEST
    }
    assert long == {}


def test_no_registry_is_named() -> None:
    """Where packages come from is the business of whoever builds: mirrors must work as they are."""
    named = {
        name: host for name, text in committed() for host in HOSTS if re.search(rf"\b{re.escape(host)}", text)
    }
    assert named == {}
    assert [name for name, text in committed() if name.endswith(".lock") and INDEX_OPTION.search(text)] == []


def test_what_users_are_told_to_install_is_this_project() -> None:
    """`imagestore` on PyPI is a stranger's project, and messages and pages told users to install it."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    told = {
        (name, project)
        for name, text in committed()
        for project in re.findall(r"pip install [\"'`]*(imagestore[\w-]*)", text)
    }
    assert {project for _, project in told} == {ours} == {"imagestore-operator"}, told


def test_nothing_brings_the_client_that_kopf_would_load() -> None:
    """kopf imports `kubernetes` where it finds it (see test_start.py)."""
    locks = {name: text for name, text in committed() if name.startswith("requirements")}
    assert len(locks) == 3
    assert [name for name, text in locks.items() if re.search(r"^kubernetes==", text, re.MULTILINE)] == []
