"""A proxy that lets nobody through without a password, as companies have it: CONNECT, and then it only carries bytes."""

import base64
import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

USER, PASSWORD = "operator", "p@ss/word"
_WANTED = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@dataclass
class Tunnels:
    """What the proxy was asked for: where to, and with which answer."""

    port: int
    asked: list[tuple[str, int]] = field(default_factory=list)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True
    tunnels: Tunnels
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread."""
        with contextlib.suppress(OSError):
            if self.context is not None:
                request = self.context.wrap_socket(request, server_side=True)
            with request:
                super().finish_request(request, client_address)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        method, where, _ = self.rfile.readline().decode().split(" ", 2)
        headers = dict(self._headers())
        if method != "CONNECT" or headers.get("proxy-authorization") != _WANTED:
            self._answer(where, 407, "Proxy Authentication Required")
            return
        host, _, port = where.rpartition(":")
        with socket.create_connection((host, int(port)), 10) as store:
            self._answer(where, 200, "Connection established")
            back = threading.Thread(target=_carry, args=(store, self.connection), daemon=True)
            back.start()
            _carry(self.connection, store)
            back.join(10)

    def _headers(self) -> Iterator[tuple[str, str]]:
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            yield name.lower(), value.strip()

    def _answer(self, where: str, status: int, reason: str) -> None:
        self.server.tunnels.asked.append((where, status))
        length = "" if status == 200 else "Content-Length: 0\r\n"
        self.wfile.write(f"HTTP/1.1 {status} {reason}\r\n{length}\r\n".encode())


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def tunnelling(context: ssl.SSLContext | None = None) -> Iterator[Tunnels]:
    """A running one; with ``context`` it is spoken to by TLS itself."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.context = context
        server.tunnels = Tunnels(server.server_address[1])
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.tunnels
        server.shutdown()
