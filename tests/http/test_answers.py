"""HTTP as our own transport speaks it: what it reads, when it hangs up, and what it never writes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import pytest

from imagestore.backends.guard.call import Call
from imagestore.backends.http import client
from imagestore.backends.http.client import HttpClient
from imagestore.backends.http.errors import AnswerTooLarge, Broken, Unsendable
from imagestore.backends.http.messages import Headers, HttpRequest, head
from imagestore.backends.http.parser import AnswerParser
from imagestore.backends.http.route import HttpTarget
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.s3.transport.call import s3_call
from imagestore.core.errors import Unavailable

TAGS = b"<Tagging><TagSet/></Tagging>"


@dataclass(frozen=True)
class Read:
    """What was made of an answer."""

    status: int
    headers: Headers
    body: bytes
    reusable: bool


def read(raw: bytes, method: str = "GET", step: int = 100_000) -> Read:
    """From a connection that gives ``step`` bytes at once, and then ends."""
    parser, body = AnswerParser(method), b""
    for begin in range(0, len(raw), step):
        body += b"".join(parser.feed(raw[begin : begin + step]))
    if not parser.complete:
        parser.feed(b"")
    return Read(parser.status, parser.headers, body, parser.reusable)


WHOLE: dict[str, tuple[bytes, str, int, bytes, bool]] = {
    "a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "GET", 200, b"abc", True),
    "no reason": (b"HTTP/1.1 404\r\ncontent-length:0\r\n\r\n", "GET", 404, b"", True),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 1\n\na", "GET", 200, b"a", True),
    "HEAD": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", 200, b"", True),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", "DELETE", 204, b"", True),
    "until it ends": (b"HTTP/1.1 200 OK\r\n\r\nabc", "GET", 200, b"abc", False),
    "a goodbye": (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 1\r\n\r\na", "GET", 200, b"a", False),
    "an old server": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "GET", 200, b"a", False),
    "go on": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "PUT", 200, b"a", True),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nX-T: 1\r\n\r\n",
               "GET", 200, b"abc", True),
    "spaces behind a size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
                             "GET", 200, b"a", True),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "GET", 304, b"", True),
    "HEAD of a packed one": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HEAD", 200, b"", True),
    "one more answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nb",
                        "GET", 200, b"a", False),
    "more than announced": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "GET", 200, b"a", False),
    "HEAD with a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HEAD", 200, b"", False),
}  # fmt: skip


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize("case", WHOLE.values(), ids=list(WHOLE))
def test_an_answer(case: tuple[bytes, str, int, bytes, bool], step: int) -> None:
    raw, method, *expected = case
    found = read(raw, method, step)
    assert [found.status, found.body, found.reusable] == expected


BROKEN = {
    "nothing": b"",
    "half a line": b"HTTP/1.1 20",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "half of the headers": b"HTTP/1.1 200 OK\r\nServer: x\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nServer\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000,
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 201 + b"\r\n",
    "a line without end": b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000,
    "packed": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nabcde\r\n0\r\n\r\n",
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    "a length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "chunks and a length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "the same length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\na",
    "a length beyond all": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "a chunk beyond all": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "packed in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "in chunks twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a header over two lines": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "another version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "an empty line first": b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "two digits": b"HTTP/1.1 99 OK\r\n\r\n",
    "four digits": b"HTTP/1.1 1000 OK\r\n\r\n",
    "another protocol from here on": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nzzz",
    "go on, for ever": b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
    "a trailer without end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    + b"A: b\r\n" * 1000,
    "no end of chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
}


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize("raw", BROKEN.values(), ids=list(BROKEN))
def test_what_is_no_answer(raw: bytes, step: int) -> None:
    with pytest.raises(Broken):
        read(raw, "GET", step)


def test_a_head_without_end_is_not_held() -> None:
    """One line of it alone never ends, so nothing but its bytes can be counted."""
    parser = AnswerParser("GET")
    parser.feed(b"HTTP/1.1 200 OK\r\nA: ")
    for _ in range(64):
        parser.feed(b"b" * 1000)
    with pytest.raises(Broken, match="64 KiB of headers"):
        parser.feed(b"b" * 2000)


@pytest.mark.parametrize(
    "told",
    [
        b"Content-Length: 11\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11,
        b"\r\n" + b"x" * 11,
    ],
)
def test_an_answer_is_not_held_beyond_a_bound(told: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LARGEST_ANSWER", 10)
    with (
        server(b"HTTP/1.1 200 OK\r\n" + told) as served,
        pytest.raises(AnswerTooLarge, match="more than 10 bytes"),
    ):
        served.plain.send(HttpRequest("GET", served.authority, "/", {}))


def test_headers_are_asked_for_in_any_case_and_joined() -> None:
    headers = read(
        b"HTTP/1.1 200 OK\r\nVary: a\r\nVARY: b\r\nX-Amz-Id-2: z\r\nContent-Length: 0\r\n\r\n"
    ).headers
    assert (headers["vary"], headers.get("x-amz-ID-2"), "Vary" in headers) == ("a, b", "z", True)


def test_a_line_break_makes_no_header() -> None:
    request = HttpRequest("GET", "store", "/b", {"x-amz-meta": "a\r\nAuthorization: mine"})
    with pytest.raises(Unsendable):
        head(request, request.target, {})


@dataclass
class Served:
    """``asked``: how many requests each connection had. ``hung_up`` is set when one was closed."""

    endpoint: str
    asked: list[int] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)

    def call(self) -> None:
        """Once, on the connections of this test."""
        assert self.client("GetBucketTagging", {"Bucket": "a-bucket"})["TagSet"] == []

    @property
    def authority(self) -> str:
        """As in a Host header."""
        return self.endpoint.removeprefix("http://")

    @cached_property
    def plain(self) -> HttpClient:
        """Without S3."""
        return HttpClient(HttpTarget("http", self.authority, read=5.0))

    @cached_property
    def client(self) -> Call:
        return s3_call(StoreTarget(self.endpoint, "eu-west-1", Keys("id", "secret"), read=5.0))


@contextmanager
def server(*answers: bytes) -> Iterator[Served]:
    """One answer a request; an empty one hangs up instead."""
    left = list(answers)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = Served(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def serve() -> None:
            while left:
                connection = listener.accept()[0]
                served.asked.append(0)
                with connection, connection.makefile("rb") as stream:
                    while left and (answer := left.pop(0)):
                        while stream.readline().strip():
                            pass
                        served.asked[-1] += 1
                        connection.sendall(answer)
                served.hung_up.set()

        threading.Thread(target=serve, daemon=True).start()
        yield served


GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(TAGS), TAGS)


def test_a_connection_is_used_again() -> None:
    with server(GOOD, GOOD, GOOD) as served:
        for _ in range(3):
            served.call()
        assert served.asked == [3]


def test_a_connection_that_was_closed_meanwhile_is_not_used() -> None:
    with server(GOOD, b"", GOOD) as served:
        served.call()
        assert served.hung_up.wait(5)
        served.call()
        assert served.asked == [1, 1]


def test_a_connection_that_ends_without_an_answer_is_an_error_and_nothing_is_asked_twice() -> None:
    with server(GOOD, b"HTTP/1.1 2", b"") as served:
        served.call()
        with pytest.raises(Unavailable, match="closed"):
            served.call()
        assert served.asked == [2]
