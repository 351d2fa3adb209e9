"""`python -m dev.bench`: measure, print a table, keep the raw data."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from dev.bench import folder, policies, process
from dev.bench.api import connected
from dev.bench.curves import draw
from dev.bench.page import page
from dev.bench.phases import Bench, Numbers
from dev.bench.report import merged, refused, table
from dev.bench.world import LIMITS, MEMORY, world

DOCS = Path(__file__).resolve().parents[2] / "docs"
PHASES = ("create", "edit", "restart", "edit-restart", "look", "delete")


def main() -> None:
    """All sizes, one after the other, each in a world of its own."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench", description=main.__doc__)
    parser.add_argument("--sizes", default="100,1000,5000", help="default %(default)s")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each size; default %(default)s")
    parser.add_argument("--edits", type=int, default=200, help="edits that are timed; default %(default)s")
    parser.add_argument("--concurrency", type=int, default=LIMITS["concurrency"], help="default %(default)s")
    parser.add_argument("--policies", default="40x200",
        help="LifecyclePolicies and buckets in a world of their own, 0x0 for none; default %(default)s")  # fmt: skip
    parser.add_argument("--folder", type=int, default=1000,
        help="manifests that `imagestore apply` carries out without a cluster, 0 for none; default %(default)s")  # fmt: skip
    parser.add_argument("--phases", default=",".join(PHASES), help="default %(default)s")
    parser.add_argument("--output", type=Path, help="where the raw data goes, as JSON")
    parser.add_argument("--keep", nargs="?", const=f"{datetime.now(UTC):%Y-%m-%d}", metavar="DAY",
        help="write docs/benchmarks.md and its raw data, beside what else was measured on this day; default today")  # fmt: skip
    options = parser.parse_args()
    sizes = [int(size) for size in filter(None, options.sizes.split(",")) for _ in range(options.repeat)]
    limits = LIMITS | {"concurrency": options.concurrency}
    measured = partial(_measure, limits)
    found = [numbers for size in sizes for numbers in asyncio.run(measured(size, partial(_phases, options)))]
    many, buckets = map(int, options.policies.split("x"))
    if many:
        found += asyncio.run(measured(buckets, partial(_policies, many)))
    for _ in range(options.repeat if options.folder else 0):
        found += asyncio.run(_folder(options.folder, limits))
    print(table(found), *refused(found), sep="\n")
    raw = _raw(found)
    if options.output:
        options.output.write_text(json.dumps(raw, indent=1) + "\n")
    if options.keep:
        _keep(raw, options.keep)


def _keep(raw: dict[str, Any], day: str) -> None:
    data = DOCS / "benchmarks" / f"{day}.json"
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
    chapters = [p.read_text() for p in sorted(data.parent.glob("*.md"))]
    (DOCS / "benchmarks.md").write_text(page(raw, name, picture, soaks, chapters))


def _raw(found: list[Numbers]) -> dict[str, Any]:
    return {
        "command": " ".join(["python -m dev.bench", *sys.argv[1:]]),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": process.machine(),
        "numbers": [n.to_json() for n in found],
    }


Say = Callable[[Numbers], None]
Limits = dict[str, int]


async def _measure(
    limits: Limits, size: int, measure: Callable[[Bench, Say], Awaitable[None]]
) -> list[Numbers]:
    found: list[Numbers] = []

    def say(numbers: Numbers) -> None:
        found.append(numbers)
        print(table([numbers]).splitlines()[2], flush=True)

    with (
        tempfile.TemporaryDirectory(prefix="imagestore-bench-", dir=MEMORY) as folder,
        world(Path(folder), limits) as there,
    ):
        async with connected(there.cluster) as (api, follower):
            await measure(Bench(there, api, follower, size), say)
    return found


async def _folder(size: int, limits: Limits) -> list[Numbers]:
    found = []
    async for numbers in folder.measure(size, limits):
        found.append(numbers)
        print(table([numbers]).splitlines()[2], flush=True)
    return found


async def _phases(options: argparse.Namespace, bench: Bench, say: Say) -> None:
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


async def _policies(many: int, bench: Bench, say: Say) -> None:
    with bench.world.operator() as operator:
        async for numbers in policies.measure(bench, operator, many):
            say(numbers)


if __name__ == "__main__":
    main()
