"""Where a marker is used in a model and in everything inside it. Found once for each model."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin

from imagestore.core.model import Model, marker
from imagestore.core.paths import ANY, Step

M = TypeVar("M")


class Spot(NamedTuple, Generic[M]):
    """A marked field and the path to it, in the names that users write."""

    steps: tuple[Step, ...]
    mark: M


@cache
def spots(kind: type[Model], mark: type[M]) -> tuple[Spot[M], ...]:
    """Every field with this marker."""
    return tuple(_fields(kind, mark))


def _fields(kind: type[Model], mark: type[M]) -> Iterator[Spot[M]]:
    for name, info in kind.model_fields.items():
        here, alias = marker(info.metadata, mark), info.alias or name
        if here is not None:
            yield Spot((alias,), here)
        else:
            yield from (Spot((alias, *steps), found) for steps, found in _below(info.annotation, mark))


def _below(annotation: Any, mark: type[M]) -> Iterator[Spot[M]]:
    """Through ``Annotated``, ``X | None`` and lists."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield from _fields(annotation, mark)
        return
    each: tuple[Step, ...] = (ANY,) if get_origin(annotation) is tuple else ()
    for argument in get_args(annotation):
        yield from (Spot((*each, *steps), found) for steps, found in _below(argument, mark))
