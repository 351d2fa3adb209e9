"""What the reconcile of a Restore knows."""

from dataclasses import dataclass
from datetime import datetime

from imagestore.api.repositories import BackupRepository
from imagestore.api.restore import RestoreSpec
from imagestore.api.restorestatus import RestoreStatus
from imagestore.reconcile.restore.runs import RestoreFound, RestoreJob
from imagestore.reconcile.shared.ends import EndRefusal, EndView
from imagestore.reconcile.shared.runs import OneRunState, RunsOfObject
from imagestore.reconcile.shared.situation import Meta, Settings

RestoreRuns = RunsOfObject[RestoreJob, OneRunState[RestoreFound]]


@dataclass(frozen=True)
class RestoreOrigin:
    """What is restored. ``backup``: name of a root; empty: the newest, or the last one before a moment. ``source``: the ImageBucket
    that was backed up, or whose versions are restored; empty: not known. ``refusal``: why it is not known yet, or never.
    """

    repository: BackupRepository | None = None
    backup: str = ""
    source: str = ""
    refusal: EndRefusal | None = None


@dataclass(frozen=True)
class RestoreSituation:
    """``repository``, ``source``, ``keys``: the ImageBuckets of the repository, of what was backed up, and of a list of keys. ``beside``: the uids
    of all Restores that name the destination.
    """

    meta: Meta
    spec: RestoreSpec
    status: RestoreStatus
    origin: RestoreOrigin
    destination: EndView | None
    repository: EndView | None
    source: EndView | None
    keys: EndView | None
    runs: RestoreRuns
    settings: Settings
    now: datetime
    clock: float
    beside: frozenset[str] = frozenset()
