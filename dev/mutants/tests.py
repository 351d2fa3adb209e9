"""The unit tests, collected once in this process and run as often as is asked, each time in a fork."""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

# What a fork tells by its exit code.
PASSED, FAILED, BROKEN = 0, 1, 2
_MEMORY = 6 * 2**30  # bytes: a loop that never ends may fill a list


class Collected:
    """A pytest plugin that hands the collected tests to `then` instead of running them."""

    def __init__(self, then: Callable[[Sequence[pytest.Item]], None]) -> None:
        self._then = then
        self.failures: list[str] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of pytest's own loop."""
        if session.testsfailed:
            raise session.Interrupted("a module cannot be imported")
        self._then(session.items)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that a test failed, in its setup, its call or its teardown."""
        if report.failed:
            self.failures.append(f"{report.nodeid} ({report.when})\n{report.longreprtext}")


_LIMIT = 300  # seconds for a test: one that never ends has noticed the change as well, one that waits for a core has not
_OPTIONS = (
    "-q", "-p", "no:cacheprovider", "-o", "addopts=", "--import-mode=importlib", "--hypothesis-seed=0",
    "-m", "unit", f"--timeout={_LIMIT}",
)  # fmt: skip


def with_tests(chosen: Iterable[str], then: Callable[[Sequence[pytest.Item], Collected], None]) -> bool:
    """Collect these files (all when there are none), call `then` with the unit tests in them; whether all went well."""
    plugin = Collected(lambda items: then(items, plugin))
    code = pytest.main([*_OPTIONS, *chosen], plugins=[plugin])
    return code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) and not plugin.failures


def run(item: pytest.Item) -> None:
    """One test, with all of its fixtures: the next may be of another module."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def any_fails(items: Iterable[pytest.Item], plugin: Collected) -> bool:
    """Run until the first failure."""
    for item in items:
        run(item)
        if plugin.failures:
            return True
    return False


def in_fork(work: Callable[[], int], limit: float) -> int | None:
    """What `work` answers in a fork of this process; None when it takes longer than `limit` seconds."""
    pid = os.fork()
    if pid == 0:
        _as_fork(work)
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _as_fork(work: Callable[[], int]) -> None:
    code = BROKEN
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        nothing = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nothing, stream)
        code = work()
    except BaseException:  # noqa: BLE001, S110  whatever it is: a fork ends here and must not go on as its parent
        pass
    finally:
        os._exit(code)


def preload() -> None:
    """Import what tests and package import of others, so that every fork has it."""
    sys.path[:0] = [str(Path(__file__).parents[2])]
    for name in (
        "aiohttp",
        "boto3",
        "botocore.session",
        "cryptography.x509",
        "hypothesis",
        "kopf",
        "pydantic",
        "yaml",
    ):
        __import__(name)
