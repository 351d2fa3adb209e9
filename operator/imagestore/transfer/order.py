"""Orders of keys, as stores list them. Pure."""

from collections.abc import Callable
from operator import methodcaller
from typing import Any

from imagestore.core.keys import raw
from imagestore.core.objects import KeyOrder

KeyRank = Callable[[str], Any]
"""From a key to what Python compares as the store compares keys."""


def utf16_units(key: str) -> bytes:
    """The key as Azure compares it: an emoji (a surrogate pair) comes before U+E000."""
    return key.encode("utf-16-be", "surrogatepass")


def segments(key: str) -> list[bytes]:
    """The key as a directory tree has it: ``a/b`` comes before ``a-b``."""
    return raw(key).split(b"/")


_BYTES: KeyRank = methodcaller(
    "encode", "utf-8", "surrogateescape"
)  # core.keys.raw, without a call in Python
_RANKS: dict[KeyOrder, KeyRank] = {
    KeyOrder.BYTES: _BYTES,
    KeyOrder.UTF16: utf16_units,
    KeyOrder.DIRECTORY: segments,
    KeyOrder.NONE: _BYTES,
}


def rank_of(order: KeyOrder) -> KeyRank:
    """What sorts keys in this order; of a store without an order, in that of bytes."""
    return _RANKS[order]


def common_order(one: KeyOrder, other: KeyOrder) -> KeyOrder:
    """The order in which two listings are merged. A listing in another order is sorted on disk first."""
    return one if one is other and one is not KeyOrder.NONE else KeyOrder.BYTES


def outermost_prefixes(prefixes: tuple[str, ...], rank: KeyRank) -> tuple[str, ...]:
    """The prefixes in the order in which their keys are listed, without those that another one contains.

    Empty: the whole bucket.
    """
    kept = [p for p in set(prefixes) if not any(p != q and p.startswith(q) for q in prefixes)]
    return tuple(sorted(kept, key=rank)) or ("",)
