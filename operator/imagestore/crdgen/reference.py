"""The field reference: a page for each kind, a section for each object, a row for each field."""

from collections.abc import Iterator
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.crdgen import crd
from imagestore.crdgen.formats import table

_Json = dict[str, Any]


def page(kind: Kind) -> str:
    """All fields that a user may write or read, in the order of the models."""
    root = crd.root_schema(kind)
    scope = "in a namespace" if kind.namespaced else "for the whole cluster"
    names = f"`{kind.api_version}`, {scope}; `kubectl get {kind.plural}` or `{kind.short}`."
    head = f"# {kind.name}\n\n{root['description']}\n\n{names}"
    sections = [_rules(root), _columns(kind)]
    for name in ("spec", "status"):
        sections += _sections(name, root["properties"][name])
    return "\n\n".join([head, *(s for s in sections if s)]) + "\n"


def _columns(kind: Kind) -> str:
    rows = [[c.name, c.description, "`-o wide`" if c.priority else ""] for c in kind.columns]
    text = "## Columns\n\n" + table(["column", "says", ""], rows)
    paths = ", ".join(f"`{p.strip('.')}`" for p in kind.selectable)
    return text + (f"\n\nField selectors: {paths}." if paths else "")


def _sections(path: str, node: _Json) -> Iterator[str]:
    yield f"## {path}\n\n{node['description']}"
    if node.get("properties"):
        required = set(node.get("required", ()))
        yield table(["field", "type", ""], [_row(n, f, n in required) for n, f in node["properties"].items()])
    yield _rules(node)
    for name, child in node.get("properties", {}).items():
        yield from _below(f"{path}.{name}", child)


def _below(path: str, node: _Json) -> Iterator[str]:
    inner = node.get("items", node)
    if inner.get("properties") is not None:
        yield from _sections(path + ("[]" if "items" in node else ""), {"description": "", **inner})


def _row(name: str, node: _Json, required: bool) -> list[str]:  # noqa: FBT001
    # An object's whole description and rules stand in its own section.
    words = [node["description"].split("\n\n")[0]]
    if not _has_section(node):
        words = [node["description"], *(f"*{m}*" for m in _messages(node))]
    shown = f"**`{name}`**" if required else f"`{name}`"
    return [shown, _type(node), "\n\n".join(words)]


def _has_section(node: _Json) -> bool:
    return _is_object(node.get("items", node))


def _is_object(node: _Json) -> bool:
    return "properties" in node


def _rules(node: _Json) -> str:
    return "\n".join(
        f"- {m}" for m in _messages({"x-kubernetes-validations": node.get("x-kubernetes-validations", [])})
    )


def _messages(node: _Json) -> Iterator[str]:
    """Of the node's own rules and, for a list or a map of scalars, of its items'."""
    yield from (str(v["message"]) for v in node.get("x-kubernetes-validations", []))
    inner = node.get("items", node.get("additionalProperties", {}))
    if inner and not _is_object(inner):
        yield from _messages(inner)


def _type(node: _Json) -> str:
    if "items" in node:
        return f"list of {_type(node['items'])}, {_range(node, 'minItems', 'maxItems')}".strip(", ")
    if "additionalProperties" in node:
        return f"map of {_type(node['additionalProperties'])}, up to {node['maxProperties']}"
    if "enum" in node:
        return " | ".join(f"`{str(v).lower() if isinstance(v, bool) else v}`" for v in node["enum"])
    default = f", default {node['default']}" if node.get("default") not in (None, "") else ""
    return _scalar(node) + default


def _scalar(node: _Json) -> str:
    if node.get("format") == "date-time":
        return "time"
    if node["type"] == "integer":
        return f"integer {_range(node, 'minimum', 'maximum')}".strip()
    return str(node["type"])


def _range(node: _Json, low: str, high: str) -> str:
    if low in node and high in node:
        return f"{node[low]} to {node[high]}"
    if high in node:
        return f"up to {node[high]}"
    return f"from {node[low]}" if low in node else ""
