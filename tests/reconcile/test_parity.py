"""What a sample proves, and how long it is believed."""

from dataclasses import replace

import pytest

from imagestore.reconcile.replication.runs import ParityFound
from tests.reconcile.replicated import World
from tests.reconcile.test_replicationpolicy import GOOD

VERIFY = {"verify": {"sample": 200, "every": "6h"}}


def sampled(world: World, found: ParityFound) -> None:
    world.ran(replace(GOOD, parity=found))
    world.step()


def test_without_verify_nothing_is_sampled() -> None:
    world = World()
    world.step()
    assert world.runs.job is not None
    assert world.runs.job.sample == 0


def test_before_a_sample_nothing_is_verified() -> None:
    world = World(dict(VERIFY))
    world.ran(GOOD)
    world.step()
    assert world.said("ParityVerified") == ("Unknown", "FirstRun")
    assert world.runs.job is not None
    assert (world.runs.job.sample, world.runs.job.sample_due) == (200, 0.0)


@pytest.mark.parametrize(
    ("found", "said", "message"),
    [
        (ParityFound(12.0, 200, 0), ("True", "Verified"), "with 95 % at most 1.5 % of all objects differ"),
        (ParityFound(12.0, 2, 0), ("True", "Verified"), "at most 100 %"),
        (ParityFound(12.0, 24, 0), ("True", "Verified"), "at most 12 %"),
        (ParityFound(12.0, 200, 1), ("False", "Mismatched"), "1 of 200 objects differ"),
        (
            ParityFound(12.0, 190, 0, 10),
            ("False", "Unreadable"),
            "10 objects of the sample could not be read",
        ),
        (ParityFound(12.0, 0, 0), ("Unknown", "FirstRun"), "no object has been read on both sides yet"),
    ],
)
def test_what_a_sample_proves(found: ParityFound, said: tuple[str, str], message: str) -> None:
    world = World(dict(VERIFY))
    sampled(world, found)
    assert world.said("ParityVerified") == said
    assert message in world.message("ParityVerified")


def test_a_known_difference_is_not_within_the_objective_until_it_is_copied() -> None:
    """ParityVerified was False for ever, while WithinObjective and Ready said that every object has an equal copy."""
    world = World({**VERIFY, "objectives": {"rpo": "15m"}})
    world.ran(GOOD)
    world.ran(replace(GOOD, began=100.0, ended=101.0, listed=100.0, parity=ParityFound(101.0, 200, 1)))
    world.step()
    assert world.said("WithinObjective") == ("False", "ObjectiveMissed")
    assert "1 objects of a sample differ byte by byte" in world.message("WithinObjective")
    assert world.said() == ("False", "ObjectsFailed")
    world.ran(replace(GOOD, began=1300.0, ended=1301.0, listed=1300.0))
    world.step()
    assert (world.said("WithinObjective")[0], world.said()[0]) == ("True", "True")


def test_the_next_sample_is_due_after_its_time_also_after_a_restart() -> None:
    world = World(dict(VERIFY))
    sampled(world, ParityFound(12.0, 200, 0))
    before = world.status.parity
    world.runs.state = World().runs.state
    world.clock = 3612.0
    world.step()
    assert world.status.parity == before
    assert world.runs.job is not None
    assert world.runs.job.sample_due == pytest.approx(12.0 + 6 * 3600, abs=1.0)


def test_one_sample_is_one_status_however_often_it_is_told() -> None:
    world = World(dict(VERIFY))
    sampled(world, ParityFound(12.3, 200, 0))
    before = world.status
    for clock in (12.9, 77.7, 500.1):
        world.clock = clock
        world.step()
        assert world.status == before
