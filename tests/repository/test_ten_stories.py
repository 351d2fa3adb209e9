"""The ten worst things that backup tools did to their users, each a story. Longer ones run in ``make soak-backup``."""

import json
import subprocess
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from dev.stores import Store
from dev.testing.examples import examples
from imagestore.repository.checking.heal import heal
from imagestore.repository.checking.records import verified_times
from imagestore.repository.checking.verify import VerifyLevel
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format.roots import BackupCounts
from imagestore.repository.restoring.options import RestoreState
from imagestore.repository.store.view import backups
from tests.repository.histories import changed_world, listed_restore, named_files, small
from tests.repository.plays import STEPS, play
from tests.repository.test_checking import damage, flipped, pictures, verified
from tests.repository.test_on_stores import Commands, picture
from tests.repository.world import Killed, World, killed_after


def swept(store: Store, *what: object) -> Any:
    """Processes on a real store that are killed or frozen behind their calls; each listed backup is restored after each."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.repository.sweep", *map(str, what)],
        input=json.dumps(store.coordinates()),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_1_removals_beside_a_running_backup(seaweedfs_store: Store) -> None:
    """rustic docs#144, duplicacy#323, kopia#1087. ``test_beside`` freezes it at every write, in memory."""
    assert swept(seaweedfs_store, 3, 4, "frozen")["frozen"] > 9


@pytest.mark.parametrize("host", [-48, 48])
@pytest.mark.parametrize("store", [-48, 48])
def test_2_no_clock_decides(host: int, store: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """borg#9870, icechunk#2310. The host's clock is two days off, and the store's jumps by two days while a backup runs."""
    import time

    world, expected = changed_world()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + host * 3600)
    monkeypatch.setattr("imagestore.repository.making.backup.WINDOW_OBJECTS", 1)
    monkeypatch.setattr("imagestore.repository.making.recording.TOLD_AFTER", 4)

    def jump(counts: BackupCounts) -> None:
        if counts.objects == 8:
            world.clock.pass_hours(store)
            world.prune()

    world.prune()
    content = world.content()
    with suppress(RepositoryProblem):
        expected[world.back_up(told=jump, beat=0.0, clock=count().__next__).name] = content
    for _ in range(3):
        with suppress(RepositoryProblem):
            world.prune()
        listed_restore(world, expected)
        world.clock.pass_hours(49)
    expected[world.back_up().name] = content
    world.prune_fully()
    assert len(listed_restore(world, expected)) == 1


@settings(max_examples=examples(40))
@given(STEPS)
def test_3_the_live_set_is_what_brute_force_finds(steps: list[tuple[str, int, int]]) -> None:
    """rustic#392: a pack was judged dead that held the same blob twice. Contents repeat here on purpose."""
    world = World(pack_bytes=1500)
    expected: dict[str, dict[str, bytes]] = {}
    contents = [world.random(400 + 300 * n) for n in range(6)]
    for step in steps:
        with suppress(Killed):
            play(world, step, contents, expected)
        world.server.fault = None
    listed = [root for root in backups(world.opened()).roots if root.name in expected]
    for root in listed:
        world.assert_restores(root, expected[root.name])
    if listed:
        for _ in range(3):
            world.prune(3)
            world.clock.pass_hours(49)
        kept = {n for n in world.stored() if n.startswith(("packs/", "leaves/", "moved/"))}
        assert named_files(world) <= kept


CLASSES = {
    "an entry of a pack": ("packs/", 5),
    "the table of a pack": ("packs/", -45),
    "the end of a pack": ("packs/", -1),
    "a blob": ("blobs/", 1024**2 + 77),
    "a leaf": ("leaves/", 40),
    "the index": ("index/", 40),
    "where entries were moved": ("moved/", 30),
    "a list of condemned files": ("trash/", 30),
    "what was verified": ("verified/", 30),
    "a run": ("runs/", 30),
    "a root": ("backups/", 30),
}


