"""What a store would drop from a value, or refuses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from imagestore.core.facet import Facet
from imagestore.core.paths import follow, parse


@dataclass(frozen=True)
class Limit:
    """A limit of a store on a field that it supports. Other values are refused with ``fix``.

    ``path`` is a pattern as in ``Support.lost``. ``among``: the values that it takes. ``least``: the smallest
    number. ``most``: the longest list. ``where``: the limit holds only in an object with these values.
    """

    path: str
    fix: str
    among: frozenset[str] | None = None
    least: int | None = None
    most: int | None = None
    where: tuple[tuple[str, str], ...] = field(default=())

    def allows(self, value: Any) -> bool:
        """Whether the store takes this value."""
        if self.among is not None and value not in self.among:
            return False
        if self.least is not None and value < self.least:
            return False
        return self.most is None or len(value) <= self.most


def uses(value: Facet, lost: Sequence[str]) -> list[str]:
    """Return the paths in ``value`` that the patterns of ``Support.lost`` cover: ``rules[name=a].expire``."""
    if not lost:
        return []
    said = _said(value.to_json())
    return [path for pattern in lost for path, _ in follow(said, parse(pattern))]


def _said(told: Any) -> Any:
    """Without empty lists: a rule that exposes no header says nothing that a store could drop."""
    if isinstance(told, dict):
        return {k: _said(v) for k, v in told.items() if v != []}
    return [_said(v) for v in told] if isinstance(told, list) else told


def beyond(value: Facet, limits: Sequence[Limit]) -> dict[str, str]:
    """Return the paths in ``value`` that the store refuses, each with what to do instead."""
    if not limits:
        return {}
    json = value.to_json()
    return {path: limit.fix for limit in limits for path in _beyond(json, limit)}


def _beyond(json: Any, limit: Limit) -> Iterator[str]:
    *above, last = parse(limit.path)
    for path, parent in follow(json, above):
        fits = isinstance(parent, dict) and all(parent.get(k) == v for k, v in limit.where)
        for at, value in follow(parent, [last], path) if fits else ():
            if not limit.allows(value):
                yield at
