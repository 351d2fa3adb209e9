"""One canary from its upload to its removal, between two buckets in memory."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from imagestore.backends.memory_content import MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.controller.canaries import CanaryRun
from imagestore.controller.opening import RunParts, Unready
from imagestore.controller.state.objects import Key
from imagestore.core.errors import Unavailable
from imagestore.core.objects import ObjectAttributes, ObjectUpload
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.canary_runs import CanaryJob, CanaryReport
from imagestore.reconcile.shared.runs import JobEnd, RunSide, RunTrouble
from imagestore.transfer.job import TransferEnd

KEY = Key("ReplicationPolicy", "shop", "keep")
JOB = CanaryJob("u1", JobEnd("near", "b", "shop/a"), JobEnd("far", "b", "shop/b"), 60.0, 300.0, prefix="a/")


@dataclass
class Sky:
    """Two versioned buckets; ``delay`` seconds after its upload a version of the first one is in the other. None: never."""

    delay: float | None = 7.0
    now: float = 1000.0
    stops: float = 1e9
    broken: RunTrouble | None = None
    near: MemoryObjectServer = field(default_factory=MemoryObjectServer)
    far: MemoryObjectServer = field(default_factory=MemoryObjectServer)

    def __post_init__(self) -> None:
        for server in (self.near, self.far):
            server.buckets["b"] = MemoryContent(versioned=True)
        sky = self

        class Parts(RunParts):
            def end(self, side: RunSide, end: JobEnd) -> TransferEnd:
                if sky.broken is not None:
                    raise Unready(sky.broken)
                return TransferEnd(sky.store(end.backend), end.bucket, end.prefix)

        nothing: Any = None
        parts = Parts(nothing, nothing, "prod", lambda: None, lambda: self.now, nothing)
        self.run = CanaryRun(parts, self.sleep)

    def store(self, name: str) -> MemoryObjectStore:
        return MemoryObjectStore(self.near if name == "near" else self.far, name)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.delay is not None and self.now >= 1000.0 + self.delay:
            self.far.buckets["b"].keys.update(
                {
                    k: list(vs)
                    for k, vs in self.near.buckets["b"].keys.items()
                    if k not in self.far.buckets["b"].keys
                }
            )

    def send(self, job: CanaryJob = JOB) -> CanaryReport | None:
        return self.run(KEY, job, self)

    def left(self) -> list[str]:
        return [k for s in (self.near, self.far) for k, versions in s.buckets["b"].keys.items() if versions]

    def stop(self) -> bool:
        return self.now >= self.stops

    def ready(self) -> None:
        """It has no turn."""

    def give_way(self) -> None:
        """Nothing waits."""

    def named(self) -> frozenset[str]:
        return frozenset()

    def tell(self, progress: object) -> None:
        """Nothing is told of a canary."""


def down(_operation: str, _bucket: str, _key: str) -> None:
    raise Unavailable("down")


def test_it_is_found_and_nothing_of_it_stays() -> None:
    sky = Sky()
    report = sky.send()
    assert report is not None
    assert report.delay is not None
    assert (report.sent, report.trouble) == (1000.0, None)
    assert 7.0 <= report.delay < 12.0, "looks become rarer"
    assert sky.left() == []


def test_one_that_does_not_arrive_is_given_up_and_removed() -> None:
    sky = Sky(delay=None)
    report = sky.send()
    assert report is not None
    assert (report.delay, report.trouble) == (None, None)
    assert 300.0 <= report.ended - report.sent < 311.0
    assert sky.left() == []


def test_when_the_policy_goes_it_is_removed_and_tells_nothing() -> None:
    sky = Sky(delay=None, stops=1020.0)
    assert sky.send() is None
    assert sky.now < 1021.0
    assert sky.left() == []


def test_a_destination_that_does_not_answer_has_no_canary() -> None:
    sky = Sky()
    sky.far.fault = down
    report = sky.send()
    assert report is not None
    assert report.trouble is not None, "the first canary of a process looks for what another one has left"
    sky.far.fault = None
    sky.now = 1000.0
    assert sky.send() is not None
    sky.far.fault = down
    again = sky.send()
    assert again is not None
    assert (again.delay, again.trouble) == (None, None)


def test_what_a_killed_process_has_left_is_removed_and_nothing_of_others() -> None:
    sky = Sky()
    for key in ("a/.imagestore-canary/u1/old", "a/.imagestore-canary/u2/other", "a/photo.jpg"):
        sky.store("near").write("b", key, ObjectUpload(b"x", 1), ObjectAttributes())
    sky.send()
    assert sorted(set(sky.left())) == ["a/.imagestore-canary/u2/other", "a/photo.jpg"]


@pytest.mark.parametrize("reason", [Reason.DENIED, Reason.BACKEND_UNUSABLE])
def test_a_bucket_that_cannot_be_opened_is_said(reason: Reason) -> None:
    trouble = RunTrouble("source", reason, "no")
    report = Sky(broken=trouble).send()
    assert report is not None
    assert (report.delay, report.trouble) == (None, trouble)
