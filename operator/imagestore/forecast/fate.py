"""What happens to one key from today to a last day. Only the days with an event are evaluated."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.effect import Act, Action, Version, acting, by_prefix, candidates, matches
from imagestore.forecast.terms import Terms


class LifecycleEvent(NamedTuple):
    """What one rule does to one version on one day. ``version``: its index, or -1 for a new delete marker.

    ``stayed``: days in the class that it leaves. ``target``: empty if the version is removed.
    """

    day: int
    rule: int
    action: Action
    version: int
    source: str
    target: str
    stayed: int


def begin(stored: StoredVersion, since: int | None, rules: Sequence[LifecycleRule]) -> Version:
    """A version as listed. A listing does not have the day it entered its class, so that is the day it was written."""
    mine = tuple(
        i for i, r in enumerate(rules) if r.state != "Disabled" and matches(r.match, stored, tags=stored.tags)
    )
    return Version(stored, stored.storage_class, stored.modified, since, mine)


def successions(versions: Sequence[StoredVersion]) -> list[int | None]:
    """The day each version became noncurrent: the day on which the next newer one was written."""
    return [None if v.latest else versions[max(i - 1, 0)].modified for i, v in enumerate(versions)]


def fate(
    versions: Sequence[Version], rules: Sequence[LifecycleRule], terms: Terms, today: int, last: int
) -> Iterator[LifecycleEvent]:
    """All events of one key; ``versions`` come newest first."""
    there = list(enumerate(versions))
    day = today
    while there and day <= last:
        acts = acting([v for _, v in there], rules, terms, day)
        yield from _events(there, acts, day)
        acted = any(acts)
        there = _after(there, acts, rules, day)
        following = day + 1 if acted else _next(there, rules, terms, day)
        if following is None:
            return
        day = following


Placed = tuple[int, Version]


def _events(there: Sequence[Placed], acts: Sequence[Act | None], day: int) -> Iterator[LifecycleEvent]:
    for (place, version), act in zip(there, acts, strict=True):
        if act is not None:
            target = "" if act.action.frees else act.target or version.storage_class
            stayed = day - version.entered
            yield LifecycleEvent(day, act.rule, act.action, place, version.storage_class, target, stayed)


def _after(
    there: Sequence[Placed],
    acts: Sequence[Act | None],
    rules: Sequence[LifecycleRule],
    day: int,
) -> list[Placed]:
    left: list[Placed] = []
    for (place, version), act in zip(there, acts, strict=True):
        if act is None:
            left.append((place, version))
        elif act.action is Action.MOVE:
            left.append((place, version._replace(storage_class=act.target, entered=day)))
        elif act.action is Action.HIDE:
            left += [(-1, _hiding(version, rules, day)), (place, version._replace(since=day))]
    return left


def _hiding(version: Version, rules: Sequence[LifecycleRule], day: int) -> Version:
    """The delete marker that hides the version. Only the version's rules without size and tags match it."""
    marker = StoredVersion(version.stored.key, 0, day, marker=True)
    mine = tuple(i for i in version.rules if by_prefix(rules[i].match))
    return Version(marker, marker.storage_class, day, None, mine)


def _next(there: Sequence[Placed], rules: Sequence[LifecycleRule], terms: Terms, day: int) -> int | None:
    versions = [v for _, v in there]
    every = (a.due for i in range(len(versions)) for a in candidates(versions, i, rules, terms))
    return min((due for due in every if due > day), default=None)


def of_key(
    group: Sequence[StoredVersion], rules: Sequence[LifecycleRule], terms: Terms, today: int, last: int
) -> tuple[LifecycleEvent, ...]:
    """All events of one key, from all its versions in a listing."""
    since = successions(group)
    versions = [begin(v, s, rules) for v, s in zip(group, since, strict=True)]
    return tuple(fate(versions, rules, terms, today, last))
