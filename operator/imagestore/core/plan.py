"""Planning: from the desired and the observed values to the changes that are made. Pure data and pure functions.

For each facet ``(desired, reading, managed)`` decides::

    not desired, not managed      it is not in the plan
    not desired, managed          as the facet's removal rule says: Clear, Retain or Hold
    desired, Unsupported          Skip, with the reason
    desired or managed, Unreadable
                                  Hold, with the reason: what cannot be read is not written
    desired or managed, NotRepresentable
                                  Set if the facet has one owner, with a risk if the observed value may protect
                                  something; Hold if foreign parts would be lost
    desired, Missing or different Set
    desired, differs by hand only Hold, with how a person fixes it: the operator never writes it
    desired, equal                Keep
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from imagestore.core.diff import FieldDiff, diff
from imagestore.core.facet import WHOLE, Facet, Parts, Removal
from imagestore.core.paths import parse
from imagestore.core.reading import Found, Missing, NotRepresentable, Reading, Unreadable, Unsupported
from imagestore.core.reasons import Reason
from imagestore.core.remembered import recalls

KEPT = "no longer in the spec; kept as it is, because clearing it would weaken protection"


class Op(StrEnum):
    """What is done about one facet."""

    KEEP = "Keep"
    SET = "Set"
    CLEAR = "Clear"
    SKIP = "Skip"
    HOLD = "Hold"


@dataclass(frozen=True)
class Change:
    """What is done about one facet, and why.

    ``after`` is exactly what will be written (None: nothing remains). ``fields`` compares only what is
    ours. ``parts`` are the separately owned parts that are ours from now on; ``removing``, which parts of
    ``after`` would have the store remove content that it keeps as things are.
    """

    facet: str
    op: Op
    before: Facet | None = None
    after: Facet | None = None
    fields: tuple[FieldDiff, ...] = ()
    parts: Parts = WHOLE
    risk: str | None = None
    reason: Reason | None = None
    message: str = ""
    removing: Parts = WHOLE
    token: str = ""  # of a hold that a person can approve
    removes: str | None = None  # what it takes of what is there, as it was counted
    opaque: NotRepresentable | None = None  # the observed document, where no value represents it

    @property
    def writes(self) -> bool:
        """Whether applying this calls the store."""
        return self.op in (Op.SET, Op.CLEAR)

    @property
    def by_hand(self) -> bool:
        """Whether it differs only in what the operator never writes."""
        return self.op is Op.HOLD and self.reason is Reason.ONLY_BY_HAND

    @property
    def digest(self) -> str:
        """The same for the same change, however often it is planned."""
        fields = [[f.path, f.before, f.after] for f in self.fields]
        return _digest([self.facet, fields])


@dataclass(frozen=True)
class Plan:
    """Changes in the order in which they must be applied."""

    changes: tuple[Change, ...] = field(default=())

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that would call the store."""
        return tuple(c for c in self.changes if c.writes)

    @property
    def held(self) -> tuple[Change, ...]:
        """The changes that wait for approval or for something else."""
        return tuple(c for c in self.changes if c.op is Op.HOLD)

    @property
    def differences(self) -> tuple[FieldDiff, ...]:
        """Every field that differs, whatever is done about it."""
        return tuple(f for c in self.changes for f in c.fields)

    @property
    def digest(self) -> str:
        """The same if the same values would be written again.

        The convergence breaker uses it; observed values do not matter.
        """
        written = [[c.facet, c.after.to_json() if c.after else None] for c in self.writes]
        return _digest(written) if written else ""

    def map(self, rule: Any) -> "Plan":
        """The plan with ``rule: Change -> Change`` applied to each change."""
        return Plan(tuple(rule(c) for c in self.changes))


Wishes = Mapping[str, Facet]
Readings = Mapping[str, Reading]
Managed = Mapping[str, Parts]


def plan(wishes: Wishes, readings: Readings, managed: Managed, kinds: Mapping[str, type[Facet]]) -> Plan:
    """Return what to do so that the store agrees with the desired values.

    ``kinds`` orders facets by their ``after``.
    """
    ordered = [n for n in order(kinds) if n in wishes or n in managed]
    read = {n: readings.get(n, Missing()) for n in ordered}
    return Plan(tuple(_planned(kinds[n], n, wishes.get(n), read[n], managed.get(n)) for n in ordered))


def order(kinds: Mapping[str, type[Facet]]) -> tuple[str, ...]:
    """Return facet names so that each follows those in its ``after``; otherwise in the given order."""
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        for earlier in kinds[name].after:
            if earlier in kinds and earlier not in done:
                visit(earlier)
        done[name] = None

    for name in kinds:
        visit(name)
    return tuple(done)


def _planned(
    kind: type[Facet], name: str, desired: Facet | None, reading: Reading, managed: Parts | None
) -> Change:
    if isinstance(reading, NotRepresentable):
        return _replace(kind, name, desired, reading, managed or WHOLE)
    return _decide(name, desired, reading, managed)


_PROTECTING = (Removal.RETAIN, Removal.HOLD)


