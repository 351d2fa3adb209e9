"""A BackupSchedule through a restart in any state."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.reconcile.scheduled import ScheduleWorld
from tests.reconcile.test_backupschedule_upkeep import FULL, backed_up

Story = Callable[[ScheduleWorld], object]
STORY: tuple[tuple[str, Story], ...] = (
    ("nothing yet", lambda w: w.step()),
    ("a Backup is made", lambda w: w.at("2027-01-02 02:17:01")),
    ("it runs", lambda w: w.at("2027-01-02 02:20")),
    ("it ended", lambda w: (w.ended(), w.step())),
    ("quick check", lambda w: w.checked("quick", objects=1000)),
    ("removal held", lambda w: w.pruned(backups=9, held="too many", token="r1", waiting=8)),
    ("approved", lambda w: (w.spec.update(approve=["r1"]), w.step())),
    ("removed", lambda w: w.pruned(backups=1, forgotten=8)),
    ("part 1 of 3", lambda w: w.checked("full", bytes=1)),
    ("a drill is due", lambda w: w.at("2027-01-03 05:00:01")),
    ("drilled", lambda w: w.drilled(sampled=50, estimate=60)),
    ("part 2 of 3", lambda w: w.checked("full", bytes=1)),
    ("the next Backup", lambda w: w.at("2027-01-04 02:17:01")),
    ("partly", lambda w: (w.ended("PartiallyFailed", message="3 objects failed"), w.step())),
    ("part 3 of 3", lambda w: (w.at("2027-01-04 09:00"), w.checked("full", bytes=1))),
    ("too late", lambda w: w.at("2027-01-05 09:00")),
)


def outcome(world: ScheduleWorld) -> Any:
    """What a user sees, and what the world was asked to do."""
    content = world.status.to_json()
    return content, sorted(world.backups), world.events, [r.asked[-1:] for _, r in sorted(world.runs.items())]


@pytest.mark.parametrize("killed", range(len(STORY)), ids=[name for name, _ in STORY])
def test_a_restart_in_any_state_changes_nothing(killed: int) -> None:
    """What runs is lost with the process, and asked for again from the status: the same job, the same end."""
    straight, restarted = ScheduleWorld(dict(FULL)), ScheduleWorld(dict(FULL))
    for number, (_, act) in enumerate(STORY):
        act(straight)
        act(restarted)
        if number == killed:
            jobs = {p: r.job for p, r in restarted.runs.items() if r.job is not None}
            restarted.restart()
            restarted.step()
            asked = {p: r.job for p, r in restarted.runs.items() if r.job is not None}
            due = {p: j for p, j in jobs.items() if not _has_ended(straight, p)}
            assert asked == due
            straight.step()
    assert outcome(restarted)[:3] == outcome(straight)[:3]
    assert straight.said("WithinRpo") == ("False", "RpoMissed")
    assert straight.said("Verified") == ("True", "Verified")


def _has_ended(world: ScheduleWorld, purpose: str) -> bool:
    last = world.runs[purpose].state.last
    return last is not None and last.trouble is None


def test_next_looks_are_never_in_the_past() -> None:
    world = backed_up(**FULL)
    for hours in range(0, 100, 7):
        world.now += timedelta(hours=hours)
        world.step()
        assert world.alarm > world.clock
