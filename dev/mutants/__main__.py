"""`python -m dev.mutants`: change a sample of the pure code place by place; report what no unit test notices."""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev.mutants.reach import reach
from dev.mutants.sites import Site, sites
from dev.mutants.tests import PASSED, in_fork, preload
from dev.mutants.trial import KILLED, Trial
from dev.programs.progress import say

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "operator" / "imagestore"
ROOMS = ("core", "facets", "api", "forecast", "pricing", "reconcile")
MIXED = ("transfer", "repository")  # here only modules whose first line says that they are pure
_SAMPLES = "api/samples"  # values for documentation and tests, no logic
_LEAST = 0.95
_LIMIT = 6 * 3600.0


def main() -> int:
    """0 when enough of the sample is killed."""
    options = _options()
    os.chdir(ROOT)
    sources = {path: path.read_text() for path in _files()}
    everywhere = [site for path, text in sources.items() for site in sites(path, text)]
    chosen = [site for site in everywhere if options.only in str(site)]
    sample = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))  # noqa: S311
    say(f"{len(sample)} of {len(chosen)} changes; first every unit test once, to see what it reaches ...")
    preload()
    with tempfile.TemporaryDirectory() as folder:
        found = reach(sources, options.reach or Path(folder) / "reach.json")
        say(f"{len(found.seconds)} tests in {sum(found.seconds.values()):.0f} s; now the changes ...")
        outcomes = dict(_tried(Trial(sources, found), sample, options.jobs, Path(folder)))
    return _report(sample, outcomes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=200, help="how many changes are tried")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--reach", type=Path, help="a file that keeps what the tests reach, for another run")
    parser.add_argument("--only", default="", help="only changes whose line in the report contains this")
    return parser.parse_args()


def _files() -> Iterator[Path]:
    for room in ROOMS:
        yield from (f for f in sorted((PACKAGE / room).rglob("*.py")) if _SAMPLES not in f.as_posix())
    for room in MIXED:
        yield from (f for f in sorted((PACKAGE / room).rglob("*.py")) if _says_pure(f))


def _says_pure(file: Path) -> bool:
    return file.read_text().partition("\n")[0].rstrip('"').endswith(" Pure.")


def _tried(trial: Trial, sample: Sequence[Site], jobs: int, folder: Path) -> Iterator[tuple[Site, str]]:
    """In as many processes as there are jobs, each with its share."""
    begun = time.monotonic()
    shares = [sample[first::jobs] for first in range(jobs)]
    files = [folder / f"share-{number}" for number in range(jobs)]
    loud = os.dup(2)

    def work(share: Sequence[Site], file: Path) -> int:
        def tell(site: Site, outcome: str) -> None:
            with file.open("a") as lines:
                lines.write(json.dumps([str(site), site.number, outcome]) + "\n")
            os.write(loud, f"  {time.monotonic() - begun:4.0f} s  {outcome}: {_short(site)}\n".encode())

        trial.of(share, tell, file.with_suffix(".again"))
        return PASSED

    with ThreadPoolExecutor(jobs) as pool:
        done = list(
            pool.map(lambda pair: in_fork(lambda: work(*pair), _LIMIT), zip(shares, files, strict=True))
        )
    if any(code != PASSED for code in done):
        raise RuntimeError(f"a process that tried changes ended with {done}")
    by_name = {(str(site), site.number): site for site in sample}
    for file in files:
        for line in file.read_text().splitlines() if file.exists() else ():
            name, number, outcome = json.loads(line)
            yield by_name[name, number], outcome


def _report(sample: Sequence[Site], outcomes: Mapping[Site, str]) -> int:
    killed = [site for site in sample if outcomes[site] == KILLED]
    for site in sample:
        if outcomes[site] != KILLED:
            print(f"{outcomes[site]}: {_short(site)}")
    kinds = sorted({site.kind for site in sample})
    for kind in kinds:
        of_kind = [site for site in sample if site.kind == kind]
        print(f"{kind}s: {sum(site in killed for site in of_kind)} of {len(of_kind)} killed")
    print(f"{len(killed)} of {len(sample)} killed ({len(killed) / len(sample):.1%})")
    return int(len(killed) < _LEAST * len(sample))


def _short(site: Site) -> str:
    return str(site).removeprefix(f"{ROOT}/")


if __name__ == "__main__":
    sys.exit(main())
