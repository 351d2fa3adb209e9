"""The package as rooms: what each holds, in which layer it is, and which other rooms it imports from."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grimp

PACKAGE = "imagestore"


@dataclass(frozen=True)
class Room:
    """A package right below ours, or a module there."""

    name: str
    says: str  # the first sentence of its docstring
    inside: Sequence[str]  # the packages in it
    pure: bool


@dataclass(frozen=True)
class House:
    """The layers from top to bottom, and the imports from one room to another."""

    layers: Sequence[Sequence[Room]]
    imports: Mapping[str, frozenset[str]]

    def without_detours(self) -> Iterator[tuple[str, str]]:
        """The imports that no way over other rooms stands for."""
        for room in sorted(self.imports):
            for target in sorted(self.imports[room]):
                if not any(self._leads(other, target) for other in self.imports[room] - {target}):
                    yield room, target

    def _leads(self, room: str, target: str) -> bool:
        return target in self.imports[room] or any(self._leads(o, target) for o in self.imports[room])


def house(root: Path) -> House:
    """As the code and the contracts of import-linter in pyproject.toml have it."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layered = next(c for c in contracts if c["type"] == "layers")
    pure = next(c for c in contracts if c["name"].startswith("What is pure"))["source_modules"]
    graph = grimp.build_graph(PACKAGE)
    names = [[_name(part) for part in layer.split(":")] for layer in layered["layers"]]
    there = [[name for name in layer if f"{PACKAGE}.{name}" in graph.modules] for layer in names]
    rooms = [
        [_room(graph, root, name, f"{PACKAGE}.{name}" in pure) for name in layer] for layer in there if layer
    ]
    everything = [name for layer in there for name in layer]
    return House(rooms, {name: _imports(graph, name, everything) for name in everything})


def _name(part: str) -> str:
    return part.strip(" ()").removeprefix(f"{PACKAGE}.")


def _room(graph: Any, root: Path, name: str, pure: bool) -> Room:  # noqa: FBT001
    folder = root / "operator" / PACKAGE / name
    inside = [child.rpartition(".")[2] for child in graph.find_children(f"{PACKAGE}.{name}")]
    packages = sorted(child for child in inside if (folder / child / "__init__.py").exists())
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return Room(name, _first_sentence(file.read_text()), packages, pure)


def _first_sentence(source: str) -> str:
    """Of a module's docstring, without what says that it is pure: the colour does."""
    text = source.partition('"""')[2].partition('"""')[0]
    said = " ".join(text.split()).removeprefix("Pure: ").removeprefix("Edge: ").replace("`", "")
    return said[:1].upper() + said.partition(". ")[0].rstrip(".")[1:]


def _imports(graph: Any, name: str, everything: Sequence[str]) -> frozenset[str]:
    """The other rooms that any module of this one imports from."""
    own = {f"{PACKAGE}.{name}"} | graph.find_descendants(f"{PACKAGE}.{name}")
    targets = {target for module in own for target in graph.find_modules_directly_imported_by(module)}
    found = {target.split(".")[1] for target in targets if target.startswith(f"{PACKAGE}.")}
    return frozenset(found & set(everything) - {name})
