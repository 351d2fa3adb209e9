"""The runs of a BackupSchedule, on a real repository: what they report is what was read there."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from imagestore.controller.keeping import DrillRun, FullCheckRun, QuickCheckRun, RemovalRun
from imagestore.controller.opening import RunParts
from imagestore.controller.state.objects import Key
from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.jobs import DrillJob, FullCheckJob, QuickCheckJob, RemovalJob, RemovalRules
from imagestore.reconcile.shared.repositories import RepositoryEnd
from imagestore.reconcile.shared.runs import JobEnd, RunProgress
from imagestore.repository.store.opening import Repository, open_repository
from imagestore.repository.store.runs import known_runs
from imagestore.repository.store.view import backups
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.pace import MovingLimits
from imagestore.transfer.paced_store import RunPace, run_pace
from tests.repository.test_drill import png
from tests.repository.world import HOUR, SECRET, World

KEY = Key("BackupSchedule", "shop", "nightly")
PLACE = RepositoryEnd(JobEnd("us", "backup", "shop/backups", "shop/"), "shop", "backup-key")
SCRATCH = JobEnd("eu2", "restored", "shop/restored", ".imagestore/drill/")
DRILLED: dict[str, Any] = {"owner": "uid-1", "bucket": "photos"}


@dataclass
class Opened:
    """Opens the repository and the scratch bucket of a world in memory, as ``RunParts`` does those of a cluster."""

    world: World
    seconds: float = 0.0
    pace: RunPace = field(default_factory=run_pace)
    counted: tuple[str, ...] = ()

    def paced(self, limits: MovingLimits, stop: Callable[[], bool], *counted: str) -> "Opened":
        return replace(self, pace=run_pace(limits, stop), counted=counted)

    def clock(self) -> float:
        self.seconds += 1
        return self.seconds

    def repository(self, place: RepositoryEnd) -> Repository:
        assert place == PLACE
        files, counted = self.world.files(), "repository" in self.counted
        store = self.pace.store(files.store, counted=counted)
        return open_repository(replace(files, store=store), SECRET, self.world.random)

    def end(self, side: str, end: JobEnd) -> TransferEnd:
        assert (side, end.bucket) == ("destination", "restored")
        there = TransferEnd(self.world.target.store, end.bucket, end.prefix)
        return self.pace.end(there, counted="destination" in self.counted)


@dataclass
class Control:
    """A run that is stopped, or goes on."""

    stopped: bool = False
    told: list[RunProgress] = field(default_factory=list)

    def stop(self) -> bool:
        return self.stopped

    def ready(self) -> None:
        """It has no turn."""

    give_way = ready  # there is nobody

    def named(self) -> frozenset[str]:
        return frozenset()

    def tell(self, progress: RunProgress) -> None:
        self.told.append(progress)


@dataclass
class Shop:
    """A bucket of pictures with a backup for each of some nights. ``newest``: the name of the last one."""

    world: World = field(default_factory=World)
    newest: str = ""

    def __post_init__(self) -> None:
        self.parts = cast("RunParts", Opened(self.world))
        for n in range(20):
            self.world.put(f"originals/{n:02}.png", png(f"#{n:02x}0000") + bytes(8000 + n))

    def nights(self, number: int, first: int = 0) -> str:
        """Back up each night; the newest backup's name."""
        name = ""
        for night in range(first, first + number):
            self.world.put(f"night/{night}.txt", f"night {night}".encode() * 500)
            name = self.world.back_up(scheduled=self.world.clock.now).name
            self.world.clock.now += 24 * HOUR
        self.newest = name
        return name

    def lose_a_pack(self) -> None:
        packs = sorted(name for name in self.world.stored() if name.startswith("packs/"))
        self.world.server.buckets["backup"].keys.pop(f"shop/{packs[0]}")

    def remove(self, **rules: Any) -> RemovalJob:
        return RemovalJob(PLACE, replace(RemovalRules(last=2), **rules), self.newest)


def test_a_quick_check_reads_no_contents_and_finds_what_is_missing() -> None:
    shop = Shop()
    job = QuickCheckJob(PLACE, shop.nights(1))
    sound = QuickCheckRun(shop.parts)(KEY, job, Control())
    assert sound is not None
    assert (sound.objects, sound.bytes, sound.damaged, sound.trouble) == (21, 0, 0, None)
    shop.lose_a_pack()
    lost = QuickCheckRun(shop.parts)(KEY, job, Control())
    assert lost is not None
    assert lost.damaged == 21


