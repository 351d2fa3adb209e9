"""The fields of a facet as patterns: paths with ``[]`` for every item of a list, as ``Support.lost`` has them."""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar, get_args

from imagestore.core.facet import Facet
from imagestore.core.losses import uses
from imagestore.core.model import Internal, Model, SpecOnly, marker
from imagestore.core.paths import ANY, Step, covers, parse

F = TypeVar("F", bound=Facet)

_STEP = re.compile(r"\[[^\]]*\]")


def pattern(path: str) -> str:
    """Return a path as a pattern: ``rules[name=a].expire`` is ``rules[].expire``. A map's key is the map itself."""
    return _STEP.sub(lambda step: "" if step[0].startswith('["') else "[]", path)


@cache
def fields(kind: type[Model]) -> tuple[str, ...]:
    """Return every field of a model, each followed by the fields inside of it."""
    return tuple(_fields(kind, ""))


def _fields(kind: type[Model], before: str) -> Iterator[str]:
    if kind.inline:  # a bare map
        return
    for name, info in kind.model_fields.items():
        if marker(info.metadata, Internal) or marker(info.metadata, SpecOnly):
            continue
        path = f"{before}{info.alias or name}"
        yield path
        for inner, many in _models(info.annotation, many=False):
            yield from _fields(inner, f"{path}{'[]' if many else ''}.")


def _models(annotation: Any, *, many: bool) -> Iterator[tuple[type[Model], bool]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation, many
    listed = getattr(annotation, "__origin__", None) is tuple
    for inner in get_args(annotation):
        yield from _models(inner, many=many or listed)


def used(value: Facet) -> frozenset[str]:
    """Return the fields that this value has, without those that only contain others."""
    mine = [f for f in fields(type(value)) if uses(value, [f])]
    return frozenset(f for f in mine if not any(below(f, other) for other in mine if other != f))


def below(outer: str, inner: str) -> bool:
    """Whether ``inner`` is ``outer`` or a field inside of it."""
    return covers(parse(outer), parse(inner))


def outermost(lost: Collection[str], kept: Collection[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the fewest fields of ``known`` that cover all that is lost and nothing that is kept, in their order."""
    widest = [f for f in known if any(below(f, x) for x in lost) and not any(below(f, x) for x in kept)]
    return tuple(f for f in widest if not any(below(other, f) for other in widest if other != f))


def without(value: F, lost: Collection[str], *, items: bool = False) -> F:
    """Return the value without these fields; with ``items``, without every item of a list that has one of them."""
    told = value.to_json()
    for path in lost:
        told = _pruned(told, parse(path), items=items)
    return type(value).model_validate(told)


def _pruned(value: Any, steps: Sequence[Step], *, items: bool) -> Any:
    if steps[0] == ANY:
        kept = [v for v in value if not (items and _has(v, steps[1:]))]
        return [_pruned(v, steps[1:], items=items) for v in kept]
    if not isinstance(value, dict) or steps[0] not in value:
        return value
    left = _pruned(value[steps[0]], steps[1:], items=items) if len(steps) > 1 else None
    rest = {k: v for k, v in value.items() if k != steps[0]}
    return rest | ({} if left in (None, {}) else {steps[0]: left})


def _has(value: Any, steps: Sequence[Step]) -> bool:
    if not steps:
        return True
    if steps[0] == ANY:
        return any(_has(v, steps[1:]) for v in value)
    return isinstance(value, dict) and steps[0] in value and _has(value[steps[0]], steps[1:])
