"""A Backup whose run began keeps what its schedule said then, whatever becomes of the schedule."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.controller.runtime import Pass
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Stored
from imagestore.kinds.backup import BackupInputs
from imagestore.reconcile.backup.reconcile import reconcile
from imagestore.reconcile.backup.runs import BackupJob
from tests.k8s.known import services
from tests.k8s.test_restore_origin import BACKUP, Json, cache, edited, gone, put
from tests.reconcile.backed_up import BackupRuns, BackupWorld

__all__ = ["cache"]


def step(cache: Cache, status: Json, *, running: bool) -> tuple[BackupJob | None, Json]:
    """One reconcile: what it asks for, and its status."""
    made: Stored = put(cache, "Backup", "nightly-1", BACKUP, status)
    world = BackupWorld(runs=BackupRuns())
    if running:
        world.runs_on(10)
    found = BackupInputs(services(cache, lambda *_: MemoryBackend(MemoryStore(), {}))).of(made, Pass())()
    outcome = reconcile(replace(found, runs=world.runs))
    assert outcome.status is not None
    return world.runs.job, outcome.status.to_json()


def moved(cache: Cache) -> None:
    """The schedule names another repository."""
    gone("BackupSchedule", "nightly")(cache)
    edited(cache)


@pytest.mark.parametrize("change", [gone("BackupSchedule", "nightly"), moved])
def test_a_run_that_began_goes_on_though_its_schedule_is_another(
    cache: Cache, change: Callable[[Cache], Any]
) -> None:
    """The run was stopped and begun anew in another place, or the Backup failed at its deadline: there was no schedule."""
    job, status = step(cache, {}, running=True)
    assert job is not None
    change(cache)
    again, status = step(cache, status, running=True)
    assert (again, status["phase"]) == (job, "Running")
    failed, _ = step(cache, {**status, "phase": "Pending"}, running=False)
    assert failed == job, "it goes on from its checkpoint"


def test_before_its_run_begins_a_backup_follows_its_schedule(cache: Cache) -> None:
    job, status = step(cache, {}, running=False)
    assert job is not None
    assert "definition" not in status
    moved(cache)
    other, _ = step(cache, status, running=False)
    assert other is not None
    assert other.repository != job.repository
