"""A request, its body and the headers of an answer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from imagestore.backends.http.errors import BadBody, Unsendable

BLOCK = 64 * 1024  # bytes that are received at once
SENT = 256 * 1024  # bytes that are sent at once
_WITH_LENGTH = frozenset({"PUT", "POST"})


class Reader(Protocol):
    """A file, or anything that reads like one."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""


@dataclass(frozen=True)
class BodyStream:
    """A body that is never whole in memory. ``length`` in bytes; None: sent in chunks."""

    blocks: Iterable[bytes] = field(repr=False)
    length: int | None

    @classmethod
    def of(cls, reader: Reader, length: int | None) -> "BodyStream":
        """What the reader still has."""
        return cls(iter(lambda: reader.read(BLOCK), b""), length)


Body = bytes | memoryview | BodyStream


@dataclass(frozen=True)
class HttpRequest:
    """``host`` with its port where it has one; ``target``: path and query, encoded, as in the first line.

    Framing is not among the headers: ``Content-Length`` and ``Transfer-Encoding`` follow from the body.
    """

    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    body: Body = field(repr=False, default=b"")


class Headers(dict[str, str]):
    """By lower-case names; they may be asked for in any case. Repeated ones are joined by commas."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: str, default: Any = None) -> Any:
        """As a dictionary's."""
        return super().get(name.lower(), default)


@dataclass(frozen=True)
class Response:
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)


def head(request: HttpRequest, target: str, more: Mapping[str, str]) -> bytes:
    """The request up to its body, for this first line's ``target``. Raises Unsendable.

    A line break in what ought to be one line is an error, not another header.
    """
    lines = [f"{request.method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in (*request.headers.items(), *more.items())]
    lines += _framing(request)
    text = "\r\n".join((*lines, "Accept-Encoding: identity", "", ""))
    if not text.count("\r") == text.count("\n") == len(lines) + 2:
        raise Unsendable(request.host, "a line break in a header")
    return text.encode("latin-1")


def _framing(request: HttpRequest) -> list[str]:
    body = request.body
    length = body.length if isinstance(body, BodyStream) else len(body)
    if length is None:
        return ["Transfer-Encoding: chunked"]
    return [f"Content-Length: {length}"] if length or request.method in _WITH_LENGTH else []


def pieces(body: Body) -> Iterator[bytes | memoryview]:
    """The body as it goes over the wire. Raises BadBody."""
    if not isinstance(body, BodyStream):
        return iter((memoryview(body),))
    blocks = _blocks(body.blocks)
    return _chunks(blocks) if body.length is None else _sized(blocks, body.length)


def _blocks(source: Iterable[bytes]) -> Iterator[bytes]:
    """None of them empty. A file that cannot be read must not look like a connection that failed."""
    try:
        yield from filter(None, source)
    except OSError as error:
        raise BadBody(str(error)) from error


def _chunks(blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        yield b"%x\r\n%b\r\n" % (len(block), block)
    yield b"0\r\n\r\n"


def _sized(blocks: Iterator[bytes], length: int) -> Iterator[bytes]:
    left = length
    for block in blocks:
        left -= len(block)
        if left < 0:
            raise BadBody(f"it has more than {length} bytes")
        yield block
    if left:
        raise BadBody(f"it has {length - left} of {length} bytes")
