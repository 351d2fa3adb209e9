"""Findings: what somebody should know of a bucket although its spec does not forbid it. Each is a condition. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS, FINDINGS, wishes
from imagestore.core.conditions import Condition, condition, find, is_true
from imagestore.core.facet import Facet
from imagestore.core.outcome import Event
from imagestore.core.plan import Change, Op
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket.apply import Applied
from imagestore.reconcile.bucket.situation import BucketSituation


def conditions(s: BucketSituation, results: Sequence[Applied]) -> Iterator[Condition]:
    """The findings of what was looked at now, and those of before of what was not, while the spec asks for them."""
    wished = wishes(s.spec)
    looked = {r.change.facet for r in results if _looked(r)}
    for result in results:
        if result.change.facet in looked & set(wished):
            yield from _found(wished[result.change.facet], result.change)
    left = {name for facet in wished if facet not in looked for name in FACETS[facet].finds}
    yield from (c for c in s.status.conditions if c.type in left)


def _looked(result: Applied) -> bool:
    """Whether the change tells what the store holds: not if it was written since, or could not be read."""
    told = result.change.op is Op.KEEP or result.change.before is not None
    return told and not result.wrote


def _found(wish: Facet, change: Change) -> Iterable[Condition]:
    if change.before is None:
        return
    for found in wish.findings(change.before):
        yield condition(found.name, Reason.FOUND, found.message)


def events(before: ImageBucketStatus, after: ImageBucketStatus) -> Iterator[Event]:
    """A warning for each that is new."""
    for name in FINDINGS:
        now = find(after.conditions, name)
        if now is not None and not is_true(before.conditions, name):
            yield Event(name, now.message, warning=True)
