"""Ctrl-C: heard at once, except where a process is being started that would then be lost."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STATE = {"pressed": False, "starting": 0}


def listen() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt, and SIGTERM and a closed terminal end the process with its blocks."""
    signal.signal(signal.SIGINT, _press)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))


def _press(*_: object) -> None:
    _STATE["pressed"] = True
    if not _STATE["starting"]:
        raise KeyboardInterrupt


def heed() -> None:
    """Stop here if a library swallowed the exception: one Ctrl-C while botocore was imported went unheard."""
    if _STATE["pressed"]:
        raise KeyboardInterrupt


@contextmanager
def starting() -> Iterator[None]:
    """Put Ctrl-C off: an exception inside of Popen leaves a process whose id is not known."""
    _STATE["starting"] += 1
    try:
        yield
    finally:
        _STATE["starting"] -= 1
    heed()
