"""Faults of ReplicationPolicies."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import yaml

from dev.wait import eventually
from tests.alerts.world import NAMESPACE, World


@contextmanager
def _policy(world: World, name: str, destination: str, source: str = "edited", **spec: Any) -> Iterator[None]:
    ends = {
        "source": {"bucketRef": {"name": source}},
        "destination": {"bucketRef": {"name": destination}, "prefix": f"{name}/"},
    }
    manifest = {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "ReplicationPolicy",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {**ends, **spec},
    }
    world.cluster.apply(yaml.safe_dump(manifest))
    yield
    world.cluster.kubectl("delete", "rpol", name, "-n", NAMESPACE, "--timeout=60s", "--ignore-not-found")


@contextmanager
def late(world: World) -> Iterator[None]:
    """A copy once an hour, where one not older than two seconds is promised."""
    with _policy(world, "late", "open", schedule={"interval": "1h"}, objectives={"rpo": "2s"}):
        yield


@contextmanager
def aimless(world: World) -> Iterator[None]:
    """A destination that does not exist."""
    with _policy(world, "aimless", "nowhere"):
        yield


@contextmanager
def emptied(world: World) -> Iterator[None]:
    """All objects of a source are deleted, and the deletes are held."""
    source, copy = world.user(), world.user("with-acls")
    source.s3.put_object(Bucket=source.bucket("edited"), Key="only.jpg", Body=b"x")
    with _policy(world, "careful", "open", deletes="Mirror", schedule={"interval": "1s"}):
        listed = lambda: copy.s3.list_objects_v2(Bucket=copy.bucket("open"), Prefix="careful/")["KeyCount"]  # noqa: E731
        eventually(listed, 60, "it is copied")
        source.s3.delete_object(Bucket=source.bucket("edited"), Key="only.jpg")
        yield


@contextmanager
def given_up(world: World) -> Iterator[None]:
    """A source whose store will not answer, and a destination that may take over at once."""
    failover = {"role": "Primary", "fence": False, "automatic": {"after": "1s", "minimumBetween": "1s"}}
    with _policy(world, "over", "open", "behind-refusing", schedule={"interval": "1s"}, failover=failover):
        wait = ("rpol/over", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=60s")
        world.cluster.kubectl("wait", *wait)
        yield


@contextmanager
def unscheduled(world: World) -> Iterator[None]:
    """A run that is to be a Job, in a cluster that has no node. Both stores list in one order, else none is parted."""
    source = world.user()
    policy = partial(_policy, world, "unscheduled", "crowded-copy", "crowded")
    with policy(schedule={"interval": "1h"}):
        wait = ("rpol/unscheduled", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=60s")
        world.cluster.kubectl(
            "wait", *wait
        )  # else the alert of a policy that is not ready would tell of it, too
        put = partial(source.s3.put_object, Bucket=source.bucket("crowded"), Body=b"x")
        with ThreadPoolExecutor(16) as pool:  # more than one page, which is never parted
            list(pool.map(lambda n: put(Key=f"i/{n:04}.jpg"), range(1020)))
        with policy(schedule={"interval": "1s"}, limits={"shards": 2}):
            yield
