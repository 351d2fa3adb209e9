"""A Restore that was begun keeps what it takes its objects from, whatever becomes of the objects that named it."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from imagestore.api.kinds import STORAGE_BACKEND
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.controller.runtime import Pass
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key, Stored
from imagestore.kinds import ALL
from imagestore.kinds.restore import RestoreInputs
from imagestore.reconcile.restore.reconcile import reconcile
from imagestore.reconcile.restore.runs import RestoreJob
from tests.k8s.known import services, stored
from tests.k8s.test_object_cache import bucket, raw
from tests.k8s.test_situations import MADE, SPEC
from tests.reconcile.restored import RestoreRunsStub

Json = dict[str, Any]
SCHEDULE: Json = {
    "source": {"bucketRef": {"name": "photos"}},
    "repository": {
        "bucketRef": {"name": "backups"},
        "prefix": "photos/",
        "encryption": {"secretRef": {"name": "key"}},
    },
}
BACKUP: Json = {"scheduleRef": {"name": "nightly"}}
VERSIONS = count(1)
ENDED: Json = {"phase": "Succeeded", "backup": "20270301T000000Z-a"}


def put(cache: Cache, kind: str, name: str, spec: Json, status: Json | None = None) -> Stored:
    meta = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": str(next(VERSIONS))}
    meta["creationTimestamp"] = "2026-01-01T00:00:00Z"
    seen = ALL[kind].stored({"metadata": meta, "spec": spec, "status": status or {}})
    assert cache.put(seen) is not None, "a version that is known already changed nothing"
    return seen


@pytest.fixture
def cache() -> Cache:
    cache = ALL.cache()
    backend = raw("eu", namespace="")
    backend["metadata"].pop("namespace")
    cache.put(stored(STORAGE_BACKEND, backend | {"spec": SPEC}))
    for name in ("photos", "backups"):
        cache.put(bucket(name, status=MADE | {"endpoint": "https://store.example"}))
    put(cache, "BackupSchedule", "nightly", SCHEDULE)
    put(cache, "Backup", "nightly-1", BACKUP, ENDED)
    return cache


def step(cache: Cache, spec: Json, status: Json) -> tuple[RestoreJob | None, Json]:
    """One reconcile: what it asks for, and its status."""
    known = services(cache, lambda *_: MemoryBackend(MemoryStore(), {}))
    back = put(cache, "Restore", "back", {"destination": {"bucketRef": {"name": "photos"}}, **spec}, status)
    runs = RestoreRunsStub()
    outcome = reconcile(replace(RestoreInputs(known).of(back, Pass())(), runs=runs))
    assert outcome.status is not None
    return runs.job, outcome.status.to_json()


def gone(kind: str, name: str) -> Callable[[Cache], Any]:
    return lambda cache: cache.remove(Key(kind, "shop", name))


def edited(cache: Cache) -> None:
    elsewhere = {**SCHEDULE, "repository": {"bucketRef": {"name": "backups"}, "prefix": "other/"}}
    put(cache, "BackupSchedule", "nightly", elsewhere)


@pytest.mark.parametrize("spec", [{"backupRef": {"name": "nightly-1"}}, {"latestOf": BACKUP}])
@pytest.mark.parametrize("change", [gone("Backup", "nightly-1"), gone("BackupSchedule", "nightly"), edited])
def test_it_goes_on_from_where_it_began(cache: Cache, spec: Json, change: Callable[[Cache], Any]) -> None:
    job, status = step(cache, spec, {})
    assert job is not None, status
    assert job.repository is not None
    assert (job.repository.secret, job.repository.end.prefix) == ("key", "photos/")
    change(cache)
    assert step(cache, spec, status)[0] == job
    assert step(cache, {**spec, "suspend": True}, status)[0] is None
    resumed = step(cache, spec, step(cache, {**spec, "suspend": True}, status)[1])
    assert resumed[0] == job, "the same after it was suspended"


def test_what_was_not_begun_waits_for_the_backup(cache: Cache) -> None:
    gone("Backup", "nightly-1")(cache)
    job, status = step(cache, {"backupRef": {"name": "nightly-1"}}, {})
    assert (job, status["phase"], "origin" in status) == (None, "Pending", False)
