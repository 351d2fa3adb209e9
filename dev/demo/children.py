"""Processes that end with the block that started them, and with us."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dev.demo import stopping

_LEASH = Path(__file__).parents[1] / "_leashed.py"


@contextmanager
def child(
    command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str], output: int | IO[str]
) -> Iterator["subprocess.Popen[str]"]:
    """A process in a group of its own, so that Ctrl-C reaches only us. The whole group is killed at the end of the block.

    ``output``: where it writes, standard error included; ``subprocess.PIPE`` gives it as ``stdout``.
    """
    leashed = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *map(str, command)]
    process = None
    try:
        with stopping.starting():
            process = subprocess.Popen(
                leashed, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, text=True, start_new_session=True,
            )  # fmt: skip
        yield process
    finally:
        if process is not None:
            _kill(process)


def _kill(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:  # and so not yet reaped: its id cannot be another's
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
