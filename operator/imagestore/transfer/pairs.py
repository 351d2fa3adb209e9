"""Both listings and the journal, merged key by key. Pure; each input is read once, in the order of ``rank``."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from imagestore.core.objects import ListedObject
from imagestore.transfer.journal import JournalEntry
from imagestore.transfer.order import KeyRank


class KeyPair(NamedTuple):
    """One key, without the ends' prefixes, as both sides and the journal have it."""

    key: str
    source: ListedObject | None = None
    destination: ListedObject | None = None
    entry: JournalEntry | None = None


def paired(
    rank: KeyRank,
    source: Iterable[ListedObject],
    destination: Iterable[ListedObject],
    journal: Iterable[JournalEntry],
) -> Iterator[KeyPair]:
    """One pair for each key that any of the three has."""
    streams = [_ranked(rank, s) for s in (source, destination, journal)]
    heads: list[Any] = [next(s, None) for s in streams]
    while live := [h[0] for h in heads if h is not None]:
        found: list[Any] = [None, None, None]
        least = min(live)
        for i, head in enumerate(heads):
            if head is not None and head[0] == least:
                found[i] = head[1]
                heads[i] = next(streams[i], None)
        key = next(item.key for item in found if item is not None)
        yield KeyPair(key, *found)


def _ranked(rank: KeyRank, items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    return ((rank(item.key), item) for item in items)


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
