"""ReplicationPolicy: keeps the objects of one bucket in another one of the same namespace."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from time import sleep
from typing import Any

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.kinds import IMAGE_BUCKET, REPLICATION_POLICY, STORAGE_BACKEND
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.backends.notices import ObjectNotice
from imagestore.controller.by_jobs import carried_out
from imagestore.controller.canaries import CanaryRun
from imagestore.controller.contributions import Contributes
from imagestore.controller.replicating import ReplicationRun
from imagestore.controller.rights import Right
from imagestore.controller.runtime import Cause, KindRuntime, Pass, Wake
from imagestore.controller.services import Services
from imagestore.controller.state.cache import ObjectChange
from imagestore.controller.state.index import Edge
from imagestore.controller.state.objects import Key, Stored, lenient, understood
from imagestore.controller.state.raw import RawObject, mapping
from imagestore.controller.work.queue import Lane
from imagestore.core.keys import is_reserved
from imagestore.kinds.parts.ends import end_view
from imagestore.kinds.parts.foretold_policies import foretold_status
from imagestore.kinds.parts.inputs import meta
from imagestore.kinds.parts.relations import TO_REFERENCE, claimants
from imagestore.kinds.parts.samples import of_replications
from imagestore.reconcile.replication.canaries import CANARY_ARRIVES
from imagestore.reconcile.replication.canary_runs import CANARY_RUNS, CanaryJob
from imagestore.reconcile.replication.failover import FAILED_OVER
from imagestore.reconcile.replication.fence import (
    FENCE_SETTING,
    FENCED,
    contributed_fence,
    has_fence,
    unknown_fence,
)
from imagestore.reconcile.replication.holds import HELD
from imagestore.reconcile.replication.listening import LISTENING
from imagestore.reconcile.replication.method import contributed_rules
from imagestore.reconcile.replication.native import SETTING, native_contribution
from imagestore.reconcile.replication.objective import WITHIN_OBJECTIVE
from imagestore.reconcile.replication.parity import PARITY_VERIFIED
from imagestore.reconcile.replication.publishing import PUBLISHED
from imagestore.reconcile.replication.reconcile import reconcile
from imagestore.reconcile.replication.runs import ReplicationJob
from imagestore.reconcile.replication.situation import (
    PolicyView,
    ReplicationSituation,
    RoleChange,
    ways,
)
from imagestore.reconcile.shared.contribution import Contribution

_SHOWN = (WITHIN_OBJECTIVE, PARITY_VERIFIED, HELD, FENCED, FAILED_OVER, PUBLISHED, LISTENING, CANARY_ARRIVES)
_AT_ONCE = 8  # worked on at once: what they wait for is the API server's answer to a status


@dataclass(frozen=True, slots=True)
class ReplicationFacts:
    """What is remembered of a ReplicationPolicy besides the envelope."""

    source: str
    destination: str
    prefix: str  # of the destination
    chosen: tuple[str, ...]  # the filter's prefixes
    two_way: bool
    failover: bool  # it has one, or had one that is not over
    hears: bool  # notifications of the stores
    fence: bool
    role: str  # by its status, as the next two
    held: tuple[str, str, str, tuple[str, ...]]  # what its role is about, see role_ends; empty: as the spec
    method: str
    numbers: tuple[tuple[str, int], ...]  # of its status, by what they count

    @property
    def role_ends(self) -> tuple[str, str, str, tuple[str, ...]]:
        """Source, destination, prefix and the filter's prefixes that the fence goes by: a role stays with them until it is over."""
        asked = self.source, self.destination, self.prefix, self.chosen
        return self.held if self.held[0] else asked

    def ways(self, name: str) -> tuple[PolicyView, ...]:
        """What conflicts with other policies depend on."""
        return ways(
            name,
            self.source,
            self.destination,
            self.prefix,
            self.chosen,
            two_way=self.two_way,
            promoted=self.failover,
        )


StoredReplication = Stored[ReplicationFacts]


def _facts(raw: RawObject) -> ReplicationFacts:
    source, destination = mapping(raw.spec.get("source")), mapping(raw.spec.get("destination"))
    failover = mapping(raw.status.get("failover"))
    fence = mapping(raw.spec.get("failover", failover)).get("fence")
    return ReplicationFacts(
        intern(str(mapping(source.get("bucketRef")).get("name", ""))),
        intern(str(mapping(destination.get("bucketRef")).get("name", ""))),
        str(destination.get("prefix") or ""),
        _prefixes(raw.spec),
        raw.spec.get("direction") == "TwoWay",
        "failover" in raw.spec or "failover" in raw.status,
        mapping(raw.spec.get("notifications")).get("enabled") is True,
        fence is not False,
        intern(str(failover.get("role", ""))),
        _held(failover),
        intern(str(raw.status.get("method", ""))),
        tuple(_numbers(raw)),
    )


