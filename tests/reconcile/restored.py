"""One Restore, with a clock and runs of the test's."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from imagestore.api.repositories import BackupRepository
from imagestore.api.restore import RestoreSpec
from imagestore.api.restorestatus import RestoreStatus
from imagestore.core.conditions import find, violations
from imagestore.core.outcome import OnChange, Then
from imagestore.reconcile.restore.reconcile import reconcile
from imagestore.reconcile.restore.runs import RestoreFound, RestoreJob
from imagestore.reconcile.restore.situation import RestoreOrigin, RestoreRuns, RestoreSituation
from imagestore.reconcile.shared.ends import EndView
from imagestore.reconcile.shared.runs import OneRunState
from imagestore.reconcile.shared.situation import Meta, Settings
from tests.reconcile.replicated import end
from tests.reconcile.world import START

Json = dict[str, Any]
REPOSITORY = {"bucketRef": {"name": "backups"}, "prefix": "photos/"}
PLAIN: Json = {"repository": REPOSITORY, "destination": {"bucketRef": {"name": "photos"}}}


@dataclass
class RestoreRunsStub:
    """What is asked of the runs, and what is known of them."""

    state: OneRunState[RestoreFound] = field(default_factory=lambda: OneRunState(0.0))
    job: RestoreJob | None = None

    def ask(self, job: RestoreJob) -> OneRunState[RestoreFound]:
        self.job = job
        return self.state

    def wake_at(self, moment: float) -> None:
        raise AssertionError("a restore has no moments")

    def drop(self) -> None:
        self.job = None


@dataclass
class RestoreWorld:
    """One Restore from a repository to a bucket."""

    spec: Json = field(default_factory=lambda: dict(PLAIN))
    origin: RestoreOrigin = field(
        default_factory=lambda: RestoreOrigin(BackupRepository.model_validate(REPOSITORY))
    )
    destination: EndView | None = field(default_factory=lambda: end("photos"))
    repository: EndView | None = field(default_factory=lambda: end("backups"))
    source: EndView | None = None
    keys: EndView | None = None
    beside: frozenset[str] = frozenset()
    runs: RestoreRunsStub = field(default_factory=RestoreRunsStub)
    real: RestoreRuns | None = None
    status: RestoreStatus = field(default_factory=RestoreStatus)
    clock: float = 0.0
    events: list[tuple[str, bool]] = field(default_factory=list)
    then: Then = field(default_factory=OnChange)

    def step(self) -> RestoreStatus:
        """One reconcile; the status passes through JSON."""
        situation = RestoreSituation(
            Meta("shop", "back", "uid", 1, START),
            RestoreSpec.model_validate(self.spec),
            self.status,
            self.origin,
            self.destination,
            self.repository,
            self.source,
            self.keys,
            self.real or self.runs,
            Settings("prod"),
            START + timedelta(seconds=self.clock),
            self.clock,
            self.beside,
        )
        outcome = reconcile(situation)
        assert outcome.status is not None
        self.then = outcome.then
        self.events += [(str(e.reason), e.warning) for e in outcome.events]
        self.status = RestoreStatus.model_validate(outcome.status.to_json())
        assert violations(self.status.conditions, 1, self.status.observed_generation) == ()
        return self.status

    def said(self, type_: str = "Ready") -> tuple[str, str]:
        found = find(self.status.conditions, type_)
        return (found.status, str(found.reason)) if found else ("", "")

    def message(self, type_: str = "Ready") -> str:
        found = find(self.status.conditions, type_)
        return found.message if found else ""
