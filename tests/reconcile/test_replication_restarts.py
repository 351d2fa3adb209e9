"""What a policy still knows when the operator that ran for it is killed, again and again."""

from dataclasses import replace
from datetime import timedelta

from imagestore.core.conditions import find
from imagestore.reconcile.replication.events import policy_events
from imagestore.reconcile.replication.runs import HeldRun, RunReport, RunsState
from tests.reconcile.replicated import World
from tests.reconcile.test_failover import promoted
from tests.reconcile.test_replicationpolicy import GOOD

RPO = {"objectives": {"rpo": "15m"}}


def killed(world: World, after: float) -> None:
    """The process dies so many seconds later, and the next one knows what the status says."""
    world.clock += after
    world.runs.state, world.memo = RunsState(world.clock), None
    world.step()


def ran(world: World, began: float) -> None:
    world.ran(RunReport(began, began + 1.0, complete=True, listed=began))
    world.step()


def test_an_operator_that_dies_in_each_run_misses_the_objective() -> None:
    """Killed for memory every 10 minutes, it said "Unknown, FirstRun" for ever, and the alert of an objective that is missed never came."""
    world = World(RPO)
    world.step()
    ran(world, 10.0)
    killed(world, 600.0)
    assert world.said("WithinObjective") == ("Unknown", "FirstRun")
    killed(world, 600.0)
    assert world.said("WithinObjective") == ("False", "ObjectiveMissed")
    ran(world, world.clock)
    assert world.said("WithinObjective") == ("True", "WithinObjective")


def test_so_does_one_that_dies_in_each_first_run() -> None:
    world = World(RPO)
    world.step()
    for _ in range(3):
        killed(world, 500.0)
    assert world.said("WithinObjective") == ("False", "ObjectiveMissed")


def test_a_restart_alone_misses_nothing() -> None:
    world = World(RPO)
    world.step()
    for began in range(100, 3000, 300):
        ran(world, float(began))
    killed(world, 600.0)
    assert world.said("WithinObjective") == ("Unknown", "FirstRun")
    assert world.runs.alarm is not None
    assert world.runs.alarm > world.clock


def test_the_status_follows_in_steps_and_not_with_each_run() -> None:
    world = World(RPO)
    world.step()
    seen = set()
    for began in range(0, 3600, 60):
        ran(world, float(began))
        seen.add(world.status.counted_since)
    assert len(seen) <= 16
    assert {moment.microsecond for moment in seen if moment} == {0}


def test_an_edit_counts_anew_and_without_an_objective_nothing_counts() -> None:
    world = World(RPO)
    ran(world, 10.0)
    world.status = world.status.model_copy(update={"observed_generation": 0})
    killed(world, 5000.0)
    assert world.said("WithinObjective") == ("Unknown", "FirstRun")
    world.spec = {}
    world.step()
    assert world.status.counted_since is None


def test_what_is_held_stays_held_until_a_run_has_ended() -> None:
    """The alert of a hold that lasts a day began anew with each restart."""
    world = World(RPO)
    world.ran(replace(GOOD, held=HeldRun("tok", 7, "too many")))
    world.step()
    before = find(world.status.conditions, "Held")
    killed(world, 600.0)
    after = find(world.status.conditions, "Held")
    assert before is not None
    assert after is not None
    assert (after.message, after.last_transition_time) == (before.message, before.last_transition_time)
    ran(world, world.clock)
    assert find(world.status.conditions, "Held") is None


def test_held_copies_are_told_with_their_token() -> None:
    world = World()
    world.ran(
        replace(GOOD, failed={"NewerAtDestination": 9}, held=HeldRun("over-1-2", 9, "newer", copies=True))
    )
    world.step()
    assert world.said("Held") == ("True", "OverwritesHeld")
    assert (
        world.message("Held")
        == "9 copies wait: newer; to let these be overwritten, add over-1-2 to spec.approve"
    )
    assert world.status.held is not None
    assert (world.status.held.objects, world.status.held.token) == (9, "over-1-2")


def test_another_token_of_held_deletes_is_told_again() -> None:
    world = World()
    world.ran(replace(GOOD, held=HeldRun("tok", 7, "too many")))
    before = world.step()
    world.step()
    assert world.events.count(("DeletesHeld", True)) == 1, "the same one is told once"
    world.ran(replace(GOOD, held=HeldRun("other", 9, "too many")))
    after = world.step()
    assert world.events.count(("DeletesHeld", True)) == 2
    (event,) = policy_events(before, after)
    assert (event.message, event.warning) == (world.message("Held"), True)
    assert "add other to spec.approve" in event.message
    assert policy_events(before, after.model_copy(update={"conditions": ()})) == ()


def test_after_a_restart_a_change_of_roles_that_the_clock_has_ahead_is_not_older_than_now() -> None:
    """The pause before the next automatic change counts from it."""
    world = promoted()
    killed(world, 100.0)
    assert world.memo is not None
    assert world.memo.changed == 0.0
    known = world.status.failover
    assert known is not None
    ahead = known.model_copy(update={"since": known.since + timedelta(hours=1)})
    world.status = world.status.model_copy(update={"failover": ahead})
    killed(world, 100.0)
    assert world.memo.changed == 200.0
