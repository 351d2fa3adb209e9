"""A BackupSchedule in a cluster: what is due is made, checked and drilled by the operator with the chart's rights."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store
from dev.wait import eventually
from imagestore.api.backupschedulestatus import BackupScheduleStatus
from imagestore.core import conditions
from tests.e2e.harness import PATIENCE, Operator, User, backend_manifests
from tests.local.pair import fill, keys
from tests.repository.test_drill import png

PATH = "/apis/imagestore.dev/v1alpha1/namespaces/shop"
Json = dict[str, Any]


@dataclass
class Safe:
    """A bucket of pictures, and a schedule that backs it up each minute."""

    cluster: Cluster
    near: User
    far: User

    def schedule(self, **spec: Any) -> None:
        """`kubectl apply` of the BackupSchedule."""
        body = {
            "source": {"bucketRef": {"name": "safe-photos"}},
            "repository": {"bucketRef": {"name": "safe-backups"}, "prefix": "photos/"},
            "schedule": {"cron": "* * * * *"},
            "verify": {"full": {"days": 1}, "drill": {"cron": "* * * * *", "sample": 5}},
            "objectives": {"rpo": "1h", "rto": "1h"},
            **spec,
        }
        self._apply("BackupSchedule", "minutely", body)

    def as_scheduled(self, name: str, at: str) -> None:
        """A Backup as the schedule would have made it then."""
        spec = {
            "source": {"bucketRef": {"name": "safe-photos"}},
            "repository": {"bucketRef": {"name": "safe-backups"}, "prefix": "photos/"},
            "scheduledAt": at,
        }
        self._apply("Backup", name, spec, {"imagestore.dev/schedule": "minutely"})

    def _apply(self, kind: str, name: str, spec: Json, labels: Json | None = None) -> None:
        meta = {"name": name, "namespace": "shop", "labels": labels or {}}
        body = {"apiVersion": "imagestore.dev/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}
        self.cluster.apply(yaml.safe_dump(body))

    def away_for(self, minutes: int) -> None:
        """As if the operator had been away: the last scheduled time that it dealt with is so long ago."""
        until = f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
        patch = json.dumps({"status": {"until": until, "drills": {"until": until}}})
        self.cluster.kubectl(
            "patch", "bsch", "minutely", "-n", "shop", "--subresource=status", "--type=merge", "-p", patch
        )

    def status(self) -> Json:
        """Every status that is seen obeys the rules of kstatus."""
        found = self.cluster.api.get(f"{PATH}/backupschedules/minutely")
        status = dict(found.get("status") or {})
        read = BackupScheduleStatus.model_validate(status)
        if read.conditions:
            generation = found["metadata"]["generation"]
            assert not conditions.violations(read.conditions, generation, read.observed_generation), status
        return status

    def becomes(self, type_: str, status: str) -> None:
        """Wait for a condition."""

        def said() -> list[str]:
            return [c["status"] for c in self.status().get("conditions", ()) if c["type"] == type_]

        eventually(lambda: said() == [status], PATIENCE, lambda: f"{type_} {status}: {self.status()}")

    def stored(self) -> int:
        """How many backups the repository has."""
        return sum("/backups/" in key for key in keys(self.far.s3, self.far.bucket("safe-backups")))

    def backups(self) -> dict[str, str]:
        """The Backup objects of the schedule, with their phases."""
        listed = self.cluster.api.get(f"{PATH}/backups")["items"]
        ours = [b for b in listed if b["metadata"].get("labels", {}).get("imagestore.dev/schedule")]
        return {b["metadata"]["name"]: (b.get("status") or {}).get("phase", "") for b in ours}


@pytest.fixture(scope="module")
def safe(shop: User, installed: Cluster, minio_store: Store, seaweedfs_store: Store) -> Iterator[Safe]:
    """Two buckets on two stores, and no schedule yet."""
    stores = (("safe-near", minio_store), ("safe-far", seaweedfs_store))
    made = [backend_manifests(name, store, namespaces=("shop",)) for name, store in stores]
    installed.apply(yaml.safe_dump_all([m for one in made for m in one]))
    near, far = (User(installed, "shop", name, store) for name, store in stores)
    near.apply("safe-photos")
    far.apply("safe-backups")
    near.ready("safe-photos")
    far.ready("safe-backups")
    fill(near.s3, near.bucket("safe-photos"), {f"{n}.png": png(f"#{n:02x}8800") for n in range(10)})
    yield Safe(installed, near, far)
    installed.kubectl("delete", "bsch,ibk", "--all", "-n", "shop")


def test_what_is_due_is_made_checked_and_drilled(safe: Safe, running: Operator) -> None:
    safe.schedule()
    safe.becomes("Ready", "True")
    safe.away_for(minutes=3)
    safe.becomes("Verified", "True")
    safe.becomes("Drilled", "True")
    safe.becomes("WithinRpo", "True")
    status = safe.status()
    assert status["missed"] >= 1
    assert "Succeeded" in safe.backups().values()
    (bucket,) = status["buckets"]
    assert (bucket["drill"]["sampled"], bucket["drill"]["failed"], bucket["drill"]["left"]) == (5, 0, 0)
    assert keys(safe.near.s3, safe.near.bucket("safe-photos")) == [f"{n}.png" for n in range(10)]
    told = safe.cluster.api.get("/apis/events.k8s.io/v1/namespaces/shop/events")["items"]
    reasons = {e["reason"] for e in told if e["regarding"].get("name") == "minutely"}
    assert {"BackupMade", "Missed", "Verified", "Drilled", "WithinRpo"} <= reasons
    success = 'imagestore_backup_schedule_last_success_timestamp_seconds{name="minutely",namespace="shop"}'
    assert running.metrics()[success] > 1.7e9
    shown = safe.cluster.kubectl("get", "bsch", "minutely", "-n", "shop").stdout
    assert shown.count("True") == 4, shown


def test_old_backup_objects_are_deleted_and_their_data_stays(safe: Safe, running: Operator) -> None:
    safe.schedule(suspend=True)
    before = safe.stored()
    for day in (1, 2):
        safe.as_scheduled(f"old-{day}", f"2026-01-0{day}T02:17:00Z")
    ended = lambda: all(p == "Succeeded" for p in safe.backups().values())  # noqa: E731
    eventually(ended, PATIENCE, lambda: str(safe.backups()))
    assert len(safe.backups()) >= 3
    safe.schedule(history=1, schedule={"cron": "0 0 1 1 *"})
    eventually(lambda: len(safe.backups()) == 1, PATIENCE, lambda: str(safe.backups()))
    assert safe.stored() == before + 2


def test_deleting_the_schedule_deletes_no_backup(safe: Safe, running: Operator) -> None:
    """Its objects stay, too: each has all that a restore needs."""
    safe.schedule(suspend=True)
    there, stored = safe.backups(), keys(safe.far.s3, safe.far.bucket("safe-backups"))
    safe.cluster.kubectl("delete", "bsch", "minutely", "-n", "shop")
    metric = 'imagestore_backup_schedule_missed_runs{name="minutely",namespace="shop"}'
    eventually(lambda: metric not in running.metrics(), PATIENCE, "its metrics go with it")
    assert safe.backups().keys() >= there.keys()
    assert set(keys(safe.far.s3, safe.far.bucket("safe-backups"))) >= set(stored)
