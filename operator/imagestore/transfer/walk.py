"""A bucket's listing from a key to a key, in the order that its store declares. Each key is checked against that order.

An error, a denied page, an ignored StartAfter or a page without a next one is never taken for the end: s5cmd deleted
whole destinations after a partial listing (s5cmd#695), juicefs lost keys of a store that lists in another order (#7489).
"""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from imagestore.backends.objects import ObjectStore
from imagestore.core.errors import Unexpected
from imagestore.core.keys import is_reserved
from imagestore.core.objects import KeyOrder, ListedObject, ObjectsPage
from imagestore.transfer.order import KeyRank, outermost_prefixes, rank_of

Fetch = Callable[[Mapping[str, str]], ObjectsPage]


class OrderBroken(Unexpected):
    """A store listed its keys in another order than its profile declares. The message has no key."""


@dataclass(frozen=True)
class KeyListing:
    """What is listed: keys below ``prefixes``, behind ``after`` and up to ``until``, in the store's order.

    Empty: from the beginning, to the end. ``versions``: versions and markers too, those of a key newest first.
    """

    store: ObjectStore
    bucket: str
    prefixes: tuple[str, ...] = ("",)
    after: str = ""
    until: str = ""
    versions: bool = False

    @property
    def order(self) -> KeyOrder:
        """The order of this listing."""
        traits = self.store.traits
        return traits.version_order if self.versions else traits.order


def walk(listing: KeyListing, ahead: Executor | None = None) -> Iterator[ListedObject]:
    """List it, a page in memory. ``ahead``: asks for the next page while this one is used.

    Raises StoreError, as a page did, and OrderBroken.
    """
    rank = rank_of(listing.order)
    until = rank(listing.until) if listing.until else None
    for prefix in outermost_prefixes(listing.prefixes, rank):
        for items, places in _checked(listing, prefix, rank, ahead):
            if until is not None and places and places[-1] > until:
                yield from _content([i for i, place in zip(items, places, strict=True) if place <= until])
                return
            yield from _content(items)


def _content(items: Sequence[ListedObject]) -> Iterable[ListedObject]:
    """Without what the operator keeps for itself."""
    return [item for item in items if _OURS not in item.key or not is_reserved(item.key)]


_OURS = ".imagestore"  # in each reserved key; to look for it is quicker


def _checked(
    listing: KeyListing, prefix: str, rank: KeyRank, ahead: Executor | None
) -> Iterator[tuple[Sequence[ListedObject], list[Any]]]:
    """Pages with the places of their keys. A key that does not come after the last one breaks the order."""
    last = [rank(listing.after)] if listing.after else []
    comes_after = operator.le if listing.versions else operator.lt
    for page in _pages(_fetch(listing, prefix), _begin(listing, prefix, rank), ahead):
        places = [rank(item.key) for item in page.items]
        if prefix and not all(item.key.startswith(prefix) for item in page.items):
            raise _broken(listing, "a key that does not have the prefix")
        if listing.order is not KeyOrder.NONE:
            seen = [*last, *places]
            if not all(map(comes_after, seen, seen[1:])):
                raise _broken(
                    listing, f"a key that does not come behind the last one in the order {listing.order}"
                )
        last = places[-1:] or last
        yield page.items, places


def _broken(listing: KeyListing, what: str) -> OrderBroken:
    return OrderBroken(f"the store {listing.store.name} listed {what}; the run stopped and deleted nothing")


def _begin(listing: KeyListing, prefix: str, rank: KeyRank) -> Mapping[str, str]:
    """Where the first page begins. ``after`` lies before, in or behind the keys of a prefix."""
    behind = listing.after and (listing.after.startswith(prefix) or rank(listing.after) > rank(prefix))
    return listing.store.start_after(listing.after) if behind else {}


def _fetch(listing: KeyListing, prefix: str) -> Fetch:
    ask = listing.store.versions if listing.versions else listing.store.objects
    return lambda after: ask(listing.bucket, after, prefix=prefix)


def _pages(fetch: Fetch, after: Mapping[str, str], ahead: Executor | None) -> Iterator[ObjectsPage]:
    """All pages. Empty ones that are not the last go on."""
    ask = _sooner(fetch, ahead)
    waiting = ask(after)
    while True:
        page = waiting()
        if page.after is None:
            yield page
            return
        if page.after == after:
            raise OrderBroken(
                "the store's listing does not go on: a page leads to itself; nothing was deleted"
            )
        after = page.after
        waiting = ask(after)
        yield page


def _sooner(fetch: Fetch, ahead: Executor | None) -> Callable[[Mapping[str, str]], Callable[[], ObjectsPage]]:
    if ahead is None:
        return lambda after: lambda: fetch(after)
    return lambda after: ahead.submit(fetch, after).result


def listed_items(fetch: Fetch) -> Iterator[ListedObject]:
    """All items of a listing from its beginning, in no order in particular and with what the operator keeps for itself."""
    return (item for page in _pages(fetch, {}, None) for item in page.items)
