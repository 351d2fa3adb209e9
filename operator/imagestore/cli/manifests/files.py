"""Which files are manifests, and which have to be rendered by another tool first."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imagestore.cli.manifests.problems import Problem, SourceLine

SUFFIXES = (".yaml", ".yml", ".json")
_LARGEST = 16 * 1024 * 1024
_KUSTOMIZATION = re.compile(r"^apiVersion:\s*['\"]?kustomize\.config\.k8s\.io/", re.MULTILINE)


@dataclass(frozen=True)
class ManifestFile:
    """The text of one file. ``named``: the user gave this file, and not a directory above it."""

    name: str
    text: str
    named: bool

    @property
    def is_ours(self) -> bool:
        """Whether it mentions the API group. Broken YAML of other projects is only a note."""
        return "imagestore.dev/" in self.text

    @property
    def kustomization(self) -> bool:
        """Whether it is a kustomization and no manifest."""
        plain = Path(self.name).stem.lower() == "kustomization"
        return plain or bool(_KUSTOMIZATION.search(self.text))

    @property
    def template(self) -> bool:
        """Whether it has to be rendered by Helm first."""
        return "{{" in self.text and "}}" in self.text


def sources(paths: list[str]) -> Iterator[ManifestFile | Problem]:
    """Every file that is given or lies below a given directory, sorted by name."""
    for path in paths:
        if path == "-":
            yield ManifestFile("<stdin>", sys.stdin.read(), named=True)
        elif Path(path).is_dir():
            for file in manifests_below(Path(path)):
                yield _read(file, named=False)
        else:
            yield _read(Path(path), named=True)


def manifests_below(directory: Path) -> Iterator[Path]:
    """Every manifest in a directory, in the order of their names, without hidden ones; links are followed, to each directory once.

    A directory that cannot be listed and a link that leads nowhere are among them. They were left out without a word, and what is in no
    manifest is deleted by ``apply``.
    """
    yield from _below(directory, set())


def _below(directory: Path, seen: set[Path]) -> Iterator[Path]:
    place = directory.resolve()
    if place in seen:
        return
    seen.add(place)
    try:
        paths = sorted(directory.iterdir())
    except OSError:
        yield directory
        return
    for path in paths:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _below(path, seen)
        elif path.suffix.lower() in SUFFIXES and (path.is_file() or path.is_symlink()):
            yield path


def _read(path: Path, *, named: bool) -> ManifestFile | Problem:
    try:
        if path.is_dir():
            next(path.iterdir(), None)  # which says why it could not be listed
        if path.stat().st_size > _LARGEST:
            return Problem(SourceLine(str(path)), "", f"is larger than {_LARGEST} bytes; is this a manifest?")
        return ManifestFile(str(path), path.read_text(encoding="utf-8"), named)
    except OSError as error:
        return Problem(SourceLine(str(path)), "", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Problem(SourceLine(str(path)), "", "is not UTF-8 text")