def test_full_checks_read_every_byte_once_in_their_parts() -> None:
    shop = Shop(World(pack_bytes=30_000))
    shop.nights(3)
    found = [FullCheckRun(shop.parts)(KEY, FullCheckJob(PLACE, n, 3, "d"), Control()) for n in range(3)]
    assert sum(f.bytes for f in found if f) == sum(map(len, shop.world.content().values()))
    assert all(f is not None and f.damaged == 0 for f in found)


def test_no_key_of_an_object_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop()
    job = QuickCheckJob(PLACE, shop.nights(1))
    shop.lose_a_pack()
    with caplog.at_level(logging.DEBUG):
        QuickCheckRun(shop.parts)(KEY, job, Control())
    assert "damaged in the backups" in caplog.text
    assert "originals/" not in caplog.text


def test_a_check_that_is_stopped_reports_nothing() -> None:
    shop = Shop()
    control = Control(stopped=True)
    assert QuickCheckRun(shop.parts)(KEY, QuickCheckJob(PLACE, shop.nights(1)), control) is None
    assert control.told
    assert all(run.done for run in known_runs(shop.world.opened())), "no removal waits for it"


def test_a_drill_restores_decodes_and_leaves_nothing() -> None:
    shop = Shop()
    job = DrillJob(PLACE, shop.nights(1), SCRATCH, 10, decode=True, due="sunday", **DRILLED)
    found = DrillRun(shop.parts)(KEY, job, Control())
    assert found is not None
    assert (found.sampled, found.failed, found.left) == (10, 0, 0)
    assert found.decoded >= 9
    assert found.estimate >= 0
    assert shop.world.restored() == {}
    plain = DrillRun(shop.parts)(KEY, replace(job, decode=False), Control())
    assert plain is not None
    assert (plain.sampled, plain.decoded) == (10, 0)
    shop.lose_a_pack()
    lost = DrillRun(shop.parts)(KEY, job, Control())
    assert lost is not None
    assert lost.failed == 10


def test_a_lost_leaf_fails_the_drill() -> None:
    shop = Shop()
    job = DrillJob(PLACE, shop.nights(1), SCRATCH, 10, decode=True, due="sunday", **DRILLED)
    for name in [n for n in shop.world.stored() if n.startswith("leaves/")]:
        shop.world.server.buckets["backup"].keys.pop(f"shop/{name}")
    found = DrillRun(shop.parts)(KEY, job, Control())
    assert found is not None
    assert (found.sampled, found.failed) == (0, 21)


def test_a_drill_whose_restore_gives_up_has_failed() -> None:
    """It was trouble of the run, and Drilled stayed True."""
    shop = Shop()
    for n in range(150):
        shop.world.put(f"more/{n:03}.txt", f"{n}".encode() * 100)
    job = DrillJob(PLACE, shop.nights(1), SCRATCH, 150, decode=False, due="sunday", **DRILLED)
    for name in [n for n in shop.world.stored() if n.startswith("packs/")]:
        shop.world.server.buckets["backup"].keys.pop(f"shop/{name}")
    found = DrillRun(shop.parts)(KEY, job, Control())
    assert found is not None
    assert (found.trouble, found.failed) == (None, 150)


def test_a_removal_is_held_until_its_token_is_approved() -> None:
    shop = Shop()
    shop.nights(9)
    run = RemovalRun(shop.parts)
    held = run(KEY, shop.remove(), Control())
    assert held is not None
    assert (held.backups, held.forgotten, held.waiting) == (9, 0, 7)
    assert held.held == "7 of 9 backups would go, more than 50%"
    done = run(KEY, replace(shop.remove(), approved=frozenset({held.token})), Control())
    assert done is not None
    assert (done.backups, done.forgotten, done.held, done.token) == (2, 7, "", "")
    assert done.bytes > 0


def test_a_removal_that_is_stopped_deletes_nothing() -> None:
    shop = Shop()
    shop.nights(4)
    job = shop.remove(most_share=1.0)
    assert RemovalRun(shop.parts)(KEY, job, Control(stopped=True)) is None
    assert len(backups(shop.world.opened()).roots) == 4
    assert all(run.done for run in known_runs(shop.world.opened())), "no backup waits for it"
    done = RemovalRun(shop.parts)(KEY, job, Control())
    assert done is not None
    assert done.forgotten == 2


