"""Whether two lifecycle rules of different authors contradict each other. Pure.

A store carries out all rules, and the earliest removal wins, without telling that another rule lost.
"""

from collections.abc import Iterator

from imagestore.core.units import byte_count
from imagestore.facets.lifecycle_rule import Expire, LifecycleRule, Match, Transition


def contradiction(rule: LifecycleRule, other: LifecycleRule) -> str | None:
    """How ``other`` contradicts ``rule``, as the end of a sentence about ``other``; None: it does not."""
    if rule.name == other.name:
        return "has the same name"
    if "Disabled" in (rule.state, other.state) or not overlap(rule.match, other.match):
        return None
    return next(_differences(rule, other), None)


def _differences(rule: LifecycleRule, other: LifecycleRule) -> Iterator[str]:
    if rule.expire and other.expire and rule.expire != other.expire:
        yield f"removes some of the same objects {_when(other.expire)} instead of {_when(rule.expire)}"
    mine, theirs = _old(rule), _old(other)
    if mine and theirs and mine != theirs:
        yield "removes some of the same old versions at another time"
    if _removes_first(other, rule):
        yield "removes some of the same objects before they move"
    if _removes_first(rule, other):
        yield "moves some of the same objects after they are removed"


def _old(rule: LifecycleRule) -> object:
    return rule.noncurrent.expire if rule.noncurrent else None


def _removes_first(removing: LifecycleRule, moving: LifecycleRule) -> bool:
    current = removing.expire is not None and any(
        _not_after(removing.expire, t) for t in moving.transitions or ()
    )
    gone = removing.noncurrent.expire if removing.noncurrent else None
    moves = (moving.noncurrent.transitions or ()) if moving.noncurrent else ()
    return current or (gone is not None and any(gone.days <= t.days for t in moves))


def _not_after(expire: Expire, move: Transition) -> bool:
    """Days and a date cannot be compared: each comes before the other for some object."""
    if expire.days is not None and move.days is not None:
        return expire.days <= move.days
    return expire.date is None or move.date is None or expire.date <= move.date


def _when(expire: Expire) -> str:
    return f"after {expire.days} days" if expire.days is not None else f"on {expire.date}"


def overlap(one: Match | None, other: Match | None) -> bool:
    """Whether some object could match both."""
    a, b = one or Match(), other or Match()
    prefixes = (a.prefix or "").startswith(b.prefix or "") or (b.prefix or "").startswith(a.prefix or "")
    return prefixes and _tags_agree(a, b) and _sizes_meet(a, b)


def _tags_agree(a: Match, b: Match) -> bool:
    mine, theirs = a.tags or {}, b.tags or {}
    return all(theirs[key] == mine[key] for key in mine.keys() & theirs.keys())


def _sizes_meet(a: Match, b: Match) -> bool:
    """``minSize`` and ``maxSize`` are both excluded."""
    least = max([byte_count(m.min_size) for m in (a, b) if m.min_size], default=-1)
    most = min([byte_count(m.max_size) for m in (a, b) if m.max_size], default=None)
    return most is None or most - least > 1
