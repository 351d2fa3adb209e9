"""What the operator's process holds, over its life."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import linear_regression, median
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One moment of one process. Memory in MB."""

    pid: int
    at: float
    rss: float
    fds: int
    sockets: int
    threads: int
    tasks: int


def sample(pid: int, tasks: int) -> Sample | None:
    """This moment, None if the process is gone."""
    folder = Path(f"/proc/{pid}")
    try:
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        links = [_link(fd) for fd in (folder / "fd").iterdir()]
        rss, threads = int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"])
    except (OSError, KeyError):
        return None
    sockets = sum(link.startswith("socket:") for link in links)
    return Sample(pid, time.monotonic(), rss, len(links), sockets, threads, tasks)


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def longest_life(samples: list[Sample]) -> list[Sample]:
    """The samples of the process that lived longest."""
    lives = [[s for s in samples if s.pid == pid] for pid in {s.pid for s in samples}]
    return max(lives, key=lambda life: life[-1].at - life[0].at, default=[])


def summary(life: list[Sample]) -> dict[str, Any]:
    """How memory, descriptors, threads and tasks went. Slopes are of the second half: the first one fills caches."""
    if len(life) < 8:
        return {"samples": len(life)}
    half, quarter = life[len(life) // 2 :], len(life) // 4
    return {
        "samples": len(life),
        "minutes": round((life[-1].at - life[0].at) / 60, 1),
        "rss_mb": {
            "second_quarter": round(median(s.rss for s in life[quarter : 2 * quarter]), 1),
            "last_quarter": round(median(s.rss for s in life[-quarter:]), 1),
            "highest": round(max(s.rss for s in life), 1),
            "slope_mb_an_hour": round(
                linear_regression([s.at for s in half], [s.rss for s in half]).slope * 3600, 2
            ),
        },
        "highest": {n: max(getattr(s, n) for s in life) for n in ("fds", "sockets", "threads", "tasks")},
        "last": {k: v for k, v in asdict(life[-1]).items() if k not in ("pid", "at")},
    }
