"""``imagestore apply`` that kills itself at one of its own writes, to the state folder and to the store taken together.

``python -m tests.local.killed NUMBER SIDE apply …``. SIDE is ``before``, ``after``, or ``within``, which leaves half a file.
The writes are numbered on standard error.
"""

import os
import signal
import sys
from pathlib import Path
from threading import Lock
from typing import Any

from imagestore.__main__ import main
from imagestore.backends.http.client import HttpClient
from imagestore.local import folder

NUMBER, SIDE = int(sys.argv[1]), sys.argv[2]
READS = {"GET", "HEAD"}
_count, _lock = 0, Lock()
_replace, _send = folder._replace, HttpClient.send


def _next(name: str) -> bool:
    """Whether this write is the one."""
    global _count
    with _lock:
        _count += 1
        os.write(2, f"write {_count}: {name}\n".encode())
        return _count == NUMBER


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _write(file: Path, text: str) -> None:
    mine = _next(file.name)
    if mine and SIDE == "before":
        _die()
    if mine and SIDE == "within":
        file.with_name(f".{file.name}.tmp").write_text(text[: len(text) // 2])
        _die()
    _replace(file, text)
    if mine:
        _die()


def _sent(self: HttpClient, request: Any) -> Any:
    mine = request.method not in READS and _next(f"{request.method} {request.target}")
    if mine and SIDE != "after":
        _die()
    answer = _send(self, request)
    if mine:
        _die()
    return answer


def _put(where: Any, name: str, wrapped: Any) -> None:
    setattr(where, name, wrapped)


if __name__ == "__main__":
    _put(folder, "_replace", _write)
    _put(HttpClient, "send", _sent)
    sys.exit(main(sys.argv[3:]))
