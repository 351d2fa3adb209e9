"""Drift: a difference that no change of the spec explains. One check suspects it, the next one confirms it.

After a write S3 may answer old and new values alternately for half a minute (ansible community.aws#1085), so one check
proves nothing. A difference is drift, and not an edit, if the store was last observed to hold the desired value.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from imagestore.api.bucketstatus import DriftRecord, DriftStatus, FieldDrift, ImageBucketStatus
from imagestore.core.diff import FieldDiff, some_paths
from imagestore.core.facet import Facet
from imagestore.core.paths import Item, parse
from imagestore.core.plan import Change, Op, Plan
from imagestore.core.reasons import Reason
from imagestore.core.remembered import remembered
from imagestore.facets.lifecycle_rule import FOREIGN
from imagestore.reconcile.bucket.situation import BucketSituation, Noted
from imagestore.reconcile.shared.digests import wish_digest

HISTORY = 10
NAME, POLICIES = 253, 250  # letters of an object's name, and how many a status has room for


@dataclass(frozen=True)
class ReportedDrift:
    """The reported drift of one setting: its digest, and whether lifecycle rules that were disabled are part of it."""

    digest: str
    switched_off: bool


@dataclass(frozen=True)
class Assessment:
    """What to do about drift.

    ``plan``: with what is suspected, just declared or snoozed held back. ``suspected``: for the next check. ``fields``:
    confirmed drift. ``confirm_in``: seconds to the check that confirms or clears the rest; None: none is needed.
    """

    plan: Plan
    suspected: Mapping[str, Noted] = field(default_factory=dict)
    fields: tuple[FieldDiff, ...] = ()
    confirm_in: float | None = None
    declared: bool = False  # by this check
    snoozed: bool = False


def assess(
    s: BucketSituation, suspected: Mapping[str, Noted], plan: Plan, desired: Mapping[str, Facet]
) -> Assessment:
    """Judge each difference of a plan: an edit, or drift. ``suspected``: what the check before has found.

    Setting by setting, so that one that another program keeps changing does not keep the others from being corrected.
    """
    observing = s.spec.mode == "Observe"
    drifted = [c for c in plan.changes if c.fields and (observing or is_drift(c, s.status, desired))]
    new = [c for c in drifted if not _declared(s.status, c)]
    suspected = _suspected(suspected, new, s.clock)
    waits = _waits(suspected, s.clock, s.settings.confirm_drift)
    seen = [c for c in drifted if c.facet not in waits]
    fields = tuple(f for c in seen for f in c.fields)
    held = _hold(plan, Reason.UNCONFIRMED, dict.fromkeys(waits, "seen once; a second check confirms it"))
    wait = min(waits.values(), default=None)
    if snoozed(s):
        left = _hold(held, Reason.SNOOZED, _said(seen, "snoozed: "))
        return Assessment(left, suspected, fields, wait, snoozed=bool(seen))
    declared = [c for c in new if c.facet not in waits]
    held = held if observing else _hold(held, Reason.DRIFTED, _said(declared))
    return Assessment(held, suspected, fields, wait, declared=bool(declared))


def is_drift(change: Change, status: ImageBucketStatus, desired: Mapping[str, Facet]) -> bool:
    """Whether the store was last observed to hold exactly what is still desired."""
    known = next((f for f in status.facets if f.name == change.facet), None)
    value = desired.get(change.facet)
    return value is not None and known is not None and known.desired_digest == wish_digest(value)


def snoozed(s: BucketSituation) -> bool:
    """Whether drift is ignored for now."""
    snooze = s.spec.drift.snooze if s.spec.drift else None
    return snooze is not None and _aware(snooze.until) > s.now


def snooze_over(s: BucketSituation) -> str:
    """What to do about a snooze that has ended; empty where there is none, or it has not."""
    snooze = s.spec.drift.snooze if s.spec.drift else None
    if snooze is None or snoozed(s):
        return ""
    # In its own zone: year 1 has no moment in UTC that is before it.
    ended = _aware(snooze.until).isoformat().replace("+00:00", "Z")
    return f"drift.snooze ended at {ended}, so drift is corrected; remove it, or set a time in the future"


def _aware(moment: datetime) -> datetime:
    """CRD date-times carry a zone; a manifest planned without a cluster may not."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _declared(status: ImageBucketStatus, change: Change) -> bool:
    """Whether a status has reported all of this drift. What was only snoozed was not reported."""
    known = next((f for f in status.facets if f.name == change.facet), None)
    return known is not None and known.drift == _digest(change.fields)


def _digest(fields: Sequence[FieldDiff]) -> str:
    text = json.dumps(sorted(f.path for f in fields))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _suspected(before: Mapping[str, Noted], new: Sequence[Change], now: float) -> dict[str, Noted]:
    """What this check suspects. The same fields as before stay suspected since then."""
    seen = {c.facet: Noted(_digest(c.fields), now) for c in new}
    same = {n: before[n] for n, noted in seen.items() if n in before and before[n].digest == noted.digest}
    return seen | same


def _waits(suspected: Mapping[str, Noted], now: float, delay: float) -> dict[str, float]:
    """Seconds until the check that confirms each setting; none for one that this check has confirmed."""
    since = {n: now - noted.at for n, noted in suspected.items()}
    return {n: delay - age for n, age in since.items() if age < delay}


def _said(changes: Sequence[Change], before: str = "") -> dict[str, str]:
    return {c.facet: f"{before}{some_paths(c.fields)}" for c in changes}


def _hold(plan: Plan, reason: Reason, messages: Mapping[str, str]) -> Plan:
    """``messages``: of each setting that is held."""

    def rule(change: Change) -> Change:
        if change.facet not in messages:
            return change
        return replace(change, op=Op.HOLD, reason=reason, message=messages[change.facet])

    return plan.map(rule)


def report(
    before: DriftStatus | None,
    fields: Sequence[FieldDiff],
    now: datetime,
    how: Literal["Corrected", "Vanished"],
) -> DriftStatus | None:
    """The drift to show: what differs now, and what is over in the history.

    After the clock was set back, too, none of it is in the future, nor over before it began.
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


def reported(
    before: ImageBucketStatus, fields: Sequence[FieldDiff], *, snoozed: bool, open_: bool
) -> dict[str, ReportedDrift]:
    """The drift to remember, by setting. ``open_``: some is not confirmed yet, so what was reported before still holds."""
    old = (
        {f.name: ReportedDrift(f.drift, bool(f.switched_off)) for f in before.facets if f.drift}
        if open_
        else {}
    )
    found: dict[str, list[FieldDiff]] = {}
    for each in () if snoozed else fields:
        found.setdefault(str(parse(each.path)[0]), []).append(each)
    return old | {
        n: ReportedDrift(_digest(mine), any(f.path.endswith("].state") for f in mine))
        for n, mine in found.items()
    }


def _origins(fields: Sequence[FieldDiff]) -> Iterator[str]:
    """The LifecyclePolicies whose rules are among these."""
    rules = (
        steps[2] for f in fields if (steps := parse(f.path))[:2] == ("lifecycle", "rules") and len(steps) > 2
    )
    names = (rule.value for rule in rules if isinstance(rule, Item))
    yield from (name.partition("/")[0] for name in names if "/" in name and not name.startswith(FOREIGN))


def _shown(diff: FieldDiff) -> FieldDrift:
    """A plan goes from what was observed to what is desired."""
    return FieldDrift(path=diff.path, desired=_json(diff.after), observed=_json(diff.before))


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
