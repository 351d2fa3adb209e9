"""What the buckets are that settings name as ImageBuckets, or why a name leads nowhere. Pure.

A reference never leaves its namespace and its backend. One that leads nowhere keeps its setting as it is; the
other settings, and the bucket's creation, go on: two buckets may name each other.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from imagestore.core.facet import Facet
from imagestore.core.reasons import Reason
from imagestore.core.references import BucketRef, led, references, refers
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.shared.tenancy import Refusal


@dataclass(frozen=True)
class Leads:
    """The wishes whose references all lead to a bucket, and why the others' do not."""

    wishes: Mapping[str, Facet]
    unresolved: tuple[Refusal, ...] = ()


class Why(NamedTuple):
    """Why a reference leads nowhere. ``waits``: until that changes by itself."""

    reason: Reason
    message: str
    waits: bool = False


def followed(s: BucketSituation, asked: Leads) -> Leads:
    """Every reference replaced by the bucket that it leads to."""
    referring = {n: w for n, w in asked.wishes.items() if refers(type(w))}
    astray = {n: why for n, w in referring.items() if (why := _astray(s, n, w))}
    found = {n: led(w, lambda ref: _bucket(s, ref)) for n, w in referring.items() if n not in astray}
    led_to = {n: found.get(n, w) for n, w in asked.wishes.items() if n not in astray}
    return Leads(led_to, (*asked.unresolved, *astray.values()))


def _bucket(s: BucketSituation, ref: BucketRef) -> BucketRef:
    return BucketRef(bucket=s.referenced[ref.name or ""].bucket)


def _astray(s: BucketSituation, facet: str, wish: Facet) -> Refusal | None:
    """All that is wrong with a setting's references, in one; what a person must mend comes before what waits."""
    asked = ((path, ref.name or "", mark.loops) for path, ref, mark in references(wish))
    found = ((path, _itself(s, facet, name, loops) or _why(s, name)) for path, name, loops in asked)
    wrong = sorted(((f"{facet}.{path}", why) for path, why in found if why is not None), key=_waits)
    if not wrong:
        return None
    said = "; ".join(f"{path}: {why.message}" for path, why in wrong)
    return Refusal(wrong[0][1].reason, said, facet, waits=wrong[0][1].waits)


def _waits(found: tuple[str, Why]) -> bool:
    return found[1].waits


def _itself(s: BucketSituation, facet: str, name: str, loops: str) -> Why | None:
    other, mine = s.referenced.get(name), (s.spec.backend_ref.name, s.spec.bucket_name)
    if name == s.meta.name or (other is not None and (other.backend, other.bucket) == mine):
        return Why(
            Reason.REFERENCE_TO_ITSELF, f"{name} is this very bucket: {loops}; name another ImageBucket"
        )
    circle = _circle(s, facet, name)
    if circle:
        steps = [f"{one} does the same with {other}" for one, other in pairwise((*circle, "this bucket"))]
        message = f"{', '.join(steps)}: {loops}; name another ImageBucket in one of them"
        return Why(Reason.REFERENCE_IN_CIRCLES, message)
    return None


def _circle(s: BucketSituation, facet: str, name: str) -> tuple[str, ...]:
    """From ``name`` on, the shortest way back to this bucket by the same setting; empty: there is none."""
    ways: deque[tuple[str, ...]] = deque([(name,)])
    seen = {name}
    while ways:
        way = ways.popleft()
        other = s.referenced.get(way[-1])
        following = [n for setting, n in other.references if setting == facet] if other else []
        if s.meta.name in following:
            return way
        ways += [(*way, n) for n in following if n not in seen]
        seen.update(following)
    return ()


def _why(s: BucketSituation, name: str) -> Why | None:
    other, here = s.referenced.get(name), s.spec.backend_ref.name
    if other is None:
        message = f"there is no ImageBucket {name} in this namespace; create it, or correct the name"
        return Why(Reason.REFERENCE_NOT_FOUND, message, waits=True)
    if other.backend != here:
        message = f"ImageBucket {name} is on the backend {other.backend}; name one on {here}"
        return Why(Reason.REFERENCE_ELSEWHERE, message)
    if other.deleting:
        message = f"ImageBucket {name} is being deleted; name another one, or remove the setting"
        return Why(Reason.REFERENCE_DELETING, message)
    if not other.made:
        message = f"waits for the bucket of ImageBucket {name}; see what its status says"
        return Why(Reason.REFERENCE_NOT_READY, message, waits=True)
    return None
