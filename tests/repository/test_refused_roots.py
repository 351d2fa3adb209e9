"""A root that its store refuses while it gives all others: it concerns its own backup, and that is told."""

import json
import logging
from pathlib import Path

import pytest

from dev.stores import Store
from imagestore.controller.keeping import FullCheckRun, QuickCheckRun
from imagestore.core.errors import StoreError
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.runs import RestoreJob
from imagestore.reconcile.schedule.jobs import FullCheckJob, QuickCheckJob
from imagestore.repository.errors import BackupNotGiven
from imagestore.repository.format.names import RUNS, backup_file, ended_file
from imagestore.repository.store.view import Backups, backups
from tests.repository.test_kept_in_order import KEY, PLACE, Control, Shop
from tests.repository.test_on_stores import Commands, filled_bucket, held
from tests.repository.test_refused_files import REFUSED, refusing
from tests.repository.test_restore_runs import BACK, run
from tests.repository.world import World


def nights(world: World) -> list[str]:
    """The names of three backups, each with an object more."""
    names = []
    for n in range(3):
        world.put(f"{n}.jpg", b"%d" % n)
        names.append(world.back_up().name)
        world.clock.pass_hours(24)
    return names


@pytest.mark.parametrize("error", REFUSED, ids=lambda e: e.code)
@pytest.mark.parametrize("place", [0, 1])
def test_the_other_backups_restore(error: StoreError, place: int) -> None:
    """Files of years ago lay in a class that is not read at once: no backup could be restored, and none was made."""
    world = World()
    names = nights(world)
    refusing(world, backup_file(names[place]), error)
    for backup in ("", names[2]):
        found = run(world, RestoreJob(f"uid-{backup}", BACK, PLACE, backup=backup, conflict="Overwrite"))
        assert found is not None
        assert (found.trouble, found.backup) == (None, names[2])
    assert {k: v for k, v in world.restored().items() if k.endswith(".jpg")} == world.content()
    world.put("3.jpg", b"3")
    later = world.back_up()
    assert (later.base, later.counts.read) == (names[2], 1)
    seen = backups(world.opened())
    assert [r.name for r in seen.roots] == [n for n in names if n != names[place]] + [later.name]
    assert (
        f"its store does not give it: {error.reason} {error.code}" in seen.rejected[backup_file(names[place])]
    )


def test_what_is_meant_and_not_given_is_waited_for_and_no_older_one_is_taken() -> None:
    world = World()
    names = nights(world)
    refusing(world, backup_file(names[2]), REFUSED[0])
    for job in (
        RestoreJob("named", BACK, PLACE, backup=names[2]),
        RestoreJob("newest", BACK, PLACE),
        RestoreJob("moment", BACK, PLACE, as_of=world.clock.now),
    ):
        found = run(world, job)
        assert found is not None
        assert found.trouble is not None
        assert (found.trouble.reason, found.trouble.final) == (Reason.REPOSITORY_FAILED, False)
        assert names[2] in found.trouble.message
        assert "or name another backup" in found.trouble.message
    assert world.restored() == {}
    before = next(r.started for r in backups(world.opened()).roots if r.name == names[1])
    assert backups(world.opened()).as_of(before + 1000).name == names[1]


def test_a_repository_of_one_root_that_is_not_given_is_not_empty() -> None:
    world = World()
    refusing(world, backup_file(world.back_up().name), REFUSED[0])
    found = run(world, RestoreJob("uid", BACK, PLACE))
    assert found is not None
    assert found.trouble is not None
    assert not found.trouble.final


def test_nothing_is_removed_while_one_is_not_given() -> None:
    world = World()
    names = nights(world)
    world.source_server.buckets["photos"].keys.clear()
    world.put("other", b"other")
    world.back_up()
    before = world.stored()
    refusing(world, backup_file(names[0]), REFUSED[0])
    with pytest.raises(BackupNotGiven, match="nothing is removed before its store gives it"):
        world.prune(last=1)
    world.server.fault = None
    assert set(before) - {n for n in before if n.startswith(RUNS)} <= set(world.stored())


def test_a_mark_that_is_not_given_concerns_its_run_alone() -> None:
    world = World()
    names = nights(world)
    run_of = {r.name: r.run for r in backups(world.opened()).roots}
    world.server.put(
        "backup", f"shop/{ended_file(run_of[names[1]])}", b"x", world.opened().files.attributes()
    )
    refusing(world, ended_file(run_of[names[1]]), REFUSED[0])
    seen: Backups = backups(world.opened())
    assert [r.name for r in seen.roots] == [names[0], names[2]]
    with pytest.raises(BackupNotGiven, match="whether its run was declared dead is not known"):
        seen.named(names[1])


def test_checks_tell_what_does_not_count(caplog: pytest.LogCaptureFixture) -> None:
    """A full check read what counted, and said that every byte of all backups was whole."""
    shop = Shop()
    newest = shop.nights(3)
    first, second, _ = (r.name for r in backups(shop.world.opened()).roots)
    shop.world.server.put(
        "backup", f"shop/{backup_file(first)}", b"rotten", shop.world.opened().files.attributes()
    )
    refusing(shop.world, backup_file(second), REFUSED[0])
    with caplog.at_level(logging.WARNING):
        found = FullCheckRun(shop.parts)(KEY, FullCheckJob(PLACE, 0, 1, "first", newest), Control())
    assert found is not None
    assert (found.trouble, found.damaged, found.missing, found.rejected) == (None, 0, "", 2)
    assert first in caplog.text
    assert second in caplog.text
    refusing(shop.world, backup_file(newest), REFUSED[0])
    quick = QuickCheckRun(shop.parts)(KEY, QuickCheckJob(PLACE, newest), Control())
    assert quick is not None
    assert quick.trouble is not None, "a check of nothing finds nothing"
    assert quick.missing == ""


def test_on_a_real_store(
    minio_store: Store, ceph_store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    near, far = minio_store.s3(), ceph_store.s3()
    far.create_bucket(Bucket="backup-refused")
    near.create_bucket(Bucket="back-refused")
    filled_bucket(near, "photos-refused")
    backup = Commands(capsys, tmp_path, eu=minio_store, us=ceph_store)
    create = ("create", "us/backup-refused", "eu/photos-refused", "--init", "--format", "json")
    first, second = (backup(*create).json["name"] for _ in range(2))
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::backup-refused/backups/{first}",
    }
    policy = {"Version": "2012-10-17", "Statement": [denied]}
    far.put_bucket_policy(Bucket="backup-refused", Policy=json.dumps(policy))
    listed = backup("list", "us/backup-refused", code=2).out
    assert f"does not count: backups/{first}: its store does not give it: Denied AccessDenied" in listed
    assert "or name another backup" in backup("show", "us/backup-refused", "--backup", first, code=1).err
    assert "nothing is removed" in backup("prune", "us/backup-refused", "--keep-last", "1", code=1).err
    restored = backup("restore", "us/backup-refused", "eu/back-refused", "--format", "json").json
    assert (restored["backup"], restored["state"]) == (second, "Succeeded")
    assert held(near, "back-refused") == held(near, "photos-refused")
