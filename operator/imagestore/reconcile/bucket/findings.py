"""What needs attention although the spec allows it: findings of settings, and a quota that is nearly reached."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from imagestore.api.bucketstatus import BucketUsage, ImageBucketStatus
from imagestore.api.imagebucket import FACETS, FINDINGS, ImageBucketSpec, wishes
from imagestore.backends import base
from imagestore.core.conditions import Condition, condition, find, is_true
from imagestore.core.errors import StoreError
from imagestore.core.facet import Facet
from imagestore.core.outcome import Event
from imagestore.core.plan import Change, Op
from imagestore.core.reasons import Reason
from imagestore.core.units import byte_count, size
from imagestore.reconcile.bucket.apply import Applied
from imagestore.reconcile.bucket.situation import BucketRun, BucketSituation


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
    return abs(now - before) * 20 >= max(before, 1)


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
