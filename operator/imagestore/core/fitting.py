"""A status has a size limit: what is only shown in it is cut until it fits. Pure.

The status is always written, whatever happened to a bucket. One with a hundred wrong rules was 84 KiB, and etcd, watches
and every list of all buckets carry it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

from imagestore.core.model import Model, Shown, cut, marker

M = TypeVar("M", bound=Model)

STATUS_BYTES = 60_000  # bytes; the bound is 64 KiB, and what says that a reconcile failed is written on top
# Bytes of a text and items of a list, one step after the other.
_STEPS = ((1024, 64), (512, 32), (256, 16), (128, 8), (64, 4), (32, 1))


def fitted(status: M) -> M:
    """Return the status, cut to the limit."""
    if weight(status) <= STATUS_BYTES:
        return status
    for text, items in _STEPS:
        status = _cut(status, text, items)
        if weight(status) <= STATUS_BYTES:
            break
    return status


def weight(status: Model) -> int:
    """Return its bytes as the API server stores it, which writes < > and & as six bytes each."""
    raw = status.__pydantic_serializer__.to_json(status, by_alias=True, exclude_none=True)
    return len(raw) + 5 * sum(map(raw.count, (b"<", b">", b"&", b"\xe2\x80\xa8", b"\xe2\x80\xa9")))


def _cut(value: M, text: int, items: int) -> M:
    shown = _shown(type(value))
    changed = {n: _shorter(getattr(value, n), places, text, items) for n, places in shown.items()}
    return value.model_copy(update=changed)


def _shorter(value: Any, places: "_Places", text: int, items: int) -> Any:
    if isinstance(value, Model):
        return _cut(value, text, items)
    if isinstance(value, tuple):
        kept = value[:items] if places.whole else value
        return tuple(_shorter(v, _Places(whole=places.inside, inside=False), text, items) for v in kept)
    return cut(value, text) if places.whole and isinstance(value, str) else value


class _Places(NamedTuple):
    """Where a field has the marker: on itself, on the items of its list."""

    whole: bool
    inside: bool


@cache
def _shown(kind: type[Model]) -> dict[str, _Places]:
    return {n: _places(i.annotation, i.metadata) for n, i in kind.model_fields.items()}


def _places(annotation: Any, metadata: Iterable[Any] = ()) -> _Places:
    """Through ``Annotated``, ``X | None`` and lists."""
    whole, inside = marker(list(metadata), Shown) is not None, False
    for argument in get_args(annotation):
        found = _places(argument)
        if get_origin(annotation) is tuple:
            inside = inside or found.whole
        else:
            whole, inside = whole or found.whole or isinstance(argument, Shown), inside or found.inside
    return _Places(whole, inside)
