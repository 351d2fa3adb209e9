"""Both listings and the journal, merged key by key. Pure; each input is read once, in the order of ``rank``."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from imagestore.core.objects import ListedObject
from imagestore.transfer.journal import JournalEntry
from imagestore.transfer.order import KeyRank


class KeyPair(NamedTuple):
    """One key, without the ends' prefixes, as both sides and the journal have it. ``place``: its rank."""

    key: str
    source: ListedObject | None = None
    destination: ListedObject | None = None
    entry: JournalEntry | None = None
    place: Any = None


_END: tuple[Any, None] = (None, None)


def paired(
    rank: KeyRank,
    source: Iterable[ListedObject],
    destination: Iterable[ListedObject],
    journal: Iterable[JournalEntry],
) -> Iterator[KeyPair]:
    """One pair for each key that any of the three has. Written out: it runs for each of a billion keys."""
    first, second, third = (_ranked(rank, items) for items in (source, destination, journal))
    at, one = next(first, _END)
    to, other = next(second, _END)
    noted, entry = next(third, _END)
    while one is not None or other is not None or entry is not None:
        if one is not None and at == to == noted:  # almost always
            yield KeyPair(one.key, one, other, entry, at)
            at, one = next(first, _END)
            to, other = next(second, _END)
            noted, entry = next(third, _END)
            continue
        least = min(place for place, item in ((at, one), (to, other), (noted, entry)) if item is not None)
        here = there = known = None
        if one is not None and at == least:
            here, (at, one) = one, next(first, _END)
        if other is not None and to == least:
            there, (to, other) = other, next(second, _END)
        if entry is not None and noted == least:
            known, (noted, entry) = entry, next(third, _END)
        item = here or there or known
        if item is not None:
            yield KeyPair(item.key, here, there, known, least)


def _ranked(rank: KeyRank, items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Each item behind its rank, some at once. What comes before an error is handed out before it."""
    waiting = iter(items)
    while True:
        some: list[Any] = []
        try:
            some.extend(islice(waiting, _AT_ONCE))
        except Exception:
            yield from zip([rank(item.key) for item in some], some, strict=True)
            raise
        if not some:
            return
        yield from zip([rank(item.key) for item in some], some, strict=True)


_AT_ONCE = 100


def without_prefix(items: Iterable[ListedObject], prefix: str) -> Iterator[ListedObject]:
    """The items as the other side knows them."""
    if not prefix:
        return iter(items)
    return (item._replace(key=item.key[len(prefix) :]) for item in items)


def overlaid(
    entries: Iterable[JournalEntry], newer: Mapping[str, JournalEntry], rank: KeyRank
) -> Iterator[JournalEntry]:
    """The entries with newer ones in their place, or between them."""
    if not newer:
        return iter(entries)
    extra = dict(newer)
    old = (e for e in entries if e.key not in extra)
    return heapq.merge(old, sorted(extra.values(), key=lambda e: rank(e.key)), key=lambda e: rank(e.key))
