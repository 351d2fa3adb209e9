"""A schedule whose newest backup is not in its repository any more: a lifecycle rule or another program deleted its root."""

from typing import Any

import pytest

from tests.reconcile.scheduled import ScheduleWorld
from tests.reconcile.test_backupschedule_upkeep import ROOT, backed_up

SPEC: dict[str, Any] = {
    "verify": {"full": {"days": 2}, "drill": {"cron": "0 5 * * *", "sample": 50}},
    "objectives": {"rpo": "200h"},
    "retention": {"last": 1},
}


def proven() -> ScheduleWorld:
    """Every byte was read back and was whole."""
    world = backed_up(**SPEC)
    world.checked("quick", objects=1000)
    world.pruned(backups=1)
    for day in (2, 3):
        world.at(f"2027-01-0{day} 12:00")
        world.checked("full", objects=1000, bytes=10**8)
    assert (world.said("Verified")[0], world.said("WithinRpo")[0]) == ("True", "True")
    return world


def lose(world: ScheduleWorld, what: str) -> None:
    """The next run of a kind finds no such backup."""
    if what == "drill":
        world.at("2027-01-04 05:00:01")
        world.drilled(failed=50, missing=ROOT)
    else:
        world.at("2027-01-04 12:00")
        world.checked("full", missing=ROOT)


@pytest.mark.parametrize("what", ["full", "drill"])
def test_a_backup_that_is_gone_keeps_no_promise(what: str) -> None:
    """Each part read no backup and found no damage, so that every byte was whole and the newest backup held every change."""
    world = proven()
    lose(world, what)
    assert world.said("Verified") == ("False", "Damaged")
    assert world.said("WithinRpo") == ("False", "RpoMissed")
    for type_ in ("Verified", "WithinRpo"):
        told = f"the newest backup of photos that succeeded, {ROOT}, is not in the repository;"
        assert world.message(type_).startswith(told)
    last = world.bucket().last
    assert last is not None
    assert last.missing == world.now
    assert (world.status.last_success, world.status.last_verified) == (None, None)


@pytest.mark.parametrize("what", ["quick", "removal"])
def test_one_that_is_gone_before_its_first_check_or_its_removal_is_told_as_well(what: str) -> None:
    world = backed_up(**SPEC)
    if what == "quick":
        world.checked("quick", missing=ROOT)
    else:
        world.checked("quick", objects=1000)
        world.pruned(held=f"the backup {ROOT} is not in the repository", missing=ROOT)
    world.step()
    assert (world.said("Verified")[0], world.said("WithinRpo")[0]) == ("False", "False")
    assert (world.said("Held")[0], world.job("removal")) == ("True", None)


def test_each_part_says_it_again_and_counts_it_once() -> None:
    world = proven()
    for day in (4, 5, 6, 7):
        world.at(f"2027-01-0{day} 12:00")
        world.checked("full", missing=ROOT)
        assert world.said("Verified") == ("False", "Damaged")
    damage = world.bucket().damage
    assert damage is not None
    assert damage.objects == 1000


def test_the_next_backup_is_within_the_objective_and_verified_once_all_was_read() -> None:
    world = proven()
    lose(world, "full")
    world.spec["verify"] = {"full": {"days": 2}}
    world.at("2027-01-05 02:17:01")
    world.ended()
    world.step()
    world.checked("quick", objects=1000)
    assert world.said("WithinRpo") == ("True", "WithinRpo")
    said = []
    for day in (5, 6):
        world.at(f"2027-01-0{day} 13:00")
        world.checked("full", objects=1000, bytes=10**8)
        said.append(world.said("Verified")[0])
    assert said == ["False", "True"]


def test_a_part_that_looked_for_an_older_backup_says_nothing_of_the_newer_one() -> None:
    """It was asked for before the newer one succeeded, and ran after the removal of the older one."""
    world = proven()
    world.at("2027-01-04 02:17:01")
    world.ended()
    world.at("2027-01-04 12:00")
    world.checked("full", objects=1000, missing=ROOT)
    assert (world.said("Verified")[0], world.said("WithinRpo")[0]) == ("True", "True")
