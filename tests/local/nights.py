"""A BackupSchedule as a manifest, at nights that a test chooses: the clock of the operator is the test's."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Self
from unittest.mock import patch

import yaml

from dev.stores import Store
from imagestore.controller import assembly
from imagestore.local import objects as local_objects
from tests.cli.world import Said
from tests.local.pair import Pair

Json = dict[str, Any]
KEY = "0123456789abcdef0123456789abcdef"


class SetClock(datetime):
    """The time of day, as the test has set it. Store and process go by their own clocks."""

    set_to = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(cls.set_to.timestamp(), tz)


@dataclass
class Nights:
    """``photos`` on one store, and a BackupSchedule that keeps its backups in a bucket on another one."""

    pair: Pair
    schedule: str = "nightly"
    spec: Json = field(default_factory=dict)

    def write(self, **spec: Any) -> None:
        """The BackupSchedule, encrypted with a key in a Secret."""
        self.spec |= spec
        body = {
            "source": {"bucketRef": {"name": "photos"}},
            "repository": {
                "bucketRef": {"name": "copy"},
                "prefix": "photos/",
                "encryption": {"secretRef": {"name": "backup-key"}},
            },
            "schedule": {"cron": "17 2 * * *"},
            **self.spec,
        }
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "backup-key", "namespace": "shop"},
            "stringData": {"key": KEY},
        }
        self.pair.write(self.schedule, secret, self._object("BackupSchedule", self.schedule, body))

    def by_hand(self, name: str) -> None:
        """A Backup "now"."""
        self.pair.write(name, self._object("Backup", name, {"scheduleRef": {"name": self.schedule}}))

    def apply(self, time: str, timeout: int = 40) -> Said:
        """Run ``imagestore apply`` once, at a time of a day. Each run is a new process' to the state folder."""
        moment = datetime.fromisoformat(time).replace(tzinfo=UTC)
        with (
            patch.object(assembly, "datetime", SetClock),
            patch.object(local_objects, "datetime", SetClock),
            patch.object(SetClock, "set_to", moment),
        ):
            return self.pair.apply("--timeout", str(timeout))

    def status(self) -> Json:
        """Of the BackupSchedule."""
        return dict(self._kept("backupschedules", self.schedule)["status"])

    def said(self, type_: str = "Ready") -> tuple[str, str]:
        """Status and reason of a condition."""
        found = self._condition(type_)
        return found.get("status", ""), found.get("reason", "")

    def message(self, type_: str = "Ready") -> str:
        """Of a condition."""
        return str(self._condition(type_).get("message", ""))

    def _condition(self, type_: str) -> Json:
        return next((c for c in self.status()["conditions"] if c["type"] == type_), {})

    def backups(self) -> dict[str, str]:
        """The Backups of the state folder, with their phases."""
        folder = self.pair.path / ".imagestore/backups/shop"
        files = sorted(folder.glob("*.yaml")) if folder.exists() else []
        return {f.stem: self._kept("backups", f.stem).get("status", {}).get("phase", "") for f in files}

    def _kept(self, plural: str, name: str) -> Json:
        text = (self.pair.path / f".imagestore/{plural}/shop/{name}.yaml").read_text()
        found: Json = yaml.safe_load(text)
        return found

    @staticmethod
    def _object(kind: str, name: str, spec: Json) -> Json:
        meta = {"name": name, "namespace": "shop"}
        return {"apiVersion": "imagestore.dev/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}


def packs(store: Store, bucket: str) -> list[str]:
    """The packs of the repository."""
    listed = store.s3().list_objects_v2(Bucket=bucket, Prefix="photos/packs/").get("Contents", ())
    return [o["Key"] for o in listed]
