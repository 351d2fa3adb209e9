"""Faults of Restores."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import yaml

from tests.alerts.world import NAMESPACE, World


@contextmanager
def without_history(world: World) -> Iterator[None]:
    """Versions of a moment before the bucket was there: they do not tell what it held."""
    spec = {
        "versionsOf": {"bucketRef": {"name": "edited"}},
        "asOf": "2020-01-01T00:00:00Z",
        "destination": {"bucketRef": {"name": "open"}, "prefix": "then/"},
    }
    with _restore(world, "too-far", spec):
        yield


@contextmanager
def _restore(world: World, name: str, spec: dict[str, Any]) -> Iterator[None]:
    metadata = {"name": name, "namespace": NAMESPACE}
    made = {"apiVersion": "imagestore.dev/v1alpha1", "kind": "Restore", "metadata": metadata, "spec": spec}
    world.cluster.apply(yaml.safe_dump(made))
    yield
    world.cluster.kubectl("delete", "rst", name, "-n", NAMESPACE, "--timeout=60s")


@contextmanager
def unapproved(world: World) -> Iterator[None]:
    """An object that would be overwritten, in a bucket without versions."""
    user = world.user()
    user.apply("plain", deletionPolicy="DeleteIfEmpty")
    user.ready("plain")
    for name in ("edited", "plain"):
        user.s3.put_object(Bucket=user.bucket(name), Key="held.jpg", Body=name.encode())
    written = user.s3.head_object(Bucket=user.bucket("edited"), Key="held.jpg")["LastModified"]
    spec = {
        "versionsOf": {"bucketRef": {"name": "edited"}},
        "asOf": f"{written + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}",
        "destination": {"bucketRef": {"name": "plain"}},
        "conflict": "Overwrite",
    }
    with _restore(world, "waiting", spec):
        yield
    user.s3.delete_object(Bucket=user.bucket("plain"), Key="held.jpg")
    user.delete("plain")
