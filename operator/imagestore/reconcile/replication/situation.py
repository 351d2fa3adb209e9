"""All that a reconcile of a ReplicationPolicy may know."""

from dataclasses import dataclass
from datetime import datetime

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.replicationpolicy import ReplicationPolicySpec, ReplicationPolicyStatus
from imagestore.reconcile.replication.runs import PolicyRuns
from imagestore.reconcile.shared.situation import Meta, Settings, Store


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

    @property
    def locked(self) -> bool:
        """Whether its spec asks for object lock."""
        return self.spec is not None and self.spec.object_lock is not None


@dataclass(frozen=True)
class PolicyView:
    """Another policy of the namespace, as far as conflicts need it. ``areas``: beginnings of the keys that it writes."""

    name: str
    source: str
    destination: str
    areas: tuple[str, ...]


@dataclass(frozen=True)
class ReplicationSituation:
    """One ReplicationPolicy and its surroundings at one moment.

    ``source`` and ``destination`` None: there is no such ImageBucket. ``older``: policies of the namespace that were there
    before. ``clock``: seconds, never set, the same as in the reports of runs.
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
