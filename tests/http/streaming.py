"""A server for tests of streaming: what it answers is a function on its socket, and no body is ever whole in it.

Also for other tests: ``served`` with any ``Answer``, or one of the answers here.
"""

import hashlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dev.cluster.certificates import Authority
from imagestore.backends.http.client import HttpClient
from imagestore.backends.http.messages import Body, HttpRequest
from imagestore.backends.http.route import HttpTarget

BLOCK = 64 * 1024


@dataclass
class Heard:
    """One request as it came. ``taken`` of its body were read; ``digest`` is their SHA-256."""

    method: str
    target: str
    headers: dict[str, str]
    stream: Any = field(repr=False)
    connection: socket.socket = field(repr=False)
    taken: int = 0
    digest: str = ""

    def take(self) -> None:
        """Read the body to its end and forget it."""
        found = hashlib.sha256()
        for block in self._body():
            found.update(block)
            self.taken += len(block)
        self.digest = found.hexdigest()

    def say(self, *parts: bytes) -> None:
        """Any bytes."""
        for part in parts:
            self.connection.sendall(part)

    def answer(self, body: bytes = b"", status: int = 200, more: str = "") -> None:
        """A whole answer."""
        self.say(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body)

    def _body(self) -> Iterator[bytes]:
        if "transfer-encoding" not in self.headers:
            yield from self._blocks(int(self.headers.get("content-length", 0)))
            return
        while size := int(self.stream.readline(), 16):
            yield from self._blocks(size)
            self.stream.readline()
        self.stream.readline()

    def _blocks(self, left: int) -> Iterator[bytes]:
        while left and (block := self.stream.read(min(left, BLOCK))):
            left -= len(block)
            yield block


Answer = Callable[[Heard], None]


def echo(heard: Heard) -> None:
    """Take the body and say how long it was."""
    heard.take()
    heard.answer(str(heard.taken).encode())


def sends(size: int, *, announced: int | None = None) -> Answer:
    """``size`` bytes, said to be ``announced`` ones."""

    def answer(heard: Heard) -> None:
        heard.take()
        length = size if announced is None else announced
        heard.say(f"HTTP/1.1 200 X\r\nContent-Length: {length}\r\n\r\n".encode())
        for begin in range(0, size, BLOCK):
            heard.say(b"x" * min(BLOCK, size - begin))
        if length != size:
            raise EOFError

    return answer


@dataclass
class Streaming:
    """A running server. ``asked`` are its requests, ``connections`` how many were opened."""

    answer: Answer
    port: int = 0
    ca_file: str | None = None
    asked: list[Heard] = field(default_factory=list)
    connections: int = 0

    @property
    def scheme(self) -> str:
        """Of its addresses."""
        return "https" if self.ca_file else "http"

    @property
    def authority(self) -> str:
        """As in a Host header."""
        return f"127.0.0.1:{self.port}"

    @cached_property
    def client(self) -> HttpClient:
        """Of this server, with short times."""
        return self.connected()

    def connected(self, **more: Any) -> HttpClient:
        """Another client."""
        return HttpClient(
            HttpTarget(self.scheme, self.authority, **{"ca_file": self.ca_file, "read": 5.0, **more})
        )

    def request(self, method: str = "GET", body: Body = b"") -> HttpRequest:
        """Any request to it."""
        return HttpRequest(method, self.authority, "/photos/a?b=c", {"Host": self.authority}, body)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True
    streaming: Streaming
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: a handshake that fails is one connection's."""
        with suppress(OSError):
            if self.context is not None:
                request = self.context.wrap_socket(request, server_side=True)
            with request:
                super().finish_request(request, client_address)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Requests until one ends the connection."""
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.streaming.connections += 1
        with suppress(EOFError, OSError, ValueError):  # the rest of a body is no request
            while line := self.rfile.readline():
                method, target, _ = line.decode("latin-1").split(" ", 2)
                heard = Heard(method, target, dict(self._headers()), self.rfile, self.connection)
                self.server.streaming.asked.append(heard)
                self.server.streaming.answer(heard)

    def _headers(self) -> Iterator[tuple[str, str]]:
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            yield name.lower(), value.strip()


@contextmanager
def served(
    answer: Answer, context: ssl.SSLContext | None = None, ca_file: str | None = None
) -> Iterator[Streaming]:
    """A server that answers everything so; with ``context`` it speaks TLS, and ``ca_file`` is to be trusted."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.context = context
        server.streaming = Streaming(answer, server.server_address[1], ca_file)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.streaming
        server.shutdown()


def tls_context(authority: Authority) -> ssl.SSLContext:
    """Of a server on this machine."""
    pair = authority.server("server", ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context
