"""One ReplicationPolicy between two buckets, with a clock and runs of the test's."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from imagestore.api.bucketstatus import FacetStatus, ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.core.conditions import find, violations
from imagestore.core.outcome import OnChange, Requeue, Then
from imagestore.reconcile.replication.canary_runs import CanaryJob, CanaryRuns
from imagestore.reconcile.replication.reconcile import reconcile
from imagestore.reconcile.replication.runs import (
    ReplicationJob,
    RunReport,
    RunsState,
)
from imagestore.reconcile.replication.situation import (
    PolicyView,
    Publish,
    ReplicationSituation,
    RoleChange,
    unpublished,
)
from imagestore.reconcile.shared.ends import EndView
from imagestore.reconcile.shared.situation import Meta, Settings, Store
from tests.reconcile.world import START, backend_spec

Json = dict[str, Any]
PAIR: Json = {"source": {"bucketRef": {"name": "photos"}}, "destination": {"bucketRef": {"name": "dr"}}}


FENCE = FacetStatus(name="policy", state="InSync", parts=("imagestore-fence-copy",))


@dataclass
class Runs:
    """What is asked of the runs, and what is known of them."""

    state: RunsState = field(default_factory=lambda: RunsState(0.0))
    job: ReplicationJob | None = None
    alarm: float | None = None

    def ask(self, job: ReplicationJob) -> RunsState:
        self.job = job
        return self.state

    def wake_at(self, moment: float) -> None:
        self.alarm = moment

    def drop(self) -> None:
        self.job = None


@dataclass
class Canaries:
    """What canaries are asked for, and what is known of them."""

    state: CanaryRuns = field(default_factory=lambda: CanaryRuns(0.0))
    job: CanaryJob | None = None

    def ask(self, job: CanaryJob) -> CanaryRuns:
        self.job = job
        return self.state

    def wake_at(self, moment: float) -> None:
        """Only the runs that compare wake the policy."""

    def drop(self) -> None:
        self.job = None


def end(name: str, endpoint: str = "", mode: str = "Enforce", **facets: Any) -> EndView:
    spec = ImageBucketSpec.model_validate(
        {"backendRef": {"name": f"b-{name}"}, "bucketName": f"shop--{name}", "mode": mode, **facets}
    )
    backend = MemoryBackend(MemoryStore(), FACETS)
    object.__setattr__(backend, "endpoint", endpoint or f"https://{name}.example")
    store = Store(backend_spec(), backend)
    return EndView(
        name, f"b-{name}", f"shop--{name}", store, spec, ImageBucketStatus(facets=(FENCE,)), made=True
    )


@dataclass
class World:
    """One policy between two buckets."""

    spec: Json = field(default_factory=dict)
    source: EndView | None = field(default_factory=lambda: end("photos"))
    destination: EndView | None = field(default_factory=lambda: end("dr"))
    older: tuple[PolicyView, ...] = ()
    runs: Runs = field(default_factory=Runs)
    status: ReplicationPolicyStatus = field(default_factory=ReplicationPolicyStatus)
    clock: float = 0.0
    generation: int = 1
    events: list[tuple[str, bool]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    wait: float = 0.0
    then: Then = field(default_factory=OnChange)
    memo: RoleChange | None = None
    publish: Publish = unpublished
    canaries: Canaries = field(default_factory=lambda: Canaries())

    def step(self) -> ReplicationPolicyStatus:
        """One reconcile; the status passes through JSON."""
        situation = ReplicationSituation(
            Meta("shop", "copy", "uid", self.generation, START),
            ReplicationPolicySpec.model_validate(PAIR | self.spec),
            self.status,
            self.source,
            self.destination,
            self.older,
            self.runs,
            Settings("prod"),
            START + timedelta(seconds=self.clock),
            self.clock,
            self.memo,
            self.canaries,
            self.publish,
            token=lambda: "token",
        )
        outcome = reconcile(situation)
        assert outcome.status is not None
        self.then = outcome.then
        self.wait = outcome.then.seconds if isinstance(outcome.then, Requeue) else 0.0
        if outcome.memo is not None:
            assert isinstance(outcome.memo, RoleChange)
            self.memo = outcome.memo
        self.events += [(str(e.reason), e.warning) for e in outcome.events]
        self.messages += [e.message for e in outcome.events]
        self.status = ReplicationPolicyStatus.model_validate(outcome.status.to_json())
        assert violations(self.status.conditions, self.generation, self.status.observed_generation) == ()
        return self.status

    def said(self, type_: str = "Ready") -> tuple[str, str]:
        found = find(self.status.conditions, type_)
        return (found.status, str(found.reason)) if found else ("", "")

    def message(self, type_: str = "Ready") -> str:
        found = find(self.status.conditions, type_)
        return found.message if found else ""

    def ran(self, report: RunReport) -> None:
        self.runs.state = self.runs.state.after(report)
        self.clock = max(self.clock, report.ended)
