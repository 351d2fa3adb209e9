"""One Backup of a bucket into a repository, with a clock and runs of the test's."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from imagestore.api.backup import BackupDefinition, BackupSpec, BackupStatus
from imagestore.core.conditions import find, violations
from imagestore.core.outcome import OnChange, Requeue, Then
from imagestore.reconcile.backup.reconcile import reconcile
from imagestore.reconcile.backup.runs import BackupJob, BackupReport, BackupResult
from imagestore.reconcile.backup.situation import BackupSituation
from imagestore.reconcile.shared.ends import EndRefusal, EndView
from imagestore.reconcile.shared.runs import OneRunState, RunProgress, RunTrouble
from imagestore.reconcile.shared.situation import Meta, Settings
from tests.reconcile.replicated import end
from tests.reconcile.world import START

Json = dict[str, Any]
SAID: Json = {
    "source": {"bucketRef": {"name": "photos"}},
    "repository": {"bucketRef": {"name": "backups"}, "prefix": "photos/"},
}
MADE = BackupResult("20261129T021700Z-r1", "", 1_800_000_000_000, 1_800_000_060_000, 20, 2000, 20, 2000, 1500)


@dataclass
class BackupRuns:
    """What is asked of the runs, and what is known of them."""

    state: OneRunState[BackupReport] = field(default_factory=lambda: OneRunState(0.0))
    job: BackupJob | None = None

    def ask(self, job: BackupJob) -> OneRunState[BackupReport]:
        self.job = job
        return self.state

    def wake_at(self, moment: float) -> None:
        raise AssertionError("a Backup waits for no moment")

    def drop(self) -> None:
        self.job = None


@dataclass
class BackupWorld:
    """One Backup. ``said``: what its spec, or its schedule, says."""

    said: Json = field(default_factory=lambda: dict(SAID))
    spec: Json = field(default_factory=dict)
    undefined: EndRefusal | None = None
    source: EndView | None = field(default_factory=lambda: end("photos"))
    repository: EndView | None = field(default_factory=lambda: end("backups"))
    runs: BackupRuns = field(default_factory=BackupRuns)
    status: BackupStatus = field(default_factory=BackupStatus)
    clock: float = 0.0
    deleting: bool = False
    events: list[tuple[str, bool]] = field(default_factory=list)
    then: Then = field(default_factory=OnChange)

    def step(self) -> BackupStatus:
        """One reconcile; the status passes through JSON."""
        outcome = reconcile(self.situation())
        self.then = outcome.then
        self.events += [(str(e.reason), e.warning) for e in outcome.events]
        if outcome.status is not None:
            self.status = BackupStatus.model_validate(outcome.status.to_json())
            assert violations(self.status.conditions, 1, self.status.observed_generation) == ()
        return self.status

    def situation(self) -> BackupSituation:
        """As it is now."""
        return BackupSituation(
            replace(Meta("shop", "nightly", "uid-1", 1, START), deleting=self.deleting),
            BackupSpec.model_validate(self.spec or self.said),
            self.status,
            None if self.undefined else BackupDefinition.model_validate(self.said),
            self.undefined,
            self.source,
            self.repository,
            self.runs,
            Settings("prod"),
            START + timedelta(seconds=self.clock),
            self.clock,
        )

    def runs_on(self, objects: int, of: int | None = None, began: float = 0.0) -> None:
        """The run goes on."""
        progress = RunProgress(objects, 10 * objects, of)
        self.runs.state = self.runs.state.seen(running=True, stopping="", began=began, progress=progress)

    def ended(self, backup: BackupResult | None = None, trouble: RunTrouble | None = None) -> None:
        """A run has ended."""
        report = BackupReport(self.clock, self.clock, backup, trouble)
        self.runs.state = replace(self.runs.state, running=False, began=None).after(report)

    def ready(self) -> tuple[str, str, str]:
        """Status, reason and message of Ready."""
        found = find(self.status.conditions, "Ready")
        return (found.status, str(found.reason), found.message) if found else ("", "", "")

    def is_stalled(self) -> bool:
        """Whether a person has to act."""
        return find(self.status.conditions, "Stalled") is not None

    def again(self) -> float | None:
        """Seconds until it is reconciled again; None: when something changes."""
        return self.then.seconds if isinstance(self.then, Requeue) else None