def _prefixes(filtered: Mapping[str, Any]) -> tuple[str, ...]:
    chosen = mapping(filtered.get("filter")).get("prefixes")
    return tuple(map(str, chosen)) if isinstance(chosen, list) else ()


def _held(failover: Mapping[str, Any]) -> tuple[str, str, str, tuple[str, ...]]:
    source, destination, prefix = (str(failover.get(n) or "") for n in ("source", "destination", "prefix"))
    return intern(source), intern(destination), prefix, _prefixes(failover)


def _numbers(raw: RawObject) -> Iterator[tuple[str, int]]:
    for part, name in (
        ("backlog", "objects"),
        ("backlog", "bytes"),
        ("failed", "count"),
        ("held", "objects"),
        ("canary", "delayMilliseconds"),
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
        source, destination = (
            end_view(known, obj.key.namespace, name) for name in (obj.extra.source, obj.extra.destination)
        )
        older = tuple(_older(known, obj))
        return lambda: ReplicationSituation(
            meta=meta(known, obj),
            spec=understood(ReplicationPolicySpec, obj.spec),
            status=lenient(ReplicationPolicyStatus, obj.status),
            source=source(),
            destination=destination(),
            older=older,
            runs=known.runs.of(obj.key),
            canaries=known.runs.of(obj.key, CANARY_RUNS),
            settings=known.settings,
            now=known.now(),
            clock=known.clock(),
            publish=known.publish,
            token=lambda: secrets.token_hex(5),
            memo=this.memo if isinstance(this.memo, RoleChange) else None,
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
    """A bucket with rules or with a fence keeps them. All others go on: of them nothing could be a policy's."""
    names = {name for name, _ in bucket.extra.facets}
    if SETTING in names:
        yield native_contribution("", None, "")
    if FENCE_SETTING in names and has_fence(lenient(ImageBucketStatus, bucket.status)):
        yield unknown_fence()


def _edges(obj: StoredReplication) -> Iterator[Edge]:
    """A change of the destination concerns the source, where its store replicates by itself."""
    yield Edge(TO_REFERENCE, Key(IMAGE_BUCKET.name, obj.key.namespace, obj.extra.destination))


def concerns(policy: Stored, bucket: Stored) -> bool:
    """Whether a policy reads or writes this bucket."""
    return bucket.key.name in (policy.extra.source, policy.extra.destination, *policy.extra.held[:2])


def _given(policy: StoredReplication, bucket: Stored) -> Iterator[Contribution]:
    """The fence, to the side that is not written to; the rules, to a source whose store replicates by itself."""
    facts = policy.extra
    if facts.method == "Native" and bucket.key.name == facts.source:
        yield contributed_rules(policy.key.name, policy.spec)
    source, destination, prefix, chosen = facts.role_ends
    if not facts.fence or not facts.role or bucket.key.name not in (source, destination):
        return
    (there,) = ways("", source, destination, prefix, chosen, two_way=False)
    is_source = bucket.key.name == source
    areas = (chosen or ("",)) if is_source else there.areas
    yield contributed_fence(policy.key.name, areas, fenced=is_source == (facts.role == "Promoted"))


def _heard(services: Services, backend: str, told: Sequence[ObjectNotice]) -> bool:
    """The policies that replicate these buckets run soon. Our own copies and records tell of themselves as well."""
    named: dict[str, list[str]] = {}
    for notice in told:
        if not is_reserved(notice.key):
            named.setdefault(notice.bucket, []).append(notice.key)
    found = [
        (policy.key, keys if policy.extra.source == bucket else ())
        for store_bucket, keys in named.items()
        for namespace, bucket in claimants(services.cache, backend, store_bucket)
        for policy in _listening(services, namespace, bucket)
    ]
    for key, keys in found:
        services.runs.hasten((key, ""), keys)
    return bool(found)


def _listening(services: Services, namespace: str, bucket: str) -> Iterator[StoredReplication]:
    """Those that copy from this ImageBucket now. A store that replicates by itself needs no hint."""
    for policy in services.cache.found(services.cache.inside(REPLICATION_POLICY.name, namespace)):
        facts: ReplicationFacts = policy.extra
        back = facts.destination == bucket and (facts.two_way or facts.role == "Promoted")
        if facts.hears and facts.method != "Native" and (facts.source == bucket or back):
            yield policy


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
        beside=lambda policy: (policy.extra.role, policy.extra.method, policy.extra.held, policy.extra.fence),
        outlives=True,
        foretold=foretold_status,
    ),
    inputs=ReplicationInputs,
    reconcile=reconcile,
    affects=_affects,
    heard=_heard,
    gone=lambda services, key: services.runs.forget(key),
    conditions=_SHOWN,
    samples=of_replications,
    carries=lambda parts: {
        ReplicationJob: ReplicationRun(parts, carried_out(parts)),
        CanaryJob: CanaryRun(parts, sleep),
    },
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
