"""Walks a value together with the type that it should have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from imagestore.cli.manifests.problems import Steps
from imagestore.core.model import ListMap, Model, marker


@dataclass(frozen=True)
class TypedValue:
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


def typed_values(
    value: Any, annotation: Any, label: str, steps: Steps = (), marks: Any = ()
) -> Iterator[TypedValue]:
    """The value and all values below it, with their types. Skips what is inside a value of the wrong shape.

    An inline model gives two values at the same steps: its own, and that of its only field.
    """
    inner, more = unwrap(annotation)
    typed = TypedValue(steps, label, value, get_origin(inner) or inner, (*marks, *more))
    yield typed
    if value is not None:
        yield from _below(typed, inner)


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


def _below(typed: TypedValue, annotation: Any) -> Iterator[TypedValue]:
    if typed.model is not None:
        yield from _fields(typed, typed.model)
    elif typed.kind is tuple and isinstance(typed.value, list):
        yield from _items(typed, get_args(annotation)[0])
    elif typed.kind is dict and isinstance(typed.value, Mapping):
        for key, value in typed.value.items():
            yield from typed_values(
                value, get_args(annotation)[1], f'{typed.label}["{key}"]', (*typed.steps, key)
            )


def _fields(typed: TypedValue, model: type[Model]) -> Iterator[TypedValue]:
    if model.inline is not None:
        info = model.model_fields[model.inline]
        yield from typed_values(typed.value, info.annotation, typed.label, typed.steps, info.metadata)
        return
    for name, info in model.model_fields.items():
        alias = info.alias or name
        if isinstance(typed.value, Mapping) and alias in typed.value:
            below = f"{typed.label}.{alias}"
            yield from typed_values(
                typed.value[alias], info.annotation, below, (*typed.steps, alias), info.metadata
            )


def _items(typed: TypedValue, annotation: Any) -> Iterator[TypedValue]:
    by = marker(list(typed.marks), ListMap)
    for i, item in enumerate(typed.value):
        name = item.get(by.key) if by and isinstance(item, Mapping) else None
        label = f"{typed.label}[{by.key}={name}]" if by and isinstance(name, str) else f"{typed.label}[{i}]"
        yield from typed_values(item, annotation, label, (*typed.steps, i))
