"""Which parts of a value a store would drop."""

from collections.abc import Sequence
from typing import Any

from imagestore.core.facet import Facet
from imagestore.core.paths import follow, parse


def uses(value: Facet, lost: Sequence[str]) -> list[str]:
    """The paths in ``value`` that the patterns of ``Support.lost`` cover: ``rules[name=a].expire``."""
    said = _said(value.to_json())
    return [path for pattern in lost for path, _ in follow(said, parse(pattern))]


def _said(told: Any) -> Any:
    """Without empty lists: a rule that exposes no header says nothing that a store could drop."""
    if isinstance(told, dict):
        return {k: _said(v) for k, v in told.items() if v != []}
    return [_said(v) for v in told] if isinstance(told, list) else told
