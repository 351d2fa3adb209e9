"""All that a reconcile of a ReplicationPolicy may know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from imagestore.api.failover import ReplicationRole
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.reconcile.replication.canary_runs import CanaryJob, CanaryRuns
from imagestore.reconcile.replication.runs import ReplicationJob, RunsState
from imagestore.reconcile.shared.ends import EndView
from imagestore.reconcile.shared.runs import RunsOfObject
from imagestore.reconcile.shared.situation import Meta, Settings


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
class PolicyView:
    """One way of a policy, as far as conflicts need it. ``areas``: beginnings of the keys that it writes at the destination.

    A policy whose direction is TwoWay has two of these, and one with a failover has a second one ``promoted``: it is taken as
    soon as the destination is promoted, when it is too late to say that it cannot be.
    """

    name: str
    source: str
    destination: str
    areas: tuple[str, ...]
    promoted: bool = False


def ways(
    name: str,
    source: str,
    destination: str,
    prefix: str,
    chosen: Sequence[str],
    *,
    two_way: bool,
    promoted: bool = False,
) -> tuple[PolicyView, ...]:
    """The ways of a policy. ``prefix``: that of the destination; ``chosen``: the filter's prefixes. ``promoted``: it has a
    failover.
    """
    areas = tuple(chosen) or ("",)
    there = PolicyView(name, source, destination, tuple(prefix + a for a in areas))
    if not two_way and not promoted:
        return (there,)
    return there, PolicyView(name, destination, source, areas, promoted=not two_way)


@dataclass(frozen=True)
class RoleChange:
    """Memo: the role that is asked for or was taken, and since when, by the clock. A restart loses it: then since now.

    ``changed``: when the role last changed. ``closed``: since when the side that is not written to takes no writes of others;
    None: it still does. ``silent``: since when the source's store has not answered; None: it answers. ``late``: late writes that are
    in the status.
    """

    role: ReplicationRole
    at: float
    changed: float = 0.0
    silent: float | None = None
    closed: float | None = None
    late: int = 0


@dataclass(frozen=True)
class ReplicationSituation:
    """One ReplicationPolicy and its surroundings at one moment.

    ``source`` and ``destination`` None: there is no such ImageBucket. ``older``: policies of the namespace that were there
    before. ``clock``: seconds, never set, the same as in the reports of runs. ``memo``: of the last change of roles.
    ``publish``: writes to the policy's namespace. ``canaries``: the runs that send them.
    """

    meta: Meta
    spec: ReplicationPolicySpec
    status: ReplicationPolicyStatus
    source: EndView | None
    destination: EndView | None
    older: tuple[PolicyView, ...]
    runs: RunsOfObject[ReplicationJob, RunsState]
    settings: Settings
    now: datetime
    clock: float
    memo: RoleChange | None = None
    canaries: RunsOfObject[CanaryJob, CanaryRuns] | None = None
    publish: Publish = unpublished
    token: Callable[[], str] = str  # a new random token

    @property
    def counted(self) -> ReplicationPolicyStatus:
        """The status, if it is one of this spec: a backlog of 0 was told of a bucket that no run had read yet."""
        same = self.status.observed_generation == self.meta.generation
        return self.status if same else ReplicationPolicyStatus()
