"""The one path grammar: ``versioning.state``, ``tags["a.b/c"]``, ``rules[name=thumbs].expire.days``.

Works on JSON values (what ``Model.to_json`` gives). A key is a JSON string, so any key can be written; an
item's value is bare, or a JSON string where it holds a bracket or a quote (rules that strangers named).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WORD = r"[a-zA-Z][a-zA-Z0-9]*"
_QUOTED = r'"(?:[^"\\]|\\.)+"'
_BARE = r'[^\]"]+'
PATH = rf"^{_WORD}(\.{_WORD}|\[{_QUOTED}\]|\[{_WORD}=({_BARE}|{_QUOTED})\]|\[\])*$"
_STEP = re.compile(rf"\.?({_WORD})|\[({_QUOTED})\]|\[({_WORD})=(?:({_BARE})|({_QUOTED}))\]|(\[\])")


@dataclass(frozen=True)
class Item:
    """A step to the item of a list whose ``key`` has this value; an empty key is any item."""

    key: str
    value: str


Step = str | Item
ANY = Item("", "")


def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises ValueError with what is wrong for a person to read."""
    if not re.fullmatch(PATH, path) or path.endswith("\n"):
        raise ValueError(
            f'{path!r} is not a path such as versioning.state, tags["team"] or rules[name=x].expire'
        )
    return tuple(_step(*found) for found in _STEP.findall(path))


def _step(word: str, quoted: str, key: str, bare: str, value: str, every: str) -> Step:
    if every:
        return ANY
    if key:
        return Item(key, bare or _unquoted(value))
    return word or _unquoted(quoted)


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:  # a backslash that JSON does not know stands for itself
        return text[1:-1]


def key_step(key: str) -> str:
    """The step to this key of a map, as ``parse`` reads it."""
    return f"[{json.dumps(key, ensure_ascii=False)}]"


def item_step(key: str, value: str) -> str:
    """The step to the item of a list whose ``key`` has this value, as ``parse`` reads it."""
    bare = re.fullmatch(_BARE, value) and "\n" not in value
    return f"[{key}={value if bare else json.dumps(value, ensure_ascii=False)}]"


def _is(value: Any, step: Item) -> bool:
    return isinstance(value, Mapping) and str(value.get(step.key)) == step.value


def graft(target: Any, source: Any, steps: Sequence[Step]) -> Any:
    """``target`` with what the steps lead to taken from ``source``: replaced, added or removed (None).

    The steps are those of one difference: they lead to one place, never to any item.
    """
    if not steps:
        return source
    if isinstance(steps[0], Item):
        return _graft_item(_list(target), _list(source), steps[0], steps[1:])
    return _graft_key(_map(target), _map(source), steps[0], steps[1:])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _graft_key(target: Mapping[str, Any], source: Mapping[str, Any], key: str, rest: Sequence[Step]) -> Any:
    child = graft(target.get(key), source.get(key), rest)
    others = {k: v for k, v in target.items() if k != key}
    return others if child is None else others | {key: child}


def _graft_item(target: list[Any], source: list[Any], step: Item, rest: Sequence[Step]) -> list[Any]:
    theirs = next((v for v in source if _is(v, step)), None)
    if not any(_is(v, step) for v in target):
        return target if theirs is None else [*target, theirs]
    grafted = [graft(v, theirs, rest) if _is(v, step) else v for v in target]
    return [v for v in grafted if v is not None]


def covers(pattern: Sequence[Step], path: Sequence[Step]) -> bool:
    """Whether ``path`` is at or below ``pattern``."""
    return len(pattern) <= len(path) and all(p in (ANY, q) for p, q in zip(pattern, path, strict=False))
