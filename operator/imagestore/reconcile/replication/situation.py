"""All that a reconcile of a ReplicationPolicy may know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.failover import ReplicationRole
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.backends.base import Lists
from imagestore.reconcile.replication.runs import PolicyRuns
from imagestore.reconcile.shared.situation import Meta, Settings, Store


@dataclass(frozen=True)
class Publication:
    """What is to be in the policy's namespace. ``owner``: an ownerReference to the policy. ``host``: of the endpoint. Empty
    names: no such object.
    """

    owner: Mapping[str, str]
    namespace: str
    config_map: str
    service: str
    data: Mapping[str, str]
    host: str


Publish = Callable[[Publication], str]
"""Write it. Return why it could not be written; empty: it is there. Blocking."""


def unpublished(_: Publication) -> str:
    """Without a cluster there is nowhere to publish to."""
    return "there is no cluster, so nothing is published; read the role in the status"


@dataclass(frozen=True)
class EndView:
    """An ImageBucket that a policy names.

    ``spec`` None: it is not understood. ``made``: its bucket exists and is its own, by the status and the tenancy.
    """

    name: str
    backend: str
    bucket: str
    store: Store
    spec: ImageBucketSpec | None
    status: ImageBucketStatus
    made: bool
    deleting: bool = False

    @property
    def versioned(self) -> bool:
        """Whether deleting an object leaves a delete marker, as its spec has it."""
        lock = self.spec is not None and self.spec.object_lock is not None
        state = self.spec.versioning.state if self.spec and self.spec.versioning else None
        return lock or state == "Enabled"

    def class_of(self, tier: str | None) -> str | None:
        """The store's storage class for a tier; None: it has none."""
        backend = self.store.backend
        if tier is None or not isinstance(backend, Lists):
            return None
        return backend.terms(versioned=False).classes.get(tier)

    @property
    def deletes_on_condition(self) -> bool:
        """Whether the store deletes an object only if it is unchanged."""
        objects = self.store.backend.objects if self.store.backend else None
        return objects is not None and objects.traits.delete_matching

    @property
    def locked(self) -> bool:
        """Whether its spec asks for object lock."""
        return self.spec is not None and self.spec.object_lock is not None


@dataclass(frozen=True)
class PolicyView:
    """One way of a policy, as far as conflicts need it. ``areas``: beginnings of the keys that it writes at the destination.

    A policy whose direction is TwoWay has two of these.
    """

    name: str
    source: str
    destination: str
    areas: tuple[str, ...]


def ways(
    name: str, source: str, destination: str, prefix: str, chosen: Sequence[str], *, two_way: bool
) -> tuple[PolicyView, ...]:
    """The ways of a policy. ``prefix``: that of the destination; ``chosen``: the filter's prefixes."""
    areas = tuple(chosen) or ("",)
    there = PolicyView(name, source, destination, tuple(prefix + a for a in areas))
    return (there, PolicyView(name, destination, source, areas)) if two_way else (there,)


@dataclass(frozen=True)
class RoleChange:
    """Memo: the role that is asked for or was taken, and since when, by the clock. A restart loses it: then since now.

    ``changed``: when the role last changed. ``silent``: since when the source's store has not answered; None: it answers.
    """

    role: ReplicationRole
    at: float
    changed: float = 0.0
    silent: float | None = None


@dataclass(frozen=True)
class ReplicationSituation:
    """One ReplicationPolicy and its surroundings at one moment.

    ``source`` and ``destination`` None: there is no such ImageBucket. ``older``: policies of the namespace that were there
    before. ``clock``: seconds, never set, the same as in the reports of runs. ``memo``: of the last change of roles.
    ``publish``: writes to the policy's namespace.
    """

    meta: Meta
    spec: ReplicationPolicySpec
    status: ReplicationPolicyStatus
    source: EndView | None
    destination: EndView | None
    older: tuple[PolicyView, ...]
    runs: PolicyRuns
    settings: Settings
    now: datetime
    clock: float
    memo: RoleChange | None = None
    publish: Publish = unpublished
    token: Callable[[], str] = str  # a new random token
