"""`python -m dev.bench.again`: a second copy of unchanged keys, beside the time to list both sides.

Both MinIO servers unpack the same archives into objects. The first copy compares them and writes the journal. Then a process that
lists both sides at once, and does nothing else, and a copy run by turns.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev.bench.listing import archive
from dev.bench.mover import objects_of
from dev.bench.moving import Ends, ours
from dev.bench.process import cpu, machine
from dev.bench.running import Spent
from dev.bench.world import MEMORY
from dev.stores import Store, minio
from imagestore.backends.objects import ObjectStore
from imagestore.core.objects import ObjectAttributes, ObjectUpload

BUCKET = "again"
AT_ONCE = 1000  # keys of an archive
HEAD = """| | keys | seconds | CPU s | CPU s of the stores | MB |
|---|---|---|---|---|---|"""


def fill(store: Store, keys: int) -> None:
    """The same keys and bytes in each store."""
    store.s3().create_bucket(Bucket=BUCKET)
    objects, unpacked = (
        objects_of(store.coordinates()),
        ObjectAttributes(metadata={"snowball-auto-extract": "true"}),
    )
    for number, first in enumerate(range(0, keys, AT_ONCE)):
        objects.write(
            BUCKET, f"{number}.tar", ObjectUpload(archive(number, min(AT_ONCE, keys - first))), unpacked
        )


def listed(store: ObjectStore) -> int:
    """All current objects, page by page, as the operator's own client reads them."""
    count = 0
    after: Mapping[str, str] | None = {}
    while after is not None:
        page = store.objects(BUCKET, after)
        count += len(page.items)
        after = page.after
    return count


def list_both() -> None:
    """The process that is compared with: told by JSON on its standard input."""
    with ThreadPoolExecutor(2) as pool:
        print(sum(pool.map(listed, map(objects_of, json.load(sys.stdin)))))


def measured(ends: Ends, keys: int, pairs: int) -> list[str]:
    """Rows of a Markdown table."""
    told = json.dumps([s.coordinates() for s in (ends.source, ends.destination)])
    pids = [server.pid or 0 for s in (ends.source, ends.destination) for server in s.servers]
    lister = [sys.executable, "-m", "dev.bench.again", "--list"]
    found: dict[str, list[tuple[Spent, float]]] = {"list both sides": [], "second copy": []}
    ours(ends, BUCKET, BUCKET)
    for _ in range(pairs):
        for name, spent in found.items():
            before = sum(map(cpu, pids))
            one = ends.run(lister, told) if name == "list both sides" else ours(ends, BUCKET, BUCKET)
            spent.append((one, sum(map(cpu, pids)) - before))
            print(name, *spent[-1], flush=True)
    rows = [_row(name, keys, spent) for name, spent in found.items()]
    both = list(zip(found["second copy"], found["list both sides"], strict=True))
    ratios = {
        "seconds": [a.seconds / b.seconds for (a, _), (b, _) in both],
        "CPU of the process": [a.cpu / b.cpu for (a, _), (b, _) in both],
        "CPU with the stores": [(a.cpu + x) / (b.cpu + y) for (a, x), (b, y) in both],
    }
    return [*rows, "", *(f"{name}, as a ratio: {_spread(values)}" for name, values in ratios.items())]


def _row(name: str, keys: int, spent: list[tuple[Spent, float]]) -> str:
    seconds, work, stores = (
        _spread(values)
        for values in ([s.seconds for s, _ in spent], [s.cpu for s, _ in spent], [x for _, x in spent])
    )
    return f"| {name} | {keys} | {seconds} | {work} | {stores} | {max(s.peak for s, _ in spent):.0f} |"


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.again", description=main.__doc__)
    parser.add_argument("--keys", type=int, default=200_000, help="in each bucket; default %(default)s")
    parser.add_argument("--pairs", type=int, default=5, help="default %(default)s")
    parser.add_argument("--list", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.list:
        list_both()
        return
    memory = MEMORY if MEMORY.is_dir() else None  # MinIO makes a folder and a file for each object
    with tempfile.TemporaryDirectory(prefix="imagestore-", dir=memory) as name:
        folder = Path(name)
        with minio(folder, name="a", kms=False) as a, minio(folder, name="b", kms=False) as b:
            for store in (a, b):
                fill(store, options.keys)
            rows = measured(Ends(a, b, folder, None), options.keys, options.pairs)
    print(machine(), HEAD, *rows, sep="\n")


if __name__ == "__main__":
    main()
