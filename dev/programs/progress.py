"""Progress lines of long steps: what is done, how long it takes as a rule, how long it took."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_EVERY_SECONDS = 15.0


def say(line: str) -> None:
    """One line on standard error, at once: standard output belongs to a program's answer."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def step(what: str, estimate: str) -> Iterator[None]:
    """Say what begins and how long it takes as a rule; when it ended well, say how long it took."""
    say(f"{what} (about {estimate}) ...")
    begun = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - begun:.0f} s")


def run_step(command: Sequence[str], *, what: str, cwd: Path, env: Mapping[str, str]) -> None:
    """Run a long command with a line every 15 s; its output is shown only when it fails."""
    begun = time.monotonic()
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            output = _wait(process, what, begun)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise RuntimeError(f"{what} failed: {' '.join(command)}\n{output[-4000:]}")


def _wait(process: subprocess.Popen[str], what: str, begun: float) -> str:
    while True:
        try:
            return process.communicate(timeout=_EVERY_SECONDS)[0]
        except subprocess.TimeoutExpired:
            say(f"  ... {what}: {time.monotonic() - begun:.0f} s so far")


def duration(seconds: float) -> str:
    """``48 s``, ``3 min``, ``3 min 12 s``"""
    minutes, rest = divmod(round(seconds), 60)
    parts = [f"{minutes} min"] if minutes else []
    return " ".join([*parts, f"{rest} s"] if rest or not minutes else parts)


class LiveLine:
    """One line on standard error that is written again and again; without a terminal a new one now and then."""

    def __init__(self, every: float = 30.0) -> None:
        self._terminal = sys.stderr.isatty()
        self._every = every
        self._next = time.monotonic()

    def show(self, line: str) -> None:
        """Show it as it is now."""
        if self._terminal:
            cut = line[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write(f"\r\x1b[K{cut}")
            sys.stderr.flush()
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            say(line)

    def clear(self) -> None:
        """Make room for what comes next."""
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
