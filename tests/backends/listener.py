"""A server that knows nothing: it remembers what it was asked, and answers what it was told to."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any


@dataclass
class Heard:
    """A server's whole knowledge: what it was asked, and what it answers."""

    port: int = 0
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True
    heard: Heard


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        heard = self.server.heard
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {name.lower(): value for name, value in self.headers.items()}
        heard.asked.append((self.command, self.path, sent, body))
        self.send_response(heard.status)
        for name, value in {"x-amz-request-id": "1", **heard.headers}.items():
            self.send_header(name, value)
        if "Transfer-Encoding" not in heard.headers:
            self.send_header("Content-Length", heard.headers.get("Content-Length", str(len(heard.body))))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else heard.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""


@contextmanager
def listening() -> Iterator[Heard]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.heard = Heard(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.heard
        server.shutdown()
