"""Numbers and texts from JSON that any program with write access may have put in the place of ours."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

T = TypeVar("T")
NOT_OURS = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def plain_values(kind: type[T], content: Mapping[str, object]) -> T:
    """A dataclass of numbers and texts. Raises one of NOT_OURS for any other value, and for a number below 0."""
    wanted: dict[str, Any] = {one.name: one.type for one in fields(cast("Any", kind))}
    for name, value in content.items():
        plain_value(value, wanted[name])
    return kind(**content)


def plain_value(value: object, kind: type[T]) -> T:
    """A number or a text. ValueError: it is of another type, or a number below 0."""
    if type(value) is not kind or (isinstance(value, int) and value < 0):
        raise ValueError(kind)
    return value
