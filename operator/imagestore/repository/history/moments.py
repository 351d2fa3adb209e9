"""What a bucket held at a moment, by its versions. Pure.

A version was current from its own time until that of the next newer one. What was deleted for good leaves no trace, so that the versions
alone never prove that they are all: ``HistoryReach`` says how far they are believed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from imagestore.core.keys import raw
from imagestore.core.objects import ListedObject

DAY = 24 * 3600 * 1000
UNVERSIONED = ("", "null")  # ids of versions that were written while the bucket kept none


class KeyState(StrEnum):
    """What is known of a key at a moment."""

    PRESENT = "Present"
    ABSENT = "Absent"  # deleted before it, or created after it
    UNKNOWN = "Unknown"


class KeyAt(NamedTuple):
    """A key at a moment. ``version``: what was current then (Present)."""

    key: str
    state: KeyState
    version: ListedObject | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.version.size if self.version is not None else 0

    @property
    def stale(self) -> bool:
        """A version is what it is."""
        return False


@dataclass(frozen=True)
class VersionRemoval:
    """A lifecycle rule that deletes noncurrent versions of keys with a prefix. ``kept``: milliseconds that it leaves them at least."""

    prefix: str
    kept: int


@dataclass(frozen=True)
class HistoryReach:
    """How far back versions are believed. ``now``: the store's time. ``removals``: the rules of the bucket as they are now."""

    now: int
    removals: tuple[VersionRemoval, ...] = ()

    def believed(self, key: str, moment: int) -> bool:
        """Whether no rule can have deleted what was current at the moment: it became noncurrent after it."""
        return all(self.now - moment <= r.kept for r in self.removals if key.startswith(r.prefix))

    def horizon(self, prefixes: Iterable[str]) -> int | None:
        """The earliest moment that all of these keys are known at, as the rules go; None: they delete nothing."""
        wanted = tuple(prefixes) or ("",)
        touched = [
            r.kept
            for r in self.removals
            if any(p.startswith(r.prefix) or r.prefix.startswith(p) for p in wanted)
        ]
        return self.now - min(touched) if touched else None


def at_moment(
    versions: Iterable[ListedObject], moment: int, reach: HistoryReach, known: Iterable[str] = ()
) -> Iterator[KeyAt]:
    """Each key at a moment. ``versions``: by key. ``known``: keys that a backup from before the moment has, in the order of their bytes.

    In constant memory, however many versions a key has.
    """
    expected = iter(known)
    wanted = next(expected, None)
    for key, of_key in groupby(versions, attrgetter("key")):
        while wanted is not None and raw(wanted) < raw(key):
            yield KeyAt(wanted, KeyState.UNKNOWN)
            wanted = next(expected, None)
        yield _judged(key, of_key, moment, reach, was_there=wanted == key)
        if wanted == key:
            wanted = next(expected, None)
    while wanted is not None:
        yield KeyAt(wanted, KeyState.UNKNOWN)
        wanted = next(expected, None)


def _judged(
    key: str, versions: Iterable[ListedObject], moment: int, reach: HistoryReach, *, was_there: bool
) -> KeyAt:
    chosen = oldest = None
    for version in versions:  # newest first; of equal times the first one is the newer
        if version.modified <= moment and (chosen is None or version.modified > chosen.modified):
            chosen = version
        if oldest is None or version.modified <= oldest.modified:
            oldest = version
    if chosen is not None:
        return KeyAt(key, KeyState.ABSENT) if chosen.marker else KeyAt(key, KeyState.PRESENT, chosen)
    assert oldest is not None, "a group has an element"  # noqa: S101
    # A marker deletes something, and a version without an id takes the place of the one before it.
    lost = was_there or oldest.marker or oldest.version in UNVERSIONED
    created = not lost and reach.believed(key, moment)
    return KeyAt(key, KeyState.ABSENT if created else KeyState.UNKNOWN)


@dataclass(frozen=True)
class HistorySurvey:
    """What the versions tell of a moment. ``since``: the time of the oldest version with an id; None: there is none. ``trouble``: why the
    versions are not all, whatever was found.
    """

    moment: int
    present: int
    bytes: int
    absent: int
    unknown: int
    since: int | None
    trouble: str

    @property
    def complete(self) -> bool:
        """Whether the versions tell all that the bucket held."""
        return not self.why

    @property
    def why(self) -> str:
        """Why they do not; empty: they do. No key."""
        if self.trouble:
            return self.trouble
        if self.since is None or self.since > self.moment:
            return "no version is as old as that: the bucket may not have kept versions then"
        if self.unknown:
            return f"of {self.unknown} keys no version is as old as that, and they may have been there"
        return ""
