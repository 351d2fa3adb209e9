"""Backups whose listing takes longer than a turn: each comes to its end, though another one waits for its place."""

from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from dev.wait import eventually
from imagestore.controller.backing_up import BackupRun
from imagestore.controller.carrying import RunControl
from imagestore.controller.opening import RunParts
from imagestore.controller.run_tasks import TURN
from imagestore.controller.runs import Runs
from imagestore.controller.state.objects import Key
from imagestore.core.objects import KeyOrder
from imagestore.reconcile.backup.runs import BackupJob, BackupReport
from imagestore.reconcile.shared.repositories import RepositoryEnd
from imagestore.reconcile.shared.runs import JobEnd
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import backups
from imagestore.transfer.job import TransferEnd
from tests.repository.world import World

OBJECTS, PAGE = 24, 4
ENDS = 120.0  # seconds, on a busy machine


@dataclass
class Parts:
    """Opens the ends of a world in memory."""

    world: World

    def clock(self) -> float:
        return 0.0

    def paced(self, *_limits: object) -> "Parts":
        return self

    def end(self, _side: str, _end: JobEnd) -> TransferEnd:
        return self.world.end

    def repository_for(self, _place: RepositoryEnd, _source: TransferEnd, _lock: object) -> Repository:
        return self.world.opened()


@dataclass
class Shop:
    """Two buckets behind one StorageBackend. A page of a listing takes most of a turn by the test's clock."""

    order: KeyOrder
    now: float = 1000.0
    worlds: dict[str, World] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runs = Runs(lambda: self.now, lambda: False, lambda _: None, {BackupJob: self.carry})
        for name in ("a", "b"):
            world = self.worlds[name] = World(seed=ord(name))
            server = world.source_server
            server.traits = replace(server.traits, order=self.order)
            server.page, server.fault = PAGE, self.listed
            for n in range(OBJECTS):
                world.put(f"{n:02}", world.random(100))

    def listed(self, operation: str, _bucket: str, _key: str) -> None:
        if operation == "ListObjects":
            self.now += 0.8 * TURN

    def carry(self, key: Key, job: BackupJob, control: RunControl) -> BackupReport | None:
        self.begun.append(key.name)
        return BackupRun(cast("RunParts", Parts(self.worlds[key.name])))(key, job, control)

    def back_up(self, label: str) -> None:
        """Both, at once, to their ends."""
        self.begun.clear()
        place = RepositoryEnd(JobEnd("shared", "backup", ""), "shop")
        for name in self.worlds:
            job = BackupJob(f"{label}-{name}", JobEnd("shared", name, ""), place)
            self.runs.of(Key("Backup", "shop", name)).ask(job)
        eventually(lambda: [self.made(n, label) for n in "ab"] == [OBJECTS, OBJECTS], ENDS, self.told)

    def made(self, name: str, label: str) -> int:
        """How many objects the backup of this label has; 0: there is none."""
        roots = backups(self.worlds[name].opened()).roots
        return next((root.counts.objects for root in roots if root.label == f"{label}-{name}"), 0)

    def told(self) -> str:
        return f"both end; begun: {''.join(self.begun[:50])}"


@pytest.mark.parametrize("order", [KeyOrder.BYTES, KeyOrder.UTF16])
def test_two_backups_that_list_for_longer_than_a_turn_both_end(order: KeyOrder) -> None:
    """Each was stopped before it had read an object, and began again with the listing, for ever. So was one that had nothing to read."""
    shop = Shop(order)
    shop.back_up("first")
    assert len(shop.begun) < 30
    shop.back_up("unchanged")
    assert shop.begun.count("a") >= 1
    assert len(shop.begun) < 30
    shop.runs.close()
