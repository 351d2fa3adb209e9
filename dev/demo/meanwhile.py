"""What the second act needs, built in the background while the first one plays."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dev.demo import stopping
from dev.demo.children import child
from dev.programs import GO_PROGRAMS, found
from dev.programs.progress import LiveLine, duration, say

ROOT = Path(__file__).resolve().parents[2]
_CLUSTER = ("etcd", "kube-apiserver", "kube-controller-manager")
_ENVIRONMENT = "Python packages"
# Where Linux shares the processor between sessions first, a nice value counts within one only; this session has one of its own.
_LOWEST = """\
if [ "$(cat /proc/sys/kernel/sched_autogroup_enabled 2>/dev/null)" = 1 ]
then echo 19 >/proc/self/autogroup; exec "$@"
else exec nice -n 19 "$@"
fi"""
_SECONDS = {"min": 60, "s": 1}


def needed(store: str, context: str | None) -> Sequence[str]:
    """The programs of the second act, by name: on a cluster of its own, or on that of a kubeconfig's context."""
    return [*(() if context else _CLUSTER), "helm", *(["minio"] if store == "minio" else [])]


@dataclass
class Preparation:
    """Programs by name, and the Python that plays the second act where it is another one than this."""

    names: Sequence[str]
    python: Path | None
    log: Path
    process: "subprocess.Popen[str] | None" = None
    begun: float = field(default_factory=time.monotonic)
    expected: float = 0.0

    def missing(self) -> list[str]:
        """What is not there yet."""
        stamp = self.python.parents[1] / "installed" if self.python else None
        packages = [_ENVIRONMENT] if stamp and not stamp.exists() else []
        return [*packages, *(name for name in self.names if found(name) is None)]

    def wait(self) -> None:
        """Wait for it with a line that says how far it is. Raises RuntimeError with the end of its log if it failed."""
        line = LiveLine()
        self._hurry()
        while self.process is not None and self.process.poll() is None:
            line.show(f"  {self.standing()} ...")
            time.sleep(1)
            stopping.heed()
        line.clear()
        if self.process is not None and self.process.returncode != 0:
            raise RuntimeError(
                f"the programs of the second act could not be built\n{self.log.read_text()[-4000:]}"
            )

    def _hurry(self) -> None:
        """Take the lowest priority away: nothing is left that it could hold up. Only root may undo a nice value."""
        if self.process is None:
            return
        with suppress(OSError):
            Path(f"/proc/{self.process.pid}/autogroup").write_text("0")
        with suppress(OSError):
            os.setpriority(os.PRIO_PGRP, self.process.pid, 0)

    def standing(self) -> str:
        """What is still being built and how long it takes as a rule, in one line."""
        still = ", ".join(self.missing()) or "the last one"
        passed, usual = duration(time.monotonic() - self.begun), duration(self.expected)
        return f"building for act two, {passed} of usually {usual}: {still}"


@contextmanager
def preparing(names: Sequence[str], python: Path | None, folder: Path) -> Iterator[Preparation]:
    """Begin with what is missing, with the lowest priority: the first act must not wait for it. Ended with the block."""
    log = folder / "preparation.log"
    prepared = Preparation(names, python, log)
    missing = prepared.missing()
    prepared.expected = sum(map(_usual, missing))
    if not missing:
        yield prepared
        return
    env = {**os.environ, "TMPDIR": str(folder)}  # what a killed build leaves there is removed with the folder
    command = _command(names, python)
    say(
        f"in the background for act two, usually {duration(prepared.expected)} on two cores: {', '.join(missing)}"
    )
    with log.open("w") as output, child(command, folder=ROOT, env=env, output=output) as process:
        prepared.process = process
        yield prepared


def _command(names: Sequence[str], python: Path | None) -> list[str]:
    lowest = ["sh", "-c", _LOWEST, "sh"]
    if python is None:
        return [*lowest, sys.executable, "-m", "dev.programs.prepare", *names]
    return [*lowest, "make", "--no-print-directory", "prepare", f"PROGRAMS={' '.join(names)}"]


def _usual(name: str) -> float:
    """Seconds on two cores with nothing else to do."""
    if name == _ENVIRONMENT:
        return 60.0
    parts = re.findall(r"(\d+) (min|s)", GO_PROGRAMS[name].estimate)
    return float(sum(int(number) * _SECONDS[unit] for number, unit in parts))
