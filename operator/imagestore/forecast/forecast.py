"""A listing walked through rules, key by key, in bounded memory; it may stop at any key and go on later."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any

from imagestore.core.cost import UNPRICED, PriceTable
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.effect import Version, matches
from imagestore.forecast.fate import Event, begin, fate, of_key
from imagestore.forecast.ledger import Ledger
from imagestore.forecast.sample import Sample
from imagestore.forecast.terms import Terms

ALIKE = 65_536  # fates that are remembered; objects of one day, class and set of rules share one
TagsOf = Callable[[StoredVersion], Mapping[str, str]]


@dataclass(frozen=True)
class Assumptions:
    """``today`` and ``last``: the first and the last day, as ordinals. ``tags``: keys whose tags are asked for at most."""

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
    sample: Sample = field(init=False)

    def __post_init__(self) -> None:
        self.ledger, self.sample = Ledger(self.assumptions.prices), Sample(self.assumptions.tags)
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
        """Forget the fates that are remembered only to be quick."""
        self._alike.cache_clear()

    def finish(self, tags_of: TagsOf) -> Ledger:
        """Everything, what depends on tags extrapolated from the sample."""
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
        """Whether it depends on tags, which are not known, what becomes of this one."""
        if stored.tags is not None:
            return False
        return any(matches(r.match, stored, tags=r.match.tags) for r in self._by_tags if r.match)

    def _events(self, group: Sequence[StoredVersion]) -> tuple[Event, ...]:
        q = self.assumptions
        if len(group) > 1:
            return of_key(group, q.rules, q.terms, q.today, q.last)
        version = begin(group[0], None if group[0].latest else group[0].modified, q.rules)
        return self._alike(_typical(version, q.terms)) if version.rules else ()

    def to_json(self) -> Any:
        """For a checkpoint."""
        return {"ledger": self.ledger.to_json(), "sample": self.sample.to_json()}

    def resume(self, said: Any) -> None:
        """Go on from what ``to_json`` wrote."""
        self.ledger = Ledger.from_json(self.assumptions.prices, said["ledger"])
        self.sample = Sample.from_json(self.assumptions.tags, said["sample"])


def _typical(version: Version, terms: Terms) -> Version:
    """The same for all objects that share a fate: once the rules are known, key, tags and exact size mean nothing."""
    size = 0 if version.stored.size < terms.smallest else terms.smallest
    return version._replace(stored=version.stored._replace(key="", size=size, version="", tags=None))


def by_key(listing: Iterable[StoredVersion]) -> Iterator[list[StoredVersion]]:
    """Versions of one key together; uploads are no versions of anything."""
    for (_, upload), group in groupby(listing, key=lambda s: (s.key, s.upload)):
        items = list(group)
        yield from ([item] for item in items) if upload else (items,)
