"""When the operator promotes the destination by itself, and when it does not."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import RunReport
from imagestore.reconcile.shared.runs import RunTrouble
from tests.reconcile.replicated import World, end
from tests.reconcile.test_failover import PROMOTED, role, run, settled, two_way
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


def test_a_run_that_still_writes_to_the_destination_ends_before_it_is_promoted() -> None:
    """The same reconcile told applications of the destination, and the run went on to its next step."""
    world = running()
    silence(world)
    settled(world)
    world.clock += 300.0
    world.runs.state = replace(world.runs.state, running=True)
    settled(world)
    assert role(world)[0] == "Primary"
    world.runs.state = replace(world.runs.state, running=False)
    settled(world)
    assert role(world)[0] == "Promoted"


def test_a_policy_that_begins_promoted_waits_for_an_earlier_run_too() -> None:
    world = World({})
    settled(world)
    world.runs.state = replace(world.runs.state, stopping="pods")
    world.spec = PROMOTED
    settled(world)
    assert world.status.failover is None
    assert two_way(world)
    world.runs.state = replace(world.runs.state, stopping="")
    settled(world)
    assert role(world) == ("Promoted", False)


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
    known = world.status.failover
    assert known is not None
    world.status = world.status.model_copy(update={"failover": known.model_copy(update={"copied": None})})
    world.runs.state = World().runs.state


def is_emptied(world: World) -> None:
    assert world.destination is not None
    lost = {"conditions": [{"type": "ContentLost", "status": "True", "reason": "Recreated"}]}
    world.destination = replace(world.destination, status=ImageBucketStatus.model_validate(lost))


def is_another(world: World) -> None:
    """The next run has not ended yet."""
    world.spec = {**world.spec, "destination": {"bucketRef": {"name": "dr2"}}}
    world.destination, world.generation = end("dr2"), 2
    world.runs.state = World().runs.state
    settled(world)
    assert world.status.backlog is None


@pytest.mark.parametrize("why", [far_is_silent, never_copied, is_emptied, is_another])
def test_a_destination_that_would_not_serve_is_not_promoted(why: Any) -> None:
    """Applications were led to an empty bucket: the status still had the backlog of another one, 0 objects."""
    world = running()
    why(world)
    silence(world)
    settled(world)
    world.clock += 1000.0
    settled(world)
    assert role(world)[0] == "Primary"
    assert world.said("FailedOver") == ("False", "Withheld")
    assert ("Withheld", True) in world.events


def a_moment_of(world: World, trouble: str) -> None:
    """The StorageBackend cannot be used in one reconcile, and the runs begin anew."""
    good = world.destination
    assert good is not None
    world.destination = replace(good, store=replace(good.store, backend=None, trouble=trouble))
    settled(world)
    assert world.said()[1] == "BackendUnusable"
    world.destination, world.runs.state = good, World().runs.state


def test_a_secret_that_was_missing_for_a_moment_forgets_nothing() -> None:
    """The operator did not know of the complete copy any more, so it never promoted the destination."""
    world = running()
    world.ran(replace(GOOD, began=world.clock, ended=world.clock, listed=world.clock, failed={"Denied": 1}))
    before = settled(world).status
    assert before.failed is not None
    a_moment_of(world, "its Secret is missing")
    now = settled(world).status
    assert (now.backlog, now.failed, now.copied) == (before.backlog, before.failed, before.copied)
    silence(world)
    settled(world)
    world.clock += 300.0
    settled(world)
    assert role(world)[0] == "Promoted"


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
