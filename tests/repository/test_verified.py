"""What a verification proved is in the repository: retention on another machine keeps the newest verified backup."""

import pytest

from imagestore.core.errors import Denied
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.checking.records import VerifiedState, verified_times
from imagestore.repository.checking.verify import VerifyLevel
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.store.view import backups
from tests.repository.histories import small
from tests.repository.test_checking import damage, first, flipped, keys_of, pictures, verified
from tests.repository.world import World


def nights(count: int = 4) -> tuple[World, list[BackupRoot]]:
    """A backup each night, each with contents of its own."""
    world, roots = small(), list[BackupRoot]()
    for night in range(count):
        world.put(f"{night:02}", world.random(1000))
        roots.append(world.back_up())
        world.clock.pass_hours(24)
    return world, roots


def test_retention_keeps_the_newest_verified_backup_whatever_machine_it_runs_on() -> None:
    world, roots = nights(3)
    verified(world, VerifyLevel.FULL)
    for night in range(3):
        world.put(f"new-{night}", world.random(1000))
        world.back_up()
    plan = world.prune(last=1).retention
    assert roots[-1].name not in {r.name for r in plan.forgotten}
    assert ("the newest verified",) in [d.reasons for d in plan.decisions]
    assert roots[-1].name in [r.name for r in backups(world.opened()).roots]
    assert roots[0].name not in [r.name for r in backups(world.opened()).roots]


def test_only_bytes_that_were_all_read_prove_a_backup() -> None:
    """A HEAD is the store's memory. Parts of a seventh prove it when the seventh of them was read."""
    world, roots = nights(2)
    for level in (VerifyLevel.QUICK, VerifyLevel.TABLES):
        verified(world, level)
    for share in range(7):
        assert verified_times(world.opened()) == {}
        report, _ = verified(world, VerifyLevel.FULL, share=share, shares=7)
        assert report.unrecorded == ""
        world.clock.pass_hours(24)
    times = verified_times(world.opened())
    assert set(times) == {root.name for root in roots}
    assert max(times.values()) < world.clock.now - 6 * 24 * 3_600_000, (
        "as old as the part that was read first"
    )


def test_damage_takes_the_proof_away_until_all_was_read_again() -> None:
    world, _ = pictures()
    assert verified(world, VerifyLevel.FULL)[0].whole
    name = first(world, "packs/")
    whole = world.stored()[name]
    damage(world, name, lambda data: data[:-1500])
    assert verified(world, VerifyLevel.QUICK)[0].damaged_backups
    assert verified_times(world.opened()) == {}
    damage(world, name, lambda _data: whole)
    verified(world, VerifyLevel.QUICK)
    assert verified_times(world.opened()) == {}
    verified(world, VerifyLevel.FULL)
    assert len(verified_times(world.opened())) == 2


def test_read_only_credentials_verify_and_say_that_nothing_was_recorded() -> None:
    world, _ = nights(2)
    before = world.stored()

    def refuse(operation: str, _bucket: str, _key: str) -> None:
        if operation in ("Put", "Delete", "Begin"):
            raise Denied("no", code="AccessDenied")

    world.server.fault = refuse
    report, found = verified(world, VerifyLevel.FULL)
    world.server.fault = None
    assert (report.whole, found) == (True, [])
    assert report.unrecorded == "Denied AccessDenied"
    assert world.stored() == before


@pytest.mark.parametrize("versioned", [False, True])
def test_records_are_few_and_none_can_be_forged(*, versioned: bool) -> None:
    world, _ = pictures(versioned=versioned)
    for _ in range(5):
        verified(world, VerifyLevel.FULL)
        world.clock.pass_hours(1)
    roots = [root.name for root in backups(world.opened()).roots]
    world.server.put("backup", "shop/verified/" + "ab" * 16, b'{"backups":{}}\n00\n', ObjectAttributes())
    if versioned:
        for name in [n for n in world.stored() if n.startswith("verified/")]:
            world.server.remove("backup", f"shop/{name}")
    repository = world.opened()
    calls = world.count(world.server, lambda: verified_times(repository))
    assert calls["Get"] <= 4, (
        "the newest record says what all others say, and each version of the forged one is tried"
    )
    assert sorted(verified_times(world.opened())) == sorted(roots)
    world.prune(last=2)
    left = [n for n in world.stored() if n.startswith("verified/")]
    assert len(left) <= 2, "the newest, and the forged one, which is not ours to delete"


def test_two_verifications_at_once_lose_nothing() -> None:
    one = VerifiedState().after_read(0, 2, 100)
    other = VerifiedState().after_read(1, 2, 110)
    both = one.merged(other)
    assert dict(both.read) == {0: 100, 1: 110}
    assert one.merged(VerifiedState().after_damage(105)).proven == 0
    proven = VerifiedState().after_read(0, 1, 100)
    assert proven.merged(VerifiedState().after_damage(120)).proven == 0
    assert proven.after_damage(120).after_read(0, 1, 130).proven == 130


def test_every_key_of_a_damaged_content_is_named_once_for_each_leaf() -> None:
    """Identical pictures are stored once: the second key of a damaged content was taken for one that had been read."""
    world = World(pack_bytes=4000)
    content = world.random(1000)
    for key in ("a", "b", "c"):
        world.put(key, content)
    world.put("d", world.random(1000))
    world.back_up()
    name = first(world, "packs/")
    damage(world, name, flipped(5))
    report, found = verified(world, VerifyLevel.FULL)
    assert (
        sorted(d.row.key for d in found if d.row is not None)
        == ["a", "b", "c"]
        == sorted(keys_of(world, name) - {"d"})
    )
    assert (report.rows, report.read, report.damaged) == (4, 1, 3)


def test_the_report_counts_what_was_read_and_not_what_was_looked_at() -> None:
    world, _ = nights(2)
    quick, _ = verified(world, VerifyLevel.QUICK)
    assert (quick.rows > 0, quick.read, quick.bytes_read) == (True, 0, 0)
    parts = [verified(world, VerifyLevel.FULL, share=n, shares=3)[0] for n in range(3)]
    assert {part.rows for part in parts} == {quick.rows}
    assert sum(part.read for part in parts) == quick.rows
