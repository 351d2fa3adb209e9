"""How much a bucket holds: when it is asked for, when status says it, and when it is near its quota. Pure but for the call."""

from collections.abc import Iterator

from imagestore.api.bucketstatus import BucketUsage, ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.backends import base
from imagestore.core.conditions import Condition, condition, find, is_true
from imagestore.core.errors import StoreError
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.core.units import byte_count, size
from imagestore.reconcile.bucket.situation import BucketSituation

NEARLY_FULL = Reason.QUOTA_NEARLY_FULL  # the condition, and its Event
EVERY = 3600.0  # seconds


def asked(s: BucketSituation, backend: base.Backend) -> dict[str, object]:
    """What of it is to be written. At most hourly, unless the bucket has a quota to be warned of."""
    due = s.memo.usage_at is None or s.clock - s.memo.usage_at >= EVERY
    if not due and not _warns(s.spec):
        return {}
    try:
        told = backend.usage(s.spec.bucket_name)
    except StoreError:
        told = None
    told = told if told and _possible(told) else None
    if due:
        s.memo.usage_at = s.clock
    return (
        {"usage": BucketUsage(objects=told.objects, bytes=told.bytes)}
        if told and _news(s, told, due=due)
        else {}
    )


def _possible(told: base.HeldUsage) -> bool:
    """A counter that ran below zero is -1, or 2^64-1: of the one no status could be made, the other is not so."""
    return all(0 <= n < 2**63 for n in (told.objects, told.bytes))


def _news(s: BucketSituation, told: base.HeldUsage, *, due: bool) -> bool:
    """Hourly by five percent, since usage is no reason to write a status; at once if it comes to a warning, or ends one."""
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


def conditions(spec: ImageBucketSpec, usage: BucketUsage | None) -> Iterator[Condition]:
    """QuotaNearlyFull, while it is."""
    if usage is None or spec.quota is None or not _full(spec, usage.bytes):
        return
    message = (
        f"{size(usage.bytes)} of {size(byte_count(spec.quota.hard))} are used, and quota.warnPercent is"
        f" {spec.quota.warn_percent}; when it is full the store refuses uploads: remove what is not needed, or raise"
        " quota.hard"
    )
    yield condition(NEARLY_FULL, Reason.ABOVE_WARN_PERCENT, message)


def events(before: ImageBucketStatus, after: ImageBucketStatus) -> Iterator[Event]:
    """A warning when it comes to that."""
    now = find(after.conditions, NEARLY_FULL)
    if now is not None and not is_true(before.conditions, NEARLY_FULL):
        yield Event(NEARLY_FULL, now.message, warning=True)
