"""Which parts of a value a store would drop."""

from collections.abc import Iterator, Sequence
from typing import Any

from imagestore.core.facet import Facet
from imagestore.core.paths import ANY, Step, parse


def uses(value: Facet, lost: Sequence[str]) -> list[str]:
    """The paths in ``value`` that the patterns of ``Support.lost`` cover: ``rules[name=a].expire``."""
    said = _said(value.to_json())
    return [path for pattern in lost for path in _found(said, parse(pattern), "")]


def _said(told: Any) -> Any:
    """Without empty lists: a rule that exposes no header says nothing that a store could drop."""
    if isinstance(told, dict):
        return {k: _said(v) for k, v in told.items() if v != []}
    return [_said(v) for v in told] if isinstance(told, list) else told


def _found(value: Any, steps: Sequence[Step], path: str) -> Iterator[str]:
    if not steps:
        yield path
    elif steps[0] == ANY and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _found(item, steps[1:], f"{path}[{_label(item, index)}]")
    elif isinstance(value, dict) and steps[0] in value:
        yield from _found(value[steps[0]], steps[1:], f"{path}.{steps[0]}".lstrip("."))


def _label(item: Any, index: int) -> str:
    names = (f"{k}={item[k]}" for k in ("name", "sid") if isinstance(item, dict) and k in item)
    return next(names, str(index))
