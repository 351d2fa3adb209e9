"""An HTTP(S) proxy of the tests' own: it stands in front of a real store and spoils what passes, on a switch.

The client's Host header is forwarded as it is, because SigV4 signs it: the store checks real signatures.
"""

import http.client
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Headers = tuple[tuple[str, str], ...]
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: Headers
    body: bytes = field(repr=False, default=b"")

    @property
    def bucket(self) -> str:
        """The first part of the path."""
        return urlsplit(self.target).path.strip("/").partition("/")[0]

    @property
    def sub(self) -> str:
        """The sub-resource that is asked for: versioning, tagging, policy ...; empty for the bucket itself."""
        query = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        admin = urlsplit(self.target).path.rpartition("/")[2] if "/admin/" in self.target else ""
        return admin or next((k for k, v in query.items() if v == [""]), "")

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method not in ("GET", "HEAD")


@dataclass(frozen=True)
class Answer:
    """What the client gets. ``cut`` bytes of the body are announced and never sent."""

    status: int
    body: bytes = b""
    headers: Headers = (("Content-Type", "application/xml"),)
    cut: int = 0
    pause: float = 0.0  # between two bytes


class Reset(Exception):
    """The connection is broken with RST, nothing is answered."""


class Hang(Exception):
    """Nothing is answered until the proxy stops or the client goes away."""


Forward = Callable[[Asked], Answer]
Fault = Callable[[Asked, Forward], Answer]
"""What becomes of a request; ``Forward`` asks the store."""

Which = Callable[[Asked], bool]


def healthy(asked: Asked, forward: Forward) -> Answer:
    """No fault."""
    return forward(asked)


@dataclass
class Proxy:
    """A running proxy. ``seen`` are all requests, ``passed`` those that reached the store."""

    upstream: str
    port: int
    tls: bool = False
    fault: Fault = healthy
    seen: list[Asked] = field(default_factory=list)
    passed: list[Asked] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def endpoint(self) -> str:
        """Where clients find it."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @contextmanager
    def failing(self, fault: Fault, which: Which = lambda _: True) -> Iterator[None]:
        """Spoil the requests that ``which`` chooses, for a while."""
        before = self.fault
        self.fault = lambda asked, forward: fault(asked, forward) if which(asked) else forward(asked)
        try:
            yield
        finally:
            self.fault = before

    def writes(self) -> list[str]:
        """What reached the store and may have changed something."""
        return [f"{a.method} {a.sub}".strip() for a in self.passed if a.writes]

    def forget(self) -> None:
        """Start counting anew."""
        self.seen.clear()
        self.passed.clear()

    def forward(self, asked: Asked) -> Answer:
        """The store's own answer."""
        self.passed.append(asked)
        upstream = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=20)
        try:
            upstream.putrequest(asked.method, asked.target, skip_host=True, skip_accept_encoding=True)
            for name, value in asked.headers:
                upstream.putheader(name, value)
            upstream.endheaders(asked.body or None)
            answer = upstream.getresponse()
            kept = tuple((n, v) for n, v in answer.getheaders() if n.lower() not in _HOP)
            size = int(answer.headers.get("Content-Length") or 0)  # all that HEAD tells of a body
            return Answer(answer.status, bytes(size) if asked.method == "HEAD" else answer.read(), kept)
        finally:
            upstream.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    proxy: Proxy
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: a client that refuses the certificate must not stop the others."""
        with suppress(OSError):
            if self.context is not None:
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what is tested here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        """Any method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, self.path, tuple(self.headers.items()), body)
        proxy = self.server.proxy
        proxy.seen.append(asked)
        try:
            self._send(proxy.fault(asked, proxy.forward))
        except Reset:
            self._reset()
        except Hang:
            self._hang(proxy.stopped)

    def handle_expect_100(self) -> bool:
        """Answered after the body, by the store."""
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _send(self, answer: Answer) -> None:
        lines = [f"HTTP/1.1 {answer.status} X", *(f"{n}: {v}" for n, v in answer.headers)]
        lines.append(f"Content-Length: {len(answer.body)}")
        whole = "\r\n".join([*lines, "", ""]).encode() + (b"" if self.command == "HEAD" else answer.body)
        whole = whole[: len(whole) - answer.cut]
        if answer.pause:
            self._drip(whole, answer.pause)
        else:
            self.wfile.write(whole)
        self.close_connection = self.close_connection or bool(answer.cut)

    def _drip(self, whole: bytes, pause: float) -> None:
        for byte in whole:
            self.wfile.write(bytes([byte]))
            if self.server.proxy.stopped.wait(pause):
                return

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _hang(self, stopped: threading.Event) -> None:
        self.connection.settimeout(0.05)
        self.close_connection = True
        while not stopped.is_set():
            with suppress(TimeoutError):
                if not self.connection.recv(1):
                    return

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""


@contextmanager
def proxied(upstream: str, context: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """A proxy in front of ``upstream``; with ``context`` it speaks TLS."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.context = context
    server.proxy = Proxy(upstream, server.server_address[1], tls=context is not None)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.proxy
    finally:
        server.proxy.stopped.set()
        server.shutdown()
        server.server_close()
