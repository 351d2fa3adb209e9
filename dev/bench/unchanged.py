"""`python -m dev.bench.unchanged`: a backup of a bucket of which nothing changed, beside the listing of that bucket.

The bucket is on one MinIO, the repository on another one. In turns, in this process: the listing by the operator's own client, a backup that
compares and reads nothing again, and one that reads the metadata of its share, as backups do unless they are told otherwise.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dev.bench.again import BUCKET, fill, listed
from dev.bench.mover import objects_of
from dev.bench.process import cpu, machine
from dev.bench.world import MEMORY
from dev.stores import Store, minio
from imagestore.repository.format.roots import BackupRoot, SourceName
from imagestore.repository.format.slots import OpeningSecret, SlotKind
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import RepositoryFiles
from imagestore.repository.store.opening import open_repository
from imagestore.transfer.job import TransferEnd

_KEY = OpeningSecret(SlotKind.SECRET, b"0123456789abcdef0123456789abcdef")
HEAD = """| | keys | seconds | CPU s | CPU s of the stores |
|---|---|---|---|---|"""


class Took(NamedTuple):
    """One action. ``stores``: CPU seconds of both servers."""

    seconds: float
    cpu: float
    stores: float


class UnchangedBench:
    """A bucket, and a repository with one backup of it."""

    def __init__(self, source: Store, place: Store, keys: int) -> None:
        self.keys = keys
        self.pids = [server.pid or 0 for s in (source, place) for server in s.servers]
        self.end = TransferEnd(objects_of(source.coordinates()), BUCKET)
        place.s3().create_bucket(Bucket="repository")
        self.files = RepositoryFiles(objects_of(place.coordinates()), "repository")
        create_repository(
            self.files, SourceName(self.end.store.name, BUCKET), {"secret": _KEY}, os.urandom, sealed=True
        )
        self.back_up()

    def back_up(self, reread: int = 0) -> BackupRoot:
        """As a command does that was started for it."""
        return back_up(open_repository(self.files, _KEY, os.urandom), self.end, BackupOptions(reread=reread))

    def took(self, action: Callable[[], object]) -> Took:
        """What an action costs; all of its threads are of this process."""
        began, used, stores = time.monotonic(), time.process_time(), sum(map(cpu, self.pids))
        action()
        return Took(time.monotonic() - began, time.process_time() - used, sum(map(cpu, self.pids)) - stores)

    def rows(self, pairs: int) -> list[str]:
        """Rows of a Markdown table, and what backups cost as ratios."""
        share = BackupOptions().reread
        actions: dict[str, Callable[[], object]] = {
            "listing": lambda: listed(self.end.store),
            "unchanged backup": self.back_up,
            f"unchanged backup, metadata of one in {share}": lambda: self.back_up(share),
        }
        found: dict[str, list[Took]] = {name: [] for name in actions}
        for _ in range(pairs):
            for name, action in actions.items():
                found[name].append(self.took(action))
                print(name, found[name][-1], flush=True)
        base = found.pop("listing")
        rows = [self._row(name, took) for name, took in {"listing": base, **found}.items()]
        return [*rows, "", *(_ratios(name, took, base) for name, took in found.items())]

    def _row(self, name: str, took: list[Took]) -> str:
        columns = " | ".join(_spread([t[n] for t in took]) for n in range(3))
        return f"| {name} | {self.keys} | {columns} |"


def _ratios(name: str, took: list[Took], base: list[Took]) -> str:
    pairs = list(zip(took, base, strict=True))
    told = {
        "seconds": [a.seconds / b.seconds for a, b in pairs],
        "CPU of the process": [a.cpu / b.cpu for a, b in pairs],
        "CPU with the stores": [(a.cpu + a.stores) / (b.cpu + b.stores) for a, b in pairs],
    }
    return f"{name} / listing: " + ", ".join(f"{what} {_spread(values)}" for what, values in told.items())


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.unchanged", description=main.__doc__)
    parser.add_argument("--keys", type=int, default=50_000, help="default %(default)s")
    parser.add_argument("--pairs", type=int, default=5, help="default %(default)s")
    options = parser.parse_args()
    memory = MEMORY if MEMORY.is_dir() else None  # MinIO makes a folder and a file for each object
    with tempfile.TemporaryDirectory(prefix="imagestore-", dir=memory) as name:
        folder = Path(name)
        with minio(folder, name="a", kms=False) as a, minio(folder, name="b", kms=False) as b:
            fill(a, options.keys)
            rows = UnchangedBench(a, b, options.keys).rows(options.pairs)
    print(machine(), HEAD, *rows, sep="\n")


if __name__ == "__main__":
    main()
