"""A chain of operators: each is killed at one call about one object, the next one repairs it and is killed in turn."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from dev.cluster import Cluster
from dev.ports import free_port
from tests.e2e.harness import ACCOUNT, INSTALLATION, SYSTEM

ROOT = Path(__file__).parents[2]
Side = Literal["before", "after"]


@dataclass(frozen=True)
class Point:
    """One place to die at."""

    number: int
    side: Side


@dataclass(frozen=True)
class Call:
    """A mutating call as it left the process."""

    about: str
    number: int
    side: Side
    method: str
    url: str
    status: int


@dataclass
class Sweeper:
    """Starts operators of one cluster, one after another."""

    launcher: subprocess.Popen[str]
    cluster: Cluster
    directory: Path
    kubeconfig: Path
    port: int = field(default_factory=free_port)
    starts: int = 0

    def start(self, about: str = "nothing at all", at: Point | None = None) -> int:
        """An operator that dies at a point, or not at all; its process id."""
        number, side = (at.number, at.side) if at else (0, "")
        order = {
            "argv": ["run", "--installation", INSTALLATION, "--namespace", SYSTEM, "--no-lease",
                     "--listen", f"127.0.0.1:{self.port}", "--confirm-drift", "1"],
            "env": {"KUBECONFIG": str(self.kubeconfig)}, "log": str(self.log), "trail": str(self.trail_file),
            "about": about, "number": number, "side": side,
        }  # fmt: skip
        assert self.launcher.stdin is not None
        self.launcher.stdin.write(json.dumps(order) + "\n")
        self.launcher.stdin.flush()
        self.starts += 1
        return int(self._answer()["pid"])

    def ended(self, within: float = 90.0) -> int | None:
        """The exit code of the running one, negative for a signal; None if it does not end in time."""
        assert self.launcher.stdout is not None
        if not select.select([self.launcher.stdout], [], [], within)[0]:
            return None
        return int(self._answer()["code"])

    @contextmanager
    def working(self, about: str = "nothing at all", ends: int = signal.SIGKILL) -> Iterator[None]:
        """An operator that is killed when the block ends; with SIGTERM it says first what it has to say."""
        pid = self.start(about)
        try:
            yield
        finally:
            os.kill(pid, ends)
            self.ended()

    def dies(self, about: str, at: Point) -> None:
        """An operator that kills itself at this point, for certain."""
        pid = self.start(about, at)
        code = self.ended()
        if code is None:
            os.kill(pid, signal.SIGTERM)
            self.ended()
        assert code == -signal.SIGKILL, f"{at} of {about} was never reached; {self.numbered(about)}"

    def calls(self) -> list[Call]:
        """All mutating calls of all operators, in order."""
        lines = self.trail_file.read_text().splitlines() if self.trail_file.exists() else []
        return [Call(**json.loads(line)) for line in lines]

    def numbered(self, about: str) -> list[Call]:
        """Those about an object while it was the one to die at."""
        return [c for c in self.calls() if c.about == about]

    @property
    def log(self) -> Path:
        """What all of them wrote."""
        return self.directory / "operators.log"

    @property
    def trail_file(self) -> Path:
        """The calls of all of them."""
        return self.directory / "trail"

    def _answer(self) -> dict[str, Any]:
        assert self.launcher.stdout is not None
        line = self.launcher.stdout.readline()
        assert line, f"the launcher has ended\n{self.log.read_text()[-2000:] if self.log.exists() else ''}"
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def sweeper(cluster: Cluster, directory: Path) -> Iterator[Sweeper]:
    """A launcher that lives as long as the block."""
    directory.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/operator"}
    kubeconfig = cluster.service_account_kubeconfig(SYSTEM, ACCOUNT)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.resilience.launcher"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        yield Sweeper(process, cluster, directory, kubeconfig)
    finally:
        process.kill()
        process.wait()


def points(calls: Sequence[Call], *, full: bool) -> list[Point]:
    """Every call of an undisturbed run, on both sides; or on one: just after a call is just before the next."""
    numbers = sorted({c.number for c in calls})
    after = [Point(n, "after") for n in numbers]
    before = [Point(n, "before") for n in numbers]
    return (
        sorted([*before, *after], key=lambda p: (p.number, p.side == "after"))
        if full
        else [*before[:1], *after]
    )
