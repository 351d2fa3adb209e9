"""What a policy's status says of a run while it goes on."""

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
