"""`python -m dev.soak.history`: writers with a log, failover and return, kill -9 and stores that are down: nothing may be lost.

Two MinIO servers follow each other by `imagestore transfer copy --two-way`, a process that is killed now and then. Writers write to one
of them and change to the other one. In the end every write that was acknowledged must be at both, or a later one of its key.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dev.bench.moving import Ends, manifests
from dev.stores import Store, minio

BUCKET = "history"
KEYS = 7  # of a writer, each overwritten again and again
LARGE = 17 * 1024**2  # bytes: copied in parts
SIDES = ("a", "b")
DEEDS = ("failovers", "stops", "killed")
_GRACE = 60  # seconds for a deed that did not happen in time
_EACH = 0.005  # seconds between two writes of all writers together
_SETTLING = 20  # runs, until nothing is copied any more


@dataclass(frozen=True)
class Write:
    """One write of a log. ``acknowledged``: the store said that it is done; otherwise it may be there or not."""

    number: int
    key: str
    side: str
    acknowledged: bool


@dataclass
class History:
    """What writers have done. A key has one writer, so its numbers grow with time."""

    writes: list[Write] = field(default_factory=list)

    def wrong(self, held: Mapping[str, Mapping[str, bytes]]) -> dict[str, str]:
        """By side and key what is not as the log says. ``held``: the bytes of each side's objects."""
        tried: dict[str, set[int]] = {}
        newest: dict[str, int] = {}
        for write in self.writes:
            tried.setdefault(write.key, set()).add(write.number)
            if write.acknowledged:
                newest[write.key] = write.number
        keys = sorted(newest.keys() | {k for side in held.values() for k in side})
        found = {
            f"{name} {key}": _wrong(side.get(key), newest.get(key, 0), tried.get(key, set()))
            for name, side in held.items()
            for key in keys
        }
        apart = {f"both {k}": "differ" for k in keys if len({side.get(k) for side in held.values()}) > 1}
        return {where: what for where, what in {**found, **apart}.items() if what}


def _wrong(data: bytes | None, newest: int, tried: set[int]) -> str:
    if data is None:
        return f"missing, and {newest} was acknowledged" if newest else ""
    numbers = set(data.split())
    if len(numbers) != 1:
        return f"a mixture of {len(numbers)} versions"
    number = int(numbers.pop())
    if number not in tried:
        return f"{number} was never written"
    return f"{number}, and {newest} was acknowledged" if number < newest else ""


def body(number: int, size: int) -> bytes:
    """An object that tells its number throughout, so that a mixture of two shows."""
    line = b"%d\n" % number
    return line * max(1, size // len(line))


@dataclass
class Writer:
    """One thread. ``active``: the side that is written to. ``pause``: seconds between two writes."""

    number: int
    stores: Mapping[str, Store]
    active: list[str]
    ended: threading.Event
    pause: float
    log: list[Write] = field(default_factory=list)

    def work(self) -> None:
        """Until the end."""
        clients = {name: store.s3() for name, store in self.stores.items()}
        chance = Random(self.number)  # noqa: S311 - to be repeated
        for count in range(1, 10**9):
            if self.ended.wait(self.pause):
                return
            side, key = self.active[0], f"w{self.number}/{chance.randrange(KEYS)}"
            size = LARGE if chance.random() < 0.01 else 1000
            self.log.append(Write(count, key, side, _put(clients[side], key, body(count, size))))


def _put(client: Any, key: str, data: bytes) -> bool:
    try:
        client.put_object(Bucket=BUCKET, Key=key, Body=data)
    except (ClientError, BotoCoreError):
        return False
    return True


@dataclass
class Copies:
    """One process after the other."""

    command: list[str]
    chance: Random
    ended: threading.Event
    counts: Counter[str] = field(default_factory=Counter)

    def work(self) -> None:
        """Until the end; every other one is killed, early or late."""
        while not self.ended.is_set():
            child = self._started()
            try:
                child.communicate(timeout=self.chance.uniform(0.3, 4) if self.chance.random() < 0.5 else 120)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate()
                self.counts["killed"] += 1
            self.counts["runs"] += 1

    def once(self) -> dict[str, Any]:
        """A whole run's report."""
        child = self._started()
        said, _ = child.communicate(timeout=600)
        told: dict[str, Any] = json.loads(said) if child.returncode in (0, 2) else {}
        return told

    def _started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


@contextmanager
def _in_threads(*works: Any) -> Iterator[None]:
    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(work) for work in works]
        yield
        for future in futures:
            future.result()


