"""Checks the shape of what a user wrote: unknown fields, wrong types, nulls, repeated items.

The models themselves are lenient, because a store may answer anything.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal

from imagestore.cli.manifests.problems import Steps
from imagestore.cli.manifests.typed_values import TypedValue
from imagestore.core.model import ListMap, ListSet, Model, marker, unwritten
from imagestore.core.render import quote

_STRINGS = (str, Literal, datetime)


@dataclass(frozen=True)
class Complaint:
    """A problem at these steps, before its file and line are known."""

    steps: Steps
    label: str
    message: str


def shape_complaints(values: Iterable[TypedValue]) -> Iterator[Complaint]:
    """All complaints about the shape of the values."""
    for typed in values:
        if typed.value is None:
            yield _at(typed, "null is not allowed; give a value, or remove the field")
            continue
        mismatch = _mismatch(typed)
        if mismatch:
            yield _at(typed, mismatch)
        elif typed.model and typed.model.inline is None:
            yield from _unknown(typed, typed.model)
        elif typed.kind is tuple:
            yield from _repeated(typed)


def _at(typed: TypedValue, message: str) -> Complaint:
    return Complaint(typed.steps, typed.label, message)


def _mismatch(typed: TypedValue) -> str | None:
    value = typed.value
    if typed.model is not None:
        return None if typed.model.inline or isinstance(value, Mapping) else _must("be a mapping", value)
    if typed.kind is dict:
        return None if isinstance(value, Mapping) else _must("be a mapping", value)
    if typed.kind is tuple:
        return None if isinstance(value, list) else _must("be a list", value)
    return _scalar_mismatch(typed.kind, value)


def _scalar_mismatch(kind: Any, value: Any) -> str | None:
    if kind is bool:
        return None if isinstance(value, bool) else _must("be true or false", value)
    if kind is int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole else _must("be a whole number, without quotes", value)
    if kind in _STRINGS and not isinstance(value, str | bool):
        return _must("be a string; put it in quotes", value)
    if kind in _STRINGS and value in (True, False) and kind is not Literal:
        return _must(
            "be a string; put it in quotes (YAML reads yes, no, on and off as true and false)", value
        )
    return None


def _must(what: str, value: Any) -> str:
    return f"must {what}, not {quote(value, 60)}"


def writable_fields(model: type[Model]) -> list[str]:
    """The fields that a user may write."""
    fields = model.model_fields.items()
    return [info.alias or name for name, info in fields if not unwritten(info.metadata)]


def _unknown(typed: TypedValue, model: type[Model]) -> Iterator[Complaint]:
    names = writable_fields(model)
    for key in typed.value:
        if key not in names:
            yield Complaint(
                (*typed.steps, key), f"{typed.label}.{key}", f"unknown field{suggest(key, names)}"
            )


def suggest(word: str, names: Iterable[str]) -> str:
    """The end of a sentence: what the user probably meant, or the known words."""
    options = list(names)
    folded = {o.lower(): o for o in options}
    close = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {folded[close[0]]}?"
    return f"; known here: {', '.join(options)}" if 0 < len(options) <= 12 else ""


def _repeated(typed: TypedValue) -> Iterator[Complaint]:
    by = marker(list(typed.marks), ListMap)
    if by:
        keys = [
            v.get(by.key) for v in typed.value if isinstance(v, Mapping) and isinstance(v.get(by.key), str)
        ]
        for key in _twice(keys):
            last = max(
                i for i, v in enumerate(typed.value) if isinstance(v, Mapping) and v.get(by.key) == key
            )
            message = f"two items have the {by.key} {quote(key, 60)}; each needs its own"
            yield Complaint((*typed.steps, last), typed.label, message)
    elif marker(list(typed.marks), ListSet):
        for item in _twice(v for v in typed.value if isinstance(v, str)):
            last = max(i for i, v in enumerate(typed.value) if v == item)
            yield Complaint(
                (*typed.steps, last), typed.label, f"{quote(item, 60)} is listed twice; remove one"
            )


def _twice(items: Iterable[Any]) -> list[Any]:
    return [item for item, count in Counter(items).items() if count > 1]
