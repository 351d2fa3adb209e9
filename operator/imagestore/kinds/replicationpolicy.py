"""ReplicationPolicy: keeps the objects of one bucket in another one of the same namespace."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from sys import intern

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.kinds import IMAGE_BUCKET, REPLICATION_POLICY, STORAGE_BACKEND
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.controller.contributions import Contributes
from imagestore.controller.rights import Right
from imagestore.controller.runtime import Cause, KindRuntime, Pass, Wake
from imagestore.controller.services import Services
from imagestore.controller.state.cache import ObjectChange
from imagestore.controller.state.index import Edge
from imagestore.controller.state.objects import Key, NotUnderstood, Stored, lenient, understood
from imagestore.controller.state.raw import RawObject, mapping
from imagestore.controller.stores import Named
from imagestore.controller.work.queue import Lane
from imagestore.kinds.parts.inputs import meta
from imagestore.kinds.parts.relations import TO_REFERENCE, StoredBucket, may_have, older_rival
from imagestore.kinds.parts.samples import of_replications
from imagestore.reconcile.replication.failover import FAILED_OVER, FENCED, contributed_fence
from imagestore.reconcile.replication.method import contributed_rules
from imagestore.reconcile.replication.native import SETTING, native_contribution
from imagestore.reconcile.replication.objective import WITHIN_OBJECTIVE
from imagestore.reconcile.replication.parity import PARITY_VERIFIED
from imagestore.reconcile.replication.publishing import PUBLISHED
from imagestore.reconcile.replication.reconcile import HELD, reconcile
from imagestore.reconcile.replication.situation import (
    EndView,
    PolicyView,
    ReplicationSituation,
    RoleChange,
    ways,
)
from imagestore.reconcile.shared.contribution import Contribution

_AT_ONCE = 8  # worked on at once: what they wait for is the API server's answer to a status


@dataclass(frozen=True, slots=True)
class ReplicationFacts:
    """What is remembered of a ReplicationPolicy besides the envelope."""

    source: str
    destination: str
    prefix: str  # of the destination
    chosen: tuple[str, ...]  # the filter's prefixes
    two_way: bool
    fence: bool
    role: str  # by its status, as the next one
    method: str
    numbers: tuple[tuple[str, int], ...]  # of its status, by what they count

    def ways(self, name: str) -> tuple[PolicyView, ...]:
        """What conflicts with other policies depend on."""
        return ways(name, self.source, self.destination, self.prefix, self.chosen, two_way=self.two_way)


StoredReplication = Stored[ReplicationFacts]


def _facts(raw: RawObject) -> ReplicationFacts:
    source, destination = mapping(raw.spec.get("source")), mapping(raw.spec.get("destination"))
    chosen = mapping(raw.spec.get("filter")).get("prefixes")
    return ReplicationFacts(
        intern(str(mapping(source.get("bucketRef")).get("name", ""))),
        intern(str(mapping(destination.get("bucketRef")).get("name", ""))),
        str(destination.get("prefix") or ""),
        tuple(map(str, chosen)) if isinstance(chosen, list) else (),
        raw.spec.get("direction") == "TwoWay",
        "failover" in raw.spec and mapping(raw.spec["failover"]).get("fence") is not False,
        intern(str(mapping(raw.status.get("failover")).get("role", ""))),
        intern(str(raw.status.get("method", ""))),
        tuple(_numbers(raw)),
    )


def _numbers(raw: RawObject) -> Iterator[tuple[str, int]]:
    for part, name in (
        ("backlog", "objects"),
        ("backlog", "bytes"),
        ("failed", "count"),
        ("held", "objects"),
    ):
        number = mapping(raw.status.get(part)).get(name)
        if isinstance(number, int):
            yield f"{part}.{name}", number


class ReplicationInputs:
    """Makes situations."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def forget(self, key: Key) -> None:
        """The object is gone."""

    def of(self, obj: StoredReplication, this: Pass) -> Callable[[], ReplicationSituation]:
        """What is remembered is looked up now, in the event loop; a thread makes the situation of it."""
        known = self._services
        source, destination = (self._end(obj, name) for name in (obj.extra.source, obj.extra.destination))
        older = tuple(_older(known, obj))
        return lambda: ReplicationSituation(
            meta=meta(obj),
            spec=understood(ReplicationPolicySpec, obj.spec),
            status=lenient(ReplicationPolicyStatus, obj.status),
            source=source(),
            destination=destination(),
            older=older,
            runs=known.transfers.of(obj.key),
            settings=known.settings,
            now=known.now(),
            clock=known.clock(),
            publish=known.publish,
            token=lambda: secrets.token_hex(5),
            memo=this.memo if isinstance(this.memo, RoleChange) else None,
        )

    def _end(self, policy: StoredReplication, name: str) -> Callable[[], EndView | None]:
        known = self._services
        bucket = known.cache.get(Key(IMAGE_BUCKET.name, policy.key.namespace, name))
        if bucket is None:
            return lambda: None
        named, made = known.stores.named(bucket.extra.backend), _made(known, bucket)
        return lambda: _view(known, bucket, named, made=made)