def _replace(
    kind: type[Facet], name: str, desired: Facet | None, there: NotRepresentable, managed: Parts
) -> Change:
    """Before this, a CORS rule that no model can represent made the setting fail for ever, though CORS has one owner."""
    alone = kind.whole() or getattr(desired, "exclusive", None)
    if not alone:
        return Change(name, Op.HOLD, reason=Reason.UNREPRESENTABLE, message=there.message, parts=managed)
    if desired is None:
        if kind.removal is Removal.RETAIN:
            return Change(name, Op.KEEP, reason=Reason.FORGOTTEN, message=KEPT)
        gone = (FieldDiff(name, there.message, None),)
        return Change(name, Op.CLEAR, fields=gone, reason=Reason.REMOVED_FROM_SPEC, opaque=there)
    after = desired.canonical().writable(None)
    opaque = (
        f"the operator cannot represent the value of {name} in the store, and would replace it as a whole"
    )
    return Change(
        name,
        Op.SET,
        after=after,
        fields=(FieldDiff(name, there.message, after.to_json()),),
        parts=after.parts() or WHOLE,
        risk=opaque if kind.removal in _PROTECTING else None,
        removing=after.removing(None),
        opaque=there,
    )


def _decide(name: str, desired: Facet | None, reading: Reading, managed: Parts | None) -> Change:
    if isinstance(reading, Unreadable):
        return Change(name, Op.HOLD, reason=reading.reason, message=reading.message, parts=managed or WHOLE)
    if isinstance(reading, Unsupported) and desired is not None:
        return Change(
            name, Op.SKIP, parts=managed or WHOLE, reason=Reason.UNSUPPORTED, message=reading.reason
        )
    have = reading.value.canonical() if isinstance(reading, Found) else None
    managed = named(managed or WHOLE, desired, have)
    if desired is None:
        return _forget(name, have, managed | (have.owned() if have is not None else WHOLE))
    return _compare(name, desired.canonical(), have, managed)


def named(managed: Parts, desired: Facet | None, have: Facet | None) -> Parts:
    """Return those of the observed or desired parts that status remembers as managed."""
    seen = (have.parts() if have else None) or WHOLE
    mine = {n for n in seen if have and recalls(managed, have.remembered_as(n))}
    mine |= {n for n in (desired.parts() if desired else None) or WHOLE if recalls(managed, n)}
    return frozenset(n for n in mine if not (desired and desired.keeps(n)))


def _compare(name: str, desired: Facet, have: Facet | None, managed: Parts) -> Change:
    mine = desired.parts() or WHOLE
    parts = managed | desired.claims(have)
    seen = have.restrict(parts) if have is not None else None
    if desired.is_empty() and (seen is None or seen.is_empty()):
        return Change(name, Op.KEEP, have, have, parts=mine)
    fields = diff(name, seen, desired)
    if not fields:
        return Change(name, Op.KEEP, have, have, parts=mine)
    written = tuple(f for f in fields if not _remedy(desired, f))
    if not written:
        message = "; ".join(f"{_said(f)}: {_remedy(desired, f)}" for f in fields)
        return Change(name, Op.HOLD, have, have, fields, mine, reason=Reason.ONLY_BY_HAND, message=message)
    after = desired.merge(have, parts).writable(have)
    risk = desired.risk(seen)
    return Change(name, Op.SET, have, after, written, mine, risk, removing=after.removing(have))


def _remedy(desired: Facet, field: FieldDiff) -> str:
    """Return how a person fixes a difference in what is never written; empty for any other."""
    remedies = desired.by_hand()
    steps = parse(field.path) if remedies else ()
    return remedies.get(str(steps[1]), "") if len(steps) > 1 else ""


def _said(field: FieldDiff) -> str:
    return f"{field.path} is {json.dumps(field.before)} and should be {json.dumps(field.after)}"


def _forget(name: str, have: Facet | None, managed: Parts) -> Change:
    mine = have.restrict(managed) if have is not None else None
    if have is None or mine is None or mine.is_empty():
        return Change(name, Op.KEEP, have, have, reason=Reason.FORGOTTEN, message="no longer in the spec")
    if have.removal is Removal.LEAVE:
        return Change(name, Op.KEEP, have, have, reason=Reason.FORGOTTEN, message="no longer in the spec")
    if have.removal is Removal.RETAIN:
        return Change(name, Op.KEEP, have, have, reason=Reason.FORGOTTEN, message=KEPT)
    left = _without(have, managed)
    change = Change(name, Op.CLEAR, have, left, diff(name, mine, None), reason=Reason.REMOVED_FROM_SPEC)
    if have.removal is Removal.HOLD and not all(map(have.temporary, mine.parts() or ("",))):
        return replace(
            change, risk="no longer in the spec: approve to clear it, or mention it again to keep it"
        )
    return change


def _without(have: Facet, parts: Parts) -> Facet | None:
    """Return what remains of an observed value without the operator's parts; None if that is nothing or all of it."""
    if have.parts() is None:
        return None
    left = have.restrict((have.parts() or WHOLE) - parts)
    return None if left.is_empty() else left


def changed(plan: Plan) -> Iterator[Change]:
    """Return the changes that a reader of the plan wants to see: all that do not simply keep."""
    return (c for c in plan.changes if c.op is not Op.KEEP or c.message)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]
