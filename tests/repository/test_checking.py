"""Damage of each class of file is found, named key by key, survived where it can be, and healed from the source only if it has the bytes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from imagestore.core.objects import ObjectAttributes
from imagestore.repository.checking.heal import heal
from imagestore.repository.checking.verify import DamagedRow, VerifyLevel, VerifyOptions, VerifyReport, verify
from imagestore.repository.errors import NotARepository, WrongKey
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.restoring.options import RestoreState
from imagestore.repository.store.view import backups, rows_of
from tests.repository.world import World


def pictures(**how: Any) -> tuple[World, BackupRoot]:
    """Twelve objects of a kilobyte, four to a pack, a large one; and a backup of them, after an older one."""
    world = World(pack_bytes=4000, **how)
    for n in range(12):
        world.put(f"a/{n:02}", world.random(1000))
    world.back_up()
    world.put("b/large", world.random(9 * 1024**2))
    return world, world.back_up()


def verified(world: World, level: VerifyLevel, **options: Any) -> tuple[VerifyReport, list[DamagedRow]]:
    found: list[DamagedRow] = []
    repository = world.opened()
    wanted = replace(VerifyOptions(level, problem=found.append), **options)
    return verify(repository, backups(repository).roots, wanted), found


def damage(world: World, name: str, change: Callable[[bytes], bytes]) -> None:
    key = f"shop/{name}"
    data = change(world.stored()[name])
    world.server.content("backup").keys.pop(key)
    world.server.put("backup", key, data, ObjectAttributes())


def flipped(position: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[position] ^= 1
        return bytes(changed)

    return change


def first(world: World, kind: str) -> str:
    return next(name for name in world.stored() if name.startswith(kind))


@pytest.mark.parametrize("sealed", [False, True])
def test_what_is_whole_is_whole_at_every_level(*, sealed: bool) -> None:
    world, _ = pictures(sealed=sealed)
    for level in VerifyLevel:
        report, found = verified(world, level)
        assert (report.whole, found) == (True, [])
    assert report.bytes_read == 12_000 + 9 * 1024**2, "what two backups share is read once"


def keys_of(world: World, name: str) -> set[str]:
    container = name.rpartition("/")[2]
    return {
        row.key
        for root in backups(world.opened()).roots
        for row in rows_of(world.opened(), root)
        if row.container == container
    }


LEVELS = {
    "an entry of a pack": ("packs/", flipped(5), VerifyLevel.FULL),
    "a pack's table": ("packs/", flipped(-50), VerifyLevel.TABLES),
    "a pack's MAC": ("packs/", flipped(-1), VerifyLevel.TABLES),
    "a pack cut short": ("packs/", lambda data: data[:-1500], VerifyLevel.QUICK),
    "a blob": ("blobs/", flipped(1024**2 + 77), VerifyLevel.FULL),
    "a blob cut short": ("blobs/", lambda data: data[:-1], VerifyLevel.QUICK),
}


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("what", LEVELS)
def test_damage_is_found_at_its_level_and_every_key_is_named(what: str, *, sealed: bool) -> None:
    """restic#21820 named the first one only."""
    world, root = pictures(sealed=sealed)
    kind, change, level = LEVELS[what]
    name = first(world, kind)
    damage(world, name, change)
    report, found = verified(world, level)
    named = {d.row.key for d in found if d.row is not None}
    assert named
    assert named <= keys_of(world, name)
    assert report.damaged == len(found)
    assert all(name in d.why for d in found)
    if "cut" not in what and level is VerifyLevel.FULL:
        assert verified(world, VerifyLevel.TABLES)[0].whole
    lost: dict[str, str] = {}
    done = world.restore(root, problem=lost.__setitem__)
    restored = world.restored()
    assert all(restored[key] == data for key, data in world.content().items() if key not in lost)
    assert (done.state is RestoreState.FAILED) == bool(lost)
    assert set(lost) <= keys_of(world, name)


def test_a_missing_pack_names_its_keys_and_both_backups() -> None:
    world, _ = pictures()
    name = first(world, "packs/")
    wanted = keys_of(world, name)
    world.server.remove("backup", f"shop/{name}")
    report, found = verified(world, VerifyLevel.QUICK)
    assert {d.row.key for d in found if d.row} == wanted
    assert {b for d in found for b in d.backups} == {r.name for r in backups(world.opened()).roots}
    assert report.damaged == len(wanted) * 2  # the two backups have a leaf each


