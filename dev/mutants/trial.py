"""Try changes one by one: in functions that are imported already where that is possible, else by a new import."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.mutants.blocks import Block, block_of
from dev.mutants.loading import Changed
from dev.mutants.reach import Reach
from dev.mutants.sites import Site, changed
from dev.mutants.swap import Imported, swappable
from dev.mutants.tests import BROKEN, FAILED, PASSED, Collected, any_fails, in_fork, with_tests

_LIMIT = 1800.0  # seconds for one change: a single test has a limit of its own
_NEAREST = 3  # files of tests that are tried before all others
# They judge most of what only an import reads: what is committed as generated from the models, and that values are frozen.
_JUDGES = ("tests/crdgen/test_generated.py", "tests/core/test_frozen.py")

Tell = Callable[[Site, str], None]
KILLED, SURVIVED, UNREACHED = "killed", "survived", "survived: no unit test runs it"


@dataclass(frozen=True)
class Trial:
    """The files as they are, and which tests reach what."""

    sources: Mapping[Path, str]
    reach: Reach

    def of(self, chosen: Sequence[Site], tell: Tell, notes: Path) -> None:
        """Try each, and tell what became of it; `notes` is a file of its own."""
        blocks = {site: block for site in chosen if (block := self._block(site))}
        functions = functools.partial(self._of_functions, blocks, tell, notes)
        if in_fork(functions, _LIMIT * len(blocks)) != PASSED:
            raise RuntimeError("the unit tests cannot be collected")
        again = set(notes.read_text().splitlines()) if notes.exists() else set()
        for site in chosen:  # the package is not imported here
            if site not in blocks or _name(site) in again:
                tell(site, KILLED if self._import_fails(site) else SURVIVED)

    def _of_functions(self, blocks: Mapping[Site, Block], tell: Tell, notes: Path) -> int:
        """Import and collect everything, then try each in a fork of this process."""

        def then(items: Sequence[pytest.Item], plugin: Collected) -> None:
            known, imported = {item.nodeid: item for item in items}, Imported()
            for site, block in blocks.items():
                tests = [known[name] for name in self.reach.of(block)]
                outcome = self._outcome(functools.partial(self._swap_and_try, imported, site, tests, plugin))
                if outcome == PASSED and block in self.reach.imported:
                    with notes.open("a") as lines:
                        lines.write(f"{_name(site)}\n")
                else:
                    tell(site, KILLED if outcome != PASSED else SURVIVED if tests else UNREACHED)

        return PASSED if with_tests((), then) else FAILED

    def _swap_and_try(
        self, imported: Imported, site: Site, tests: Sequence[pytest.Item], plugin: Collected
    ) -> int:
        imported.swap(site.path, changed(self.sources[site.path], site.number))
        return FAILED if any_fails(tests, plugin) else PASSED

    def _block(self, site: Site) -> Block | None:
        """The block around it, None for what only an import runs or what cannot be changed once it is imported."""
        source = self.sources[site.path]
        block = block_of(site.path, source, site.line, site.column)
        return block if swappable(site.path, source, changed(source, site.number)) else None

    def _import_fails(self, site: Site) -> bool:
        return any(
            self._outcome(functools.partial(self._import_and_try, site, tests)) != PASSED
            for tests in self._stages(site)
        )

    def _stages(self, site: Site) -> Iterator[Sequence[str]]:
        """What judges every declaration, the nearest files, what reaches this module, what reaches its importers."""
        near = self.reach.quick_first(
            {*self.reach.of_files(frozenset({str(site.path)})), *self._naming(site.path)}
        )
        count = Counter(test.partition("::")[0] for test in near)
        nearest = sorted(count, key=lambda file: (site.path.stem not in file, -count[file]))[:_NEAREST]
        yield ()
        yield [test for test in near if test.startswith(tuple(nearest))]
        yield [test for test in near if not test.startswith(tuple(nearest))]
        far = self.reach.of_files(frozenset(map(str, self._importers(site.path))))
        yield sorted(set(far) - set(near), key=far.index)

    def _importers(self, path: Path) -> Iterator[Path]:
        """Files that name this module in an import."""
        return (other for other, text in self.sources.items() if _imports(text, path.stem))

    def _naming(self, path: Path) -> Iterator[str]:
        """Tests of files that name it: a table has no block that they could reach."""
        files = {test.partition("::")[0] for test in self.reach.seconds}
        naming = {file for file in files if _imports(Path(file).read_text(), path.stem)}
        return (test for test in self.reach.seconds if test.partition("::")[0] in naming)

    def _import_and_try(self, site: Site, tests: Sequence[str]) -> int:
        Changed({site.path: changed(self.sources[site.path], site.number)}).install()
        files = dict.fromkeys(test.partition("::")[0] for test in tests) or _JUDGES
        return PASSED if with_tests(files, lambda items, plugin: self._run(items, tests, plugin)) else FAILED

    def _run(self, items: Sequence[pytest.Item], tests: Sequence[str], plugin: Collected) -> None:
        known = {item.nodeid: item for item in items}
        any_fails([known[test] for test in tests if test in known] if tests else items, plugin)

    @staticmethod
    def _outcome(work: Callable[[], int]) -> int | None:
        """Of a fork; what breaks is this tool, not the code under test."""
        outcome = in_fork(work, _LIMIT)
        if outcome == BROKEN:
            raise RuntimeError(f"a change could not be tried: {work}")
        return outcome


def _imports(text: str, module: str) -> bool:
    return re.search(rf"import .*\b{module}\b|from \S*\b{module} import", text) is not None


def _name(site: Site) -> str:
    return f"{site.path}#{site.number}"
