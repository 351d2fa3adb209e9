"""Drift: a difference that nobody asked for. Suspected at one look, believed at the next.

After a write S3 may answer old and new values alternately for half a minute (ansible community.aws#1085),
so one look proves nothing. A difference is drift, and not an edit, if the wish is the one that the store
was last seen to hold.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from imagestore.api.bucketstatus import DriftRecord, DriftStatus, FieldDrift, ImageBucketStatus
from imagestore.core.conditions import is_true
from imagestore.core.diff import FieldDiff
from imagestore.core.facet import Facet
from imagestore.core.plan import Change, Op, Plan
from imagestore.reconcile.digests import wish_digest
from imagestore.reconcile.situation import Memo, Situation

SHOWN = 64
HISTORY = 10


@dataclass(frozen=True)
class Verdict:
    """What is to be done about drift. ``confirm_in``: seconds to a second look; None: none is needed."""

    plan: Plan
    fields: tuple[FieldDiff, ...] = ()
    confirm_in: float | None = None
    declared: bool = False  # declared by this very look
    snoozed: bool = False


def assess(s: Situation, plan: Plan, wishes: Mapping[str, Facet]) -> Verdict:
    """The plan with what is only suspected, just declared or snoozed held back."""
    observing = s.spec.mode == "Observe"
    drifted = [c for c in plan.changes if c.fields and (observing or is_drift(c, s.status, wishes))]
    if not drifted:
        s.memo.suspected, s.memo.suspected_at = "", None
        return Verdict(plan)
    fields = tuple(f for c in drifted for f in c.fields)
    names = {c.facet for c in drifted}
    if not _declared(s.status, fields):
        wait = _confirm(s.memo, Plan(tuple(drifted)), s.clock, s.settings.confirm_drift)
        if wait is not None:
            return Verdict(_hold(plan, names, "Unconfirmed", "seen once; looking again"), confirm_in=wait)
        if not snoozed(s):
            held = plan if observing else _hold(plan, names, "Drifted", paths(fields))
            return Verdict(held, fields, declared=True)
    if snoozed(s):
        return Verdict(_hold(plan, names, "Snoozed", f"snoozed: {paths(fields)}"), fields, snoozed=True)
    return Verdict(plan, fields)


def is_drift(change: Change, status: ImageBucketStatus, wishes: Mapping[str, Facet]) -> bool:
    """Whether the store once held exactly what is still wished."""
    known = next((f for f in status.facets if f.name == change.facet), None)
    wish = wishes.get(change.facet)
    return wish is not None and known is not None and known.wish == wish_digest(wish)


def snoozed(s: Situation) -> bool:
    """Whether drift is left alone for now."""
    snooze = s.spec.drift.snooze if s.spec.drift else None
    return snooze is not None and _aware(snooze.until) > s.now


def _aware(moment: datetime) -> datetime:
    """CRD date-times carry a zone; a manifest planned without a cluster may not."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _declared(status: ImageBucketStatus, fields: Sequence[FieldDiff]) -> bool:
    """Whether all of this has been told; what was only snoozed has not."""
    known = {f.path for f in status.drift.fields} if status.drift else set()
    return is_true(status.conditions, "DriftDetected") and {f.path for f in fields} <= known


def _confirm(memo: Memo, drifted: Plan, now: float, delay: float) -> float | None:
    """Seconds until the second look, or None if this is it and it saw the same."""
    digest = "+".join(c.digest for c in drifted.changes)
    if memo.suspected != digest or memo.suspected_at is None:
        memo.suspected, memo.suspected_at = digest, now
        return delay
    left = memo.suspected_at + delay - now
    return left if left > 0 else None


def _hold(plan: Plan, names: set[str], reason: str, message: str) -> Plan:
    def rule(change: Change) -> Change:
        if change.facet not in names:
            return change
        return replace(change, op=Op.HOLD, reason=reason, message=message)

    return plan.map(rule)


def paths(fields: Sequence[FieldDiff]) -> str:
    """The first few paths, for a sentence."""
    shown = ", ".join(f.path for f in fields[:5])
    return shown if len(fields) <= 5 else f"{shown} and {len(fields) - 5} more"


def report(
    before: DriftStatus | None,
    fields: Sequence[FieldDiff],
    now: datetime,
    how: Literal["Corrected", "Vanished"],
) -> DriftStatus | None:
    """The drift to show: what differs now, and what is over in the history. Whoever set the clock back, none of it is
    in the future, nor over before it began.
    """
    history = before.history if before else ()
    since = before.since if before else None
    if fields:
        shown = tuple(_shown(f) for f in fields[:SHOWN])
        return DriftStatus(since=min(since or now, now), fields=shown, history=history)
    if since is not None and before is not None:
        over = DriftRecord(
            since=since, until=max(since, now), how=how, paths=tuple(f.path for f in before.fields)
        )
        history = (over, *history)[:HISTORY]
    return DriftStatus(history=history) if history else None


def _shown(field: FieldDiff) -> FieldDrift:
    """In a difference on the way to the wish, before is what was observed and after what is desired."""
    return FieldDrift(path=field.path, desired=_json(field.after), observed=_json(field.before))


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)[:4096]
