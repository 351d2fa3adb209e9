"""YAML as Kubernetes reads it, with the line of every value.

Kubernetes turns YAML into JSON first, by a parser of its own (see ``scalars``). So dates stay strings, a key that is written twice is an error, and
what JSON cannot hold is refused. Nodes are composed, not constructed: they keep their lines, and a tag
such as ``!Sub`` in a file of another project does no harm.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from imagestore.cli.manifests.problems import Problem, SourceLine, SourceLines, Steps
from imagestore.cli.manifests.scalars import TRUE, Loader, integer

MOST_VALUES = 50_000  # in one document, aliases counted as often as they are used
TOO_MUCH = "too many values, or nested too deeply; do aliases multiply?"

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class YamlDocument:
    """One object of a file. ``problems`` are those of its YAML, not of its meaning."""

    value: dict[str, Any]
    lines: SourceLines
    problems: tuple[Problem, ...] = ()

    @property
    def api_version(self) -> str:
        """Empty if it has none."""
        return str(self.value.get("apiVersion", ""))

    @property
    def kind(self) -> str:
        """Empty if it has none."""
        return str(self.value.get("kind", ""))


def documents(text: str, file: str) -> Iterator[YamlDocument]:
    """Every object in a file, those inside a List too. Raises yaml.YAMLError."""
    for node in _nodes(text):
        yield from _objects(node, file)


def _nodes(text: str) -> Iterator[yaml.Node]:
    loader = Loader(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


def _objects(node: yaml.Node, file: str) -> Iterator[YamlDocument]:
    if not isinstance(node, yaml.MappingNode):
        return
    entries = {k.value: v for k, v in node.value if isinstance(k, yaml.ScalarNode)}
    items = entries.get("items")
    if _is_list(entries) and isinstance(items, yaml.SequenceNode):
        for item in items.value:
            yield from _objects(item, file)
        return
    reader = _Reader(file)
    value = reader.read(node, ())
    if isinstance(value, dict):
        yield YamlDocument(value, SourceLines(file, reader.lines), tuple(reader.problems))


def _is_list(entries: dict[str, yaml.Node]) -> bool:
    kind = entries.get("kind")
    return isinstance(kind, yaml.ScalarNode) and str(kind.value).endswith("List")


def yaml_problem(error: yaml.YAMLError, file: str) -> Problem:
    """The problem and line that the YAML parser reports."""
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error)
    return Problem(SourceLine(file, mark.line + 1 if mark else 1), "", f"this is not YAML: {what}")


@dataclass
class _Reader:
    """Turns the nodes of one document into what JSON would hold."""

    file: str
    lines: dict[Steps, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def read(self, node: yaml.Node, steps: Steps) -> Any:
        self.lines.setdefault(steps, node.start_mark.line + 1)
        self.count += 1
        if self.count > MOST_VALUES or len(steps) > 100:
            return self._too_much(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, steps)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*steps, i)) for i, item in enumerate(node.value)]
        return self._scalar(cast("yaml.ScalarNode", node), steps)

    def _mapping(self, node: yaml.MappingNode, steps: Steps) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                merged |= self._merge(value, steps)
            elif key.tag != _TAG + "str":
                self._refuse(key, steps, f"a key must be a string; write it in quotes: {_shown(key)!r}")
            elif key.value in found:
                self._refuse(key, (*steps, key.value), f"{key.value} is written twice; remove one")
            else:
                self.lines[(*steps, key.value)] = key.start_mark.line + 1
                found[key.value] = self.read(value, (*steps, key.value))
        return merged | found

    def _merge(self, node: yaml.Node, steps: Steps) -> dict[str, Any]:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, steps)
        if not isinstance(node, yaml.SequenceNode):
            return {}
        merged: dict[str, Any] = {}
        for one in reversed(node.value):
            merged |= self._merge(one, steps)
        return merged

    def _scalar(self, node: yaml.ScalarNode, steps: Steps) -> Any:
        text = str(node.value)
        match node.tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text in TRUE
            case "int":
                return self._integer(node, steps, text)
            case "float":
                return self._float(node, steps, text)
            case "str" | "timestamp" | "binary" | "value":
                return text
        return self._refuse(node, steps, f"the tag {node.tag} is not known to Kubernetes")

    def _integer(self, node: yaml.ScalarNode, steps: Steps, text: str) -> Any:
        number = integer(text)
        return self._refuse(node, steps, f"{text} is not a whole number") if number is None else number

    def _float(self, node: yaml.ScalarNode, steps: Steps, text: str) -> Any:
        try:
            number = float(text.replace("_", ""))
        except ValueError:  # .inf, or what a tag calls a number
            number = math.nan
        return (
            number if math.isfinite(number) else self._refuse(node, steps, f"{text} is not a number in JSON")
        )

    def _too_much(self, node: yaml.Node) -> None:
        if not any(p.message == TOO_MUCH for p in self.problems):
            self._refuse(node, (), TOO_MUCH)

    def _refuse(self, node: yaml.Node, steps: Steps, message: str) -> None:
        path = ".".join(map(str, steps))
        self.problems.append(Problem(SourceLine(self.file, node.start_mark.line + 1), path, message))


def _shown(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else "a list or a mapping"
