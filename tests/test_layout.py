"""The shape of the repository itself."""

import ast
import importlib
import operator
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from imagestore.api import kinds as kinds_of_the_api
from imagestore.api.kinds import KINDS

pytestmark = pytest.mark.unit  # it starts git, which is there wherever the repository is

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 300
CATALOGUES = {  # an enumeration cannot be spread over files, and every metric is in one
    "operator/imagestore/core/reasons.py": 500,
    "operator/imagestore/metrics.py": 400,
}
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

PACKAGE = ROOT / "operator" / "imagestore"
# Names that a module has because of what it is: a command, a driver's row, a kind, a program.
INTERFACE = {
    "DESCRIPTION", "EPILOG", "add_arguments", "beside", "decode", "encode", "log", "main", "reconcile", "register", "run",
}  # fmt: skip


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
        if name.endswith(OURS)
        and not name.startswith(GENERATED)
        and (lines := text.count("\n")) > CATALOGUES.get(name, LONGEST)
    }
    assert long == {}


def test_no_registry_is_named() -> None:
    """Where packages come from is the business of whoever builds: mirrors must work as they are."""
    named = {
        name: host for name, text in committed() for host in HOSTS if re.search(rf"\b{re.escape(host)}", text)
    }
    assert named == {}
    assert [name for name, text in committed() if name.endswith(".lock") and INDEX_OPTION.search(text)] == []


def test_nothing_refers_to_a_file_that_is_not_in_the_repository() -> None:
    """Decisions were cited from a page that only their author had; they are in docs/decisions.md now."""
    outside = re.compile(r"\.\./shared/|(?<!reference/)\b(design|backup)\.md\b|/work/(main|wt)\b")
    assert {
        name: found[0]
        for name, text in committed()
        if name != Path(__file__).relative_to(ROOT).as_posix() and (found := outside.search(text))
    } == {}


def test_what_users_are_told_to_install_is_this_project() -> None:
    """`imagestore` on PyPI is a stranger's project, and messages and pages told users to install it."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    told = {
        (name, project)
        for name, text in committed()
        for project in re.findall(r"pip install [\"'`]*(imagestore[\w-]*)", text)
    }
    assert {project for _, project in told} == {ours} == {"imagestore-operator"}, told


def test_one_module_uses_what_kopf_does_not_publish() -> None:
    """A new kopf that moves it is met in one file."""
    using = [
        name for name, text in committed()
        if name.startswith("operator/") and re.search(r"^\s*(from|import) kopf\._", text, re.MULTILINE)
    ]  # fmt: skip
    assert using == ["operator/imagestore/k8s/source/kopf_internals.py"]
    knowing = {
        name
        for name, text in committed()
        if name.startswith("operator/") and re.search(r"^\s*(from|import) kopf\b", text, re.MULTILINE)
    }
    assert {name.rpartition("/")[0] for name in knowing} == {"operator/imagestore/k8s/source"}


def test_nothing_brings_the_client_that_kopf_would_load() -> None:
    """kopf imports `kubernetes` where it finds it (see test_start.py)."""
    locks = {name: text for name, text in committed() if name.startswith("requirements")}
    assert len(locks) == 3
    assert [name for name, text in locks.items() if re.search(r"^kubernetes==", text, re.MULTILINE)] == []


COMMANDS = {
    "backup",
    "backups",
    "restore",
}  # words of the command line and its answers, which were there first
KIND_NAMES = {name for kind in KINDS for name in (kind.name, kind.plural, kind.singular)} - COMMANDS
KIND_CONSTANTS = {
    name for name, value in vars(kinds_of_the_api).items() if isinstance(value, kinds_of_the_api.Kind)
}


def mentioned(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Where code, not a docstring or a message, has a kind's name or constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in KIND_NAMES:
            yield node.lineno, str(node.value)
        if isinstance(node, ast.Name | ast.Attribute | ast.alias):
            name = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", "")
            if name in KIND_CONSTANTS:
                yield getattr(node, "lineno", 0), name


@pytest.mark.parametrize("room", ["controller", "k8s", "local", "cli", "crdgen"])
def test_nothing_compares_against_a_kind(room: str) -> None:
    """A kind is one record: with two dozen comparisons, several with an else that meant ImageBucket, a new one touched 14 files."""
    found = {
        f"{path.relative_to(ROOT)}:{line}": name
        for path in (ROOT / "operator" / "imagestore" / room).rglob("*.py")
        for line, name in mentioned(ast.parse(path.read_text()))
    }
    assert found == {}


def _defined() -> Mapping[str, list[str]]:
    """Public classes, constants and functions of the package by name, with the modules that define them.

    Aliases that are defined alike (``Json = Any``) mean the same thing and count once.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            for name in _names(node):
                meaning = ast.dump(node.value) if isinstance(node, ast.Assign) else str(path)
                found[name].setdefault(meaning, str(path.relative_to(PACKAGE)))
    return {name: list(modules.values()) for name, modules in found.items()}


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        names = [node.name]
    elif isinstance(node, ast.Assign) and not _is_type_variable(node.value):
        names = [t.id for t in node.targets if isinstance(t, ast.Name)]
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        names = [node.target.id]
    else:
        names = []
    yield from (n for n in names if not n.startswith("_"))


def _is_type_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "TypeVar"


def _imported() -> Mapping[str, set[str]]:
    """Names that some module imports by themselves, with the modules that they come from."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    found[alias.name].add(node.module)
    return found


def _ambiguous() -> dict[str, list[str]]:
    """Functions that are always called through their module (``crd.definition``) are told apart by it."""
    imported = _imported()
    return {
        name: modules
        for name, modules in _defined().items()
        if len(modules) > 1 and name not in INTERFACE and (not name.islower() or len(imported[name]) > 1)
    }


def test_a_public_name_means_one_thing() -> None:
    assert _ambiguous() == {}


def test_a_name_that_means_two_things_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("class Place: ...\ndef find(): ...\ndef table(): ...\nT = TypeVar('T')\n")
    (tmp_path / "b.py").write_text("Place = str\ndef find(): ...\ndef table(): ...\nT = TypeVar('T')\n")
    (tmp_path / "c.py").write_text("from a import find\nfrom b import find\nimport a, b\n")
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    assert _ambiguous() == {"Place": ["a.py", "b.py"], "find": ["a.py", "b.py"]}
