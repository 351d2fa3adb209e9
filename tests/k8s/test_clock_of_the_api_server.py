"""When an object was created is said by the API server's clock, and all that is compared with it by ours."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.controller.runtime import Pass
from imagestore.controller.services import Services
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Stored
from imagestore.kinds import ALL
from imagestore.reconcile.backup.reconcile import reconcile as back_up
from imagestore.reconcile.replication.job import copies_since
from imagestore.reconcile.schedule.history import known_of
from tests.k8s.known import services
from tests.k8s.test_object_cache import bucket
from tests.k8s.test_restore_origin import SCHEDULE
from tests.k8s.test_situations import MADE

Json = dict[str, Any]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # by the operator's clock
AHEAD = 600.0
TIMED = SCHEDULE | {"schedule": {"cron": "0 2 * * *"}}
PAIR: Json = {"source": {"bucketRef": {"name": "photos"}}, "destination": {"bucketRef": {"name": "backups"}}}
SPECS: dict[str, Json] = {
    "ReplicationPolicy": PAIR | {"existingObjects": False},
    "BackupSchedule": TIMED,
    "Backup": TIMED | {"deadline": "5m"},
    "Restore": {"destination": {"bucketRef": {"name": "photos"}}, "backupRef": {"name": "b"}},
    "LifecyclePolicy": {
        "rules": [{"name": "x", "abortIncompleteMultipartUpload": {"days": 7}}],
        "bucketRefs": [{"name": "photos"}],
    },
}
del SPECS["Backup"]["schedule"]


def known(cache: Cache, ahead: float = AHEAD) -> Services:
    made: Callable[..., Any] = lambda *_: MemoryBackend(MemoryStore(), {})  # noqa: E731
    return services(cache, made, now=lambda: NOW, ahead=lambda: ahead)


def stored(kind: str, name: str, ago: float, spec: Json | None = None, status: Json | None = None) -> Stored:
    """One that was created so many seconds ago, by an API server whose clock is ahead."""
    created = NOW - timedelta(seconds=ago) + timedelta(seconds=AHEAD)
    meta = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1"}
    meta["creationTimestamp"] = f"{created:%Y-%m-%dT%H:%M:%SZ}"
    return ALL[kind].stored({"metadata": meta, "spec": spec or SPECS[kind], "status": status or {}})


def situation(cache: Cache, obj: Stored, ahead: float = AHEAD) -> Any:
    cache.put(obj)
    return ALL[obj.key.kind].inputs(known(cache, ahead)).of(obj, Pass())()


@pytest.fixture
def cache() -> Cache:
    cache = ALL.cache()
    for name in ("photos", "backups"):
        cache.put(bucket(name, status=MADE | {"endpoint": "https://store.example"}))
    return cache


@pytest.mark.parametrize("kind", SPECS)
def test_each_kind_has_its_age_by_our_clock(cache: Cache, kind: str) -> None:
    assert situation(cache, stored(kind, "x", 120.0)).meta.created == NOW - timedelta(seconds=120)
    assert situation(cache, stored(kind, "x", 120.0), ahead=0.0).meta.created == NOW, (
        "nothing was created in the future"
    )


def test_what_was_uploaded_since_a_policy_is_there_is_copied(cache: Cache) -> None:
    """existingObjects: false left out what was uploaded in its first ten minutes, for good."""
    s = situation(cache, stored("ReplicationPolicy", "x", 120.0))
    assert copies_since(s) == NOW - timedelta(seconds=120)
    later = replace(s, status=s.status.model_copy(update={"since": NOW - timedelta(days=1)}))
    assert copies_since(later) == NOW - timedelta(days=1)


def test_a_backup_ends_at_its_deadline(cache: Cache) -> None:
    """It began after its deadline, because the clock by which it was created was ahead."""
    late = back_up(situation(cache, stored("Backup", "x", 301.0)))
    assert late.status is not None
    assert late.status.phase == "Failed"
    early = back_up(situation(cache, stored("Backup", "y", 299.0)))
    assert early.status is not None
    assert early.status.phase != "Failed"


def test_a_backup_of_the_former_repository_is_none_of_the_new_one(cache: Cache) -> None:
    """A Backup that was made before the edit looked younger than it, and WithinRpo was True."""
    ended = {"phase": "Succeeded", "backup": "id", "started": f"{NOW - timedelta(seconds=110):%FT%TZ}"}
    made = {"scheduleRef": {"name": "x"}}
    cache.put(stored("Backup", "x-1", 120.0, made, ended))
    place = "backups/photos"
    known_repository = {"repository": {"place": place, "since": f"{NOW - timedelta(seconds=60):%FT%TZ}"}}
    status = {"buckets": [{"name": "photos", **known_repository}]}
    s = situation(cache, stored("BackupSchedule", "x", 9000.0, status=status))
    assert [b.created for b in s.backups] == [NOW - timedelta(seconds=120)]
    assert s.status.buckets[0].repository is not None
    assert known_of(s, "photos").last is None
