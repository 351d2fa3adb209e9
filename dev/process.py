"""Servers as child processes: ready when they say so, gone for certain when we are."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path

from dev.wait import eventually

_LEASH = Path(__file__).with_name("_leashed.py")

# The kernel sends the death signal when the *thread* that started the child ends. This one lives as long as
# the process, whichever thread asks for a server.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


def _always() -> bool:
    return True


class Server:
    """One server process that can be started, stopped, paused and started again with the same command.

    It is its own process group, so Ctrl-C in a terminal reaches only us, and it dies with this process even
    when that is killed. `grace` is how many seconds it gets to obey SIGTERM; 0 kills at once.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        ready: Callable[[], bool] = _always,
        timeout: float = 180.0,  # on a machine with twenty others at work kube-apiserver took more than 60
        grace: float = 5.0,
    ) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.log = log
        self._env = None if env is None else {**os.environ, **env}
        self._ready = ready
        self._timeout = timeout
        self._grace = grace
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the running process, None when there is none."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the process is there, paused or not."""
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start the process without waiting until it is ready."""
        if self.running:
            raise RuntimeError(f"{self.name} is running already")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        spawning = _spawner.submit(self._spawn)
        try:
            spawning.result()
        except KeyboardInterrupt:  # it is started all the same: whoever stops us has to know it
            wait([spawning])
            raise

    def await_ready(self) -> None:
        """Wait until it is ready; when it ends instead or takes too long, say so with the end of its log."""
        try:
            eventually(self._check, self._timeout, lambda: f"{self.name} ready\n{self.log_tail()}")
        except BaseException:
            self.kill()
            raise

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        self.launch()
        self.await_ready()

    def stop(self) -> None:
        """Ask it to end, kill it when it does not; it is gone afterwards, or was before."""
        if self._grace and self._process is not None:
            self._signal(signal.SIGTERM)
            self.resume()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(self._grace)
        self.kill()

    def kill(self) -> None:
        """End it and everything in its process group at once."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def pause(self) -> None:
        """Freeze it: its connections stay open and nothing is answered.

        A signal is delivered a moment later, thread by thread: a store answered a call that came in that moment (seen once).
        """
        self._signal(signal.SIGSTOP)
        if self._process is not None and self._process.poll() is None:
            group = self._process.pid
            eventually(lambda: _frozen(group), 10, f"{self.name} frozen", interval=0.005)

    def resume(self) -> None:
        """Let a frozen one go on."""
        self._signal(signal.SIGCONT)

    def log_tail(self, lines: int = 25) -> str:
        """The last lines that it wrote."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _spawn(self) -> None:
        command = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *self.command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _check(self) -> bool:
        if self._process is not None and (code := self._process.poll()) is not None:
            raise RuntimeError(f"{self.name} ended with {code} before it was ready\n{self.log_tail()}")
        return self._ready()

    def _signal(self, number: signal.Signals) -> None:
        # Asked only of one that is not yet reaped: its id cannot have gone to a stranger.
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)


def _frozen(group: int) -> bool:
    """Whether no thread of a process group runs any more."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getpgid(int(process.name)) == group:
                states = [
                    task.read_text().rpartition(")")[2].split()[0] for task in process.glob("task/*/stat")
                ]
                if not set(states) <= set("TtZX"):
                    return False
    return True


@contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Start servers in this order, each when the one before is ready; kill all in the other order.

    Killed, not asked: what they hold ends with the block, and nobody should wait for its writing down.
    """
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in reversed(servers):
            server.kill()
