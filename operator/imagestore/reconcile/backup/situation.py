"""All that a reconcile of a Backup may know."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from imagestore.api.backup import BackupDefinition, BackupSpec, BackupStatus
from imagestore.reconcile.backup.runs import BackupJob, BackupReport
from imagestore.reconcile.shared.ends import EndRefusal, EndView
from imagestore.reconcile.shared.runs import OneRunState, RunsOfObject
from imagestore.reconcile.shared.situation import Meta, Settings


@dataclass(frozen=True)
class BackupSituation:
    """One Backup and its surroundings at one moment.

    ``definition`` None: ``undefined`` says why. ``source`` and ``repository`` None: there is no such ImageBucket. ``clock``:
    seconds, never set, the same as in the reports of runs.
    """

    meta: Meta
    spec: BackupSpec
    status: BackupStatus
    definition: BackupDefinition | None
    undefined: EndRefusal | None
    source: EndView | None
    repository: EndView | None
    runs: RunsOfObject[BackupJob, OneRunState[BackupReport]]
    settings: Settings
    now: datetime
    clock: float

    def time(self, moment: float) -> datetime:
        """A moment of the clock as a time, in whole seconds."""
        return (self.now + timedelta(seconds=moment - self.clock)).replace(microsecond=0)
