"""`python -m dev.bench.backups`: a bucket backed up, restored and pruned by us, restic and kopia, in turns, on one machine.

The bucket is on one MinIO server, the repositories are on another one. restic is Debian's, kopia is built from its Go module,
rclone comes from the package registry; mounting needs /dev/fuse and root.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from dev.bench import process
from dev.bench.counting import store_calls
from dev.bench.mounting import Kopia, Restic
from dev.bench.mover import objects_of
from dev.bench.moving import MEBI, Ends, Load, emptied
from dev.bench.phases import SETTLE
from dev.bench.pictures import jpeg, png
from dev.bench.rivals import GRACE, Imagestore, Rival
from dev.bench.running import Spent
from dev.bench.world import counting_minio
from dev.stores import Store
from imagestore.core.objects import ObjectAttributes, ObjectUpload

_BEGIN: Mapping[str, str] | None = {}
RIVALS: tuple[type[Rival], ...] = (Imagestore, Restic, Kopia)
_CHANGED = 10  # one object in so many is another one in the last backup


@dataclass
class Cost:
    """One phase of one program. ``server_cpu``: of both MinIO servers. ``requests``: to the source and to the repository."""

    phase: str
    who: str
    spent: Spent
    server_cpu: float
    requests: tuple[int, int]
    size: int

    def row(self) -> str:
        """Of a Markdown table."""
        s = self.spent
        return (
            f"| {self.phase} | {self.who} | {s.seconds:.1f} | {s.cpu:.1f} | {self.server_cpu:.1f} | {s.peak:.0f}"
            f" | {self.requests[0]} | {self.requests[1]} | {self.size / 1e6:.0f} |"
        )


HEAD = """| phase | program | seconds | CPU s | CPU s of both MinIO | peak MB | requests to the source | to the repository | repository MB |
|---|---|---|---|---|---|---|---|---|"""


@dataclass
class BackupBench:
    """One load, and a repository of each program."""

    ends: Ends
    load: Load
    rivals: list[Rival]
    found: list[Cost] = field(default_factory=list)

    @property
    def servers(self) -> tuple[Store, Store]:
        """Source and repository."""
        return self.ends.source, self.ends.destination

    def fill(self) -> None:
        """The source bucket, with pictures."""
        self.ends.source.s3().create_bucket(Bucket=self.load.bucket)
        self.put(range(self.load.count), seed=1)

    def put(self, numbers: range, seed: int) -> None:
        """Pictures of this load's size, in folders of four hundred."""
        store = objects_of(self.ends.source.coordinates())
        make, kind = (png, "png") if self.load.size > MEBI else (jpeg, "jpeg")
        attributes = ObjectAttributes({"content-type": f"image/{kind}"})

        def put(number: int) -> None:
            key = f"{number // 400:03}/{number:06}.{kind}"
            data = make(self.load.size, random.Random(f"{seed}-{number}"))  # noqa: S311
            store.write(self.load.bucket, key, ObjectUpload(data, len(data)), attributes)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(put, numbers))

    def run(self) -> None:
        """All phases, each by all programs before the next one."""
        self.fill()
        for rival in self.rivals:
            self.ends.destination.s3().create_bucket(Bucket=rival.bucket)
            rival.create()
        self.phase("first backup", lambda rival: rival.back_up())
        self.phase("unchanged", lambda rival: rival.back_up())
        self.phase("restore", self._restored)
        self.put(range(0, self.load.count, _CHANGED), seed=2)
        self.phase(f"one in {_CHANGED} changed", lambda rival: rival.back_up())
        self.phase("prune", lambda rival: rival.prune())

    def _restored(self, rival: Rival) -> Spent:
        bucket, s3 = f"{rival.bucket}-back", self.ends.source.s3()
        s3.create_bucket(Bucket=bucket)
        spent = rival.restore(bucket)
        emptied(objects_of(self.ends.source.coordinates()), bucket, self.load.count)
        return spent

    def phase(self, name: str, work: Callable[[Rival], Spent], rivals: list[Rival] | None = None) -> None:
        """One phase, by all or by some."""
        for rival in rivals or self.rivals:
            used, calls = self._used(), [store_calls(store) for store in self.servers]
            spent = work(rival)
            used = self._used() - used
            time.sleep(SETTLE)
            asked = [_difference(store, before) for store, before in zip(self.servers, calls, strict=True)]
            cost = Cost(name, rival.name, spent, used, (asked[0], asked[1]), self._size(rival.bucket))
            self.found.append(cost)
            print(f"{self.load.bucket}: {cost.row()} load {process.machine()['load']}", flush=True)

    def _used(self) -> float:
        return sum(process.cpu(s.pid) for store in self.servers for s in store.servers if s.pid is not None)

    def _size(self, bucket: str) -> int:
        store, after, total = objects_of(self.ends.destination.coordinates()), _BEGIN, 0
        while after is not None:
            page = store.objects(bucket, after)
            total += sum(item.size for item in page.items)
            after = page.after
        return total


def _difference(store: Store, before: Counter[str]) -> int:
    return sum((store_calls(store) - before).values())


def table(benches: list[BackupBench]) -> Iterator[str]:
    """All that was measured, by load."""
    for bench in benches:
        yield f"\n{bench.load.count} x {bench.load.size // 1024} KiB\n\n{HEAD}"
        yield from (cost.row() for cost in bench.found)


def main() -> None:
    """Small and large pictures, each program in turn."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.backups", description=main.__doc__)
    parser.add_argument("--small", type=int, default=20_000, help="objects of 16 KiB; default %(default)s")
    parser.add_argument("--large", type=int, default=200, help="objects of 16 MiB; default %(default)s")
    parser.add_argument(
        "--only", default="", help="only these programs, by name with commas between; default all"
    )
    parser.add_argument(
        "--folder", type=Path, help="where servers and repositories are; default: a temporary one"
    )
    options = parser.parse_args()
    loads = [Load("small", options.small, 16 * 1024), Load("large", options.large, 16 * MEBI)]
    with tempfile.TemporaryDirectory(prefix="imagestore-", dir=options.folder) as name:
        measure(
            Path(name),
            [load for load in loads if load.count],
            options.only.split(",") if options.only else [],
        )


def measure(folder: Path, loads: list[Load], only: list[str]) -> None:
    """All loads. What our prune has condemned is deleted when the grace time is over."""
    benches = []
    with counting_minio(folder, "a") as a, counting_minio(folder, "b") as b:
        ends = Ends(a, b, folder, None)
        for load in loads:
            rivals = [_rival(kind, ends, load) for kind in RIVALS if not only or kind.name in only]
            benches.append(BackupBench(ends, load, rivals))
            benches[-1].run()
        ours = [
            (bench, rival) for bench in benches for rival in bench.rivals if isinstance(rival, Imagestore)
        ]
        if ours:
            time.sleep(GRACE)
        for bench, rival in ours:
            bench.phase("prune, after the grace time", lambda r: r.prune(), [rival])
    print(process.machine(), *table(benches), sep="\n")


def _rival(kind: type[Rival], ends: Ends, load: Load) -> Rival:
    folder = ends.folder / f"{load.bucket}-{kind.name}"
    folder.mkdir()
    return kind(ends, load.bucket, folder)


if __name__ == "__main__":
    main()
