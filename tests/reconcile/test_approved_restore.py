"""An approved restore that takes long, with the threads that carry out runs."""

from dataclasses import replace
from queue import Queue
from threading import Event
from time import monotonic

import pytest

from imagestore.api.restorestatus import RestorePlanStatus, RestoreStatus
from imagestore.controller.carrying import RunControl
from imagestore.controller.runs import Runs
from imagestore.controller.state.objects import Key
from imagestore.reconcile.restore.runs import RestoreFound, RestoreJob, RestorePasses, RestoreTotals
from imagestore.reconcile.shared.runs import OneRunState
from imagestore.repository.restoring.estimate import PassEstimate
from imagestore.repository.restoring.options import PassCount, RestoreCounts
from tests.reconcile.restored import PLAIN, RestoreWorld

KEY = Key("Restore", "shop", "back")
FOUND = RestoreFound(
    0.0, 1.0, source="Repository", totals=RestoreTotals(9, 90, 3), counts=RestoreCounts(restored=9)
)
HALF = RestorePasses(4, 40, 9, 90, (PassEstimate("", PassCount(4, 40), PassCount(9, 90), 5.0),))


@pytest.mark.parametrize("restarted", [False, True])
def test_an_approved_overwrite_goes_on_while_its_status_is_written(*, restarted: bool) -> None:
    told, begun, finish = Queue[Key](), Event(), Event()

    def carry(_key: Key, job: RestoreJob, control: RunControl) -> RestoreFound | None:
        if "a1b2c3" not in job.approved:
            return replace(FOUND, held="a1b2c3")
        control.tell(HALF)
        begun.set()
        while not finish.wait(0.01):
            if control.stop():
                return None
        return FOUND

    def runs() -> Runs:
        return Runs(monotonic, lambda: False, told.put, {RestoreJob: carry})

    first = runs()
    world = RestoreWorld({**PLAIN, "conflict": "Overwrite", "approve": ["a1b2c3"]}, real=first.of(KEY))
    world.status = RestoreStatus(
        phase="Held", plan=RestorePlanStatus(objects=9, bytes=90, present=3, token="a1b2c3")
    )
    world.step()
    assert begun.wait(10)
    for _ in range(3):  # its status is written, and read
        world.step()
        assert world.status.phase == "Running"
        assert world.message() == "4 of 9 objects are done"
    if restarted:
        first.close()
        world.real = runs().of(KEY)
    finish.set()
    world.step()
    until_over(world, told)
    assert world.status.phase == "Succeeded", world.message()


def until_over(world: RestoreWorld, told: Queue[Key]) -> None:
    while not world.status.finished and world.status.phase != "Held":
        told.get(timeout=10)
        world.step()


def test_a_restore_that_is_held_in_the_middle_says_what_it_wrote_before() -> None:
    plan = RestoreTotals(100, 10_000, 7)
    done = RestoreCounts(restored=97, failed=1)
    held = replace(FOUND, held="d4e5f6", unapproved=3, totals=plan, counts=done)
    world = RestoreWorld({**PLAIN, "conflict": "Overwrite", "approve": ["a1b2c3"]})
    world.runs.state = OneRunState(0.0, last=held)
    world.step()
    status, told = world.status, world.message()
    assert (status.phase, world.said("Held")) == ("Held", ("True", "OverwriteHeld"))
    assert told.startswith("3 objects of the destination would be overwritten, and it keeps no versions")
    assert "the restore wrote at least 97 objects before. Add d4e5f6 to spec.approve" in told
    assert "nothing was written" not in told
    assert (status.objects, status.failed and status.failed.count, status.finished) == (97, 1, None)
    world.runs.state = OneRunState(0.0)
    world.step()
    assert (world.message(), world.runs.job) == (told, None)
    world.spec["approve"] = ["a1b2c3", "d4e5f6"]
    world.step()
    assert world.runs.job is not None
    assert world.runs.job.approved == {"a1b2c3", "d4e5f6"}
