"""Walking the schemas that the committed CRDs hold."""

from collections.abc import Iterator
from typing import Any

import yaml

from tests.crdgen.conftest import ROOT

Json = dict[str, Any]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there


def definitions() -> list[Json]:
    """The CRDs as committed."""
    return [
        yaml.load(path.read_text(), LOADER)  # noqa: S506  it is a safe one
        for path in sorted((ROOT / "crds").glob("*.yaml"))
    ]


def root(definition: Json) -> Json:
    """The schema of its one version."""
    (version,) = definition["spec"]["versions"]
    schema: Json = version["schema"]["openAPIV3Schema"]
    return schema


def nodes(path: str, node: Json) -> Iterator[tuple[str, Json]]:
    """Every node with its path; ``[]`` for items, ``{}`` for a map's values."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(f"{path}.{name}", child)
    if "items" in node:
        yield from nodes(f"{path}[]", node["items"])
    if "additionalProperties" in node:
        yield from nodes(path + "{}", node["additionalProperties"])


def fields(schema: Json, part: str) -> set[str]:
    """The paths of every field of ``spec`` or ``status``."""
    found = nodes(part, schema["properties"][part])
    return {path for path, _ in found if not path.endswith(("[]", "{}"))}


def used(path: str, value: Any, node: Json) -> Iterator[str]:
    """The paths of the fields that a value uses."""
    yield path
    if "additionalProperties" in node:
        return
    if isinstance(value, dict):
        for name, child in value.items():
            yield from used(f"{path}.{name}", child, node["properties"][name])
    if isinstance(value, list):
        for item in value:
            yield from used(f"{path}[]", item, node["items"])