@pytest.mark.parametrize("change", [flipped(20), lambda data: data[:-3], None])
def test_a_lost_leaf_is_counted_and_the_next_backup_is_whole(change: Callable[[bytes], bytes] | None) -> None:
    """borg#6781: a repair took other backups with it."""
    world, root = pictures()
    name = root.leaves[0].name
    file = f"leaves/{name[:2]}/{name}"
    if change is None:
        world.server.remove("backup", f"shop/{file}")
    else:
        damage(world, file, change)
    report, found = verified(world, VerifyLevel.QUICK)
    assert [d.lost_rows for d in found if d.row is None] == [13]
    assert report.damaged == 13
    assert world.restore(root).state is RestoreState.FAILED
    after = world.back_up()
    assert (after.counts.read, after.counts.duplicates) == (13, 13), "the index knows the contents"
    world.assert_restores(after, world.content())


def test_a_damaged_root_is_no_backup_and_the_others_stay() -> None:
    world, root = pictures()
    damage(world, f"backups/{root.name}", flipped(30))
    found = backups(world.opened())
    assert [r.name for r in found.roots] == [root.base]
    assert list(found.rejected) == [f"backups/{root.name}"]


def test_damaged_keys_and_format_are_told() -> None:
    world, _ = pictures()
    damage(world, "keys/secret", flipped(-20))
    with pytest.raises(WrongKey):
        world.opened()
    damage(world, "format.json", lambda _data: b"{}")
    with pytest.raises(NotARepository, match="is not the format of a repository"):
        world.opened()


def test_a_damaged_index_costs_duplicates_and_nothing_else() -> None:
    world, _ = pictures()
    for name in [n for n in world.stored() if n.startswith("index/")]:
        damage(world, name, flipped(40))
    world.put("again", world.content()["a/03"])
    root = world.back_up()
    assert root.counts.duplicates == 0
    world.assert_restores(root, world.content())


@pytest.mark.parametrize("kind", ["packs/", "blobs/"])
def test_healed_from_the_source_only_if_it_has_the_bytes(kind: str) -> None:
    world, root = pictures()
    expected = world.content()
    old = world.opened()
    name = first(world, kind)
    damage(world, name, flipped(7))
    level = VerifyLevel.FULL
    damaged = [d.row for d in verified(world, level)[1] if d.row is not None]
    assert damaged
    broken = world.stored()[name]
    world.put(damaged[0].key, b"x" * damaged[0].size)
    report = heal(world.opened(), damaged, world.end)
    assert report.lost == (damaged[0].key,)
    assert world.stored()[name] == broken, "no repair without a copy"
    world.put(damaged[0].key, expected[damaged[0].key])
    assert heal(world.opened(), damaged, world.end).lost == ()
    assert verified(world, level)[0].whole
    world.assert_restores(root, expected)
    for _ in range(3):
        world.prune(last=2)
        world.clock.pass_hours(49)
    assert verified(world, level)[0].whole
    assert old.id == world.opened().id


def test_an_attacker_with_the_write_credentials() -> None:
    """kopia#1067, pgbackrest#2084: fake roots, newer versions, delete markers. Versions keep what was there."""
    world, root = pictures(versioned=True)
    expected = world.content()
    for name in list(world.stored()):
        if not name.startswith("runs/"):
            world.server.put("backup", f"shop/{name}", b"\0" * 100, ObjectAttributes())
    world.assert_restores(root, expected)
    for name in list(world.stored()):
        world.server.remove("backup", f"shop/{name}")
    fake = f"shop/backups/20991231T000000Z-{'ab' * 16}"
    world.server.put("backup", fake, b'{"backup": "fake"}\n' + b"00" * 32 + b"\n", ObjectAttributes())
    found = backups(world.opened())
    assert found.roots[-1].name == root.name
    assert list(found.rejected) == [fake.removeprefix("shop/")]
    world.assert_restores(root, expected)
    assert verified(world, VerifyLevel.FULL)[0].whole
    again = world.back_up()
    world.assert_restores(again, expected)
    for _ in range(3):
        world.prune(last=3)
        world.clock.pass_hours(49)
    world.assert_restores(again, expected)
    world.assert_restores(root, expected)


def test_a_forgotten_backup_of_a_versioned_bucket_stays_forgotten() -> None:
    """Looking through markers must not bring back what retention removed."""
    world, root = pictures(versioned=True)
    for _ in range(4):
        world.prune(last=1)
        world.clock.pass_hours(49)
    assert [r.name for r in backups(world.opened()).roots] == [root.name]
    world.assert_restores(root, world.content())
