"""A unit test is stopped where it would start a process or read the cache of programs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dev.cache import cache_folder

_STARTS = ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec")
_CACHE = str(cache_folder())

_processes_allowed = _cache_allowed = True


@contextmanager
def unit_test(*, processes: bool) -> Iterator[None]:
    """Within the block nothing is read from the cache, and no process is started unless `processes` says so."""
    global _processes_allowed, _cache_allowed
    _processes_allowed, _cache_allowed = processes, False
    try:
        yield
    finally:
        _processes_allowed = _cache_allowed = True


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and not _cache_allowed and str(arguments[0]).startswith(_CACHE):
        pytest.fail(f"a unit test reads {arguments[0]}")
    if event in _STARTS and not _processes_allowed:
        pytest.fail(f"a unit test starts a process: {arguments[:2]}")


# Python's own hook sees every process and file, whoever asks for it. It cannot be taken away again.
sys.addaudithook(_audit)
