"""Connections to one store, kept and used again."""

import io
import select
import socket
import ssl
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from botocore.httpsession import get_cert_path
from urllib3.util.ssl_ import create_urllib3_context

from imagestore.backends.s3.client import Target, trusted
from imagestore.backends.s3.deadline import Bounded
from imagestore.backends.s3.transport_answer import Response, read

_PORTS = {"http": 80, "https": 443}


class Connection:
    """One request after the other. ``seconds`` is what an answer may take, headers and body together."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock, self._seconds = sock, seconds
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def ask(self, request: bytes, method: str) -> Response:
        """Send, and read what comes."""
        with suppress(BrokenPipeError):  # it has heard enough, and may have said why
            self._sock.sendall(request)
        raw = socket.SocketIO(self._sock, "r")
        return read(io.BufferedReader(Bounded(raw, self._seconds)), method)

    @property
    def idle(self) -> bool:
        """Whether it may be used: who speaks unasked says goodbye."""
        return not self._poll.poll(0)

    def close(self) -> None:
        """Hang up."""
        self._sock.close()


class Pool:
    """At most ``target.connections`` are kept, whatever their hosts: a bucket may have a host of its own."""

    def __init__(self, target: Target, scheme: str) -> None:
        self._target, self._scheme = target, scheme
        self._lock = threading.Lock()
        self._kept: list[tuple[str, Connection]] = []  # the one used last is last
        self._tls = _context(target) if scheme == "https" else None

    def take(self, host: str) -> Connection:
        """One that is still open, or a new one. ``host`` may have a port."""
        while (kept := self._taken(host)) is not None:
            if kept.idle:
                return kept
            kept.close()
        return self._connected(host)

    def give(self, host: str, connection: Connection) -> None:
        """It may be used again."""
        with self._lock:
            self._kept.append((host, connection))
            surplus = self._kept[: -self._target.connections]
            del self._kept[: len(surplus)]
        for _, oldest in surplus:
            oldest.close()

    def _taken(self, host: str) -> Connection | None:
        with self._lock:
            for place in range(len(self._kept) - 1, -1, -1):
                if self._kept[place][0] == host:
                    return self._kept.pop(place)[1]
        return None

    def _connected(self, host: str) -> Connection:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port or _PORTS[self._scheme]
        sock = socket.create_connection((name, port), self._target.connect)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_hostname=name)
            sock.settimeout(self._target.read)
        except BaseException:
            sock.close()
            raise
        return Connection(sock, 2 * self._target.read)


def _context(target: Target) -> ssl.SSLContext:
    """As strict as botocore's, with the authorities that it would trust."""
    context: ssl.SSLContext = create_urllib3_context()
    context.verify_mode, context.check_hostname = ssl.CERT_REQUIRED, True
    context.load_verify_locations(cafile=trusted(target.ca) or get_cert_path(verify=True))
    return context
