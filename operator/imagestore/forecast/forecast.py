"""Applies rules to a listing, key by key, in bounded memory. It may stop after any key and resume later."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any

from imagestore.core.cost import UNPRICED, PriceTable
from imagestore.core.keys import is_reserved
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.effect import Version, matches
from imagestore.forecast.fate import LifecycleEvent, begin, fate, of_key
from imagestore.forecast.ledger import Ledger
from imagestore.forecast.sample import KeySample
from imagestore.forecast.terms import Terms

ALIKE = 65_536  # cached results; objects of one day, class and set of rules share one
TagsOf = Callable[[StoredVersion], Mapping[str, str]]


@dataclass(frozen=True)
class Assumptions:
    """What a forecast assumes. ``today`` and ``last``: the first and the last day, as ordinals. ``tags``: of at most so many
    keys the tags are read."""

    rules: tuple[LifecycleRule, ...]
    terms: Terms
    today: int
    last: int
    prices: PriceTable = UNPRICED
    tags: int = 1000


@dataclass
class Forecast:
    """Feed it all keys, in any order, each with all its versions, newest first."""

    assumptions: Assumptions
    ledger: Ledger = field(init=False)
    sample: KeySample = field(init=False)

    def __post_init__(self) -> None:
        self.ledger, self.sample = Ledger(self.assumptions.prices), KeySample(self.assumptions.tags)
        q = self.assumptions
        self._by_tags = tuple(r for r in q.rules if r.state != "Disabled" and r.match and r.match.tags)
        self._alike = lru_cache(ALIKE)(lambda v: tuple(fate((v,), q.rules, q.terms, q.today, q.last)))

    def feed(self, group: Sequence[StoredVersion]) -> None:
        """One key."""
        if self._by_tags and any(self._untold(v) for v in group):
            self.ledger.present(group)
            self.sample.offer(group)
        else:
            self.ledger.count(group, self._events(group))

    def rest(self) -> None:
        """Drop the cache."""
        self._alike.cache_clear()

    def finish(self, tags_of: TagsOf) -> Ledger:
        """The whole result. What depends on tags is extrapolated from the sample."""
        asked = Ledger(self.assumptions.prices)
        groups = self.sample.groups
        for group in groups:
            told = [v._replace(tags=tags_of(v)) if self._untold(v) else v for v in group]
            asked.count(told, self._events(told))
        whole = Ledger.from_json(self.assumptions.prices, self.ledger.to_json())
        seen = self.sample.seen
        whole.merge(
            {f: s if seen == len(groups) else s.scaled(seen, len(groups)) for f, s in asked.flows.items()}
        )
        return whole

    def _untold(self, stored: StoredVersion) -> bool:
        """Whether the result of this version depends on tags that are not known."""
        if stored.tags is not None:
            return False
        return any(matches(r.match, stored, tags=r.match.tags) for r in self._by_tags if r.match)

    def _events(self, group: Sequence[StoredVersion]) -> tuple[LifecycleEvent, ...]:
        q = self.assumptions
        if len(group) > 1:
            return of_key(group, q.rules, q.terms, q.today, q.last)
        version = begin(group[0], None if group[0].latest else group[0].modified, q.rules)
        return self._alike(_typical(version, q.terms)) if version.rules else ()

    def to_json(self) -> Any:
        """For a checkpoint."""
        return {"ledger": self.ledger.to_json(), "sample": self.sample.to_json()}

    def resume(self, said: Any) -> None:
        """Resume from what ``to_json`` returned."""
        self.ledger = Ledger.from_json(self.assumptions.prices, said["ledger"])
        self.sample = KeySample.from_json(self.assumptions.tags, said["sample"])


def _typical(version: Version, terms: Terms) -> Version:
    """The same for all objects with the same result: once the matching rules are known, key, tags and exact size do not
    matter."""
    size = 0 if version.stored.size < terms.smallest else terms.smallest
    return version._replace(stored=version.stored._replace(key="", size=size, version="", tags=None))


def by_key(listing: Iterable[StoredVersion]) -> Iterator[list[StoredVersion]]:
    """Versions of one key together; uploads are no versions of anything. What the operator keeps for itself is left out."""
    content = (s for s in listing if not is_reserved(s.key))
    for (_, upload), group in groupby(content, key=lambda s: (s.key, s.upload)):
        items = list(group)
        yield from ([item] for item in items) if upload else (items,)
