"""A value side by side with the type it should have, node by node."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from imagestore.cli.manifests.problems import Steps
from imagestore.core.model import ListMap, Model, marker


@dataclass(frozen=True)
class Spot:
    """One value, the type it should have, and the markers on the field that holds it.

    ``kind`` is a Model, ``tuple``, ``dict``, or a scalar's annotation. ``label`` is the path for people.
    """

    steps: Steps
    label: str
    value: Any
    kind: Any
    marks: tuple[Any, ...] = ()

    @property
    def model(self) -> type[Model] | None:
        """The kind, if it is a model."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, Model) else None


def visit(value: Any, annotation: Any, label: str, steps: Steps = (), marks: Any = ()) -> Iterator[Spot]:
    """The value and all below it. A value of the wrong shape is visited, its inside is not.

    An inline model gives two spots at the same steps: its own, and that of its only field.
    """
    inner, more = unwrap(annotation)
    spot = Spot(steps, label, value, get_origin(inner) or inner, (*marks, *more))
    yield spot
    if value is not None:
        yield from _below(spot, inner)


def unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """``Annotated[X, m] | None`` is X with m."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        kind, more = unwrap(inner)
        return kind, (*more, *marks)
    if get_origin(annotation) in (Union, UnionType):
        rest = [a for a in get_args(annotation) if a is not NoneType]
        return unwrap(rest[0]) if len(rest) == 1 else (annotation, ())
    return annotation, ()


def _below(spot: Spot, annotation: Any) -> Iterator[Spot]:
    if spot.model is not None:
        yield from _fields(spot, spot.model)
    elif spot.kind is tuple and isinstance(spot.value, list):
        yield from _items(spot, get_args(annotation)[0])
    elif spot.kind is dict and isinstance(spot.value, Mapping):
        for key, value in spot.value.items():
            yield from visit(value, get_args(annotation)[1], f'{spot.label}["{key}"]', (*spot.steps, key))


def _fields(spot: Spot, model: type[Model]) -> Iterator[Spot]:
    if model.inline is not None:
        info = model.model_fields[model.inline]
        yield from visit(spot.value, info.annotation, spot.label, spot.steps, info.metadata)
        return
    for name, info in model.model_fields.items():
        alias = info.alias or name
        if isinstance(spot.value, Mapping) and alias in spot.value:
            below = f"{spot.label}.{alias}"
            yield from visit(spot.value[alias], info.annotation, below, (*spot.steps, alias), info.metadata)


def _items(spot: Spot, annotation: Any) -> Iterator[Spot]:
    by = marker(list(spot.marks), ListMap)
    for i, item in enumerate(spot.value):
        name = item.get(by.key) if by and isinstance(item, Mapping) else None
        label = f"{spot.label}[{by.key}={name}]" if by and isinstance(name, str) else f"{spot.label}[{i}]"
        yield from visit(item, annotation, label, (*spot.steps, i))
