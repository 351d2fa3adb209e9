"""Parses an HTTP/1.1 answer from the bytes of a connection. Bodies are not decompressed.

``httptools`` (Node's parser, llhttp) does the parsing. This module refuses what it accepts and we do not. See docs/adr.
"""

import httptools

from imagestore.backends.http.errors import Broken, CutOff
from imagestore.backends.http.messages import Headers

_HEAD, _HEADERS = 64 * 1024, 200  # bytes and number of headers
_WITHOUT_BODY = frozenset({"HEAD", "CONNECT"})


class AnswerParser:
    """One answer: ``feed`` it bytes and take the body's blocks. The ``on_...`` methods are what httptools calls."""

    __slots__ = (
        "_blocks", "_framed", "_left", "_method", "_more", "_pairs", "_parser", "_silent", "_version",
        "complete", "early", "headed", "headers", "length", "status",
    )  # fmt: skip

    def __init__(self, method: str) -> None:
        self.status, self.headers = 0, Headers()
        self.length: int | None = None  # bytes of the body, if there is one and the answer says its length
        self._framed = False  # the answer says where it ends; else the connection's end is its end
        self._pairs: list[tuple[bytes, bytes]] = []
        self.headed = self.complete = False  # the final headers are there; the body has come to its end
        self._method, self._version = method, ""
        self.early: list[bytes] = []  # what of the body came together with the headers
        self._blocks: list[bytes] = []
        self._silent = 0  # bytes that brought nothing of the body
        self._more = False  # bytes came behind the end
        self._left = 0  # bytes of the body that are still to come, where its length is known
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        # Servers send these, and both are harmless in an answer: lines without CR, spaces behind a chunk's size.
        self._parser.set_dangerous_leniencies(
            lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request."""
        kept = self._version == "1.1" and "close" not in self.headers.get("connection", "").lower()
        return self.complete and kept and self._framed and not self._more

    @property
    def left(self) -> int:
        """Bytes of the body that are still to come, where nothing has to be parsed any more."""
        return self._left if self.headed and not self.complete and self._parser is None else 0

    def received(self, count: int) -> None:
        """Count bytes of ``left`` that were read without ``feed``; 0 is the connection's end. Raises Broken."""
        if not count:
            self._end()
        self._left -= count
        self.complete = self._left == 0

    def take_early(self) -> list[bytes]:
        """Return and forget the blocks of the body that came with the headers."""
        early, self.early = self.early, []
        return early

    def feed(self, data: bytes) -> list[bytes]:
        """Parse ``data`` and return the blocks of the body in it. Empty ``data`` is the connection's end. Raises Broken."""
        if not data:
            self._end()
        elif self._parser is None:
            return self._counted(data)
        else:
            self._parse(self._parser, data)
        blocks, self._blocks = self._blocks, []
        if self.headed and not self.complete and self.length is not None:
            self._left, self._parser = self.length - sum(map(len, blocks)), None
        self._silent = 0 if blocks else self._silent + len(data)
        if self._silent > _HEAD and not self.complete:
            raise Broken("more than 64 KiB of headers")
        return blocks

    def _counted(self, data: bytes) -> list[bytes]:
        """The part of a body with a known length. There is nothing to parse, and httptools would copy it."""
        found = data[: self._left]
        self._left -= len(found)
        self.complete, self._more = self._left == 0, len(found) < len(data)
        return [found] if found else []

    def _parse(self, parser: httptools.HttpResponseParser, data: bytes) -> None:
        if not (self.status or self._silent) and not data.startswith(b"H"):
            raise Broken("what came is not HTTP")
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.complete:
                raise Broken(_said(error)) from None
            self._more = True
        if self.complete:
            self._parser = None  # it and we hold each other

    def _end(self) -> None:
        if self.headed and not self._framed:
            self.complete = True
        self._parser = None
        if not self.complete:
            raise CutOff("the connection was closed") if self.headed else Broken("the connection was closed")

    def on_message_begin(self) -> None:
        """Called by httptools, also for a second answer behind the requested one."""
        if self.complete:
            raise Broken("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by httptools, also for trailers, which are dropped."""
        self._pairs.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by httptools, also for 100 Continue and other interim answers, which are dropped."""
        if self._parser is None:
            return
        self.status, self._version = self._parser.get_status_code(), self._parser.get_http_version()
        if not self._version.startswith("1."):
            raise Broken("what came is not HTTP/1")
        pairs, self._pairs = self._pairs, []
        if self.status < 200:
            return
        found = _headers(pairs)
        self.headers, bodiless = Headers(found), self._is_bodiless()
        length, coding = found.get("content-length"), found.get("transfer-encoding")
        self.length = None if bodiless or length is None else int(length)
        self._framed = bodiless or length is not None or coding is not None
        self.headed, self.complete = True, bodiless
        if not bodiless and coding is not None and coding.lower() != "chunked":
            raise Broken("an encoding that was not asked for")

    def on_body(self, block: bytes) -> None:
        """Called by httptools for a part of the body."""
        if self.complete:
            self._more = True
        else:
            self._blocks.append(block)

    def on_message_complete(self) -> None:
        """Called by httptools at the end of any answer, also of an interim one."""
        self.complete = self.headed

    def _is_bodiless(self) -> bool:
        return self._method in _WITHOUT_BODY or self.status in (204, 304)


def _headers(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    if len(pairs) > _HEADERS:
        raise Broken("too many headers")
    told = [(_KNOWN.get(name) or _lowered(name), value.decode("latin-1").strip()) for name, value in pairs]
    found = dict(told)
    return found if len(found) == len(told) else _joined(told)


def _joined(told: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in told:
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


_KNOWN: dict[bytes, str] = {}  # names as servers write them: the same dozen in every answer
_MOST_KNOWN = 1000


def _lowered(name: bytes) -> str:
    key = name.decode("latin-1").lower()
    if len(_KNOWN) < _MOST_KNOWN:
        _KNOWN[name] = key
    return key


def _said(error: Exception) -> str:
    """The message of a Broken that a callback raised, or httptools' own."""
    return str(error.__context__ if isinstance(error.__context__, Broken) else error)
