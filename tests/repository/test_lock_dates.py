"""Object lock: needed files are extended in time, others wait for the end of theirs, and nothing is deleted by version."""

from dataclasses import replace

import pytest

from imagestore.core.objects import ObjectAttributes
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format.slots import OpeningSecret, SlotKind
from imagestore.repository.removing.locks import prove_lock
from imagestore.repository.removing.options import PruneOptions
from imagestore.repository.removing.prune import prune
from imagestore.repository.removing.retention import Forgetting
from imagestore.repository.store.files import DAY, FileLock
from imagestore.repository.store.opening import add_slot
from imagestore.repository.store.view import backups
from tests.repository.histories import PACK
from tests.repository.world import START, World


def locked() -> World:
    world = World(pack_bytes=PACK, versioned=True, lock=FileLock("COMPLIANCE", 30))
    for n in range(12):
        world.put(f"{n:02}", world.random(1000))
    world.back_up()
    for n in range(12):
        world.put(f"{n:02}", world.random(1000))
    return world


def until(world: World, kind: str) -> dict[str, int]:
    """The date of each file, in days."""
    held = world.server.content("backup").keys
    names = [k for k in held if k.startswith(f"shop/{kind}")]
    locks = {k: held[k][0].attributes.lock for k in names}
    return {k: ((lock.until or 0) - START) // DAY for k, lock in locks.items() if lock is not None}


def test_a_needed_file_is_extended_when_a_third_is_left_and_not_before() -> None:
    world = locked()
    root, content = world.back_up(), world.content()
    assert set(until(world, "packs/").values()) == {30}
    world.clock.pass_hours(24 * 19)
    assert world.prune(last=2).extended == 0
    world.clock.pass_hours(24 * 2)
    report = world.prune(last=2)
    assert report.extended == report.needed.files + 4, "format.json, the key and two roots, too"
    assert set(until(world, "packs/").values()) == {51}
    assert world.prune(last=2).extended == 0, "one request for each, once"
    world.assert_restores(root, content)


@pytest.mark.parametrize("over", ["marker", "version"])
def test_a_needed_file_that_an_attacker_covers_stays_locked(over: str) -> None:
    """Hidden, its lock was not extended: when that ended, a backup could be destroyed for good."""
    world = locked()
    root, content = world.back_up(), world.content()
    for pack in until(world, "packs/"):
        if over == "marker":
            world.server.remove("backup", pack)
        else:
            world.server.put("backup", pack, b"garbage", ObjectAttributes())
    world.clock.pass_hours(24 * 21)
    world.prune(last=2)
    assert set(until(world, "packs/").values()) == {51}
    world.assert_restores(root, content)


FIRST = ("format.json", "keys/", "backups/")


def test_nothing_is_written_without_a_lock() -> None:
    """format.json and the slots were: whoever may delete versions made every backup unreadable on the first day."""
    world = locked()
    opened = world.opened()
    add_slot(
        opened.files, opened.vault, "recovery", OpeningSecret(SlotKind.RECOVERY, b"r" * 32), world.random
    )
    held = world.server.content("backup").keys
    files = {name.removeprefix("shop/") for name in held if "/proof/" not in name}
    assert {"format.json", "keys/secret", "keys/recovery"} < files
    assert files == {name.removeprefix("shop/") for name in until(world, "") if "/proof/" not in name}


@pytest.mark.parametrize("over", ["nothing", "marker"])
def test_what_every_backup_needs_is_extended_like_its_packs(over: str) -> None:
    """The packs stayed locked, and after 30 days the roots and the key that they are read with could be deleted."""
    world = locked()
    root, content = world.back_up(), world.content()
    kept = [f"shop/{name}" for name in world.stored() if name.startswith(FIRST)]
    for name in kept if over == "marker" else ():
        world.server.remove("backup", name)
    for _ in range(3):
        world.clock.pass_hours(24 * 12)
        world.prune(last=2)
    dates = {name: date for kind in FIRST for name, date in until(world, kind).items()}
    assert set(dates) == set(kept)
    assert min(dates.values()) >= 46, "36 days later, each has 10 left or more"
    world.assert_restores(root, content)


@pytest.mark.parametrize("why", ["asked", "the newest is lost", "a leaf is lost"])
def test_locks_are_extended_while_a_removal_is_held(why: str) -> None:
    """The repository could be deleted once its first days were over, and nobody had ended its immutability."""
    world = locked()
    world.back_up()
    world.clock.pass_hours(24 * 21)
    options = PruneOptions(
        Forgetting(known="lost" if why == "the newest is lost" else ""),
        held="damage" if why == "asked" else "",
    )
    if why == "a leaf is lost":
        leaf = next(name for name in world.stored() if name.startswith("leaves/"))
        del world.server.content("backup").keys[f"shop/{leaf}"]
    before = world.stored()
    report = prune(world.opened(), options)
    assert report.held != ""
    assert {name for name in before if name not in world.stored()} == set()
    for kind in ("format.json", "keys/", "backups/", "leaves/", "packs/"):
        assert set(until(world, kind).values()) == {51}, kind


def test_a_removal_locks_what_an_earlier_version_left_without_a_lock() -> None:
    world = locked()
    held = world.server.content("backup").keys
    bare = ["shop/format.json", "shop/keys/secret"]
    for name in bare:
        held[name][0] = replace(held[name][0], attributes=ObjectAttributes())
    assert not [name for name in bare if name in until(world, "")]
    world.prune(last=2)
    assert [until(world, name.removeprefix("shop/"))[name] for name in bare] == [30, 30]


def test_what_no_backup_needs_stays_until_its_date_and_no_version_is_deleted() -> None:
    """dbtrail#1197: a denied deletion was an error, each night."""
    world = locked()
    root, content = world.back_up(), world.content()
    world.prune()
    world.clock.pass_hours(49)
    report = world.prune()
    assert report.deleted.files == 0
    assert set(report.retained.values()) == {"retained until 2027-02-14"}
    world.clock.pass_hours(24 * 29)
    assert world.prune().deleted.files > 0
    assert all(versions for versions in world.server.content("backup").keys.values())
    assert [r.name for r in backups(world.opened()).roots] == [root.name]
    world.assert_restores(root, content)


def test_two_backups_of_one_second_are_in_the_order_in_which_they_were_made() -> None:
    """HEAD tells whole seconds on MinIO, and the older one was taken for the newest in half of the cases."""
    world = World()
    world.server.clock = lambda: START
    names = [world.back_up().name for _ in range(6)]
    assert [r.name for r in backups(world.opened()).roots] == names


def test_a_store_that_does_not_enforce_its_locks_is_refused() -> None:
    """rustfs#2473. The store in memory takes locks and ignores them."""
    world = World(versioned=True)
    with pytest.raises(RepositoryProblem, match="does not enforce object lock"):
        prove_lock(world.files(), START, "proof/x")
