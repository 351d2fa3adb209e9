"""`python -m dev.bench`: measure, print a table, keep the raw data."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev.bench import process
from dev.bench.api import connected
from dev.bench.curves import draw
from dev.bench.page import page
from dev.bench.phases import Bench, Numbers
from dev.bench.report import merged, refused, table
from dev.bench.world import world

DOCS = Path(__file__).resolve().parents[2] / "docs"
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
# The bench asks what the operator can do, so it is not held back; the default is 100 a second.
LIMITS = {"requestsPerSecond": 100000, "burst": 100000, "concurrency": 16}
PHASES = ("create", "edit", "restart", "edit-restart", "look", "delete")


def main() -> None:
    """All sizes, one after the other, each in a world of its own."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench", description=main.__doc__)
    parser.add_argument("--sizes", default="100,1000,5000", help="default %(default)s")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each size; default %(default)s")
    parser.add_argument("--edits", type=int, default=200, help="edits that are timed; default %(default)s")
    parser.add_argument("--concurrency", type=int, default=LIMITS["concurrency"], help="default %(default)s")
    parser.add_argument("--phases", default=",".join(PHASES), help="default %(default)s")
    parser.add_argument("--output", type=Path, help="where the raw data goes, as JSON")
    parser.add_argument("--keep", action="store_true",
        help="write docs/benchmarks.md and its raw data, beside what else was measured on this day")  # fmt: skip
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",") for _ in range(options.repeat)]
    found = [numbers for size in sizes for numbers in asyncio.run(_measure(size, options))]
    print(table(found), *refused(found), sep="\n")
    raw = _raw(found)
    if options.output:
        options.output.write_text(json.dumps(raw, indent=1) + "\n")
    if options.keep:
        _keep(raw)


def _keep(raw: dict[str, Any]) -> None:
    data = DOCS / "benchmarks" / f"{str(raw['at'])[:10]}.json"
    data.parent.mkdir(exist_ok=True)
    if data.exists():
        raw = merged(json.loads(data.read_text()), raw)
    data.write_text(json.dumps(raw, indent=1) + "\n")
    curves = data.with_suffix(".svg")
    draw(raw["numbers"], curves)
    soaks = {
        str(p.relative_to(DOCS)): json.loads(p.read_text()) for p in sorted(data.parent.glob("soak-*.json"))
    }
    name, picture = (str(path.relative_to(DOCS)) for path in (data, curves))
    (DOCS / "benchmarks.md").write_text(page(raw, name, picture, soaks))


def _raw(found: list[Numbers]) -> dict[str, Any]:
    return {
        "command": " ".join(["python -m dev.bench", *sys.argv[1:]]),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": process.machine(),
        "numbers": [n.to_json() for n in found],
    }


async def _measure(size: int, options: argparse.Namespace) -> list[Numbers]:
    found: list[Numbers] = []

    def say(numbers: Numbers) -> None:
        found.append(numbers)
        print(table([numbers]).splitlines()[2], flush=True)

    with tempfile.TemporaryDirectory(prefix="imagestore-bench-", dir=MEMORY) as folder:
        async with _bench(Path(folder), size, options.concurrency) as bench:
            await _phases(bench, options, say)
    return found


@asynccontextmanager
async def _bench(folder: Path, size: int, concurrency: int) -> AsyncIterator[Bench]:
    with world(folder, LIMITS | {"concurrency": concurrency}) as there:
        async with connected(there.cluster) as (api, follower):
            yield Bench(there, api, follower, size)


async def _phases(bench: Bench, options: argparse.Namespace, say: Callable[[Numbers], None]) -> None:
    phases = options.phases.split(",")
    with bench.world.operator() as operator:
        say(await bench.create(operator))
        if "edit" in phases:
            say(await bench.edits(operator, options.edits))
    if "restart" in phases:
        say(await bench.restart())
    if "edit-restart" in phases:
        say(await bench.edits_during_restart(options.edits // 4))
    if "look" in phases:
        say(await bench.round(12))
    if "delete" in phases:
        with bench.world.operator() as operator:
            say(await bench.delete(operator))


if __name__ == "__main__":
    main()
