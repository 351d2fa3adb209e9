"""Pages of docs/ whose commands are followed word for word."""

import re
import secrets
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import pytest

from dev.stores import Store
from tests.cli.world import Said, imagestore

DOCS = Path(__file__).resolve().parents[2] / "docs"


@dataclass
class Followed:
    """A page, and a folder in which its commands are followed. ``variables``: what a reader put into them."""

    page: str
    folder: Path
    capsys: pytest.CaptureFixture[str]
    variables: dict[str, str] = field(default_factory=dict)

    def text(self, heading: str) -> str:
        """What stands below a heading."""
        return (DOCS / self.page).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]

    def yaml(self, heading: str) -> list[str]:
        """The manifests below a heading."""
        return _blocks(self.text(heading), "yaml")

    def commands(self, heading: str) -> Iterator[list[str]]:
        """The commands below a heading, without the lines that set a variable."""
        for line in "".join(_blocks(self.text(heading), "sh")).splitlines():
            name, assigned, _ = line.partition("=")
            if not (assigned and name.isupper()):
                yield shlex.split(Template(line).substitute(self.variables))

    def follow(self, heading: str, codes: dict[str, int] | None = None) -> str:
        """Follow a chapter; return what was printed. ``codes``: the exit codes that the page tells, by command, instead of 0."""
        return "".join(self.run(*words, codes=codes).out for words in self.commands(heading))

    def run(self, program: str, *words: str, codes: dict[str, int] | None = None) -> Said:
        """One command."""
        if program == "openssl":
            assert words[:-1] == ("rand", "-base64", "32", ">")
            (self.folder / words[-1]).write_text(secrets.token_urlsafe(32))
            return Said(0, "", "")
        assert program == "imagestore"
        assert Path.cwd() == self.folder, "files are named as on the page"
        said = imagestore(self.capsys, *words)
        expected = next((code for word, code in (codes or {}).items() if word in words), 0)
        assert said.code == expected, said.out + said.err
        return said


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def at_store(manifest: str, endpoint: str, store: Store) -> str:
    """A page's manifest that leads to a store of the tests."""
    assert endpoint in manifest
    return manifest.replace(endpoint, store.endpoint)


def keys_file(path: Path, **stores: Store) -> None:
    """Credentials by the names of the StorageBackends."""
    lines = [
        f'{name}: {{accessKeyId: "{s.access_key}", secretAccessKey: "{s.secret_key}"}}\n'
        for name, s in stores.items()
    ]
    path.write_text("".join(lines))
    path.chmod(0o600)
