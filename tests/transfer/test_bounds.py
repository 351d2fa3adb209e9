"""Memory and rates: what a run never exceeds, whatever the buckets hold."""

import json
import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from imagestore.transfer.pace import Pace


def generated(keys: int, *words: str) -> dict[str, float]:
    """Two runs over generated listings, in a process of their own."""
    command = [sys.executable, "-m", "tests.transfer.memory", str(keys), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "1"})
    found: dict[str, float] = json.loads(done.stdout)
    return found


def test_memory_does_not_grow_with_the_number_of_keys() -> None:
    """A million keys in less than 200 MB: `make soak-transfer`. A sorted run has 50 000."""
    few, many, sort = (generated(*a)["megabytes"] for a in ((10_000,), (50_000,), (60_000, "sorted")))
    assert many - few < 40  # stretches of 10 000 keys that are underway at once
    assert max(many, sort) < 120


@dataclass
class Clock:
    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_rate_is_kept_however_large_the_pieces_are() -> None:
    clock = Clock()
    pace = Pace(1000, lambda: clock.now, clock.sleep)
    for size in [500, 500, 4000, 1, 999, 2000]:
        pace.spend(size)
    assert clock.now - 100 == pytest.approx(8000 / 1000 - 1)  # a second's worth at once
    clock.now += 60
    pace.spend(1000)
    assert clock.now == pytest.approx(100 + 7 + 60)  # what was not used in a minute is not saved up


def test_without_a_rate_nothing_waits() -> None:
    clock = Clock()
    Pace(None, lambda: clock.now, clock.sleep).spend(10**12)
    assert clock.slept == []
