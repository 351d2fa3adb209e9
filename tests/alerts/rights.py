"""Rights that the operator lacks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.alerts.world import World
from tests.e2e.harness import ACCOUNT


@contextmanager
def refused(world: World) -> Iterator[None]:
    """The right to write statuses is gone."""
    role = world.cluster.get("clusterrole", ACCOUNT)
    kept = [r for r in role["rules"] if "imagebuckets/status" not in r["resources"]]
    assert kept != role["rules"]
    _rules(world, kept)
    yield
    _rules(world, role["rules"])


@contextmanager
def forbidden(world: World) -> Iterator[None]:
    """The ClusterRole knows no LifecyclePolicy, as before there were any, when the operator starts."""
    role = world.cluster.get("clusterrole", ACCOUNT)
    _rules(world, [r for r in role["rules"] if "lifecyclepolicies" not in r["resources"]])
    world.operator.server.stop()
    world.operator.server.start()
    yield
    _rules(world, role["rules"])


def _rules(world: World, rules: list[dict[str, Any]]) -> None:
    patch = json.dumps({"rules": rules})
    world.cluster.kubectl("patch", "clusterrole", ACCOUNT, "--type=merge", "-p", patch)
