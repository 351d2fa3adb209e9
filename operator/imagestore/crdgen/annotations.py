"""Takes annotations apart: the bare type, its bounds and its markers."""

import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from imagestore.core.model import MARKERS
from imagestore.crdgen.refusal import refuse

_BOUNDS: dict[type, tuple[str, str]] = {
    annotated_types.MinLen: ("min_length", "min_length"),
    annotated_types.MaxLen: ("max_length", "max_length"),
    annotated_types.Ge: ("ge", "ge"),
    annotated_types.Le: ("le", "le"),
}

M = TypeVar("M")


@dataclass
class Hint:
    """A bare type with its bounds and markers."""

    kind: Any
    optional: bool = False
    bounds: dict[str, Any] = field(default_factory=dict)
    markers: list[Any] = field(default_factory=list)

    def marker(self, kind: type[M]) -> M | None:
        """The first marker of this kind, or None."""
        return next(iter(self.all(kind)), None)

    def all(self, kind: type[M]) -> list[M]:
        """Every marker of this kind."""
        return [m for m in self.markers if isinstance(m, kind)]


def of_field(info: FieldInfo, where: str) -> Hint:
    """The hint of a model's field."""
    return of(info.annotation, where, info.metadata)


def of(annotation: Any, where: str, metadata: Iterable[Any] = ()) -> Hint:
    """Unwrap ``Annotated`` and ``X | None`` until a bare type remains."""
    hint = Hint(annotation)
    _note(hint, metadata, where)
    while True:
        origin, args = get_origin(hint.kind), get_args(hint.kind)
        if origin is Annotated:
            hint.kind = args[0]
            _note(hint, args[1:], where)
        elif origin in (Union, types.UnionType):
            hint.kind, hint.optional = _only_member(args, where), True
        else:
            return hint


def _only_member(args: tuple[Any, ...], where: str) -> Any:
    members = [a for a in args if a is not type(None)]
    if len(members) != 1 or len(members) == len(args):
        refuse(where, "a union is not one type; write optional fields and a rule 'exactly one of'")
    return members[0]


def _note(hint: Hint, metadata: Iterable[Any], where: str) -> None:
    for item in metadata:
        if isinstance(item, FieldInfo):
            _note(hint, item.metadata, where)
        elif isinstance(item, MARKERS):
            hint.markers.append(item)
        else:
            _bound(hint, item, where)


def _bound(hint: Hint, item: Any, where: str) -> None:
    if type(item) in _BOUNDS:
        name, attribute = _BOUNDS[type(item)]
        hint.bounds.setdefault(name, getattr(item, attribute))
        return
    # Field(pattern=...) and its like come in a nameless class of pydantic's.
    known = {k: v for k, v in vars(item).items() if v is not None} if hasattr(item, "__dict__") else {}
    if set(known) != {"pattern"}:
        refuse(
            where, f"{item!r} has no equal in a CRD; use ge, le, min_length, max_length, pattern or a marker"
        )
    hint.bounds.setdefault("pattern", known["pattern"])


def default_of(info: FieldInfo, where: str) -> Any:
    """The field's default, ``PydanticUndefined`` if it is required."""
    if info.default_factory is not None:
        refuse(where, "a default_factory cannot be written into a CRD; use None or a plain value")
    return info.default


def is_required(info: FieldInfo, where: str) -> bool:
    """Whether a user must write it."""
    return default_of(info, where) is PydanticUndefined
