"""A pair of stores in memory between which Jobs copy, and replicas of the operator that come and go."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.controller.by_jobs import ByJobs
from imagestore.controller.by_process import AskedRun, CarriedOut
from imagestore.controller.state.objects import Key
from imagestore.reconcile.replication.runs import ReplicationJob
from imagestore.reconcile.shared.runs import JobEnd
from imagestore.transfer.job import DeleteMode, TransferHooks, TransferLimits
from imagestore.transfer.report import TransferReport
from imagestore.transfer.run import transfer
from tests.k8s.pods import PodJobs
from tests.transfer.world import World, body, world

POLICY = Key("ReplicationPolicy", "shop", "copy")
KEYS = [f"k{n:03}" for n in range(60)]
SPEC = {
    "provider": "MinIO",
    "s3": {"endpoint": "http://minio", "region": "eu"},
    "credentials": {"secretRef": {"name": "keys"}},
    "limits": {"requestsPerSecond": 300, "burst": 600},
}


@dataclass
class Stage:
    """A pair of stores, Jobs, and one replica of the operator after the other."""

    w: World
    now: float = 0.0
    runs: Iterator[int] = field(default_factory=lambda: count(1))
    spec: dict[str, Any] = field(default_factory=lambda: dict(SPEC))
    job: ReplicationJob = field(
        default_factory=lambda: ReplicationJob(
            "u1", JobEnd("near", "b", ""), JobEnd("far", "b", ""), 300.0, shards=3
        )
    )

    def __post_init__(self) -> None:
        ends = {"near": self.w.job.source.store, "far": self.w.job.destination.store}
        self.board = PodJobs(ends.__getitem__, self.w.making, self.w.clock.seconds)
        self.replica()

    def replica(self) -> None:
        """Another process, which remembers nothing."""
        self.by: CarriedOut = ByJobs(
            self.board, self._spec, lambda _: {"accessKeyId": b"AK"}, lambda: self.now, self._sleep
        )

    def _spec(self, _: str) -> StorageBackendSpec:
        return StorageBackendSpec.model_validate(self.spec)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self, **hooked: Any) -> TransferReport | None:
        hooks = TransferHooks(f"job-run{next(self.runs)}", self.w.clock.seconds, **hooked)
        return self.by(AskedRun(POLICY, self.job, self.w.job), hooks)

    def equal(self) -> bool:
        return self.w.held() == self.w.held("near")

    def left(self) -> list[str]:
        """What shards keep at the destination, besides the journal."""
        return [k for k in self.w.far.current("b") if "shard" in k and "/segments/" not in k]


def stopping(after: int) -> Any:
    """A stop that comes after so many questions."""
    asked = count()
    return lambda: next(asked) >= after


def grown_stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A pair with a journal, and as many objects again; deletes that wait for the end of all shards."""
    w = world(deletes=DeleteMode.MIRROR)
    w.limits = TransferLimits(workers=1, segment=10)
    for key in KEYS:
        w.put(key, body(key))
    w.run()
    for key in KEYS:
        w.put(f"{key}.new", body(key))
    w.remove(KEYS[5])
    for name in ("awaiting.PairCopier", "by_process.transfer"):
        made = w.making if name.endswith("Copier") else _plainly(w)
        monkeypatch.setattr(f"imagestore.controller.{name}", made)
    return Stage(w)


def _plainly(w: World) -> Any:
    return lambda job, hooks: transfer(job, hooks, w.making)
