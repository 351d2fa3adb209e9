"""What a store would drop of a value, or does not take."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from imagestore.core.facet import Facet
from imagestore.core.paths import ANY, Step, parse


@dataclass(frozen=True)
class Limit:
    """What a store takes at a place that it does have; anything else is refused with ``fix``.

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
    """The paths in ``value`` that the patterns of ``Support.lost`` cover: ``rules[name=a].expire``."""
    return [path for pattern in lost for path, _ in _found(value.to_json(), parse(pattern), "")]


def beyond(value: Facet, limits: Sequence[Limit]) -> dict[str, str]:
    """The paths in ``value`` that the store does not take, each with what to do instead."""
    json = value.to_json()
    return {path: limit.fix for limit in limits for path in _beyond(json, limit)}


def _beyond(json: Any, limit: Limit) -> Iterator[str]:
    *above, last = parse(limit.path)
    for path, parent in _found(json, above, ""):
        fits = isinstance(parent, dict) and all(parent.get(k) == v for k, v in limit.where)
        for at, value in _found(parent, [last], path) if fits else ():
            if not limit.allows(value):
                yield at


def _found(value: Any, steps: Sequence[Step], path: str) -> Iterator[tuple[str, Any]]:
    if not steps:
        yield path, value
    elif steps[0] == ANY and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _found(item, steps[1:], f"{path}[{_label(item, index)}]")
    elif isinstance(value, dict) and steps[0] in value:
        yield from _found(value[steps[0]], steps[1:], f"{path}.{steps[0]}".lstrip("."))


def _label(item: Any, index: int) -> str:
    names = (f"{k}={item[k]}" for k in ("name", "sid", "tier") if isinstance(item, dict) and k in item)
    return next(names, str(index))
