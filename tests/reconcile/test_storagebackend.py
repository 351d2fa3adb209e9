"""A StorageBackend says what answered, what it can hold, and who still uses it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.core.conditions import find, violations
from imagestore.core.errors import Denied, StoreError, Unavailable
from imagestore.core.outcome import Finalizer, Outcome, Requeue
from imagestore.core.reading import Level, Support
from imagestore.reconcile.backend.reconcile import reconcile
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.shared.situation import Meta, Served, Settings, Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOST = Support(Level.PARTIAL, "drops sizes", lost=("rules[].match.minSize",))


def situation(
    meta: Meta, status: StorageBackendStatus, store: Store, buckets: int = 0, **more: Any
) -> BackendSituation:
    """A StorageBackend that serves so many buckets."""
    served = tuple(Served(f"shop/b{n}", f"shop--b{n}", made=True) for n in range(buckets))
    said: dict[str, Any] = {"now": NOW, "token": lambda: "token1", "served": served} | more
    return BackendSituation(meta, status, store, Settings("prod"), **said)


def visit(store: Store, *, deleting: bool = False, buckets: int = 0) -> Outcome[StorageBackendStatus]:
    """One reconcile of a new StorageBackend; its status obeys the rules of kstatus."""
    meta = Meta("", "eu", "uid", 1, NOW, deleting, finalized=True)
    outcome = reconcile(situation(meta, StorageBackendStatus(), store, buckets))
    if outcome.status is not None:
        assert not violations(outcome.status.conditions, 1, outcome.status.observed_generation)
    return outcome


def failing(error: StoreError) -> Callable[[str, str], None]:
    """A store that answers everything with this."""

    def fault(operation: str, bucket: str) -> None:
        raise error

    return fault


def test_a_read_proves_it_and_the_status_says_what_it_can_hold() -> None:
    store = MemoryStore()
    outcome = visit(Store(backend=MemoryBackend(store, FACETS, {"lifecycle": LOST})), buckets=3)
    assert store.calls == [("Probe", "")], "one read, never a write"
    status = outcome.status
    assert status is not None
    assert status.server is not None
    assert (status.server.product, status.buckets) == ("memory", 3)
    lifecycle = next(c for c in status.capabilities if c.facet == "lifecycle")
    assert (lifecycle.support, lifecycle.lost) == ("Partial", ("rules[].match.minSize",))
    assert len(status.capabilities) == len(FACETS)
    assert [n.reason for n in outcome.events] == ["Answered"]
    assert outcome.then == Requeue(Settings("prod").pulse), (
        "a store that falls silent is noticed within the grace"
    )


@pytest.mark.parametrize(
    ("error", "reason", "abnormal"),
    [(Unavailable("refused"), "StoreUnreachable", "Reconciling"), (Denied("no"), "Denied", "Stalled")],
)
def test_what_does_not_answer_is_not_ready(error: StoreError, reason: str, abnormal: str) -> None:
    outcome = visit(Store(backend=MemoryBackend(MemoryStore(fault=failing(error)), FACETS)))
    assert outcome.status is not None
    ready = find(outcome.status.conditions, "Ready")
    assert ready is not None
    assert (ready.status, ready.reason, ready.message) == ("False", reason, str(error))
    assert find(outcome.status.conditions, abnormal) is not None


def test_a_missing_secret_is_said() -> None:
    outcome = visit(Store(trouble="there is no Secret eu in the operator's namespace"))
    assert outcome.status is not None
    ready = find(outcome.status.conditions, "Ready")
    assert ready is not None
    assert (ready.reason, ready.message) == (
        "BackendUnusable",
        "there is no Secret eu in the operator's namespace",
    )


def test_a_backend_in_use_stays_and_names_its_users() -> None:
    outcome = visit(Store(), deleting=True, buckets=7)
    assert outcome.finalizer is Finalizer.HOLD
    assert outcome.status is not None
    ready = find(outcome.status.conditions, "Ready")
    assert ready is not None
    assert ready.reason == "InUse"
    assert "7 ImageBuckets: shop/b0, shop/b1, shop/b2, shop/b3, shop/b4 and 2 more" in ready.message
    assert "elsewhere" not in ready.message, "backendRef is immutable: what is advised can be done"


def test_an_unused_backend_goes() -> None:
    assert visit(Store(), deleting=True).finalizer is Finalizer.RELEASE
