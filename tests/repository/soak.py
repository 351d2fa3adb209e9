"""``python -m tests.repository.soak [COUNT]``: what takes too long for each test run. A million objects, 50 000 of a real store compared
byte by byte, and a kill behind every single call.

Prints what was measured; docs/benchmarks/repository-memory.md keeps the last results with their date.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path

from dev.stores import Store, minio, seaweedfs

MILLION = 1_000_000
WHOLE = 50_000
MOST_MEGABYTES = 300
ACTIONS = ("create", "again", "verify", "restore", "drill", "prune")


def many(count: int, folder: Path) -> bool:
    """Each command on so many generated objects, in a process of its own."""
    fine = True
    for action in ACTIONS:
        began = time.monotonic()
        command = [sys.executable, "-m", "tests.repository.million", str(count), str(folder), action]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        peak = re.search(r"(\d+) MB at the peak", done.stdout)
        good = done.returncode == 0 and peak is not None and int(peak[1]) < MOST_MEGABYTES
        told = {"objects": count, "action": action, "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps({**told, "megabytes": peak and int(peak[1]), "fine": good}), flush=True)
        if not good:
            print(done.stdout, done.stderr, file=sys.stderr)
        fine &= good
    return fine


def ran(store: Store, module: str, *numbers: int) -> bool:
    """A program on a store: ``sweep`` kills or freezes behind each call, ``fifty_thousand`` compares what was restored."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.repository.{module}", *map(str, numbers)],
        input=json.dumps(store.coordinates()),
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout or done.stderr, flush=True)
    return done.returncode == 0


def main(count: int = MILLION, step: int = 1) -> int:
    """The exit code."""
    with tempfile.TemporaryDirectory(prefix="imagestore-") as folder:
        fine = many(count, Path(folder)) if count else True
    starts: list[AbstractContextManager[Store]] = []
    with tempfile.TemporaryDirectory(prefix="imagestore-") as folder:
        starts += [minio(Path(folder)), seaweedfs(Path(folder))]
        for start in starts:
            with start as store:
                fine &= ran(store, "fifty_thousand", WHOLE)
                fine &= ran(store, "sweep", 1, step)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
