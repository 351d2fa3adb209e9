"""When the operator promotes the destination by itself, and when it does not."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import RunReport, RunTrouble
from tests.reconcile.replicated import World
from tests.reconcile.test_failover import role, run, settled, two_way
from tests.reconcile.test_replicationpolicy import GOOD

AUTOMATIC: dict[str, Any] = {
    "failover": {"role": "Primary", "automatic": {"after": "5m", "minimumBetween": "1h"}}
}


def running(hours: float = 2.0) -> World:
    """A policy that has a complete copy, so many hours after its role was first taken."""
    world = settled(World(dict(AUTOMATIC)))
    world.clock = hours * 3600
    world.ran(replace(GOOD, began=world.clock, ended=world.clock, listed=world.clock))
    return settled(world)


def silence(world: World, *, silent: bool = True) -> None:
    assert world.source is not None
    world.source = replace(world.source, store=replace(world.source.store, silent=silent))


def test_a_source_that_does_not_answer_long_enough_is_given_up() -> None:
    world = running()
    silence(world)
    settled(world)
    assert world.runs.alarm == world.clock + 300.0
    world.clock += 299.0
    settled(world)
    assert role(world)[0] == "Primary"
    world.clock += 1.0
    settled(world)
    assert role(world) == ("Promoted", False)
    assert two_way(world)
    assert world.said("FailedOver") == ("True", "FailedOver")
    assert ("FailedOver", True) in world.events


def test_a_run_that_meets_no_answer_counts_as_silence() -> None:
    world = running()
    trouble = RunTrouble("source", Reason.UNAVAILABLE, "no answer")
    world.ran(RunReport(world.clock, world.clock, complete=False, listed=0.0, trouble=trouble))
    settled(world)
    world.clock += 300.0
    settled(world)
    assert role(world)[0] == "Promoted"


def test_a_source_that_answers_again_in_time_is_kept() -> None:
    world = running()
    silence(world)
    settled(world)
    world.clock += 200.0
    silence(world, silent=False)
    settled(world)
    world.clock += 200.0
    silence(world)
    settled(world)
    assert role(world)[0] == "Primary", "the silence is counted anew"


def far_is_silent(world: World) -> None:
    assert world.destination is not None
    world.destination = replace(world.destination, store=replace(world.destination.store, silent=True))


def never_copied(world: World) -> None:
    world.status = world.status.model_copy(update={"backlog": None})
    world.runs.state = World().runs.state


@pytest.mark.parametrize("why", [far_is_silent, never_copied])
def test_a_destination_that_would_not_serve_is_not_promoted(why: Any) -> None:
    world = running()
    why(world)
    silence(world)
    settled(world)
    world.clock += 1000.0
    settled(world)
    assert role(world)[0] == "Primary"


def test_soon_after_a_change_nothing_is_changed_again() -> None:
    """Two sides of a network that fails now and then would be promoted by turns."""
    world = running(hours=0.1)
    silence(world)
    settled(world)
    world.clock = 3599.0
    settled(world)
    assert role(world)[0] == "Primary"
    world.clock = 3600.0
    settled(world)
    assert role(world)[0] == "Promoted"


def test_a_restart_does_not_forget_when_the_role_last_changed() -> None:
    world = running()
    world.memo = None
    silence(world)
    settled(world)
    world.clock += 300.0
    settled(world)
    assert role(world)[0] == "Promoted"


def test_back_it_goes_only_with_the_token_and_after_a_run() -> None:
    world = running()
    silence(world)
    settled(world)
    world.clock += 300.0
    settled(world)
    silence(world, silent=False)
    world.clock += 100.0
    world.ran(run(world.clock))
    settled(world)
    assert role(world) == ("Promoted", True), "the source is back, and nothing was approved"
    assert world.status.failover is not None
    token = world.status.failover.return_token
    assert token is not None
    world.spec["approve"] = [token]
    settled(world)
    assert role(world)[0] == "Promoted", "a run has to bring over what only the destination has"
    world.clock += 10.0
    world.ran(run(world.clock))
    settled(world)
    assert role(world)[0] == "Primary"
    assert world.said("FailedOver") == ("", "")


def test_without_the_field_nothing_happens_by_itself() -> None:
    world = running()
    world.spec = {"failover": {"role": "Primary"}}
    silence(world)
    settled(world)
    world.clock += 10_000.0
    settled(world)
    assert role(world)[0] == "Primary"
