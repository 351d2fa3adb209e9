"""One program from its start to its end: seconds, CPU and memory."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from dev.bench.process import memory


@dataclass(frozen=True)
class Spent:
    """What programs took. ``cpu``: seconds of all of them, ``peak``: MB of those that run side by side."""

    seconds: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        """One after the other."""
        return Spent(self.seconds + other.seconds, self.cpu + other.cpu, max(self.peak, other.peak))

    def beside(self, other: "Spent") -> "Spent":
        """While another one ran."""
        return Spent(self.seconds, self.cpu + other.cpu, self.peak + other.peak)


def watched(child: subprocess.Popen[bytes]) -> Spent:
    """Wait for the end of a program that was started just now; the caller looks at its exit code."""
    began = time.monotonic()
    peak = _peak(child.pid)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return Spent(time.monotonic() - began, usage.ru_utime + usage.ru_stime, peak)


def _peak(pid: int) -> float:
    """MB at its highest, until it has ended. ``ru_maxrss``, which the kernel tells at the end, begins at the peak of who started it."""
    peak = 0.0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        with suppress(OSError, KeyError):
            peak = memory(pid).peak
        time.sleep(0.02)
    return peak


def run(command: Sequence[str], env: Mapping[str, str], log: Path, told: str = "") -> Spent:
    """Run a program to its good end; ``log`` has what it printed. SystemExit: it failed."""
    with log.open("wb") as out, TemporaryFile() as asked:
        asked.write(told.encode())
        asked.seek(0)
        child = subprocess.Popen(command, stdin=asked, stdout=out, stderr=out, env=env)
        spent = watched(child)
    if child.returncode:
        raise SystemExit(f"{' '.join(command[:3])} failed: {log.read_text(errors='replace')[-2000:]}")
    return spent
