"""The stories of tests/reconcile through ``imagestore apply`` on a real SeaweedFS: the same words of spec, store and status, and the same claims."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dev.stores import Store
from tests.local.applied import AppliedWorld
from tests.local.realstore import RealStore, connected
from tests.reconcile import (
    test_consent,
    test_drift,
    test_lifecycle_of_a_bucket,
    test_newer_status,
    test_observe_only,
    test_ownership_and_deletion,
    test_policies_of_a_bucket,
    test_removals,
    test_tenancy,
    test_trouble_of_a_bucket,
    test_waiting_for_it,
)
from tests.reconcile.world import World

STORIES: tuple[ModuleType, ...] = (
    test_lifecycle_of_a_bucket,
    test_ownership_and_deletion,
    test_drift,
    test_consent,
    test_policies_of_a_bucket,
    test_tenancy,
    test_trouble_of_a_bucket,
    test_newer_status,
    test_observe_only,
    test_waiting_for_it,
    test_removals,
)
ELSEWHERE: dict[str, tuple[str, ...]] = {}


def told(module: ModuleType) -> dict[str, object]:
    """Its stories by name."""
    return {name: story for name, story in vars(module).items() if name.startswith("test_") and callable(story)}


newer = test_newer_status.newer
globals().update({name: story for module in STORIES for name, story in told(module).items()})


@pytest.fixture(autouse=True)
def through_apply(tmp_path: Path, seaweedfs_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each story with a folder of its own, on a store without its bucket."""
    real = RealStore(seaweedfs_store, connected(seaweedfs_store))
    real.buckets.clear()
    (tmp_path / "manifests").mkdir()
    monkeypatch.setattr(AppliedWorld, "folder", tmp_path / "manifests", raising=False)
    monkeypatch.setattr(AppliedWorld, "real", real, raising=False)
    monkeypatch.setattr(World, "through", AppliedWorld)
    yield
    real.buckets.clear()
