"""What ordered lifecycle rules do to the versions of one object on one day, as S3 defines it. Pure.

An age in days ends at the midnight that follows it: an object of 1 March with ``days: 3`` is due on 5 March. A removal
precedes a move, and a move to a colder class precedes others. Of two rules with the same effect the first is reported.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from imagestore.core.stored import StoredVersion
from imagestore.core.units import byte_count
from imagestore.facets.lifecycle_rule import Expire, LifecycleRule, Match, Transition
from imagestore.forecast.terms import Terms

_bytes = lru_cache(1024)(byte_count)


class Action(StrEnum):
    """What a rule does to one version."""

    ABORT = "abort"  # an unfinished upload is aborted
    SWEEP = "sweep"  # a delete marker is removed
    REMOVE = "remove"  # deleted for good
    HIDE = "hide"  # a delete marker hides the version, which becomes noncurrent
    MOVE = "move"  # to a colder class

    @property
    def frees(self) -> bool:
        """Whether the version no longer exists afterwards."""
        return self not in (Action.HIDE, Action.MOVE)


class Version(NamedTuple):
    """One version on some day. ``entered``: the day it entered its class; ``since``: the day it became noncurrent.

    ``rules``: the indexes of the rules that match it, which never change.
    """

    stored: StoredVersion
    storage_class: str
    entered: int
    since: int | None
    rules: tuple[int, ...]


class Act(NamedTuple):
    """What a rule does to a version from the day ``due`` on. ``rule`` is the index of the rule."""

    due: int
    action: Action
    rule: int
    target: str = ""


def matches(match: Match | None, stored: StoredVersion, *, tags: Mapping[str, str] | None) -> bool:
    """Whether a rule matches this version. Delete markers and uploads have neither sizes nor tags."""
    if match is None:
        return True
    if not stored.key.startswith(match.prefix or ""):
        return False
    if stored.marker or stored.upload:
        return by_prefix(match)
    return fits(match, stored.size) and all((tags or {}).get(k) == v for k, v in (match.tags or {}).items())


def by_prefix(match: Match | None) -> bool:
    """Whether a rule matches by prefix only."""
    return match is None or not (match.tags or match.min_size or match.max_size)


def fits(match: Match, size: int) -> bool:
    """Whether the size is between the bounds, which are exclusive."""
    if match.min_size and size <= _bytes(match.min_size):
        return False
    return not match.max_size or size < _bytes(match.max_size)


def due_after(begun: int, days: int) -> int:
    """The midnight that follows an age of so many days."""
    return begun + days + 1


def acting(
    versions: Sequence[Version], rules: Sequence[LifecycleRule], terms: Terms, day: int
) -> list[Act | None]:
    """What happens to each version of one key on this day; versions come newest first."""
    return [_first(candidates(versions, i, rules, terms), terms, day) for i in range(len(versions))]


def _first(acts: Iterator[Act], terms: Terms, day: int) -> Act | None:
    due = [a for a in acts if a.due <= day]
    return min(due, key=lambda a: (_precedence(a, terms), a.due, a.rule)) if due else None


def _precedence(act: Act, terms: Terms) -> int:
    if act.action is not Action.MOVE:
        return -len(terms.ladder) - 1
    return -terms.ladder.index(act.target)


def candidates(
    versions: Sequence[Version], place: int, rules: Sequence[LifecycleRule], terms: Terms
) -> Iterator[Act]:
    """Every action that the rules have for a version at present, due or not."""
    version = versions[place]
    newer = sum(not v.stored.marker for v in versions[:place] if v.since is not None)
    for i in version.rules:
        rule = rules[i]
        if version.stored.upload:
            yield from _upload(version, rule, i)
        elif version.since is not None:
            yield from _noncurrent(version, rule, i, newer, terms)
        elif version.stored.marker:
            yield from _marker(version, rule, i, lone=len(versions) == 1)
        else:
            yield from _current(version, rule, i, terms)


def _upload(version: Version, rule: LifecycleRule, i: int) -> Iterator[Act]:
    if abort := rule.abort_incomplete_multipart_upload:
        yield Act(due_after(version.stored.modified, abort.days), Action.ABORT, i)


def _marker(version: Version, rule: LifecycleRule, i: int, *, lone: bool) -> Iterator[Act]:
    """Expiry by age also removes delete markers of that age."""
    if lone and rule.remove_expired_delete_markers:
        yield Act(version.stored.modified + 1, Action.SWEEP, i)
    if lone and rule.expire and rule.expire.days is not None:
        yield Act(due_after(version.stored.modified, rule.expire.days), Action.SWEEP, i)


def _current(version: Version, rule: LifecycleRule, i: int, terms: Terms) -> Iterator[Act]:
    begun = version.stored.modified
    if rule.expire:
        yield Act(_due(begun, rule.expire), Action.HIDE if terms.versioned else Action.REMOVE, i)
    for move in rule.transitions or ():
        yield from _move(version, rule, i, _due(begun, move), move.tier, terms)


def _due(begun: int, when: Expire | Transition) -> int:
    """The day on which a rule is due. A date applies to older objects on that day, and to newer ones at once."""
    if when.days is not None:
        return due_after(begun, when.days)
    return max(begun, date.fromisoformat(when.date or "").toordinal())


def _move(version: Version, rule: LifecycleRule, i: int, due: int, tier: str, terms: Terms) -> Iterator[Act]:
    target = terms.classes.get(tier, "")
    if terms.colder(target, version.storage_class) and terms.may_move(rule, version.stored.size):
        yield Act(due, Action.MOVE, i, target)


def _noncurrent(version: Version, rule: LifecycleRule, i: int, newer: int, terms: Terms) -> Iterator[Act]:
    """A noncurrent delete marker expires like a noncurrent version, but does not count towards keepNewest."""
    old, begun = rule.noncurrent, version.since
    if old is None or begun is None:
        return
    if old.expire and newer >= (old.expire.keep_newest or 0):
        action = Action.SWEEP if version.stored.marker else Action.REMOVE
        yield Act(due_after(begun, old.expire.days), action, i)
    for move in old.transitions or ():
        if not version.stored.marker and newer >= (move.keep_newest or 0):
            yield from _move(version, rule, i, due_after(begun, move.days), move.tier, terms)