def _made(services: Services, bucket: StoredBucket) -> bool:
    """Its status may be forged: it counts only where the tenancy lets the namespace have that bucket."""
    return bucket.extra.incumbent and may_have(services, bucket) and older_rival(services, bucket) is None


def _view(services: Services, bucket: StoredBucket, named: Named, *, made: bool) -> EndView:
    try:
        spec = understood(ImageBucketSpec, bucket.spec)
    except NotUnderstood:  # then its own status says so
        spec = None
    return EndView(
        name=bucket.key.name,
        backend=bucket.extra.backend,
        bucket=bucket.extra.bucket,
        store=services.stores.store(named),
        spec=spec,
        status=lenient(ImageBucketStatus, bucket.status),
        made=made,
        deleting=bucket.deleting,
    )


def _older(services: Services, obj: StoredReplication) -> Iterator[PolicyView]:
    inside = services.cache.inside(REPLICATION_POLICY.name, obj.key.namespace)
    for other in sorted(services.cache.found(inside), key=lambda o: o.age):
        if other.age < obj.age and not other.deleting:
            yield from other.extra.ways(other.key.name)


def _affects(services: Services, change: ObjectChange, _: Cause) -> Iterator[Wake]:
    """What two policies are for may exclude each other: the others of the namespace judge again."""
    before, after = change.before, change.after
    if before is not None and after is not None and _excludes(before) == _excludes(after):
        return
    obj = after or before
    assert obj is not None, "something has changed"  # noqa: S101
    there = services.cache.inside(REPLICATION_POLICY.name, obj.key.namespace)
    yield from (Wake(key) for key in there if key != obj.key)


def _excludes(policy: StoredReplication) -> tuple[object, ...]:
    return policy.deleting, policy.extra.ways("")


def _unknown(bucket: Stored) -> Iterator[Contribution]:
    """A bucket with rules keeps them. All others go on: of them nothing could be a policy's."""
    if any(name == SETTING for name, _ in bucket.extra.facets):
        yield native_contribution("", None, "")


def _edges(obj: StoredReplication) -> Iterator[Edge]:
    """A change of the destination concerns the source, where its store replicates by itself."""
    yield Edge(TO_REFERENCE, Key(IMAGE_BUCKET.name, obj.key.namespace, obj.extra.destination))


def concerns(policy: Stored, bucket: Stored) -> bool:
    """Whether a policy reads or writes this bucket."""
    return bucket.key.name in (policy.extra.source, policy.extra.destination)


def _given(policy: StoredReplication, bucket: Stored) -> Iterator[Contribution]:
    """The fence, to the side that is not written to; the rules, to a source whose store replicates by itself."""
    facts = policy.extra
    if facts.method == "Native" and bucket.key.name == facts.source:
        yield contributed_rules(policy.key.name, policy.spec)
    if not facts.fence or not facts.role:
        return
    (there,) = ways("", facts.source, facts.destination, facts.prefix, facts.chosen, two_way=False)
    is_source = bucket.key.name == facts.source
    areas = (facts.chosen or ("",)) if is_source else there.areas
    yield contributed_fence(policy.key.name, areas, fenced=is_source == (facts.role == "Promoted"))


REPLICATION_POLICIES = KindRuntime(
    kind=REPLICATION_POLICY,
    finalizer=None,  # what it copied stays, and its journal is in the destination
    remember=_facts,
    edges=_edges,
    lane=lambda _, key: (Lane(key.kind), _AT_ONCE),
    needs=lambda _: (STORAGE_BACKEND.name, IMAGE_BUCKET.name, REPLICATION_POLICY.name),
    # As a contributor it is also told of each change of its buckets.
    contributes=Contributes(
        to=IMAGE_BUCKET.name,
        includes=concerns,
        given=_given,
        unknown=_unknown,
        beside=lambda policy: (policy.extra.role, policy.extra.method),
    ),
    inputs=ReplicationInputs,
    reconcile=reconcile,
    affects=_affects,
    gone=lambda services, key: services.transfers.forget(key),
    conditions=(WITHIN_OBJECTIVE, PARITY_VERIFIED, HELD, FENCED, FAILED_OVER, PUBLISHED),
    samples=of_replications,
    more_rights=tuple(
        Right(
            "",
            resource,
            ("get", "create", "patch"),
            "to publish which side is written to",
            switch="rbac.publish",
        )
        for resource in ("configmaps", "services")
    ),
)
