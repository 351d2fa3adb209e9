"""A relay in front of the API server that can lose what a watch tells, without looking into its TLS."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from dev.cluster import Cluster, Kube

_ANSWERED_WITHIN = 1.0  # what comes later than this after the last request was not asked for: a watch's event


@dataclass
class _Connection:
    client: socket.socket
    server: socket.socket
    asked: float = field(default_factory=time.monotonic)
    deaf: bool = False

    def close(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@dataclass
class Relay:
    """Passes bytes on; while it is ``losing``, a watch that would tell something is deaf from then on."""

    port: int
    losing: bool = False
    connections: list[_Connection] = field(default_factory=list)
    kube: Kube | None = None

    def mend(self) -> None:
        """Lose nothing more; what was deaf is cut, so that it is opened anew."""
        self.losing = False
        for connection in [c for c in list(self.connections) if c.deaf]:
            connection.close()

    def up(self, connection: _Connection) -> None:
        """From the client to the server."""
        with suppress(OSError):
            while data := connection.client.recv(65536):
                connection.asked = time.monotonic()
                connection.server.sendall(data)
        connection.close()

    def down(self, connection: _Connection) -> None:
        """From the server to the client."""
        with suppress(OSError):
            while data := connection.server.recv(65536):
                late = time.monotonic() - connection.asked > _ANSWERED_WITHIN
                connection.deaf = connection.deaf or (self.losing and late)
                if not connection.deaf:
                    connection.client.sendall(data)
        connection.close()
        self.connections.remove(connection)


@contextmanager
def relayed(cluster: Cluster) -> Iterator[Relay]:
    """A relay, and the cluster as it is seen through it."""
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Relay(listener.getsockname()[1])
    relay.kube = _seen_through(cluster, relay.port)
    threading.Thread(target=_accept, args=(listener, relay, cluster.server), daemon=True).start()
    try:
        yield relay
    finally:
        listener.close()
        for connection in list(relay.connections):
            connection.close()


def _accept(listener: socket.socket, relay: Relay, server: str) -> None:
    host, _, port = server.removeprefix("https://").partition(":")
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            try:
                connection = _Connection(client, socket.create_connection((host, int(port))))
            except OSError:
                client.close()
                continue
            relay.connections.append(connection)
            for pump in (relay.up, relay.down):
                threading.Thread(target=pump, args=(connection,), daemon=True).start()


def _seen_through(cluster: Cluster, port: int) -> Kube:
    """The certificate names the address, whatever the port."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    folder = Path(cluster.directory) / "relayed"
    folder.mkdir()
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    return Kube(folder, folder / "kubeconfig")
