"""What keeps a policy from running at all: each is one sentence that says the fix. Pure.

Of two policies that exclude each other the younger one is refused, so that a new mistake never stops what works.
"""

from collections.abc import Iterable, Iterator, Sequence

from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.failover import ends_of, is_under_way
from imagestore.reconcile.replication.situation import PolicyView, ReplicationSituation, ways
from imagestore.reconcile.shared.ends import EndRefusal, EndView, no_bucket, same_bucket, unusable, unwritable


def refused(s: ReplicationSituation) -> EndRefusal | None:
    """The first thing that is wrong, or None."""
    return next(_refusals(s), None)


def _refusals(s: ReplicationSituation) -> Iterator[EndRefusal]:
    for side, end, named in (
        ("source", s.source, s.spec.source.bucket_ref.name),
        ("destination", s.destination, s.spec.destination.bucket_ref.name),
    ):
        if end is None:
            yield no_bucket(named, f"{side}.bucketRef")
    if s.source is None or s.destination is None:
        return
    yield from _exchanged(s)
    yield from _rivals(s)
    yield from same_bucket(s.source, s.destination, "destination.bucketRef")
    yield from unusable("source", s.source, "policy")
    yield from unusable("destination", s.destination, "policy")
    both = (s.source, s.destination) if _returns(s) else (s.destination,)
    for end in both:
        yield from unwritable(end)
        yield from _deletes(s.spec, end)
    yield from _tier(s.spec, s.destination)


def _exchanged(s: ReplicationSituation) -> Iterator[EndRefusal]:
    """Other buckets in the middle of a failover: applications were led to an empty one, and runs copied the wrong way. Other
    keys: all was said to have come back, and what was written at the destination below the former ones had not.
    """
    known = s.status.failover
    if known is None or known.source is None or not is_under_way(known):
        return
    if known.model_copy(update=ends_of(s.spec)) == known:
        return
    below = f" below {known.prefix}" if known.prefix else ""
    yield EndRefusal(
        Reason.ENDS_CHANGED,
        f"the failover from {known.source} to {known.destination}{below} is not over; name these again in source and"
        " destination, write filter and existingObjects as status.failover has them, then failover.role: Primary, and wait until"
        " status.failover.settled is true",
    )


def _rivals(s: ReplicationSituation) -> Iterator[EndRefusal]:
    spec = s.spec
    source, destination, chosen = spec.source.bucket_ref.name, spec.destination.bucket_ref.name, spec.filter
    prefixes = (chosen.prefixes if chosen else None) or ()
    prefix, two_way = spec.destination.prefix or "", spec.direction == "TwoWay"
    returns = _returns(s)
    for mine in ways(s.meta.name, source, destination, prefix, prefixes, two_way=two_way, promoted=returns):
        yield from _clashes(s.older, mine)
        yield from _circles(s.older, mine)


def _returns(s: ReplicationSituation) -> bool:
    """Whether the source may be written to: with TwoWay, or when the destination is, was or can be promoted."""
    return s.spec.direction == "TwoWay" or s.spec.failover is not None or s.status.failover is not None


def _clashes(older: Sequence[PolicyView], mine: PolicyView) -> Iterator[EndRefusal]:
    for other in older:
        if other.destination == mine.destination and (clash := _overlap(other.areas, mine.areas)) is not None:
            where = f"keys that begin with {clash}" if clash else "all keys"
            when = " when it is promoted" if other.promoted else " already"
            also = ", and so does this one when it is promoted" if mine.promoted else ""
            yield EndRefusal(
                Reason.CONFLICT,
                f"the older ReplicationPolicy {other.name} writes {where} of the ImageBucket {mine.destination}{when}{also};"
                " delete one of the two, or give this one another destination.prefix or filter.prefixes",
            )


def _circles(older: Sequence[PolicyView], mine: PolicyView) -> Iterator[EndRefusal]:
    if (path := _way(older, mine.destination, mine.source)) is not None:
        when = ", when this one is promoted," if mine.promoted else ""
        yield EndRefusal(
            Reason.CYCLE,
            f"with the older ReplicationPolicies {', '.join(path)} the objects would{when} go round in a circle back to the"
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


def _deletes(spec: ReplicationPolicySpec, end: EndView) -> Iterator[EndRefusal]:
    if spec.deletes == "Markers" and not end.versioned:
        yield EndRefusal(
            Reason.VERSIONING_NEEDED,
            f"deletes: Markers needs a versioned bucket; set versioning.state: Enabled in the ImageBucket {end.name}, or"
            " write deletes: Ignore",
        )
    if spec.deletes == "Mirror" and not end.versioned and not end.deletes_on_condition:
        yield EndRefusal(
            Reason.VERSIONING_NEEDED,
            f"deletes: Mirror needs a versioned bucket on the store of the ImageBucket {end.name}, which cannot delete on"
            " condition: what was written there meanwhile would be lost; set versioning.state: Enabled, or write"
            " deletes: Ignore",
        )
    if spec.deletes == "Mirror" and end.locked:
        yield EndRefusal(
            Reason.LOCKED_DESTINATION,
            f"the ImageBucket {end.name} has object lock, which refuses deletes: Mirror; write deletes: Markers, which"
            " hides the copies, or deletes: Ignore",
        )


def _tier(spec: ReplicationPolicySpec, destination: EndView) -> Iterator[EndRefusal]:
    tier = spec.destination.tier
    if tier is not None and destination.store.backend is not None and destination.class_of(tier) is None:
        yield EndRefusal(
            Reason.UNSUPPORTED,
            f"the StorageBackend {destination.backend} has no storage class for the tier {tier}; ask the administrator to add"
            " it to spec.tiers, or remove destination.tier",
        )