def faults(
    ends: Ends, active: list[str], chance: Random, seconds: float, every: float, counts: Counter[str]
) -> None:
    """Failover, return, and a store that is down for a while, until the time is over; both run afterwards.

    Each of DEEDS happens at least once: a slow machine had killed no copy within four seconds.
    """
    stores, until = dict(zip(SIDES, (ends.source, ends.destination), strict=True)), time.monotonic() + seconds
    while _goes_on(until - time.monotonic(), counts):
        time.sleep(chance.uniform(0.5, 1) * every)
        active[0] = SIDES[active[0] == SIDES[0]]
        counts["failovers"] += 1
        if chance.random() < 0.5:
            down = stores[chance.choice(SIDES)]
            down.stop()
            time.sleep(chance.uniform(0.2, 1) * every)
            down.start()
            counts["stops"] += 1


def _goes_on(left: float, counts: Counter[str]) -> bool:
    return left > 0 or (left > -_GRACE and not all(counts[deed] for deed in DEEDS))


def held(store: Store) -> dict[str, bytes]:
    """What writers left, without what the operator keeps."""
    s3 = store.s3()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="w")
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def lived(ends: Ends, seconds: float, every: float, seed: int, writers: int) -> dict[str, Any]:
    """One life: what was done, and what is wrong in the end."""
    for store in (ends.source, ends.destination):
        store.s3().create_bucket(Bucket=BUCKET)
    chance, ended, active = Random(seed), threading.Event(), [SIDES[0]]  # noqa: S311 - to be repeated
    stores = dict(zip(SIDES, (ends.source, ends.destination), strict=True))
    threads = [Writer(n, stores, active, ended, writers * _EACH) for n in range(writers)]
    ways = [f"{side}/{BUCKET}" for side in SIDES]
    command = [
        "transfer",
        "copy",
        *ways,
        "--two-way",
        "-f",
        str(manifests(ends)),
        "--offline",
        "--format",
        "json",
    ]
    copies = Copies([sys.executable, "-m", "imagestore", *command, "--no-progress"], Random(seed + 1), ended)  # noqa: S311
    with _in_threads(copies.work, *(t.work for t in threads)):
        try:
            faults(ends, active, chance, seconds, every, copies.counts)
        finally:
            ended.set()
    settled = next((n for n in range(_SETTLING) if _is_settled(copies.once())), None)
    history = History([write for thread in threads for write in thread.log])
    found = history.wrong({name: held(store) for name, store in stores.items()})
    if settled is None:
        found["settled"] = f"not within {_SETTLING} runs"
    acknowledged = sum(write.acknowledged for write in history.writes)
    return {
        "writes": len(history.writes), "acknowledged": acknowledged, **copies.counts, "wrong": found,
        "log": [asdict(write) for write in history.writes],
    }  # fmt: skip


def _is_settled(report: Mapping[str, Any]) -> bool:
    nothing = report.get("copied", {}).get("objects") == 0 and not report.get("failed")
    return bool(report.get("complete")) and nothing


def main() -> int:
    """The exit code: 0 if nothing was lost."""
    parser = argparse.ArgumentParser(prog="python -m dev.soak.history", description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="default %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of faults; default %(default)s")
    parser.add_argument("--writers", type=int, default=64, help="default %(default)s")
    parser.add_argument("--log", type=Path, help="where the log of all writes goes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="imagestore-") as name:
        folder = Path(name)
        with minio(folder, name="a", kms=False) as a, minio(folder, name="b", kms=False) as b:
            found = lived(Ends(a, b, folder, None), options.minutes * 60, 10.0, options.seed, options.writers)
    log = found.pop("log")
    if options.log:
        options.log.write_text("".join(f"{json.dumps(line)}\n" for line in log))
    print(json.dumps(found | {"at": datetime.now(UTC).isoformat(timespec="seconds")}))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
