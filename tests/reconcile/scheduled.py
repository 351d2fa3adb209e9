"""One BackupSchedule with a clock, Backups and runs of the test's. What survives a restart is what a cluster keeps."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from imagestore.api.backupschedule import BackupScheduleSpec
from imagestore.api.backupschedulestatus import BackedUpBucket, BackupScheduleStatus
from imagestore.api.kinds import Kind
from imagestore.api.repositories import ObjectSelection
from imagestore.core.conditions import find, violations
from imagestore.core.outcome import Requeue
from imagestore.reconcile.schedule.jobs import CheckReport, DrillReportOfRun, RemovalReport
from imagestore.reconcile.schedule.reconcile import reconcile
from imagestore.reconcile.schedule.situation import (
    BackupView,
    OtherSchedule,
    ScheduleSituation,
    repository_place,
)
from imagestore.reconcile.shared.ends import EndView
from imagestore.reconcile.shared.making import NewObject
from imagestore.reconcile.shared.runs import OneRunState
from imagestore.reconcile.shared.situation import Meta, Settings
from tests.reconcile.replicated import end

Json = dict[str, Any]
BEGIN = datetime(2027, 1, 1, 12, 0, tzinfo=UTC)
NIGHTLY: Json = {
    "source": {"bucketRef": {"name": "photos"}},
    "repository": {"bucketRef": {"name": "backups"}, "prefix": "photos/"},
    "schedule": {"cron": "17 2 * * *"},
}


@dataclass
class ScheduledRuns:
    """The runs of one purpose. ``reports``: how the next ones end."""

    world: "ScheduleWorld"
    purpose: str
    job: Any = None
    state: OneRunState[Any] = field(default_factory=lambda: OneRunState(0.0))
    asked: list[Any] = field(default_factory=list)

    def ask(self, job: Any) -> OneRunState[Any]:
        if self.job is None or self.job.digest != job.digest:
            self.state = OneRunState(self.world.clock)
            self.asked.append(job)
        self.job = job
        return self.state

    def wake_at(self, moment: float) -> None:
        self.world.alarm = moment

    def drop(self) -> None:
        self.job = None


@dataclass
class ScheduleWorld:
    """The schedule shop/nightly."""

    spec: Json = field(default_factory=dict)
    now: datetime = BEGIN
    sources: tuple[EndView, ...] = field(default_factory=lambda: (end("photos"),))
    repository: EndView | None = field(default_factory=lambda: end("backups"))
    scratch: EndView | None = None
    others: tuple[OtherSchedule, ...] = ()
    status: BackupScheduleStatus = field(default_factory=BackupScheduleStatus)
    backups: dict[str, BackupView] = field(default_factory=dict)
    bodies: dict[str, Json] = field(default_factory=dict)
    refuse: str = ""  # why no Backup can be made
    killed_before_status: bool = False
    events: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    runs: dict[str, ScheduledRuns] = field(default_factory=dict)
    alarm: float = 0.0
    wait: float = 0.0
    removed: list[str] = field(default_factory=list)

    @property
    def clock(self) -> float:
        return (self.now - BEGIN).total_seconds()

    def make(self, what: NewObject) -> str:
        if self.refuse:
            return self.refuse
        assert what.name not in self.backups, "it is known that it was made"
        self.bodies[what.name] = what.body
        spec = what.body["spec"]
        self.backups[what.name] = BackupView(
            what.name,
            f"uid-{what.name}",
            spec["source"]["bucketRef"]["name"],
            self.now,
            scheduled=datetime.fromisoformat(spec["scheduledAt"]),
            made=True,
            place=repository_place(spec["repository"]["bucketRef"]["name"], spec["repository"].get("prefix")),
            filter=ObjectSelection.model_validate(spec["filter"]) if "filter" in spec else None,
        )
        return ""

    def remove(self, kind: Kind, namespace: str, name: str, uid: str) -> str:
        assert (kind.name, namespace, self.backups[name].uid) == ("Backup", "shop", uid)
        del self.backups[name]
        self.removed.append(name)
        return ""

    def of(self, purpose: str) -> ScheduledRuns:
        return self.runs.setdefault(purpose, ScheduledRuns(self, purpose))

    def step(self) -> BackupScheduleStatus:
        """One reconcile; the status passes through JSON."""
        situation = ScheduleSituation(
            Meta("shop", "nightly", "uid-nightly", 1, BEGIN),
            BackupScheduleSpec.model_validate(NIGHTLY | self.spec),
            self.status,
            self.sources,
            self.repository,
            tuple(self.backups.values()),
            self.of,
            Settings("prod"),
            self.now,
            self.clock,
            self,
            self.scratch,
            self.others,
        )
        outcome = reconcile(situation)
        assert outcome.status is not None
        assert isinstance(outcome.then, Requeue)
        self.wait = outcome.then.seconds
        if self.killed_before_status:
            self.killed_before_status = False
            return self.status
        self.events += [str(e.reason) for e in outcome.events]
        self.warnings += [e.message for e in outcome.events if e.warning]
        self.status = BackupScheduleStatus.model_validate(outcome.status.to_json())
        assert violations(self.status.conditions, 1, self.status.observed_generation) == ()
        return self.status

    def restart(self) -> None:
        """Only what the API server and the stores hold is left."""
        self.runs.clear()
        self.alarm = 0.0

    def at(self, time: str) -> BackupScheduleStatus:
        """Go to a time, and look."""
        self.now = datetime.fromisoformat(time).replace(tzinfo=UTC)
        return self.step()

    def ended(self, phase: str = "Succeeded", name: str = "", **more: Any) -> str:
        """The newest Backup, or one of a name, ends."""
        name = name or max((b.name for b in self.backups.values() if not b.ended), default="")
        old = self.backups[name]
        fields: Json = {"objects": 1000, "bytes": 10**9, "backup": f"root-{name}"} | more
        started = fields.pop("started", self.now - timedelta(minutes=5))
        self.backups[name] = replace(old, phase=phase, started=started, finished=self.now, **fields)
        return name

    def report(self, what: str, report: Any, bucket: str = "photos") -> BackupScheduleStatus:
        """A run ends."""
        runs = self.of(f"{what}/{bucket}")
        assert runs.job is not None, "nothing runs"
        runs.state = runs.state.after(report)
        return self.step()

    def checked(self, what: str, **found: Any) -> BackupScheduleStatus:
        return self.report(what, CheckReport(self.clock - 1, self.clock, **found))

    def drilled(self, **found: Any) -> BackupScheduleStatus:
        return self.report("drill", DrillReportOfRun(self.clock - 1, self.clock, **found))

    def removed_nothing(self) -> RemovalReport:
        return RemovalReport(self.clock - 1, self.clock, held="only object locks are extended")

    def pruned(self, **found: Any) -> BackupScheduleStatus:
        return self.report("removal", RemovalReport(self.clock - 1, self.clock, **found))

    def job(self, what: str, bucket: str = "photos") -> Any:
        return self.of(f"{what}/{bucket}").job

    def said(self, type_: str = "Ready") -> tuple[str, str]:
        found = find(self.status.conditions, type_)
        return (found.status, str(found.reason)) if found else ("", "")

    def message(self, type_: str = "Ready") -> str:
        found = find(self.status.conditions, type_)
        return found.message if found else ""

    def bucket(self, name: str = "photos") -> BackedUpBucket:
        return next(b for b in self.status.buckets if b.name == name)


Change = Callable[[ScheduleWorld], object]
