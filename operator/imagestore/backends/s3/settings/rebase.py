"""What one write is about, put on top of what a store holds now. Pure.

A foreign rule that came between the trial of ours and its read-back was taken for a loss and deleted by the
roll-back: so what is written, tried out or taken back is only ever ours, on top of the last thing that was read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from imagestore.core.diff import FieldDiff, diff
from imagestore.core.facet import WHOLE, Facet, Parts

F = TypeVar("F", bound=Facet)


@dataclass(frozen=True)
class HeldSetting(Generic[F]):
    """What a store holds at a moment: its answer, and the value in that."""

    answer: Mapping[str, Any]
    value: F | None


def our_parts(value: Facet, seen: Facet | None) -> Parts:
    """The parts that a write of ``value`` where ``seen`` was is about: those that differ, and those that are ours."""
    mine = value.owned() | (seen.owned() if seen else WHOLE)
    theirs = _parts(value) | _parts(seen)
    return mine | frozenset(p for p in theirs - mine if _differs(value, seen, p))


def rebased(value: F | None, fresh: F | None, mine: Parts) -> F | None:
    """Of ``value`` these parts, of ``fresh`` all others; all of ``value`` where it is owned as a whole."""
    if fresh is not None and fresh.parts() is None:
        return value
    if fresh is None:
        return None if value is None else value.restrict(mine)
    if value is None:
        return fresh.restrict(_parts(fresh) - mine)
    return value.restrict(mine).merge(fresh, mine)


def restricted(value: F | None, mine: Parts) -> F | None:
    """Only these parts, in the form in which they are compared; None where there is nothing."""
    left = None if value is None else value.restrict(mine)
    return None if left is None or left.is_empty() else left.canonical()


def losses(facet: str, kept: Facet | None, sent: Facet, mine: Parts) -> tuple[FieldDiff, ...]:
    """How our parts differ from what was sent."""
    have, want = restricted(kept, mine), restricted(sent, mine)
    return diff(facet, have, want) if have or want else ()


_KEY = re.compile(r"\[[a-zA-Z]+=[^\]]*\]")


def patterns(differences: Iterable[FieldDiff]) -> Iterator[str]:
    """As ``Support.lost`` has them: ``rules[].match.minSize``. A whole item that is gone tells no field."""
    for difference in differences:
        path = _KEY.sub("[]", difference.path.partition(".")[2])
        if "[]." in path:
            yield path


def altered(sent: Mapping[str, Any], kept: Mapping[str, Any]) -> Iterator[str]:
    """The names of others' parts that read otherwise after they were sent back. A part that is new is no loss."""
    yield from (name for name, meaning in sent.items() if kept.get(name) != meaning)


def _parts(value: Facet | None) -> Parts:
    return (value.parts() if value is not None else None) or WHOLE


def _differs(value: Facet, seen: Facet | None, part: str) -> bool:
    """Either way: what is absent on one side is compared from the other. What only steers the operator is not."""
    if seen is None:
        return True
    here, there = value.restrict({part}).canonical(), seen.restrict({part}).canonical()
    return bool(diff("", here, there) or diff("", there, here))