@pytest.mark.parametrize("what", CLASSES)
def test_4_a_repair_and_a_removal_make_no_damage_worse(what: str) -> None:
    """borg#3444, borg#6781. A byte of each class of file is flipped: no other backup suffers, and no restore says Succeeded with a gap."""
    world, second = pictures()
    first, _ = backups(world.opened()).roots
    expected = {second.name: world.content()}
    expected[first.name] = {key: data for key, data in world.content().items() if key != "b/large"}
    for n in range(0, 12, 3):
        world.put(f"a/{n:02}", world.random(900))
    expected[world.back_up().name] = world.content()
    world.prune(last=3, repack_below=20.0)
    verified(world, VerifyLevel.FULL)
    kind, position = CLASSES[what]
    damage(world, [n for n in world.stored() if n.startswith(kind)][-1], flipped(position))

    found = verified(world, VerifyLevel.FULL)[1]
    rows = [d.row for d in found if d.row is not None]
    gone = set(heal(world.opened(), rows, world.end).lost)
    lost_leaves = {name for d in found if d.row is None for name in d.backups}
    for _ in range(3):
        world.prune(last=3, repack_below=20.0)
        world.clock.pass_hours(49)
    for root in backups(world.opened()).roots:
        world.target_server.buckets["restored"].keys.clear()
        lost: dict[str, str] = {}
        report = world.restore(root, problem=lost.__setitem__)
        assert (report.state is RestoreState.SUCCEEDED) is (lost == {})
        if root.name not in lost_leaves:
            assert set(lost) <= gone, "what the source still has was healed"
            left = {key: data for key, data in expected[root.name].items() if key not in lost}
            assert world.restored() == left
    assert len(backups(world.opened()).roots) == 3 - (kind == "backups/")
    world.assert_restores(world.back_up(), world.content())


def test_5_killed_half_way(seaweedfs_store: Store) -> None:
    """duplicacy#686: packs had gone before the roots that named them. ``test_beside`` kills at every write, in memory."""
    told = swept(seaweedfs_store, 9, 17, "backup", "removal", "restore")
    assert min(told["backup"], told["removal"], told["restore"]) > 9


def test_6_a_removal_that_fails_blocks_no_backup() -> None:
    """velero#7510, kopia#2888: maintenance ran out of memory, and backups stopped. ``test_memory`` has its bounds."""
    world, expected = changed_world()
    for number in range(0, 12, 2):
        left = [number]

        def fault(operation: str, _bucket: str, _key: str, left: list[int] = left) -> None:
            left[0] -= operation in ("Put", "Delete", "Get")
            if left[0] < 0:
                raise MemoryError

        world.server.fault = fault
        with pytest.raises(MemoryError):
            world.prune()
        world.server.fault = None
        world.put("more", world.random(1000))
        expected[world.back_up().name] = world.content()
    listed_restore(world, expected)


@pytest.mark.parametrize("verb", ["back_up", "prune", "verify", "restore"])
def test_7_whatever_was_killed_the_next_runs_need_no_help(verb: str) -> None:
    """keelhaven#27, volsync#1042: a lock stayed; backups were green, and nothing was deleted for months."""
    for number in range(0, 20, 3):
        world, _ = changed_world()
        if verb != "back_up":
            world.back_up()
        killed_after(number, world.server)
        with suppress(Killed):
            if verb == "verify":
                verified(world, VerifyLevel.FULL)
            elif verb == "restore":
                world.restore(backups(world.opened()).roots[0])
            else:
                getattr(world, verb)()
        world.server.fault = None
        kept, content = world.back_up(), world.content()
        world.prune_fully()
        world.prune_fully()
        names = [r.name for r in backups(world.opened()).roots]
        assert names[-1] == kept.name
        assert len(names) == 1 + any(name in verified_times(world.opened()) for name in names)
        world.assert_restores(kept, content)
        left = {n for n in world.stored() if n.startswith(("packs/", "leaves/", "moved/"))}
        assert left == named_files(world)


