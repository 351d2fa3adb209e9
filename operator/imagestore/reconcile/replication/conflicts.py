"""What keeps a policy from running at all: each is one sentence that says the fix. Pure.

Of two policies that exclude each other the younger one is refused, so that a new mistake never stops what works.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.situation import EndView, PolicyView, ReplicationSituation


@dataclass(frozen=True)
class PolicyRefusal:
    """Why a policy does not run. ``waits``: it resumes by itself."""

    reason: Reason
    message: str
    waits: bool = False


def areas(spec: ReplicationPolicySpec) -> tuple[str, ...]:
    """The beginnings of the keys that the policy writes at the destination."""
    prefix = spec.destination.prefix or ""
    return tuple(prefix + p for p in (spec.filter.prefixes if spec.filter else ("",)))


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
    yield from _written(s.destination)
    yield from _deletes(s.spec, s.destination)


def _rivals(s: ReplicationSituation) -> Iterator[PolicyRefusal]:
    mine = PolicyView(
        s.meta.name, s.spec.source.bucket_ref.name, s.spec.destination.bucket_ref.name, areas(s.spec)
    )
    for other in s.older:
        if other.destination == mine.destination and (clash := _overlap(other.areas, mine.areas)) is not None:
            where = f"keys that begin with {clash}" if clash else "all keys"
            yield PolicyRefusal(
                Reason.CONFLICT,
                f"the older ReplicationPolicy {other.name} writes {where} of the ImageBucket {mine.destination} already;"
                " delete one of the two, or give this one another destination.prefix or filter.prefixes",
            )
    if (path := _way(s.older, mine.destination, mine.source)) is not None:
        names = ", ".join(path)
        yield PolicyRefusal(
            Reason.CYCLE,
            f"with the older ReplicationPolicies {names} the objects would go round in a circle back to the ImageBucket"
            f" {mine.source}; delete one of these policies",
        )


def _overlap(one: Iterable[str], other: Sequence[str]) -> str | None:
    """The longer beginning of two that meet; empty: everything."""
    met = [max(a, b, key=len) for a in one for b in other if a.startswith(b) or b.startswith(a)]
    return min(met, key=len, default=None)


def _way(policies: Sequence[PolicyView], start: str, end: str) -> tuple[str, ...] | None:
    """The names of the policies on a way from one bucket to another, or None."""
    ways: dict[str, tuple[str, ...]] = {start: ()}
    left = [start]
    while left:
        here = left.pop()
        for policy in policies:
            if policy.source == here and policy.destination not in ways:
                ways[policy.destination] = (*ways[here], policy.name)
                left.append(policy.destination)
    return ways.get(end)


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


def _written(destination: EndView) -> Iterator[PolicyRefusal]:
    spec = destination.spec
    if spec is not None and spec.mode == "Observe":
        yield PolicyRefusal(
            Reason.BUCKET_NOT_READY,
            f"the destination, ImageBucket {destination.name}, has mode Observe, so the operator writes nothing there;"
            " set mode: Enforce, or name another ImageBucket",
        )


def _deletes(spec: ReplicationPolicySpec, destination: EndView) -> Iterator[PolicyRefusal]:
    name = destination.name
    if spec.deletes == "Markers" and not destination.versioned:
        yield PolicyRefusal(
            Reason.VERSIONING_NEEDED,
            f"deletes: Markers needs a versioned destination; set versioning.state: Enabled in the ImageBucket {name},"
            " or write deletes: Ignore",
        )
    if spec.deletes == "Mirror" and destination.locked:
        yield PolicyRefusal(
            Reason.LOCKED_DESTINATION,
            f"the ImageBucket {name} has object lock, which refuses deletes: Mirror; write deletes: Markers, which hides"
            " the copies, or deletes: Ignore",
        )
