"""Which tests reach which block of the pure code, and how long each takes."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.mutants import blocks
from dev.mutants.blocks import MARKS, Block, marked
from dev.mutants.loading import Changed
from dev.mutants.swap import caches
from dev.mutants.tests import FAILED, PASSED, Collected, in_fork, run, with_tests

_LIMIT = 3600.0


@dataclass(frozen=True)
class Reach:
    """The tests by the blocks they reach, the blocks that run when the package is imported, seconds by test."""

    tests: Mapping[Block, frozenset[str]]
    imported: frozenset[Block]
    seconds: Mapping[str, float]

    def of(self, block: Block) -> list[str]:
        """The tests that reach this block, quick ones first."""
        return self.quick_first(self.tests.get(block, frozenset()))

    def of_files(self, paths: frozenset[str]) -> list[str]:
        """The tests that reach any block of these files, quick ones first."""
        return self.quick_first(
            {t for (path, _), tests in self.tests.items() if path in paths for t in tests}
        )

    def quick_first(self, tests: frozenset[str] | set[str]) -> list[str]:
        """Quick ones first, and one of each function before all others with other parameters."""
        ordered = sorted(tests, key=lambda test: (self.seconds[test], test))
        firsts = set({test.partition("[")[0]: test for test in reversed(ordered)}.values())
        return sorted(ordered, key=lambda test: test not in firsts)


def reach(sources: Mapping[Path, str], file: Path) -> Reach:
    """Run every unit test once, in a fork, with a mark in each block of these files; not when `file` is there already."""
    if not file.exists() and in_fork(lambda: _run_all(sources, file), _LIMIT) != PASSED:
        said = _failures(file).read_text() if _failures(file).exists() else "they ended early"
        raise RuntimeError(f"the unit tests fail as they are:\n{said}")
    imported, found = json.loads(file.read_text())
    tests: dict[Block, set[str]] = {}
    for test, (_, reached) in found.items():
        for path, line in reached:
            tests.setdefault((path, line), set()).add(test)
    return Reach(
        {block: frozenset(names) for block, names in tests.items()},
        frozenset((path, line) for path, line in imported),
        {test: seconds for test, (seconds, _) in found.items()},
    )


def _run_all(sources: Mapping[Path, str], file: Path) -> int:
    Changed({path: marked(path, text) for path, text in sources.items()}, blocks.names()).install()
    return PASSED if with_tests((), lambda items, plugin: _record(items, plugin, file)) else FAILED


def _failures(file: Path) -> Path:
    """A fork has no output, and of one failure in ten minutes nothing else was left."""
    return file.with_suffix(".failures")


def _record(items: Sequence[pytest.Item], plugin: Collected, file: Path) -> None:
    imported, found, remembering = sorted(MARKS), {}, caches()
    for item in items:
        for cache in remembering:  # else only the first test of many would reach what is cached
            cache.cache_clear()
        MARKS.clear()
        begun = time.monotonic()
        run(item)
        found[item.nodeid] = (time.monotonic() - begun, sorted(MARKS))
    if plugin.failures:
        _failures(file).write_text("\n".join(plugin.failures))
        return
    file.write_text(json.dumps([imported, found]))
