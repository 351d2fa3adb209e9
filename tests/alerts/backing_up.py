"""Faults of Backups."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from tests.alerts.world import NAMESPACE, World


@contextmanager
def keyless(world: World) -> Iterator[None]:
    """A repository whose Secret the operator may not read."""
    spec: dict[str, Any] = {
        "source": {"bucketRef": {"name": "edited"}},
        "repository": {"bucketRef": {"name": "open"}, "encryption": {"secretRef": {"name": "no-such-key"}}},
    }
    meta = {"name": "keyless", "namespace": NAMESPACE}
    body = {"apiVersion": "imagestore.dev/v1alpha1", "kind": "Backup", "metadata": meta, "spec": spec}
    world.cluster.apply(yaml.safe_dump(body))
    yield
    world.cluster.kubectl("delete", "ibk", "keyless", "-n", NAMESPACE, "--timeout=60s")
