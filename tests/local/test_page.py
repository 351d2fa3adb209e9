"""Every command of docs/without-kubernetes.md and of its example's page is run, in a folder that is as the pages say."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import examples
from dev.stores import Store
from imagestore.cli.parser import command_line
from tests.buckets import discard

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = examples.FOLDER / "11-without-kubernetes"
PAGE = (ROOT / "docs" / "without-kubernetes.md").read_text()
README = (EXAMPLE / "README.md").read_text()


def blocks_of(text: str, language: str) -> list[str]:
    """The blocks of a language, or of none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for tongue, block in found if tongue == language]


def commands(text: str) -> list[str]:
    """What is in blocks without a language, and whole commands in the text."""
    blocks = blocks_of(text, "")
    return [*"".join(blocks).splitlines(), *re.findall(r"`(imagestore \w+ -f[^`]*)`", text)]


@pytest.fixture
def machine(tmp_path: Path, seaweedfs_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the example's manifests, once beside the keys and once in ``manifests``."""
    (tmp_path / "manifests").mkdir()
    for file in ("backend.yaml", "bucket.yaml"):
        text = (EXAMPLE / file).read_text().replace("http://nas.example:8333", seaweedfs_store.endpoint)
        for place in (tmp_path, tmp_path / "manifests"):
            (place / file).write_text(text)
    (form,) = blocks_of(PAGE, "yaml")
    key, secret = seaweedfs_store.access_key, seaweedfs_store.secret_key
    assert form.count("…") == 2, "what a person fills in"
    (tmp_path / "keys.yaml").write_text(form.replace("…", key, 1).replace("…", secret, 1))
    (tmp_path / "keys.yaml").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    discard(seaweedfs_store.s3(), "home--photos")
    yield tmp_path
    discard(seaweedfs_store.s3(), "home--photos")


@pytest.mark.parametrize("text", [PAGE, README], ids=["page", "example"])
def test_each_command_does_what_it_says(text: str, machine: Path) -> None:
    found = commands(text)
    ours = [line for line in found if line.startswith("imagestore ")]
    assert ours
    for line in found:
        if line in ours:
            words = [sys.executable, "-m", "imagestore", *shlex.split(line)[1:]]
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            assert "ImageBucket home/photos  Ready  InSync" in done.stdout, line
        else:
            assert shlex.split(line)[:2] == ["pip", "install"], line


@pytest.mark.parametrize("text", [PAGE, README], ids=["page", "example"])
def test_what_is_installed_is_this_package_with_an_extra_that_it_has(text: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"pip install '([\w-]+)\[(\w+)\]'", text)
    assert named
    for name, extra in named:
        assert (name, extra in project["optional-dependencies"]) == (project["name"], True)


def test_every_option_that_the_page_names_is_one_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line().parse_args(["apply", "--help"])
    known = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    named = set(re.findall(r"`[^`\n]*?(--[a-z][a-z-]+)", PAGE))
    assert named
    assert named - known == set()
