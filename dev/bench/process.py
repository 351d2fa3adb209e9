"""What the kernel says of a process: seconds of CPU and memory."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid: int) -> float:
    """Seconds of CPU that it has used, all threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@dataclass(frozen=True)
class Memory:
    """Resident memory in MB, at its highest and now."""

    peak: float
    now: float


def memory(pid: int) -> Memory:
    """What it holds."""
    lines = (line.partition(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    told = {name: value for name, _, value in lines}
    return Memory(_megabytes(told["VmHWM"]), _megabytes(told["VmRSS"]))


def _megabytes(text: str) -> float:
    return int(text.split()[0]) / 1024


def machine() -> dict[str, str]:
    """What the numbers were measured on."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in info if line.startswith("model name")), "unknown"
    )
    return {"cores": str(os.cpu_count()), "cpu": model, "kernel": os.uname().release, "load": _load()}


def _load() -> str:
    return " ".join(f"{value:.2f}" for value in os.getloadavg())