def test_a_drill_that_is_stopped_says_nothing_of_the_backup() -> None:
    shop = Shop()
    job = DrillJob(PLACE, shop.nights(1), SCRATCH, 10, decode=True, due="sunday", **DRILLED)
    assert DrillRun(shop.parts)(KEY, job, Control(stopped=True)) is None
    assert shop.world.restored() == {}


def test_a_backup_of_which_a_drill_restored_a_sample_stays() -> None:
    shop = Shop()
    shop.nights(1)
    drilled = shop.world.back_up(scheduled=shop.world.clock.now).name
    shop.nights(4, first=2)
    job = replace(shop.remove(last=1, most_share=1.0), verified=frozenset({drilled}))
    found = RemovalRun(shop.parts)(KEY, job, Control())
    assert found is not None
    assert (found.backups, found.forgotten) == (2, 4)


def test_a_scheduled_time_far_ahead_counts_as_the_time_of_the_run() -> None:
    """The operator's clock was far ahead once: every removal was held until 2072, and the old backup counted as the newest."""
    shop = Shop()
    shop.nights(2)
    shop.world.back_up(scheduled=shop.world.clock.now + 45 * 365 * 24 * HOUR)
    shop.world.clock.now += 24 * HOUR
    shop.nights(2, first=2)
    found = RemovalRun(shop.parts)(KEY, shop.remove(most_share=1.0), Control())
    assert found is not None
    assert (found.held, found.forgotten) == ("", 3)
    assert [root.scheduled == root.due for root in backups(shop.world.opened()).roots] == [True, True]


def test_a_backup_that_is_gone_is_told_by_every_run_that_looks_for_it() -> None:
    """A lifecycle rule deleted the roots: the check of no backups found no damage, and a check of one was trouble of the run."""
    shop = Shop()
    shop.nights(2)
    gone, before = shop.nights(1, first=2), set(shop.world.stored())
    shop.world.server.buckets["backup"].keys.pop(f"shop/backups/{gone}")
    quick = QuickCheckRun(shop.parts)(KEY, QuickCheckJob(PLACE, gone), Control())
    full = FullCheckRun(shop.parts)(KEY, FullCheckJob(PLACE, 0, 1, "d", gone), Control())
    wanted = DrillJob(PLACE, gone, SCRATCH, 10, decode=True, due="sunday", **DRILLED)
    drill = DrillRun(shop.parts)(KEY, wanted, Control())
    removal = RemovalRun(shop.parts)(KEY, shop.remove(last=1), Control())
    assert [(f.trouble, f.missing) for f in (quick, full, drill, removal) if f] == [(None, gone)] * 4
    assert quick is not None
    assert full is not None
    assert (quick.objects, full.objects, full.damaged) == (0, 43, 0), "the other two are whole"
    assert drill is not None
    assert drill.failed == 10
    assert removal is not None
    assert removal.held == f"the backup {gone}, the newest that succeeded, is not in the repository"
    assert (removal.token, removal.forgotten) == ("", 0)
    kept = {name for name in before if name.startswith(("packs/", "leaves/"))}
    assert kept <= set(shop.world.stored()), "its root may come back"


def test_a_backup_that_is_there_is_not_missing() -> None:
    shop = Shop()
    shop.nights(3)
    full = FullCheckRun(shop.parts)(KEY, FullCheckJob(PLACE, 0, 1, "d", shop.newest), Control())
    removal = RemovalRun(shop.parts)(KEY, shop.remove(last=1, most_share=1.0), Control())
    assert full is not None
    assert removal is not None
    assert (full.missing, removal.missing, removal.forgotten) == ("", "", 2)


def test_the_backup_that_a_schedule_knows_stays_beside_one_that_it_does_not_know_yet() -> None:
    """The next Backup ended a moment ago: with its forerunner removed, the checks that were asked for would miss that."""
    shop = Shop()
    known = shop.nights(1)
    shop.world.back_up(scheduled=shop.world.clock.now)
    removal = RemovalRun(shop.parts)(KEY, shop.remove(last=1), Control())
    assert removal is not None
    assert (removal.backups, removal.forgotten) == (2, 0)
    assert backups(shop.world.opened()).has(known)


def test_trouble_is_in_the_report() -> None:
    shop = Shop()
    shop.nights(1)
    shop.world.server.buckets["backup"].keys.pop("shop/format.json")
    gone = RemovalRun(shop.parts)(KEY, shop.remove(), Control())
    assert gone is not None
    assert gone.trouble is not None
    assert gone.trouble.reason == Reason.NO_REPOSITORY
