"""Damage in a schedule's backups: what says it, what it holds, and what must be read before it is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from imagestore.core.conditions import condition
from imagestore.core.reasons import Reason
from tests.reconcile.scheduled import ScheduleWorld
from tests.reconcile.test_backupschedule_upkeep import backed_up


@pytest.mark.parametrize("what", ["quick", "full"])
def test_damage_is_said_and_holds_every_removal(what: str) -> None:
    """An older backup may be the one that still has the objects whole."""
    world = backed_up(retention={"last": 1}, verify={"full": {"days": 1}})
    if what == "full":
        world.checked("full", damaged=3, bytes=10)
        world.checked("quick", objects=1000)
    else:
        world.checked("quick", damaged=3)
    assert world.said("Verified") == ("False", "Damaged")
    assert world.message("Verified").startswith("3 objects of the backups of photos are damaged;")
    assert world.job("removal") is None
    assert world.said("Held") == ("True", "RemovalHeld")
    assert world.message("Held").startswith(
        "the removal of backups of photos waits: objects are damaged (3), and an older"
    )
    assert world.status.last_verified is None


def test_a_source_whose_content_was_lost_holds_every_removal_until_that_is_acknowledged() -> None:
    """Night after night an empty backup succeeded, and the retention deleted those that had what the bucket held."""
    world = backed_up(retention={"last": 1})
    whole = world.sources
    (source,) = whole
    told = condition("ContentLost", Reason.BUCKET_WAS_MISSING, "the bucket was missing")
    lost = source.status.model_copy(update={"conditions": (told,)})
    world.sources = (replace(source, status=lost),)
    world.checked("quick", objects=0)
    assert world.job("removal") is None
    assert world.said("Held") == ("True", "RemovalHeld")
    assert "ContentLost is True on the ImageBucket photos" in world.message("Held")
    world.step()
    assert world.job("removal") is None
    world.sources = whole
    world.step()
    assert world.job("removal") is not None


def read_parts(world: ScheduleWorld, damaged: dict[int, int], first: int, last: int) -> list[str]:
    """A part a day; what Verified says after each. ``damaged``: objects by day."""
    said = []
    for day in range(first, last):
        world.at(f"2027-01-{day:02} 12:00")
        world.checked("full", objects=1000, bytes=10**8, damaged=damaged.get(day, 0))
        said.append(world.said("Verified")[0])
    return said


def test_damage_of_a_part_is_known_until_that_part_is_read_whole() -> None:
    """The first part of the next round said Verified, and let backups go that may have the objects whole."""
    world = backed_up(verify={"full": {"days": 3}}, retention={"last": 1})
    world.checked("quick", objects=1000)
    world.pruned(backups=1)
    assert read_parts(world, {3: 2}, 2, 5) == ["Unknown", "False", "False"]
    world.at("2027-01-05 02:17:01")
    world.ended()
    world.step()
    world.checked("quick", objects=1000)
    assert read_parts(world, {}, 5, 6) == ["False"], "part 0 holds nothing of part 1"
    assert (world.said("Held")[0], world.job("removal")) == ("True", None)
    assert read_parts(world, {}, 6, 8) == ["Unknown", "True"]


def test_damage_stays_known_when_the_parts_are_divided_anew() -> None:
    world = backed_up(verify={"full": {"days": 3}})
    read_parts(world, {3: 2}, 2, 4)
    world.spec["verify"] = {"full": {"days": 2}}
    assert read_parts(world, {}, 4, 6) == ["False", "True"]


def test_another_sample_or_backup_does_not_make_damage_whole() -> None:
    world = backed_up(verify={"full": {"days": 2}, "drill": {"cron": "0 5 * * *", "sample": 50}})
    read_parts(world, {}, 2, 3)
    world.at("2027-01-03 05:00:01")
    world.drilled(sampled=50, failed=2)
    world.at("2027-01-04 05:00:01")
    world.drilled(sampled=50)
    assert world.said("Drilled")[0] == "True"
    assert world.said("Verified") == ("False", "Damaged"), "other objects were drilled"
    assert read_parts(world, {}, 5, 7) == ["False", "True"]


def test_a_drill_whose_bucket_fails_is_no_damage_and_proves_nothing() -> None:
    world = backed_up(verify={"full": {"days": 2}, "drill": {"cron": "0 5 * * *", "sample": 50}})
    world.at("2027-01-03 05:00:01")
    world.drilled(sampled=50, unrestored=2)
    assert world.said("Drilled") == ("False", "ScratchFailed")
    assert "2 objects of the last drill of photos were not taken or not given back" in world.message(
        "Drilled"
    )
    assert world.said("Verified")[0] == "Unknown", "nothing was read back yet"
    assert world.bucket().damage is None
    world.at("2027-01-04 05:00:01")
    world.drilled(sampled=50)
    assert (world.said("Drilled")[0], world.said("Verified")[0]) == ("True", "True")


def test_a_quick_check_of_another_backup_does_not_make_damage_whole() -> None:
    world = backed_up(verify={"full": {"days": 1}})
    world.checked("quick", damaged=3)
    world.at("2027-01-03 02:17:01")
    world.ended()
    world.step()
    world.checked("quick", objects=1000)
    assert world.said("Verified") == ("False", "Damaged")
    assert read_parts(world, {}, 4, 5) == ["True"]


def test_damage_that_nothing_mends_holds_removals_only_until_a_person_approves() -> None:
    """The one object was in an old backup, and at the source no more: that backup was held by its own damage, and with it all others."""
    world = backed_up(retention={"last": 1}, verify={"full": {"days": 1}})
    world.checked("quick", objects=1000)
    world.checked("full", damaged=1, bytes=10)
    held = world.bucket().removal
    assert held is not None
    assert held.held is not None
    token = held.held.token
    assert token is not None
    assert world.message("Held").endswith(f"to delete these, add {token} to spec.approve")
    world.spec["approve"] = [token]
    world.step()
    assert world.job("removal").held == ""
    world.pruned(backups=1, forgotten=2)
    assert world.said("Held") == ("", "")
    assert world.said("Verified") == ("False", "Damaged")
    next_night(world)
    world.checked("full", damaged=1, bytes=10)
    world.pruned(backups=1, forgotten=1)
    assert world.said("Held") == ("", ""), "the same damage is not asked about each night"
    next_night(world)
    world.checked("full", damaged=2, bytes=10)
    assert world.said("Held") == ("True", "RemovalHeld"), "it is good for no more than was shown"


def next_night(world: ScheduleWorld) -> None:
    """The next backup, and its quick check."""
    world.at(f"{world.now + timedelta(days=1):%Y-%m-%d} 02:30:01")
    world.ended()
    world.step()
    world.checked("quick", objects=1000)


def test_an_approval_of_damage_that_is_over_is_good_for_no_other() -> None:
    world = backed_up(retention={"last": 1}, verify={"full": {"days": 1}})
    world.checked("quick", objects=1000)
    world.checked("full", damaged=1, bytes=10)
    first = world.bucket().removal
    assert first is not None
    assert first.held is not None
    world.spec["approve"] = [first.held.token]
    world.step()
    world.pruned(backups=1)
    assert read_parts(world, {5: 1}, 3, 6) == ["True", "True", "False"]
    next_night(world)
    assert world.said("Held") == ("True", "RemovalHeld")
    assert world.message("Held").split()[-3] != first.held.token


def test_locks_are_extended_while_damage_holds_the_removal() -> None:
    """Nothing else extends them: what was immutable could be deleted after its days."""
    world = backed_up(
        retention={"last": 1},
        verify={"full": {"days": 1}},
        immutability={"objectLock": "Compliance", "days": 30},
    )
    world.checked("quick", damaged=3)
    job = world.job("removal")
    assert job.rules is None
    assert job.held.startswith("objects are damaged (3)")
    world.pruned(backups=3, held=job.held)
    assert world.said("Held") == ("True", "RemovalHeld")
    asked = len(world.of("removal/photos").asked)
    world.step()
    assert len(world.of("removal/photos").asked) == asked, "once for each backup"
    next_night(world)
    assert len(world.of("removal/photos").asked) == asked + 1
