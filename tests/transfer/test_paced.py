"""Limits of a run: every request to its stores and every counted byte is paid for, whatever the engine asks for."""

from dataclasses import dataclass, field
from typing import cast

import pytest

from imagestore.backends.memory_content import MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.objects import ObjectAttributes, ObjectUpload
from imagestore.repository.making.deciding import never_stopped
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.pace import MovingLimits
from imagestore.transfer.paced_store import run_pace
from tests.repository.world import World

MIB = 1024**2


@dataclass
class Clock:
    """A clock that only sleeping moves."""

    now: float = 100.0
    stop_at: float = 1e9
    naps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def stop(self) -> bool:
        return self.now >= self.stop_at


def limited(clock: Clock, counted: bool, **limits: int) -> MemoryObjectStore:  # noqa: FBT001
    server = MemoryObjectServer({"photos": MemoryContent()})
    server.put("photos", "there", bytes(MIB), ObjectAttributes())
    store = MemoryObjectStore(server, "eu", "here")
    pace = run_pace(MovingLimits(**limits), clock.stop, clock, clock.sleep)
    return cast("MemoryObjectStore", pace.store(store, counted=counted))


@pytest.mark.parametrize("counted", [True, False])
def test_bytes_are_paid_for_in_either_direction(*, counted: bool) -> None:
    clock = Clock()
    store = limited(clock, counted, bytes_per_second=MIB)
    store.write("photos", "a", ObjectUpload(bytes(3 * MIB), 3 * MIB), ObjectAttributes())
    upload = store.begin("photos", "b", ObjectAttributes())
    part = store.write_part("photos", "b", upload, 1, ObjectUpload(bytes(5 * MIB), 5 * MIB))
    store.complete("photos", "b", upload, [part])
    assert clock.now - 100 == (7.0 if counted else 0.0), "a second's worth may be spent at once"
    with store.read("photos", "b") as body:
        assert len(b"".join(body)) == 5 * MIB
    assert clock.now - 100 == (12.0 if counted else 0.0)
    assert max(clock.naps, default=0.0) <= 1.0, "it hears of a stop within a second"


def test_a_body_is_paid_for_after_it_is_read() -> None:
    """A store ends a connection on which it cannot go on for a minute."""
    clock = Clock()
    store = limited(clock, counted=True, bytes_per_second=1024)
    with store.read("photos", "there") as body:
        blocks = iter(body)
        next(blocks)
        assert clock.naps == []


def test_every_request_is_paid_for() -> None:
    clock = Clock()
    store = limited(clock, counted=False, requests_per_second=2)
    for number in range(10):
        store.write("photos", str(number), ObjectUpload(b"x", 1), ObjectAttributes())
    with store.read("photos", "1") as body:
        b"".join(body)
    assert len(store.objects("photos", {}).items) == 11
    store.head("photos", "2")
    store.delete_many("photos", [("3", "")])
    assert store.account == "here"
    assert store.start_after("k") == {"key": "k"}
    assert clock.now - 100 == pytest.approx(14 / 2 - 1)


def test_a_run_that_is_stopped_waits_no_longer() -> None:
    clock = Clock(stop_at=103.0)
    store = limited(clock, counted=True, bytes_per_second=1024)
    store.write("photos", "a", ObjectUpload(bytes(MIB), MIB), ObjectAttributes())
    assert clock.now == 103.0, "a thousand seconds were due"


@pytest.mark.parametrize(
    ("limits", "at_once"),
    [({}, 18), ({"workers": 3}, 3), ({"bytes_per_second": 5 * MIB}, 5), ({"bytes_per_second": 1024}, 2)],
)
def test_slow_runs_do_less_at_once(limits: dict[str, int], at_once: int) -> None:
    assert MovingLimits(**limits).at_once == at_once


@pytest.mark.parametrize("at_once", [1, 2, 18])
def test_a_limited_backup_restores_whole_whatever_the_number_of_threads(at_once: int) -> None:
    """Small objects and large ones: so many bytes of the source a second."""
    world, clock = World(), Clock()
    for n in range(20):
        world.put(f"{n:02}", world.random(100_000))
    world.put("large", bytes(9 * MIB))
    pace = run_pace(MovingLimits(MIB), never_stopped, clock, clock.sleep)
    unlimited, world.end = world.end, pace.end(world.end, counted=True)
    root = world.back_up(at_once=at_once)
    assert clock.now - 100 >= (2_000_000 + 9 * MIB) / MIB - 1 - 0.01
    world.end = unlimited
    slow = run_pace(MovingLimits(MIB), never_stopped, clock := Clock(), clock.sleep)
    world.target = TransferEnd(slow.store(world.target.store, counted=True), "restored")
    world.restore(root, at_once=at_once, read_back=0.0)
    assert clock.now - 100 >= (2_000_000 + 9 * MIB) / MIB - 1 - 0.01
    assert world.restored() == world.content()
