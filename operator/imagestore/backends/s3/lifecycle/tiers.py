"""What a store's classes make of lifecycle rules: limits that follow from the map of tiers. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from imagestore.core.losses import Limit
from imagestore.core.reading import Level, Support
from imagestore.core.stored import HOT
from imagestore.facets.lifecycle_rule import COLDER
from imagestore.forecast.terms import Terms

MOVES = ("rules[].transitions", "rules[].noncurrent.transitions")


@dataclass(frozen=True)
class StoreTiering:
    """``defaults``: a store's own classes by tier. ``least_days``: the age at which a class takes an object. ``at_once``: any
    other class takes it at once.

    ``ladder``: classes that are known besides those of tiers, each colder than the one before. ``smallest``: bytes below
    which objects stay, unless a rule speaks of sizes. ``once``: what has moved never moves again.
    """

    defaults: Mapping[str, str] = field(default_factory=dict)
    least_days: Mapping[str, int] = field(default_factory=dict)
    at_once: bool = False
    ladder: tuple[str, ...] = ()
    smallest: int = 0
    once: bool = False


NO_TIERS = StoreTiering()


def mapped(tiering: StoreTiering, given: Mapping[str, str] | None) -> dict[str, str]:
    """The store's class of each tier; what the StorageBackend says replaces the defaults as a whole."""
    return dict(tiering.defaults if given is None else given)


def terms(tiering: StoreTiering, tiers: Mapping[str, str], *, versioned: bool) -> Terms:
    """What the store makes of lifecycle rules, for forecasts."""
    ladder = tiering.ladder or tuple(tiers[t] for t in COLDER if t in tiers)
    return Terms(tiers, (HOT, *ladder), tiering.smallest, tiering.once, versioned)


def limited(support: Support, tiering: StoreTiering, tiers: Mapping[str, str]) -> Support:
    """A lifecycle's support, less the tiers that are mapped to nothing and what their classes do not take."""
    if support.level is Level.NONE:
        return support
    return replace(support, limits=(*support.limits, *_limits(tiering, tiers)))


def _limits(tiering: StoreTiering, tiers: Mapping[str, str]) -> Iterator[Limit]:
    for moves in MOVES:
        fix = (
            f"the StorageBackend's spec.tiers has {', '.join(sorted(tiers)) or 'no tier'}; add the tier there, or"
            " move objects to one that it has"
        )
        yield Limit(f"{moves}[].tier", fix, among=frozenset(tiers))
        for tier, store_class in tiers.items():
            days = tiering.least_days.get(store_class, 0 if tiering.at_once else 1)
            if days > 0:
                yield Limit(f"{moves}[].days", _older(store_class, days), least=days, where=(("tier", tier),))


def _older(store_class: str, days: int) -> str:
    if days == 1:
        return "this store is not known to move objects at once; use 1 or more"
    return f"{store_class} takes no object that is younger than {days} days; use {days} or more"
