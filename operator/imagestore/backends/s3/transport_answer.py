"""An answer of HTTP/1.1 from the bytes of a connection. Nothing is decoded, nothing is made up.

What a store answers is small, and Python's own reader takes most of a call's time for it: it makes an e-mail of the
headers.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LARGEST = 64 * 1024 * 1024  # bytes of an answer; a listing of a thousand keys has less than ten million
_LINE, _LINES = 65536, 200
_WITHOUT_BODY = frozenset({204, 304})


class Broken(Exception):
    """The connection ended, or what came is no HTTP."""


class TooLarge(Exception):
    """More than anybody would want to hold."""


class Headers(dict[str, str]):
    """By lower-case names; they may be asked for in any case."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: str, default: Any = None) -> Any:
        """As a dictionary's."""
        return super().get(name.lower(), default)


@dataclass(frozen=True)
class Response:
    """What the server said. ``reusable``: whether the connection may be asked something else."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)
    reusable: bool = False


def read(stream: io.BufferedReader, method: str) -> Response:
    """The answer to a request with this method. A body that breaks off is handed on as it is: see ``genuine``."""
    status, persists = _status(stream)
    headers = _headers(stream)
    while 100 <= status < 200:
        status, persists = _status(stream)
        headers = _headers(stream)
    body, whole = (b"", True) if method == "HEAD" or status in _WITHOUT_BODY else _body(stream, headers)
    kept = persists and "close" not in headers.get("connection", "").lower()
    return Response(status, headers, body, reusable=whole and kept)


def _status(stream: io.BufferedReader) -> tuple[int, bool]:
    """The status, and whether this version of HTTP keeps connections."""
    words = _line(stream).split(None, 2)
    if (
        len(words) < 2
        or not words[0].startswith(b"HTTP/1.")
        or not (words[1].isdigit() and len(words[1]) == 3)
    ):
        raise Broken("what came is not HTTP")
    return int(words[1]), words[0] != b"HTTP/1.0"


def _headers(stream: io.BufferedReader) -> Headers:
    found = Headers()
    for line in _lines(stream):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise Broken("a header without a colon")
        key, said = name.strip().lower(), value.strip()
        found[key] = f"{found[key]}, {said}" if key in found else said
    return found


def _lines(stream: io.BufferedReader) -> Iterator[bytes]:
    """Up to the empty one."""
    for _ in range(_LINES):
        line = _line(stream)
        if not line:
            return
        yield line
    raise Broken("too many headers")


def _line(stream: io.BufferedReader) -> bytes:
    line = stream.readline(_LINE)
    if not line.endswith(b"\n"):
        raise Broken("the connection was closed" if len(line) < _LINE else "a line that is too long")
    return line.rstrip(b"\r\n")


def _body(stream: io.BufferedReader, headers: Headers) -> tuple[bytes, bool]:
    """The body, and whether it came to an end that tells where the next answer begins."""
    if "transfer-encoding" in headers:
        return _bounded(_chunks(stream, headers["transfer-encoding"])), True
    if "content-length" not in headers:
        return _bounded(iter(lambda: stream.read(_LINE), b"")), False
    size = _size(headers["content-length"], 10)
    body = stream.read(size)
    return body, len(body) == size


def _chunks(stream: io.BufferedReader, coding: str) -> Iterator[bytes]:
    if coding.lower() != "chunked":
        raise Broken("an encoding that nobody asked for")
    while size := _size(_line(stream).partition(b";")[0].decode("latin-1"), 16):
        piece = stream.read(size)
        if len(piece) < size or _line(stream):
            raise Broken("a piece of the answer broke off")
        yield piece
    list(_lines(stream))  # what a trailer says is of no use


def _size(text: str, base: int) -> int:
    if not (digits := text.strip()).isalnum():
        raise Broken("a length that is no number")
    try:
        size = int(digits, base)
    except ValueError:
        raise Broken("a length that is no number") from None
    return _held(size)


def _held(size: int) -> int:
    if size > LARGEST:
        raise TooLarge(f"an answer of more than {LARGEST} bytes")
    return size


def _bounded(pieces: Iterator[bytes]) -> bytes:
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size = _held(size + len(piece))
    return b"".join(found)
