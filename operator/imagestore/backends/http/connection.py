"""One socket: sends a request and receives its answer."""

import select
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress

from imagestore.backends.http.messages import BLOCK, SENT, Body, pieces
from imagestore.backends.http.parser import AnswerParser

_HEARD_ENOUGH = (
    BrokenPipeError,
    ConnectionResetError,
    ssl.SSLError,
)  # the server closed; it may have said why
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """One request after the other. ``seconds``: how long one read or write may take."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock, self._seconds = sock, seconds
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    @property
    def idle(self) -> bool:
        """Whether it may be used. A server that sends something unasked is closing the connection."""
        return not self._poll.poll(0)

    def send(self, head: bytes, body: Body, answer: AnswerParser) -> bool:
        """Send a request; return whether all of it was sent. A server may answer before it has read everything.

        Raises OSError (TimeoutError among them), BadBody, Broken.
        """
        if isinstance(body, bytes) and len(body) <= BLOCK:
            with suppress(*_HEARD_ENOUGH):
                self._sock.sendall(head + body)
            return True
        with suppress(*_HEARD_ENOUGH):
            once = isinstance(body, bytes)
            return self._sent((head,), answer, once=True) and self._sent(pieces(body), answer, once=once)
        return False

    def _sent(self, parts: Iterable[bytes | memoryview], answer: AnswerParser, *, once: bool) -> bool:
        """``once``: all of it within ``seconds``, as ``sendall`` has it; else every write, whatever is heard meanwhile."""
        both = select.poll()
        both.register(self._sock, select.POLLIN | select.POLLOUT)
        whole = time.monotonic() + self._seconds
        for part in parts:
            left = memoryview(part)
            while left:
                until = whole if once else time.monotonic() + self._seconds
                if not self._takes(both, until, answer):
                    return False
                left = left[self._sock.send(left[:SENT]) :]
        return True

    def _takes(self, both: select.poll, until: float, answer: AnswerParser) -> bool:
        """Wait until the server takes more. False: it has answered already."""
        while True:
            ready = both.poll(max(0.0, until - time.monotonic()) * 1000)
            if not ready or time.monotonic() > until:
                raise TimeoutError("the server does not take the body")
            if ready[0][1] & ~select.POLLOUT and self._answered(answer):
                return False
            if ready[0][1] & select.POLLOUT:
                return True

    def _answered(self, answer: AnswerParser) -> bool:
        """Whether an answer or the connection's end came, rather than a TLS ticket or 100 Continue."""
        self._sock.settimeout(0)
        try:
            data = self._sock.recv(BLOCK)
        except _WOULD_BLOCK:
            return False
        finally:
            self._sock.settimeout(self._seconds)
        if not data:
            return True
        answer.early += answer.feed(data)
        return answer.headed

    def receive(self, until: float | None) -> bytes:
        """The next bytes; empty at the connection's end. ``until`` is a ``time.monotonic()``. Raises OSError."""
        if until is not None and time.monotonic() > until:
            raise TimeoutError("the answer took too long")
        return self._sock.recv(BLOCK)

    def receive_into(self, buffer: memoryview) -> int:
        """How many bytes came; 0 at the connection's end. Raises OSError."""
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()
