"""Namespaces of the node's own, which end with one process, however that ends: mounts, network, processes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev.node.packages import in_room
from dev.process import Server
from dev.wait import eventually

_INIT = Path(__file__).with_name("init.sh")
_NAMESPACES = ("--net", "--pid", "--fork", "--kill-child", "--mount-proc")


class Box:
    """Its first process is ``pid`` on this machine; commands are put in beside it."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._log = scratch / "namespaces.log"
        self.pid = 0
        self._holder = Server(
            "the node's namespaces",
            in_room(["sh", _INIT, scratch], more=_NAMESPACES),
            log=self._log,
            ready=lambda: "are there" in self._holder.log_tail(),
        )

    def open(self) -> None:
        """Make them."""
        self._holder.start()
        holder = self._holder.pid
        (child,) = Path(f"/proc/{holder}/task/{holder}/children").read_text().split()
        self.pid = int(child)

    def close(self) -> None:
        """End every process in them, and with the last one the namespaces."""
        self._holder.kill()
        eventually(lambda: not Path(f"/proc/{self.pid}").exists(), 30, "the node's processes gone")

    def inside(self, command: Sequence[str | Path]) -> list[str]:
        """The command as it is run in there."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--", *map(str, command)]

    def server(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        ready: Callable[[], bool],
        env: Mapping[str, str] | None = None,
    ) -> Server:
        """A server that runs in there."""
        log = self._scratch / f"{name}.log"
        return Server(name, self.inside(command), log=log, env=env, ready=ready, grace=0)
