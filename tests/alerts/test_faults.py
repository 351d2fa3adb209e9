"""A real Prometheus asks a real operator: each fault makes its own alert fire, and no other."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import pytest

from dev.wait import eventually
from tests.alerts import backing_up, backups, replication, restores, rights
from tests.alerts import world as faults
from tests.alerts.rules import rules
from tests.alerts.world import NAMESPACE, World

Fault = Callable[[World], AbstractContextManager[None]]

# Each of these concerns one bucket or one backend, so all are there at once: each must fire for its own.
AT_ONCE: dict[tuple[str, str], Fault] = {
    ("ImagestoreDrift", f"{NAMESPACE}/observed"): faults.drift,
    ("ImagestoreContentLost", f"{NAMESPACE}/lost"): faults.lost,
    ("ImagestoreFinding", f"{NAMESPACE}/open"): faults.public,
    ("ImagestoreQuotaNearlyFull", f"{NAMESPACE}/beside-a-tier"): faults.nearly_full,
    ("ImagestoreBucketNotReady", f"{NAMESPACE}/unable"): faults.not_ready,
    ("ImagestoreApprovalPending", f"{NAMESPACE}/unwilling"): faults.held,
    ("ImagestorePolicyNotReady", f"{NAMESPACE}/wide"): faults.lossy,
    ("ImagestoreObjectiveMissed", f"{NAMESPACE}/late"): replication.late,
    ("ImagestoreReplicationNotReady", f"{NAMESPACE}/aimless"): replication.aimless,
    ("ImagestoreDeletesHeld", f"{NAMESPACE}/careful"): replication.emptied,
    ("ImagestoreFailedOver", f"{NAMESPACE}/over"): replication.given_up,
    ("ImagestoreRunStuck", f"{NAMESPACE}/unscheduled"): replication.unscheduled,
    ("ImagestoreRpoMissed", f"{NAMESPACE}/overdue"): backups.overdue,
    ("ImagestoreBackupsDamaged", f"{NAMESPACE}/damaged"): backups.damaged,
    ("ImagestoreDrillFailed", f"{NAMESPACE}/undrilled"): backups.undrilled,
    ("ImagestoreProofOverdue", f"{NAMESPACE}/unproven"): backups.unproven,
    ("ImagestoreLocksEnding", f"{NAMESPACE}/unlocked"): backups.unlocked,
    ("ImagestoreBackupScheduleNotReady", f"{NAMESPACE}/homeless"): backups.homeless,
    ("ImagestoreRemovalHeld", f"{NAMESPACE}/hoarding"): backups.hoarding,
    ("ImagestoreBackupFailed", f"{NAMESPACE}/keyless"): backing_up.keyless,
    ("ImagestoreRestoreFailed", f"{NAMESPACE}/too-far"): restores.without_history,
    ("ImagestoreRestoreHeld", f"{NAMESPACE}/waiting"): restores.unapproved,
    ("ImagestoreTierNotReady", "tiered"): faults.no_tier,
    ("ImagestoreBackendNotReady", "locked"): faults.locked,
    ("ImagestoreStoreUnreachable", "refusing"): faults.silent,
    ("ImagestoreThrottled", "throttling"): faults.throttled,
    ("ImagestoreQueueDelayed", "slow"): faults.slow,
}
ALONE: dict[tuple[str, str], Fault] = {
    ("ImagestoreDriftEnded", f"{NAMESPACE}/edited"): faults.corrected,
    ("ImagestoreReconcileErrors", "ImageBucket"): rights.refused,
    ("ImagestoreMissedChanges", "ImageBucket"): faults.deaf,
    ("ImagestoreKindForbidden", "LifecyclePolicy"): rights.forbidden,
    ("ImagestoreStuck", ""): faults.hanging,
    ("ImagestoreNoActiveReplica", ""): faults.frozen,
}


@pytest.fixture(scope="module")
def faulty(world: World) -> Iterator[ExitStack]:
    """All faults that concern one object each."""
    with ExitStack() as stack:
        for fault in AT_ONCE.values():
            stack.enter_context(fault(world))
        yield stack


def test_every_alert_has_its_fault() -> None:
    assert {name for name, _ in (*AT_ONCE, *ALONE)} == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("alert", AT_ONCE, ids=lambda a: a[0])
def test_fires_for_its_object(world: World, faulty: ExitStack, alert: tuple[str, str]) -> None:
    eventually(lambda: alert in world.firing(), 90, lambda: f"{alert}: {sorted(world.firing())}")
    assert world.firing() <= set(AT_ONCE), "and for no other"


def test_they_end_with_their_faults(world: World, faulty: ExitStack) -> None:
    world.await_firing(frozenset(AT_ONCE))
    faulty.close()
    world.await_firing(frozenset())


@pytest.mark.parametrize("alert", ALONE, ids=lambda a: a[0])
def test_fires_alone(world: World, alert: tuple[str, str]) -> None:
    edits = world.user().look_now if alert[0] == "ImagestoreReconcileErrors" else lambda _: None
    with ALONE[alert](world):
        world.await_firing(frozenset({alert}), lambda: edits("edited"))
    world.await_firing(frozenset())


def test_a_deleted_backend_fires_no_more(world: World) -> None:
    """Its circuit was open when it went: the series must go with it (velero#1333)."""
    alert = ("ImagestoreStoreUnreachable", "refusing")
    with faults.silent(world):
        world.await_firing(frozenset({alert}))
        world.user("refusing").patch("behind-refusing", deletionPolicy="Retain")
        world.user("refusing").delete("behind-refusing")
        world.cluster.kubectl("delete", "sbe", "refusing", "--timeout=60s")
        world.await_firing(frozenset())


def test_nobody_works_when_it_is_dead(world: World) -> None:
    world.operator.server.kill()
    world.await_firing(frozenset({("ImagestoreNoActiveReplica", "")}))
