"""What keeps a policy from running at all: each is one sentence that says the fix. Pure.

Of two policies that exclude each other the younger one is refused, so that a new mistake never stops what works.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.situation import EndView, PolicyView, ReplicationSituation, ways


@dataclass(frozen=True)
class PolicyRefusal:
    """Why a policy does not run. ``waits``: it resumes by itself."""

    reason: Reason
    message: str
    waits: bool = False


def refused(s: ReplicationSituation) -> PolicyRefusal | None:
    """The first thing that is wrong, or None."""
    return next(_refusals(s), None)


def _refusals(s: ReplicationSituation) -> Iterator[PolicyRefusal]:
    for side, end, named in (
        ("source", s.source, s.spec.source.bucket_ref.name),
        ("destination", s.destination, s.spec.destination.bucket_ref.name),
    ):
        if end is None:
            yield PolicyRefusal(
                Reason.BUCKET_NOT_FOUND,
                f"there is no ImageBucket {named} in this namespace; create it, or correct {side}.bucketRef",
                waits=True,
            )
    if s.source is None or s.destination is None:
        return
    yield from _rivals(s)
    yield from _same(s.source, s.destination)
    yield from _unusable("source", s.source)
    yield from _unusable("destination", s.destination)
    both = (s.source, s.destination) if s.spec.direction == "TwoWay" else (s.destination,)
    for end in both:
        yield from _written(end)
        yield from _deletes(s.spec, end)
    yield from _tier(s.spec, s.destination)


def _rivals(s: ReplicationSituation) -> Iterator[PolicyRefusal]:
    spec = s.spec
    source, destination, chosen = spec.source.bucket_ref.name, spec.destination.bucket_ref.name, spec.filter
    prefixes = (chosen.prefixes if chosen else None) or ()
    two_way = spec.direction == "TwoWay"
    for mine in ways(
        s.meta.name, source, destination, spec.destination.prefix or "", prefixes, two_way=two_way
    ):
        yield from _clashes(s.older, mine)
        yield from _circles(s.older, mine)


def _clashes(older: Sequence[PolicyView], mine: PolicyView) -> Iterator[PolicyRefusal]:
    for other in older:
        if other.destination == mine.destination and (clash := _overlap(other.areas, mine.areas)) is not None:
            where = f"keys that begin with {clash}" if clash else "all keys"
            yield PolicyRefusal(
                Reason.CONFLICT,
                f"the older ReplicationPolicy {other.name} writes {where} of the ImageBucket {mine.destination} already;"
                " delete one of the two, or give this one another destination.prefix or filter.prefixes",
            )


def _circles(older: Sequence[PolicyView], mine: PolicyView) -> Iterator[PolicyRefusal]:
    if (path := _way(older, mine.destination, mine.source)) is not None:
        yield PolicyRefusal(
            Reason.CYCLE,
            f"with the older ReplicationPolicies {', '.join(path)} the objects would go round in a circle back to the"
            f" ImageBucket {mine.source}; delete one of these policies",
        )


def _overlap(one: Iterable[str], other: Sequence[str]) -> str | None:
    """The longer beginning of two that meet; empty: everything."""
    met = [max(a, b, key=len) for a in one for b in other if a.startswith(b) or b.startswith(a)]
    return min(met, key=len, default=None)


def _way(policies: Sequence[PolicyView], start: str, end: str) -> tuple[str, ...] | None:
    """The names of the policies on a way from one bucket to another, or None."""
    reached: dict[str, tuple[str, ...]] = {start: ()}
    left = [start]
    while left:
        here = left.pop()
        for policy in policies:
            if policy.source == here and policy.destination not in reached:
                reached[policy.destination] = (*reached[here], policy.name)
                left.append(policy.destination)
    return reached.get(end)


def _same(source: EndView, destination: EndView) -> Iterator[PolicyRefusal]:
    """Two ImageBuckets of two StorageBackends may be one bucket, where both lead to one store."""
    one, other = source.store.backend, destination.store.backend
    if one is None or other is None:
        return
    if (one.endpoint, source.bucket) == (other.endpoint, destination.bucket):
        yield PolicyRefusal(
            Reason.SAME_BUCKET,
            f"{source.name} and {destination.name} are the same bucket {source.bucket} at {one.endpoint}; name an"
            " ImageBucket of another bucket in destination.bucketRef",
        )


def _unusable(side: str, end: EndView) -> Iterator[PolicyRefusal]:
    if end.deleting:
        message = (
            f"the {side}, ImageBucket {end.name}, is being deleted; name another one, or delete this policy"
        )
        yield PolicyRefusal(Reason.BUCKET_NOT_READY, message, waits=True)
    elif end.store.backend is None:
        trouble = end.store.trouble or "it cannot be used yet"
        message = f"the StorageBackend {end.backend} of the {side}, ImageBucket {end.name}: {trouble}"
        yield PolicyRefusal(Reason.BACKEND_UNUSABLE, message, waits=True)
    elif not end.made:
        message = f"the {side}, ImageBucket {end.name}, does not have its bucket yet; see its Ready condition"
        yield PolicyRefusal(Reason.BUCKET_NOT_READY, message, waits=True)


def _written(end: EndView) -> Iterator[PolicyRefusal]:
    if end.spec is not None and end.spec.mode == "Observe":
        yield PolicyRefusal(
            Reason.BUCKET_NOT_READY,
            f"the ImageBucket {end.name} has mode Observe, so the operator writes nothing there; set mode: Enforce, or name"
            " another ImageBucket",
        )


def _deletes(spec: ReplicationPolicySpec, end: EndView) -> Iterator[PolicyRefusal]:
    if spec.deletes == "Markers" and not end.versioned:
        yield PolicyRefusal(
            Reason.VERSIONING_NEEDED,
            f"deletes: Markers needs a versioned bucket; set versioning.state: Enabled in the ImageBucket {end.name}, or"
            " write deletes: Ignore",
        )
    if spec.deletes == "Mirror" and not end.versioned and not end.deletes_on_condition:
        yield PolicyRefusal(
            Reason.VERSIONING_NEEDED,
            f"deletes: Mirror needs a versioned bucket on the store of the ImageBucket {end.name}, which cannot delete on"
            " condition: what was written there meanwhile would be lost; set versioning.state: Enabled, or write"
            " deletes: Ignore",
        )
    if spec.deletes == "Mirror" and end.locked:
        yield PolicyRefusal(
            Reason.LOCKED_DESTINATION,
            f"the ImageBucket {end.name} has object lock, which refuses deletes: Mirror; write deletes: Markers, which"
            " hides the copies, or deletes: Ignore",
        )


def _tier(spec: ReplicationPolicySpec, destination: EndView) -> Iterator[PolicyRefusal]:
    tier = spec.destination.tier
    if tier is not None and destination.store.backend is not None and destination.class_of(tier) is None:
        yield PolicyRefusal(
            Reason.UNSUPPORTED,
            f"the StorageBackend {destination.backend} has no storage class for the tier {tier}; ask the administrator to add"
            " it to spec.tiers, or remove destination.tier",
        )