@pytest.mark.parametrize("place", ["minio", "seaweedfs", "ceph"])
def test_8_a_bucket_that_locks_all_by_default(
    place: str,
    seaweedfs_store: Store,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """kopia#5509: the locks of its own short-lived files made every later command fail."""
    store: Store = request.getfixturevalue(f"{place}_store")
    s3, photos, bucket = store.s3(), f"photos-default-{place}", f"default-{place}"
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    source = seaweedfs_store.s3()
    source.create_bucket(Bucket=photos)
    backup = Commands(capsys, tmp_path, eu=seaweedfs_store, us=store)
    repository = f"us/{bucket}/shop"
    for n in range(2):
        source.put_object(Bucket=photos, Key=f"{n}.png", Body=picture(n))
        backup("create", repository, f"eu/{photos}", "--init", "--format", "json")
        assert "no damage was found" in backup("verify", repository, "--level", "full").out
        backup("prune", repository, "--keep-last", "1")
    assert len(backup("list", repository).out.splitlines()) == 1
    versions = s3.list_object_versions(Bucket=bucket, Prefix="shop/")["Versions"]
    assert {v["Key"].split("/")[1] for v in versions} >= {"runs", "trash", "packs", "backups", "verified"}
    for v in versions:
        found = s3.get_object_retention(Bucket=bucket, Key=v["Key"], VersionId=v["VersionId"])
        assert found["Retention"]["RetainUntilDate"]


def test_9_a_year_of_nights_keeps_some_and_never_loses_the_newest_verified() -> None:
    """Cellarion#1183 kept 85 of 85. ``test_retention`` has the tables, and a property over all histories."""
    world, proven = small(), ""
    for night in range(28):
        world.put(f"{night % 12:02}", world.random(600))
        name = world.back_up().name
        if night % 13 == 0:
            verified(world, VerifyLevel.FULL)
            proven = name
        world.prune(last=2)
        world.clock.pass_hours(24)
        listed = {r.name for r in backups(world.opened()).roots}
        assert {proven, name} <= listed
        assert len(listed) <= 3


def test_10_an_emptied_bucket_and_a_lost_pack(
    seaweedfs_store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """arc#778, duplicati#5100: a restore succeeded with gaps; and the good backups had aged out by then."""
    s3 = seaweedfs_store.s3()
    for bucket in ("photos-tenth", "tenth", "back-tenth"):
        s3.create_bucket(Bucket=bucket)
    backup = Commands(capsys, tmp_path, eu=seaweedfs_store, us=seaweedfs_store)
    for n in range(4):
        s3.put_object(Bucket="photos-tenth", Key=f"{n}.png", Body=picture(n))
    good = backup("create", "us/tenth", "eu/photos-tenth", "--init", "--format", "json").json["name"]
    packs = {o["Key"] for o in s3.list_objects_v2(Bucket="tenth", Prefix="packs/")["Contents"]}
    for n in range(4):
        s3.delete_object(Bucket="photos-tenth", Key=f"{n}.png")
    for night in range(3):
        backup("create", "us/tenth", "eu/photos-tenth")
        said = backup("prune", "us/tenth", "--keep-last", "1", code=2 if night else 0)
        assert ("was the bucket emptied?" in said.out) is (night > 0), (
            "from the moment on that a backup would go"
        )
    tried = backup("prune", "us/tenth", "--keep-last", "1", "--dry-run", "--format", "json", code=2).json
    assert f"; to let exactly this go: --approve {tried['token']}" in said.out
    for token, code in (("r000000000", 2), (tried["token"], 0)):
        backup("prune", "us/tenth", "--keep-last", "1", "--approve", token, code=code)
        assert len(backup("list", "us/tenth").out.splitlines()) == (4 if code else 2)
    assert good in backup("list", "us/tenth").out, "the last one with its content goes by name alone"
    for key in packs:
        s3.delete_object(Bucket="tenth", Key=key)
    told = backup("restore", "us/tenth", "eu/back-tenth", "--backup", good, "--format", "json", code=2).json
    assert (told["state"], told["failed"], told["restored"]) == ("Failed", 4, 0)
    assert set(told["problems"]) == {f"{n}.png" for n in range(4)}
