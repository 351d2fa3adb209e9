"""Differences of two facets, field by field, in one path grammar.

``versioning.state``, ``tags["app.kubernetes.io/name"]``, ``rules[name=thumbs].expire.days``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from imagestore.core import paths
from imagestore.core.facet import Facet
from imagestore.core.model import Internal, ListMap, ListSet, Model, SpecOnly, marker

Json = Any


@dataclass(frozen=True)
class FieldDiff:
    """One field that differs. ``None`` stands for absent."""

    path: str
    before: Json
    after: Json


def diff(name: str, before: Model | None, after: Model | None) -> tuple[FieldDiff, ...]:
    """What changes on the way from ``before`` to ``after``; empty if and only if they are equal.

    A facet's field without opinion (None in ``after``) is not compared. Further inside, in an item of a list
    or in a field that is a model itself, None means absent and is compared: such a value is written whole,
    and a rule whose filter was removed is another rule.
    """
    if after is None:
        return () if before is None else (FieldDiff(name, before.to_json(), None),)
    fields = tuple(_model(name, before, after))
    if not fields and _said_by_presence(before, after):
        return (FieldDiff(name, to_json(before), after.to_json()),)
    return fields


def _said_by_presence(before: Model | None, after: Model) -> bool:
    """Whether presence alone makes the value desired: ``objectLock: {}`` without a lock, ``website: {}`` with a
    website.
    """
    if before is None:
        return True
    return isinstance(after, Facet) and after.clears() and isinstance(before, Facet) and not before.is_empty()


def some_paths(fields: Sequence[FieldDiff]) -> str:
    """The first few paths, for a sentence."""
    shown = ", ".join(f.path for f in fields[:5])
    return shown if len(fields) <= 5 else f"{shown} and {len(fields) - 5} more"


@dataclass(frozen=True)
class _Field:
    """One compared field of a model. ``key``: the field that identifies the items of a list map."""

    name: str
    alias: str
    key: str | None
    unordered: bool


@cache
def _fields(kind: type[Model]) -> tuple[_Field, ...]:
    return tuple(
        _Field(name, info.alias or name, by.key if (by := marker(info.metadata, ListMap)) else None,
               marker(info.metadata, ListSet) is not None)
        for name, info in kind.model_fields.items()
        if not (marker(info.metadata, Internal) or marker(info.metadata, SpecOnly))
    )  # fmt: skip


def _model(path: str, before: Model | None, after: Model, *, exact: bool = False) -> Iterator[FieldDiff]:
    for field in _fields(type(after)):
        old = None if before is None else getattr(before, field.name)
        new = getattr(after, field.name)
        if new is not None or (exact and old is not None):
            where = path if after.inline == field.name else f"{path}.{field.alias}"
            yield from _value(where, old, new, field)


def _value(path: str, old: Any, new: Any, field: _Field) -> Iterator[FieldDiff]:
    if field.key:
        yield from _list_map(path, old or (), new or (), field.key)
    elif isinstance(new, Model) and old is not None:
        yield from _model(path, old, new, exact=True)
    elif isinstance(new, Mapping):
        yield from _mapping(path, old or {}, new)
    elif _comparable(old, field) != _comparable(new, field):
        yield FieldDiff(path, to_json(old), to_json(new))


def _comparable(value: Any, field: _Field) -> Any:
    return sorted(map(str, value)) if field.unordered and value is not None else value


def _mapping(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[FieldDiff]:
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield FieldDiff(path + paths.key_step(key), to_json(old.get(key)), to_json(new.get(key)))


def _list_map(path: str, old: tuple[Model, ...], new: tuple[Model, ...], key: str) -> Iterator[FieldDiff]:
    olds, news = _by_key(old, key), _by_key(new, key)
    for name in dict.fromkeys([*news, *olds]):
        where = path + paths.item_step(key, name)
        if name not in news:
            yield FieldDiff(where, olds[name].to_json(), None)
        elif name not in olds:
            yield FieldDiff(where, None, news[name].to_json())
        else:
            yield from _model(where, olds[name], news[name], exact=True)


def _by_key(items: tuple[Model, ...], key: str) -> dict[str, Model]:
    return {str(getattr(item, _attribute(type(item), key))): item for item in items}


@cache
def _attribute(kind: type[Model], alias: str) -> str:
    return next(field.name for field in _fields(kind) if field.alias == alias)


def to_json(value: Any) -> Json:
    """Return the value as JSON holds it."""
    if isinstance(value, Model):
        return value.to_json()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(value, tuple | list | frozenset):
        return [to_json(v) for v in value]
    return value
