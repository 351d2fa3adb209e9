"""What a policy's status says of a run while it goes on."""

import pytest

from imagestore.reconcile.replication.runs import RunsState
from imagestore.reconcile.shared.runs import RunProgress
from tests.reconcile.replicated import World
from tests.reconcile.test_replicationpolicy import GOOD


def test_a_run_that_copies_is_told_of_beside_what_the_last_one_did() -> None:
    world = World()
    world.ran(GOOD)
    assert world.step().running is None
    going = RunProgress(objects=7, bytes=70, of_objects=9, of_bytes=90)
    world.runs.state = world.runs.state.seen(running=True, stopping="", began=1.0, progress=going)
    status = world.step()
    assert status.running is not None
    assert status.running.to_json() == {
        "copied": {"objects": 7, "bytes": 70},
        "backlog": {"objects": 2, "bytes": 20},
    }
    assert status.copied is not None
    assert (status.copied.objects, world.said()) == (5, ("True", "Replicated"))
    listing = RunProgress()
    world.runs.state = world.runs.state.seen(running=True, stopping="", began=1.0, progress=listing)
    assert world.step().running is None, "it only compares"


@pytest.mark.parametrize(
    ("copied", "left"), [((7, 80), (2, 10)), ((9, 90), (0, 0)), ((11, 70), (0, 20)), ((5, 110), (4, 0))]
)
def test_what_was_copied_is_not_left_and_less_than_nothing_is_not_either(
    copied: tuple[int, int], left: tuple[int, int]
) -> None:
    """What a run is to copy was estimated, and it may copy more."""
    going = RunProgress(*copied, of_objects=9, of_bytes=90)
    assert RunsState(0.0).seen(running=True, stopping="", began=1.0, progress=going).left == left


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, ("", "")),
        ({"notifications": {"enabled": False}}, ("", "")),
        ({"notifications": {"enabled": True}}, ("False", "ReceiverOff")),
    ],
)
def test_whether_notifications_are_received_is_told_where_they_are_asked_for(
    spec: dict[str, object], said: tuple[str, str]
) -> None:
    world = World(spec)
    world.step()
    assert world.said("Listening") == said


def test_where_only_the_objects_are_known_no_bytes_are_left() -> None:
    going = RunProgress(7, 0, of_objects=9)
    assert RunsState(0.0).seen(running=True, stopping="", began=1.0, progress=going).left == (2, 0)
