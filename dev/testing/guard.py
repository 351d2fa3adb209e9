"""A unit test is stopped where it would start a process of ours or read the cache of programs."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dev.programs.cache import cache_folder

_STARTS = ("subprocess.Popen", "os.posix_spawn", "os.exec")
_CACHE = str(cache_folder())
# A shell or git is on every machine that has this repository. What comes from here is ours.
_OURS = (_CACHE, sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]))

_guarding = False


@contextmanager
def unit_test() -> Iterator[None]:
    """Within the block nothing is read from the cache, and no process of ours is started."""
    global _guarding
    _guarding = True
    try:
        yield
    finally:
        _guarding = False


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if not _guarding:
        return
    if event == "open" and str(arguments[0]).startswith(_CACHE):
        pytest.fail(f"a unit test reads {arguments[0]}")
    if event in _STARTS and (shutil.which(str(arguments[0])) or "").startswith(_OURS):
        pytest.fail(f"a unit test starts a process: {arguments[:2]}")


# Python's own hook sees every process and file, whatever asks for it. It cannot be taken away again.
sys.addaudithook(_audit)
