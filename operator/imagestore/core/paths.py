"""The one path grammar: ``versioning.state``, ``tags["a.b/c"]``, ``rules[name=thumbs].expire.days``.

Differences are named in it, and users write it into ``drift.ignore``. A key is a JSON string, so any key can be
written; an item's value is bare, or a JSON string where it holds a bracket or a quote (names of foreign rules).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_WORD = r"[a-zA-Z][a-zA-Z0-9]*"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
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
    """Return the steps of a path. Raises ValueError with a message for the user."""
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
    """Return the step to this key of a map, as ``parse`` reads it."""
    return f"[{json.dumps(key, ensure_ascii=False)}]"


def item_step(key: str, value: str) -> str:
    """Return the step to the item of a list whose ``key`` has this value, as ``parse`` reads it."""
    bare = re.fullmatch(_BARE, value) and "\n" not in value
    return f"[{key}={value if bare else json.dumps(value, ensure_ascii=False)}]"


def covers(pattern: Sequence[Step], path: Sequence[Step]) -> bool:
    """Whether ``path`` is at or below ``pattern``."""
    return len(pattern) <= len(path) and all(p in (ANY, q) for p, q in zip(pattern, path, strict=False))


def follow(value: Any, steps: Sequence[Step], path: str = "") -> Iterator[tuple[str, Any]]:
    """Return all values that a JSON value has at these steps, each with the path to it; ``ANY`` matches every item."""
    if not steps:
        yield path, value
    elif steps[0] == ANY and isinstance(value, list):
        for index, item in enumerate(value):
            yield from follow(item, steps[1:], f"{path}[{_label(item, index)}]")
    elif isinstance(value, dict) and steps[0] in value:
        yield from follow(value[steps[0]], steps[1:], f"{path}.{steps[0]}".lstrip("."))


def _label(item: Any, index: int) -> str:
    names = (f"{k}={item[k]}" for k in ("name", "sid", "tier") if isinstance(item, dict) and k in item)
    return next(names, str(index))
