"""Become another program that the kernel kills when the process that started it is gone.

Run as `python -I -S _leashed.py PARENT_PID PROGRAM ARGUMENT...`. An exec wrapper and not a `preexec_fn`,
because that is unsafe in a process with threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before the request was made: then no signal will come.
    if os.getppid() != parent:
        sys.exit(f"{command[0]}: its starter is gone")
    os.execvp(command[0], command)  # noqa: S606


_main()
