"""Observe a bucket: its settings, what needs attention although the spec allows it, and how much it holds.

One call for each setting, and none for what the check has told already. Findings are of settings, and of a quota that is
nearly reached.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from imagestore.api.bucketstatus import BucketUsage, ImageBucketStatus
from imagestore.api.imagebucket import FACETS, FINDINGS, ImageBucketSpec, wishes
from imagestore.backends import base
from imagestore.backends.base import Backend, Observation
from imagestore.core import errors
from imagestore.core.conditions import Condition, condition, find, is_true
from imagestore.core.errors import NotFound, StoreError
from imagestore.core.facet import WHOLE, Facet, Removal
from imagestore.core.losses import beyond, uses
from imagestore.core.outcome import Event
from imagestore.core.plan import Change, Op, Readings
from imagestore.core.reading import (
    Found,
    Level,
    Missing,
    NotRepresentable,
    Reading,
    Support,
    Unreadable,
    Unsupported,
    reading_of,
)
from imagestore.core.reasons import Reason
from imagestore.core.units import byte_count, size
from imagestore.reconcile.bucket.apply import Applied
from imagestore.reconcile.bucket.desired import Desired
from imagestore.reconcile.bucket.situation import BucketRun, BucketSituation


def observe_settings(run: BucketRun, check: Observation, desired: Desired, known: Readings) -> Readings:
    """The readings of every setting that is or was managed; a value that the store cannot hold is not read.

    ``known``: what was read a moment ago; it is used where it is about all of them.
    """
    names = desired.values.keys() | desired.managed.keys()
    if names <= known.keys():
        return known
    bucket = run.s.spec.bucket_name
    barred = _barred(run.backend.support_of(bucket), desired.values)
    asked = [n for n in FACETS if n in names and n not in barred]
    return {**readings(run.backend, bucket, asked, check), **barred}


def blank(backend: Backend, desired: Desired) -> dict[str, Reading]:
    """The readings of a bucket that was created a moment ago: nothing is set, so nothing is read."""
    read: dict[str, Reading] = dict.fromkeys(desired.values.keys() | desired.managed.keys(), Missing())
    return read | _barred(backend.support, desired.values)


def _barred(support: Mapping[str, Support], desired: Mapping[str, Facet]) -> dict[str, Reading]:
    judged = {n: unsupported(w, n, support[n]) for n, w in desired.items()}
    return {n: reading for n, reading in judged.items() if reading is not None}


def told_by_check(check: Observation) -> dict[str, Reading]:
    """The readings that came with a check of the bucket."""
    return {n: reading_of(value) for n, value in check.values.items()}


def is_foreign(desired: Desired, read: Readings) -> bool:
    """Whether something is set that this object does not want and no store sets by itself: another program made the bucket.

    What stores set by themselves is what stays when it is no longer mentioned: encryption, a public access block.
    """
    have = ((n, r.value) for n, r in read.items() if isinstance(r, Found) and n in desired.values)
    return any(_adds(desired.values[n].canonical(), value.canonical()) for n, value in have)


def _adds(value: Facet, have: Facet) -> bool:
    parts = have.parts()
    if have.removal not in (Removal.CLEAR, Removal.HOLD) or have.is_empty():
        return False
    return have != value.filled(have) if parts is None else not parts <= (value.parts() or WHOLE)


def readings(backend: Backend, bucket: str, names: Iterable[str], check: Observation) -> dict[str, Reading]:
    """What the store holds for each of ``names``. Raises NotFound if the bucket itself does not exist."""
    return {n: _reading(backend, bucket, n, check) for n in names}


def _reading(backend: Backend, bucket: str, name: str, check: Observation) -> Reading:
    support = backend.support[name]
    if support.level is Level.NONE or name not in backend.drivers:
        return Unsupported(lacking(name, support))
    if name in check.values:
        return reading_of(check.values[name])
    try:
        return reading_of(backend.drivers[name].read(bucket))
    except NotFound:
        raise
    except errors.Unrepresentable as error:
        return NotRepresentable(str(error))
    except StoreError as error:
        return Unreadable(error.reason, str(error))


def unsupported(value: Facet, name: str, support: Support) -> Unsupported | None:
    """Why the backend cannot hold this value, or None if it can. A value is never reduced to what fits."""
    if support.level is Level.NONE:
        return Unsupported(lacking(name, support))
    lost = tuple(f"{name}.{path}" for path in uses(value, support.lost))
    if lost:
        return Unsupported(
            f"this store would lose {', '.join(lost)}; remove it, or use another backend", lost
        )
    refused = {f"{name}.{path}": fix for path, fix in beyond(value, support.limits).items()}
    return Unsupported(refusal(refused), tuple(refused)) if refused else None


def lacking(name: str, support: Support) -> str:
    """What to do about a setting that the store does not have. The store itself answers a bare 400 MalformedXML."""
    why = f" ({support.reason})" if support.reason else ""
    return f"this store does not have {name}{why}; remove spec.{name}, or use a backend that has it"


def refusal(refused: Mapping[str, str]) -> str:
    """What a store does not accept, by path, with each fix named once."""
    by_fix: dict[str, list[str]] = {}
    for path, fix in refused.items():
        by_fix.setdefault(fix, []).append(path)
    return "; ".join(f"this store does not take {', '.join(paths)}: {fix}" for fix, paths in by_fix.items())


def conditions(s: BucketSituation, results: Sequence[Applied]) -> Iterator[Condition]:
    """The findings of settings that were observed now, and the earlier ones of those that were not, while desired."""
    wished = wishes(s.spec)
    seen = {r.change.facet for r in results if _observed(r)}
    for result in results:
        if result.change.facet in seen & set(wished):
            yield from _found(wished[result.change.facet], result.change)
    left = {name for facet in wished if facet not in seen for name in FACETS[facet].finds}
    yield from (c for c in s.status.conditions if c.type in left)


def _observed(result: Applied) -> bool:
    """Whether the result tells what the store holds: not if it was written since, or could not be read."""
    told = result.change.op is Op.KEEP or result.change.before is not None
    return told and not result.wrote


def _found(value: Facet, change: Change) -> Iterable[Condition]:
    if change.before is None:
        return
    for found in value.findings(change.before):
        yield condition(found.name, Reason.FOUND, found.message)


def events(before: ImageBucketStatus, after: ImageBucketStatus) -> Iterator[Event]:
    """A warning for each that is new."""
    for name in FINDINGS:
        now = find(after.conditions, name)
        if now is not None and not is_true(before.conditions, name):
            yield Event(name, now.message, warning=True)


NEARLY_FULL = Reason.QUOTA_NEARLY_FULL  # the condition, and its Event
EVERY = 3600.0  # seconds


def usage(run: BucketRun) -> dict[str, object]:
    """The usage to write to the status. Asks at most hourly, unless the bucket has a quota that warns."""
    s, backend, at = run.s, run.backend, run.memo.usage_at
    due = at is None or s.clock - at >= EVERY
    if not due and not _warns(s.spec):
        return {}
    try:
        told = backend.usage(s.spec.bucket_name)
    except StoreError:
        told = None
    if due:
        run.memo = replace(run.memo, usage_at=s.clock)
    if told is None or not _possible(told) or not _news(s, told, due=due):
        return {}
    return {"usage": BucketUsage(objects=told.objects, bytes=told.bytes)}


def _possible(told: base.HeldUsage) -> bool:
    """Whether a status can hold it: a counter that ran below zero is -1, or 2^64-1."""
    return all(0 <= n < 2**63 for n in (told.objects, told.bytes))


def _news(s: BucketSituation, told: base.HeldUsage, *, due: bool) -> bool:
    """Whether to write it: hourly if it changed by five percent, and at once if a warning begins or ends."""
    before = s.status.usage
    if before is None or _full(s.spec, before.bytes) != _full(s.spec, told.bytes):
        return True
    return due and (_moved(before.objects, told.objects) or _moved(before.bytes, told.bytes))


def _moved(before: int, now: int) -> bool:
    return now != before and abs(now - before) * 20 >= before


def _warns(spec: ImageBucketSpec) -> bool:
    return spec.quota is not None and spec.quota.warn_percent is not None


def _full(spec: ImageBucketSpec, held: int) -> bool:
    return spec.quota is not None and spec.quota.warns_of(held)


def quota_conditions(spec: ImageBucketSpec, usage: BucketUsage | None) -> Iterator[Condition]:
    """QuotaNearlyFull, while the quota is nearly reached."""
    if usage is None or spec.quota is None or not _full(spec, usage.bytes):
        return
    message = (
        f"{size(usage.bytes)} of {size(byte_count(spec.quota.hard))} are used, and quota.warnPercent is"
        f" {spec.quota.warn_percent}; when it is full the store refuses uploads: remove what is not needed, or raise"
        " quota.hard"
    )
    yield condition(NEARLY_FULL, Reason.ABOVE_WARN_PERCENT, message)


def quota_events(before: ImageBucketStatus, after: ImageBucketStatus) -> Iterator[Event]:
    """A warning when QuotaNearlyFull begins."""
    now = find(after.conditions, NEARLY_FULL)
    if now is not None and not is_true(before.conditions, NEARLY_FULL):
        yield Event(NEARLY_FULL, now.message, warning=True)
