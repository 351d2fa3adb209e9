"""Try changes one by one: in functions that are imported already where that is possible, else by a new import."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.mutants.blocks import Block, block_of
from dev.mutants.loading import Changed
from dev.mutants.reach import Reach
from dev.mutants.sites import Site, changed
from dev.mutants.swap import swap, swappable
from dev.mutants.tests import BROKEN, FAILED, PASSED, Collected, any_fails, in_fork, with_tests

_LIMIT = 1800.0  # seconds for one change: a single test has a limit of its own
# It compares what is committed with what the models say, and so judges most of what only an import reads.
_GENERATED = "tests/crdgen/test_generated.py"

Tell = Callable[[Site, str], None]
KILLED, SURVIVED, UNREACHED = "killed", "survived", "survived: no unit test runs it"


@dataclass(frozen=True)
class Trial:
    """The files as they are, and which tests reach what."""

    sources: Mapping[Path, str]
    reach: Reach

    def of(self, chosen: Sequence[Site], tell: Tell) -> None:
        """Try each, and tell what became of it."""
        inside = {site: block for site in chosen if (block := self._swappable(site))}
        for site in chosen:
            if site not in inside:  # before the package is imported here
                tell(site, self._imported(site))
        with_tests((), lambda items, plugin: self._swapped(inside, items, plugin, tell))

    def _swappable(self, site: Site) -> Block | None:
        """The block around it, when it only runs as part of tests and can be changed while it is imported."""
        source = self.sources[site.path]
        block = block_of(site.path, source, site.line, site.column)
        fits = block not in self.reach.imported and swappable(site.path, source, changed(source, site.number))
        return block if fits else None

    def _swapped(
        self, inside: Mapping[Site, Block], items: Sequence[pytest.Item], plugin: Collected, tell: Tell
    ) -> None:
        """Try them in forks of this process."""
        known = {item.nodeid: item for item in items}
        for site, block in inside.items():
            tests = [known[name] for name in self.reach.of(block)]
            killed = tests and self._fails(functools.partial(self._swap_and_try, site, tests, plugin))
            tell(site, KILLED if killed else SURVIVED if tests else UNREACHED)

    def _swap_and_try(self, site: Site, tests: Sequence[pytest.Item], plugin: Collected) -> int:
        swap(site.path, changed(self.sources[site.path], site.number))
        return FAILED if any_fails(tests, plugin) else PASSED

    @staticmethod
    def _fails(work: Callable[[], int]) -> bool:
        outcome = in_fork(work, _LIMIT)
        if outcome == BROKEN:
            raise RuntimeError(f"a change could not be tried: {work}")
        return outcome != PASSED

    def _imported(self, site: Site) -> str:
        """The nearest tests first, then those of all modules that import this one."""
        near = self.reach.of_files(frozenset({str(site.path)}))
        far = self.reach.of_files(frozenset(map(str, self._importers(site.path))))
        for tests in (near, [test for test in far if test not in set(near)]):
            if self._fails(functools.partial(self._import_and_try, site, tests)):
                return KILLED
        return SURVIVED

    def _importers(self, path: Path) -> Iterator[Path]:
        """Files that name this module in an import."""
        name = re.compile(rf"import .*\b{path.stem}\b|from \S*\b{path.stem} import")
        return (other for other, text in self.sources.items() if name.search(text))

    def _import_and_try(self, site: Site, tests: Sequence[str]) -> int:
        Changed({site.path: changed(self.sources[site.path], site.number)}).install()
        files = dict.fromkeys([_GENERATED, *(test.partition("::")[0] for test in tests)])
        return PASSED if with_tests(files, lambda items, plugin: self._run(items, tests, plugin)) else FAILED

    def _run(self, items: Sequence[pytest.Item], tests: Sequence[str], plugin: Collected) -> None:
        known = {item.nodeid: item for item in items}
        first = [item for item in items if item.nodeid.startswith(_GENERATED)]
        any_fails([*first, *(known[test] for test in tests if test in known)], plugin)
