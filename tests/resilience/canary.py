"""A socket that listens on loopback and remembers who came: nobody may."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Canary:
    """An address that the operator must never call."""

    port: int
    visitors: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """As somebody would write it."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def canary() -> Iterator[Canary]:
    """Listening while the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Canary(server.getsockname()[1])
        threading.Thread(target=_listen, args=(server, made), daemon=True).start()
        yield made


def _listen(server: socket.socket, made: Canary) -> None:
    while True:
        try:
            connection, address = server.accept()
        except OSError:
            return
        made.visitors.append(str(address))
        connection.close()
