"""A kind's CustomResourceDefinition."""

from typing import Any

from imagestore.api.kinds import Column, Kind
from imagestore.core.conditions import NEVER
from imagestore.crdgen import cel, schema
from imagestore.crdgen.refusal import refuse

_Json = dict[str, Any]


def definition(kind: Kind) -> _Json:
    """The manifest, as the API server takes it."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd},
        "spec": {
            "group": kind.group,
            "names": _names(kind),
            "scope": kind.scope,
            "versions": [_version(kind)],
        },
    }


def _names(kind: Kind) -> _Json:
    return {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.singular,
        "shortNames": [kind.short],
        "categories": [kind.category],
    }


def _version(kind: Kind) -> _Json:
    root = root_schema(kind)
    selectable = [{"jsonPath": _selectable(path, root)} for path in kind.selectable]
    return {
        "name": kind.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(c) for c in kind.columns],
        **({"selectableFields": selectable} if selectable else {}),
        "schema": {"openAPIV3Schema": root},
    }


def root_schema(kind: Kind) -> _Json:
    """The schema of the whole object."""
    made: _Json = {
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"{kind.api_version}."},
            "kind": {"type": "string", "description": f"{kind.name}."},
            "metadata": {"type": "object"},
            "spec": schema.of_model(kind.spec, f"{kind.name}.spec"),
            # The API server gives this to every object that has no status yet.
            "status": schema.of_model(kind.status, f"{kind.name}.status")
            | {"default": {"observedGeneration": NEVER}},
        },
    }
    cel.add(made, kind.cel())
    return made


def _column(column: Column) -> _Json:
    made = {"name": column.name, "type": column.type, "jsonPath": column.path}
    made |= {"description": column.description}
    return made | ({"priority": column.priority} if column.priority else {})


def _selectable(path: str, root: _Json) -> str:
    node = root
    for name in path.strip(".").split("."):
        node = node.get("properties", {}).get(name) or refuse(path, "a selectable field that does not exist")
    if node["type"] not in ("string", "integer", "boolean"):
        refuse(path, "a selectable field must be a scalar")
    return path
