"""Faults of BackupSchedules."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from dev.wait import eventually
from tests.alerts.world import NAMESPACE, World

API = "imagestore.dev/v1alpha1"
NEVER = {"cron": "0 0 1 1 *"}  # by hand, that is


def _object(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def _apply(world: World, name: str, repository: str, **spec: Any) -> None:
    ends = {
        "source": {"bucketRef": {"name": "edited"}},
        "repository": {"bucketRef": {"name": repository}, "prefix": f"{name}/"},
    }
    world.cluster.apply(yaml.safe_dump(_object("BackupSchedule", name, {**ends, "schedule": NEVER, **spec})))


@contextmanager
def _schedule(world: World, name: str, repository: str = "open", **spec: Any) -> Iterator[None]:
    _apply(world, name, repository, **spec)
    yield
    world.cluster.kubectl("delete", "bsch", name, "-n", NAMESPACE, "--timeout=60s")


def _put(world: World) -> None:
    source = world.user()
    source.s3.put_object(Bucket=source.bucket("edited"), Key="kept.jpg", Body=b"x" * 100)


def _back_up(world: World, schedule: str, number: int) -> None:
    """A Backup now."""
    name = f"{schedule}-{number}"
    world.cluster.apply(yaml.safe_dump(_object("Backup", name, {"scheduleRef": {"name": schedule}})))
    wait = (f"backup/{name}", "-n", NAMESPACE, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=90s")
    world.cluster.kubectl("wait", *wait)


@contextmanager
def overdue(world: World) -> Iterator[None]:
    """A backup once a year, where one not older than two seconds is promised."""
    with _schedule(world, "overdue", objectives={"rpo": "2s"}):
        yield


@contextmanager
def damaged(world: World) -> Iterator[None]:
    """The contents of a repository are deleted behind the operator's back, and the next backup refers to them."""
    _put(world)
    settled = (
        time.monotonic() + 5
    )  # what changed in the second of a backup is read again by the next one, and stored anew
    with _schedule(world, "damaged"):
        eventually(lambda: time.monotonic() > settled, 30, "the object is older than its backup")
        _back_up(world, "damaged", 1)
        for part in ("quick.backup", "full.next"):  # else they find it already, or are tried again much later
            wait = ("bsch/damaged", "-n", NAMESPACE, f"--for=jsonpath={{.status.buckets[0].{part}}}")
            world.cluster.kubectl("wait", *wait, "--timeout=90s")
        user = world.user("with-acls")
        bucket = user.bucket("open")
        found = user.s3.list_object_versions(Bucket=bucket, Prefix="damaged/packs/").get("Versions", ())
        for version in found:
            user.s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        _back_up(world, "damaged", 2)
        yield


@contextmanager
def undrilled(world: World) -> Iterator[None]:
    """Drills into a bucket that does not exist."""
    with _schedule(world, "undrilled", verify={"drill": {**NEVER, "bucketRef": {"name": "nowhere"}}}):
        yield


LONG_AGO = "2020-01-01T00:00:00Z"


@contextmanager
def _long_suspended(world: World, name: str, spec: dict[str, Any], **known: Any) -> Iterator[None]:
    """A schedule that does nothing, and whose status tells of years ago."""
    with _schedule(world, name, suspend=True, **spec):
        wait = (f"bsch/{name}", "-n", NAMESPACE, "--for=condition=Suspended", "--timeout=60s")
        world.cluster.kubectl("wait", *wait)
        bucket = {"name": "edited", "repository": {"place": f"open/{name}"}, **known}
        patch = json.dumps({"status": {"buckets": [bucket]}})
        world.cluster.kubectl(
            "patch", "bsch", name, "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", patch
        )
        _apply(world, name, "open", suspend=True, retention={"last": 7}, **spec)  # so that it is looked at
        yield


@contextmanager
def unproven(world: World) -> Iterator[None]:
    """The last contents were read back years ago."""
    read = {"next": 0, "of": 7, "at": LONG_AGO, "began": LONG_AGO, "complete": LONG_AGO}
    with _long_suspended(world, "unproven", {}, full=read):
        yield


@contextmanager
def unlocked(world: World) -> Iterator[None]:
    """Object locks were extended years ago."""
    spec = {"immutability": {"objectLock": "Governance", "days": 30}}
    with _long_suspended(world, "unlocked", spec, locked=LONG_AGO):
        yield


@contextmanager
def homeless(world: World) -> Iterator[None]:
    """A repository in a bucket that does not exist."""
    with _schedule(world, "homeless", "nowhere"):
        yield


@contextmanager
def hoarding(world: World) -> Iterator[None]:
    """Three backups, of which the retention would keep one."""
    _put(world)
    with _schedule(world, "hoarding"):
        for number in range(3):
            _back_up(world, "hoarding", number)
        _apply(world, "hoarding", "open", retention={"last": 1, "maxRemovalPercent": 1})
        yield
