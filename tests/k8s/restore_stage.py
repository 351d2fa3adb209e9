"""A bucket with a backup, Jobs whose pods really restore in memory, and replicas of the operator that come and go."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, cast

import pytest

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.cli.backups.described_restore import write_described
from imagestore.controller.carrying_restores import ByPod
from imagestore.controller.jobs import JobOrder
from imagestore.controller.one_pod import OnePodJobs
from imagestore.controller.opening import RunParts
from imagestore.controller.restore_description import limited_restore, restore_of
from imagestore.controller.restoring import RestoreRun
from imagestore.controller.watching import JobWatch
from imagestore.reconcile.restore.runs import RestoreFound, RestoreJob
from imagestore.repository.making.deciding import never_stopped
from imagestore.repository.store.opening import open_repository
from imagestore.transfer.pair_copier import PairCopier
from tests.k8s.carried import SPEC
from tests.k8s.pods import PodJobs
from tests.repository.test_kept_in_order import PLACE
from tests.repository.test_restore_runs import BACK, KEY, AskedBack, OpenedAll
from tests.repository.world import SECRET, WRITES, Killed, World

JOB = RestoreJob("uid", BACK, PLACE, conflict="Skip", runs_in="Job")
Fault = Callable[[str, str, str], None]


class RestorePods(PodJobs):
    """Each pod does what the command does, from the files that it was given. ``killed``: after how many writes pods are killed.

    ``meets``: a fault of the destination that pods meet, and the operator does not.
    """

    world: World
    killed: Iterator[int]
    meets: Fault | None = None

    def _worked(self, order: JobOrder, index: int) -> bool:
        if index in self.lost:
            return False
        for writes in self.killed:
            fault = self.world.target_server.fault
            self.world.target_server.fault = dying(writes)
            try:
                self._written(order)
            except Killed:
                pass
            finally:
                self.world.target_server.fault = fault
        self.world.target_server.fault = self.meets
        try:
            return self._written(order) == 0
        finally:
            self.world.target_server.fault = None

    def _written(self, order: JobOrder) -> int:
        world = self.world
        stores = {"eu": world.end.store, "eu2": world.target.store, "us": world.files().store}
        described = restore_of(
            order.files["run.json"].decode(), stores.__getitem__, f"pod{len(self.order_of_events)}"
        )
        restore = limited_restore(described, never_stopped)
        self.order_of_events.append("pod")
        opened = lambda files: open_repository(files, SECRET, world.random)  # noqa: E731
        return write_described(restore, opened, never_stopped)


def dying(writes: int) -> Fault:
    """The pod is killed at the write after so many to the destination, whatever it writes."""
    left = [writes]

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation in WRITES:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    return fault


@dataclass
class Stage:
    """A bucket with a backup, an empty one, Jobs, and one replica of the operator after the other."""

    world: World
    job: RestoreJob = JOB
    now: float = 0.0
    spec: Mapping[str, Any] = field(default_factory=lambda: SPEC)

    def __post_init__(self) -> None:
        self.board = RestorePods(lambda _: self.world.end.store, PairCopier, lambda: 0)
        self.board.world, self.board.killed = self.world, iter(())
        self.control = AskedBack()
        self.replica()

    def replica(self) -> None:
        """Another process, which remembers nothing."""
        spec = lambda _: StorageBackendSpec.model_validate(self.spec)  # noqa: E731
        watch = JobWatch(self.board, lambda: self.now, self._sleep)
        pods = OnePodJobs(watch, spec, lambda _: {"accessKeyId": b"AK"}, lambda *_: {"key": SECRET.value})
        self.operator = RestoreRun(cast("RunParts", OpenedAll(self.world)), ByPod(pods))

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self) -> RestoreFound | None:
        return self.operator(KEY, self.job, self.control)

    def found(self) -> RestoreFound:
        reported = self.run()
        assert reported is not None
        return reported

    def waiting(self) -> None:
        """The pod does not run yet, and the operator ends."""
        self.board.held = {0}
        self.control = AskedBack(answers=chain(repeat(False, 3), repeat(True)))
        assert self.run() is None
        self.board.held, self.control = set(), AskedBack()

    def order(self) -> JobOrder:
        (order,) = self.board.orders.values()
        return order


def objects(world: World) -> dict[str, bytes]:
    """What the destination has, without what a Restore keeps there."""
    return {k: v for k, v in world.restored().items() if not k.startswith(".imagestore/")}


def killed(stage: Stage, writes: int) -> None:
    """A pod that is killed after so many writes."""
    stage.world.target_server.fault = dying(writes)
    with pytest.raises(Killed):
        stage.board._written(stage.order())
    stage.world.target_server.fault = None
