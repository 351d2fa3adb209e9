"""The measurements, each from outside of the operator."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from dev.bench import process
from dev.bench.api import Api, Follower, each
from dev.bench.counting import store_calls
from dev.bench.world import NAMESPACE, Operator, World, bucket

_QUIET = 0.5  # seconds over which an operator that is done uses no more than this share of a core:
_IDLE = 0.1
SETTLE = 11.0  # MinIO's metrics are up to ten seconds old


@dataclass
class Numbers:
    """What one phase cost."""

    phase: str
    buckets: int
    seconds: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0  # MB
    calls: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    extra: dict[str, float] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)  # CPU seconds of who else shares the cores

    def to_json(self) -> dict[str, Any]:
        """For the raw data."""
        return {**self.__dict__, "calls": dict(self.calls), "writes": dict(self.writes)}


@dataclass
class Bench:
    """One run with a number of buckets."""

    world: World
    api: Api
    follower: Follower
    size: int

    def name(self, index: int) -> str:
        """Of an ImageBucket."""
        return str(bucket(index)["metadata"]["name"])

    @asynccontextmanager
    async def phase(self, name: str, operator: Operator | None = None) -> AsyncIterator[Numbers]:
        """Count and time what happens inside; ``seconds`` and ``cpu`` may be set inside as well."""
        numbers = Numbers(name, self.size)
        self.world.audit.all()
        calls = store_calls(self.world.store)
        used, began = process.cpu(operator.pid) if operator else 0.0, time.monotonic()
        others = self.world.others()
        yield numbers
        numbers.others = {name: spent - others[name] for name, spent in self.world.others().items()}
        numbers.seconds = numbers.seconds or time.monotonic() - began
        if operator:
            numbers.cpu = numbers.cpu or process.cpu(operator.pid) - used
            numbers.peak = process.memory(operator.pid).peak
        await asyncio.sleep(SETTLE)
        numbers.writes = self.world.audit.writes()
        numbers.calls = store_calls(self.world.store) - calls

    async def create(self, operator: Operator) -> Numbers:
        """All of them, from the first apply until the last is Ready."""
        async with self.phase("create", operator) as numbers:
            began = time.monotonic()
            await each(range(self.size), lambda i: self.api.create(NAMESPACE, bucket(i)))
            numbers.extra["applied"] = time.monotonic() - began
            await self.follower.until(lambda: len(self.follower.ready) >= self.size, 900, "all are Ready")
        return numbers

    async def edits(self, operator: Operator, count: int) -> Numbers:
        """One edit after the other while nothing else happens."""
        async with self.phase("edit idle", operator) as numbers:
            took = [await self.edit(i * self.size // count, f"idle-{i}") for i in range(count)]
            numbers.extra = spread(took)
        return numbers

    async def edit(self, index: int, value: str) -> float:
        """Seconds from the edit of a tag until Ready says so of that generation."""
        began, name = time.monotonic(), self.name(index)
        generation = await self.api.patch(NAMESPACE, name, {"tags": {"team": value}})
        await self.follower.until(
            lambda: self.follower.ready.get(name, (0, 0.0))[0] >= generation, 120, f"{name} is Ready again"
        )
        return self.follower.ready[name][1] - began

    async def restart(self) -> Numbers:
        """A new process over an unchanged fleet, from its start until it is quiet."""
        with self.world.operator(wait=False) as operator:
            async with self.phase("restart") as numbers:
                numbers.extra["working"] = await asyncio.to_thread(operator.await_working)
                numbers.seconds, numbers.cpu = await _quiet(operator)
            numbers.peak = process.memory(operator.pid).peak
        return numbers

    async def edits_during_restart(self, count: int) -> Numbers:
        """Edits made from the moment on at which a new process starts, evenly over three seconds."""
        async with self.phase("edit during restart") as numbers:
            with self.world.operator(wait=False) as operator:
                took = await asyncio.gather(*(self._later(i, count) for i in range(count)))
                numbers.extra, numbers.peak = spread(took), process.memory(operator.pid).peak
                numbers.cpu = process.cpu(operator.pid)
        return numbers

    async def _later(self, i: int, count: int) -> float:
        await asyncio.sleep(3.0 * i / count)
        return await self.edit(i * self.size // count, f"restart-{i}")

    async def round(self, seconds: float) -> Numbers:
        """Looking at everything as fast as it can: what one round of it takes."""
        numbers = Numbers("look at all", self.size)
        with self.world.operator("--drift-interval", "1") as operator:
            await self._counted()
            began, before, used = *await self._counted(), process.cpu(operator.pid)
            self.world.audit.all()
            await asyncio.sleep(seconds)
            ended, after = await self._counted()
            cpu, calls = process.cpu(operator.pid) - used, after - before
            rounds = calls["getbuckettagging"] / self.size
            numbers.seconds, numbers.cpu = (ended - began) / rounds, cpu / rounds
            numbers.calls = Counter({api: round(n / rounds) for api, n in calls.items()})
            numbers.writes, numbers.peak = self.world.audit.writes(), process.memory(operator.pid).peak
        return numbers

    async def _counted(self) -> tuple[float, Counter[str]]:
        """MinIO's counts at the moment at which it has counted anew."""
        before = store_calls(self.world.store)
        while (after := store_calls(self.world.store)) == before:
            await asyncio.sleep(0.05)
        return time.monotonic(), after

    async def delete(self, operator: Operator) -> Numbers:
        """All of them, each empty, with their buckets."""
        async with self.phase("delete", operator) as numbers:
            await each(range(self.size), lambda i: self.api.delete(NAMESPACE, self.name(i)))
            await self.follower.until(lambda: len(self.follower.gone) >= self.size, 900, "all are gone")
        return numbers


def spread(took: Sequence[float]) -> dict[str, float]:
    """Percentiles."""
    ordered = sorted(took)
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in at.items()}


async def _quiet(operator: Operator) -> tuple[float, float]:
    """When, since its start, it went quiet, and the CPU that it had used by then."""
    seen: list[tuple[float, float]] = []
    while True:
        now, used = time.monotonic() - operator.started, process.cpu(operator.pid)
        seen.append((now, used))
        then, before = next((s for s in reversed(seen) if now - s[0] >= _QUIET), (0.0, -99.0))
        if used - before <= _IDLE * _QUIET:
            return then, before
        await asyncio.sleep(0.02)
