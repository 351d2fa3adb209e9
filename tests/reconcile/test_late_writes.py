"""What programs write to the side that applications were led away from is counted, listed and told."""

from datetime import UTC, datetime

from imagestore.api.replicationstatus import LateWrites
from tests.reconcile.replicated import World
from tests.reconcile.test_failover import PRIMARY, promoted, run, settled

REPORT = ".imagestore/transfer/uid/report.jsonl.zst"


def left(world: World) -> str | None:
    assert world.runs.job is not None
    return world.runs.job.left


def late(world: World) -> LateWrites | None:
    assert world.status.failover is not None
    return world.status.failover.late_writes


def test_the_side_that_was_left_is_the_one_of_which_is_told() -> None:
    world = settled(World(PRIMARY))
    assert left(world) is None
    world = promoted()
    assert left(world) == "source"
    world.spec, world.clock = PRIMARY, 100.0
    settled(world)
    assert left(world) == "source", "until all has come back"
    world.ran(run(110.0))
    settled(world)
    assert left(world) == "destination", "its writers may not have heard of it"
    world.ran(run(120.0))
    settled(world)
    assert left(world) is None


def test_with_both_ways_either_side_may_be_written_to() -> None:
    world = World({"direction": "TwoWay", "failover": {"role": "Promoted"}})
    settled(world)
    assert left(world) is None


def test_late_writes_are_counted_over_all_runs_of_a_role_and_told_once() -> None:
    """An upload that had begun before the fence ended after the run that made both sides equal: nothing told of it."""
    world = promoted()
    assert late(world) is None
    world.ran(run(10.0, late_writes=2, report=REPORT))
    settled(world)
    assert late(world) == LateWrites(objects=2, report=REPORT)
    world.ran(run(20.0))
    settled(world)
    world.ran(run(30.0, late_writes=1, report=REPORT))
    settled(world)
    assert late(world) == LateWrites(objects=3, report=REPORT)
    assert [e for e in world.events if e[0] == "LateWrites"] == [("LateWrites", True)] * 2


def test_another_process_goes_on_counting_and_another_role_counts_anew() -> None:
    world = promoted()
    world.ran(run(10.0, late_writes=2, report=REPORT))
    settled(world)
    world.memo, world.runs.state = None, type(world.runs.state)(0.0)
    settled(world)
    assert late(world) == LateWrites(objects=2, report=REPORT)
    world.ran(run(20.0, late_writes=1, report=REPORT))
    settled(world)
    assert late(world) == LateWrites(objects=3, report=REPORT)
    world.spec, world.clock = PRIMARY, 100.0
    settled(world)
    world.ran(run(110.0))
    settled(world)
    assert world.status.failover is not None
    assert (world.status.failover.role, late(world)) == ("Primary", None)


def test_a_status_of_before_a_restart_says_when_a_policy_began() -> None:
    """The API server's clock, corrected by ours, is not measured to the millisecond: another age was another filter, and deletes were held."""
    world = World({"existingObjects": False})
    began = world.step().since
    assert began is not None
    assert world.runs.job is not None
    assert world.runs.job.since == int(began.timestamp() * 1000)
    world.status = world.status.model_copy(update={"since": datetime(2026, 1, 1, tzinfo=UTC)})
    world.step()
    assert world.runs.job.since == int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    world.spec = {}
    assert world.step().since is None
    assert world.runs.job.since is None


def test_the_side_that_late_writes_reached_is_named() -> None:
    """It is the one where their program still writes. Those that the last run of a role brought over were not told of at all."""
    world = promoted()
    world.ran(run(10.0, late_writes=2, report=REPORT))
    settled(world)
    world.spec, world.clock = PRIMARY, 100.0
    settled(world)
    for clock in (110.0, 120.0):
        world.ran(run(clock, late_writes=1, report=REPORT))
        settled(world)
    told = [message for message in world.messages if "after it was left" in message]
    assert [message.partition(" after")[0] for message in told] == [
        "2 objects reached the source",
        "1 objects reached the source",
        "1 objects reached the destination",
    ]
