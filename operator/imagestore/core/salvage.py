"""What is understood of a status that a newer version, or a person, wrote: kept item by item. Pure.

One unknown value made the operator forget a whole status: a lost bucket was recreated without a report, and a tag that was
removed from the spec stayed in the store.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from imagestore.core.model import Model, UnknownAs, marker

M = TypeVar("M", bound=Model)
Loc = tuple[int | str, ...]


def salvaged(kind: type[M], value: Any) -> M:
    """As much of ``value`` as ``kind`` can hold; of a status whose every field may be absent.

    What is too long is cut, an unknown word is taken for what its field says (``UnknownAs``), and what is not understood all
    the same is left out: the smallest thing around it that can be.
    """
    while True:
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            value = _mended(kind, value, error.errors(include_url=False, include_context=True))


def _mended(kind: type[Model], value: Any, errors: Iterable[ErrorDetails]) -> Any:
    """Each round takes something away, so there is a last one. From the end of lists, so that places stay what they are."""
    gone: set[Loc] = set()
    for error in sorted(errors, key=lambda e: [(isinstance(s, str), s) for s in e["loc"]], reverse=True):
        loc = error["loc"][:-1] if error["type"] == "missing" else error["loc"]
        if not loc:
            return {}
        if not any(loc[: len(g)] == g for g in gone):
            value = _replaced(value, loc, _stand_in(kind, loc, error))
            gone.add(loc)
    return value


_NOTHING = object()
_CUT = {"too_long": "max_length", "string_too_long": "max_length"}


def _stand_in(kind: type[Model], loc: Loc, error: ErrorDetails) -> Any:
    """Return what replaces a value that is not understood."""
    if error["type"] in _CUT:
        return error["input"][: error.get("ctx", {})["max_length"]]
    info = _field(kind, loc)
    instead = marker(info.metadata, UnknownAs) if info and error["type"] == "literal_error" else None
    return instead.word if instead else _NOTHING


def _field(kind: type[Model], loc: Loc) -> FieldInfo | None:
    """Return the field that a place in a value of ``kind`` belongs to."""
    found = None
    for step in loc:
        if isinstance(step, str):
            found = next((i for n, i in kind.model_fields.items() if (i.alias or n) == step), None)
            kind = next(_models(found.annotation), kind) if found else kind
    return found


def _models(annotation: Any) -> Iterator[type[Model]]:
    """Return the model of a field: through ``Annotated``, ``X | None`` and lists."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _replaced(value: Any, loc: Loc, by: Any) -> Any:
    """Return a copy of ``value`` with another value at a place, or with none."""
    step, rest = loc[0], loc[1:]
    if rest:
        by = _replaced(value[step], rest, by)
    if isinstance(value, list):
        at = int(step)
        return [*value[:at], *(() if by is _NOTHING else (by,)), *value[at + 1 :]]
    others = {k: v for k, v in value.items() if k != step}
    return others if by is _NOTHING else others | {str(step): by}
