"""The operator as a pod: its token in a file, and something that starts it again when it ends."""

import http.client
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from dev.cluster import Cluster
from dev.ports import free_port
from dev.process import Server
from dev.wait import eventually
from tests.e2e.harness import ACCOUNT, INSTALLATION, SYSTEM


@dataclass
class Pod:
    """One replica. ``restarts`` counts how often it ended by itself."""

    server: Server
    url: str
    token_file: Path
    restarts: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start it and keep it running, as a kubelet does."""
        self._stop = threading.Event()
        self.server.launch()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def stop(self, *, gently: bool = True) -> None:
        """End it for good."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        (self.server.stop if gently else self.server.kill)()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Not there while the block lasts, back and at work afterwards."""
        self.stop()
        try:
            yield
        finally:
            if not self.server.running:
                self.start()
            self.await_working()

    def await_working(self) -> None:
        """It holds the Lease and knows everything."""
        eventually(lambda: self.role == "working", 120, lambda: f"works\n{self.server.log_tail()}")

    @property
    def role(self) -> str:
        """As /readyz says."""
        return self.ask("/readyz")[1].strip()

    def ask(self, path: str) -> tuple[int, str]:
        """Status and body; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - our own loopback address
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, http.client.HTTPException):  # it is not there, or was killed while it spoke
            return 0, ""

    @property
    def log(self) -> str:
        """All that it wrote, over all restarts."""
        return self.server.log.read_text()

    def _keep(self) -> None:
        while not self._stop.wait(0.1):
            if not self.server.running:
                self.restarts += 1
                if not self._stop.wait(0.5):
                    self.server.launch()


def new_token(cluster: Cluster, *more: str) -> str:
    """A token of the chart's ServiceAccount."""
    return cluster.kubectl("create", "token", ACCOUNT, "-n", SYSTEM, *more).stdout.strip()


@contextmanager
def pod(
    cluster: Cluster,
    directory: Path,
    name: str,
    *more: str,
    api: str = "",
    ca_file: Path | None = None,
    token: str = "",
) -> Iterator[Pod]:
    """A replica of the chart's account; at ``api`` instead of the API server's own address, if given."""
    folder = directory / name
    folder.mkdir(parents=True)
    token_file = folder / "token"
    token_file.write_text(token or new_token(cluster))
    user = {"tokenFile": str(token_file)}
    entry = {"server": api or cluster.server, "certificate-authority": str(ca_file or cluster.ca_file)}
    config = {
        "current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": entry}], "users": [{"name": "x", "user": user}],
    }  # fmt: skip
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    port = free_port()
    command = [
        sys.executable, "-m", "imagestore", "run", "--installation", INSTALLATION, "--namespace", SYSTEM,
        "--listen", f"127.0.0.1:{port}", "--confirm-drift", "1", "--log-level", "debug", *more,
    ]  # fmt: skip
    env = {"KUBECONFIG": str(folder / "kubeconfig")}
    server = Server(name, command, log=folder / "log", env=env, grace=10)
    made = Pod(server, f"http://127.0.0.1:{port}", token_file)
    made.start()
    try:
        yield made
    finally:
        made.stop()
