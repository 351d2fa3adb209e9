"""Drift: a difference that nobody asked for. Suspected at one look, believed at the next.

After a write S3 may answer old and new values alternately for half a minute (ansible community.aws#1085),
so one look proves nothing. A difference is drift, and not an edit, if the wish is the one that the store
was last seen to hold.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from imagestore.api.bucketstatus import DriftRecord, DriftStatus, FieldDrift, ImageBucketStatus
from imagestore.core.diff import FieldDiff
from imagestore.core.facet import Facet
from imagestore.core.paths import Item, parse
from imagestore.core.plan import Change, Op, Plan
from imagestore.core.reasons import Reason
from imagestore.core.remembered import remembered
from imagestore.facets.lifecycle_rule import FOREIGN
from imagestore.reconcile.bucket.situation import BucketSituation, Memo
from imagestore.reconcile.shared.digests import wish_digest

HISTORY = 10
NAME, POLICIES = 253, 250  # letters of an object's name, and how many a status has room for


@dataclass(frozen=True)
class Told:
    """What is remembered of the drift of one setting that was told: all of it by its digest, and one thing more."""

    digest: str
    switched_off: bool


@dataclass(frozen=True)
class Verdict:
    """What is to be done about drift. ``confirm_in``: seconds to a second look; None: none is needed."""

    plan: Plan
    fields: tuple[FieldDiff, ...] = ()
    confirm_in: float | None = None
    declared: bool = False  # declared by this very look
    snoozed: bool = False


def assess(s: BucketSituation, plan: Plan, wishes: Mapping[str, Facet]) -> Verdict:
    """The plan with what is only suspected, just declared or snoozed held back.

    Setting by setting: one that somebody changes to and fro keeps no other from being put right.
    """
    observing = s.spec.mode == "Observe"
    drifted = [c for c in plan.changes if c.fields and (observing or is_drift(c, s.status, wishes))]
    new = [c for c in drifted if not _declared(s.status, c)]
    waits = _confirm(s.memo, new, s.clock, s.settings.confirm_drift)
    seen = [c for c in drifted if c.facet not in waits]
    fields = tuple(f for c in seen for f in c.fields)
    held = _hold(plan, Reason.UNCONFIRMED, dict.fromkeys(waits, "seen once; looking again"))
    wait = min(waits.values(), default=None)
    if snoozed(s):
        return Verdict(
            _hold(held, Reason.SNOOZED, _said(seen, "snoozed: ")), fields, wait, snoozed=bool(seen)
        )
    declared = [c for c in new if c.facet not in waits]
    held = held if observing else _hold(held, Reason.DRIFTED, _said(declared))
    return Verdict(held, fields, wait, declared=bool(declared))


def is_drift(change: Change, status: ImageBucketStatus, wishes: Mapping[str, Facet]) -> bool:
    """Whether the store once held exactly what is still wished."""
    known = next((f for f in status.facets if f.name == change.facet), None)
    wish = wishes.get(change.facet)
    return wish is not None and known is not None and known.wish == wish_digest(wish)


def snoozed(s: BucketSituation) -> bool:
    """Whether drift is left alone for now."""
    snooze = s.spec.drift.snooze if s.spec.drift else None
    return snooze is not None and _aware(snooze.until) > s.now


def snooze_over(s: BucketSituation) -> str:
    """What to do about a snooze that leaves nothing alone; empty where there is none, or it goes on."""
    snooze = s.spec.drift.snooze if s.spec.drift else None
    if snooze is None or snoozed(s):
        return ""
    # In its own zone: year 1 has no moment in UTC that is before it.
    ended = _aware(snooze.until).isoformat().replace("+00:00", "Z")
    return (
        f"drift.snooze was over at {ended}, so drift is corrected; remove it, or give a time that is"
        " still to come"
    )


def _aware(moment: datetime) -> datetime:
    """CRD date-times carry a zone; a manifest planned without a cluster may not."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _declared(status: ImageBucketStatus, change: Change) -> bool:
    """Whether all of this has been told; what was only snoozed has not."""
    known = next((f for f in status.facets if f.name == change.facet), None)
    return known is not None and known.drift == _digest(change.fields)


def _digest(fields: Sequence[FieldDiff]) -> str:
    text = json.dumps(sorted(f.path for f in fields))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _confirm(memo: Memo, new: Sequence[Change], now: float, delay: float) -> dict[str, float]:
    """Seconds until the second look at each setting; none for one of which this is it, and it saw the same fields."""
    seen = {c.facet: _digest(c.fields) for c in new}
    first = {n: (d, now) for n, d in seen.items() if memo.suspected.get(n, ("",))[0] != d}
    memo.suspected = {n: first.get(n) or memo.suspected[n] for n in seen}
    since = {n: now - at for n, (_, at) in memo.suspected.items()}
    return {n: delay - age for n, age in since.items() if age < delay}


def _said(changes: Sequence[Change], before: str = "") -> dict[str, str]:
    return {c.facet: f"{before}{paths(c.fields)}" for c in changes}


def _hold(plan: Plan, reason: Reason, messages: Mapping[str, str]) -> Plan:
    """``messages``: of each setting that is held."""

    def rule(change: Change) -> Change:
        if change.facet not in messages:
            return change
        return replace(change, op=Op.HOLD, reason=reason, message=messages[change.facet])

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
        return DriftStatus(
            since=min(since or now, now),
            total=len(fields),
            policies=remembered(o for o in _origins(fields) if len(o) <= NAME)[:POLICIES],
            fields=tuple(_shown(f) for f in fields),
            history=history,
        )
    if since is not None and before is not None:
        over = DriftRecord(
            since=since, until=max(since, now), how=how, paths=tuple(f.path for f in before.fields)
        )
        history = (over, *history)[:HISTORY]
    return DriftStatus(history=history) if history else None


def told(
    before: ImageBucketStatus, fields: Sequence[FieldDiff], *, snoozed: bool, open_: bool
) -> dict[str, Told]:
    """By setting. ``open_``: of some a second look is needed; what was told of them before still stands."""
    old = {f.name: Told(f.drift, bool(f.switched_off)) for f in before.facets if f.drift} if open_ else {}
    found: dict[str, list[FieldDiff]] = {}
    for field in () if snoozed else fields:
        found.setdefault(str(parse(field.path)[0]), []).append(field)
    return old | {
        n: Told(_digest(mine), any(f.path.endswith("].state") for f in mine)) for n, mine in found.items()
    }


def _origins(fields: Sequence[FieldDiff]) -> Iterator[str]:
    """The LifecyclePolicies whose rules are among these."""
    rules = (
        steps[2] for f in fields if (steps := parse(f.path))[:2] == ("lifecycle", "rules") and len(steps) > 2
    )
    names = (rule.value for rule in rules if isinstance(rule, Item))
    yield from (name.partition("/")[0] for name in names if "/" in name and not name.startswith(FOREIGN))


def _shown(field: FieldDiff) -> FieldDrift:
    """In a difference on the way to the wish, before is what was observed and after what is desired."""
    return FieldDrift(path=field.path, desired=_json(field.after), observed=_json(field.before))


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
