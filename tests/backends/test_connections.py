"""HTTP as our own transport speaks it: what it reads, when it hangs up, and what it never writes."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import pytest
from botocore.exceptions import ParamValidationError

from imagestore.backends.s3 import transport_answer
from imagestore.backends.s3.client import Keys, Target
from imagestore.backends.s3.settings.setting import Call
from imagestore.backends.s3.transport import connected
from imagestore.backends.s3.transport_answer import Broken, Response, TooLarge
from imagestore.backends.s3.transport_http import written
from imagestore.backends.s3.transport_request import Request
from imagestore.core.errors import Unavailable

TAGS = b"<Tagging><TagSet/></Tagging>"


def read(raw: bytes, method: str = "GET") -> Response:
    return transport_answer.read(io.BufferedReader(io.BytesIO(raw)), method)


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
    "cut off": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "GET", 200, b"abc", False),
}  # fmt: skip


@pytest.mark.parametrize("case", WHOLE.values(), ids=list(WHOLE))
def test_an_answer(case: tuple[bytes, str, int, bytes, bool]) -> None:
    raw, method, *expected = case
    found = read(raw, method)
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
    "a line without end": b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000,
    "packed": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nabcde\r\n0\r\n\r\n",
    "no end of chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=list(BROKEN))
def test_what_is_no_answer(raw: bytes) -> None:
    with pytest.raises(Broken):
        read(raw)


def test_an_answer_is_not_held_beyond_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_answer, "LARGEST", 10)
    for told in (
        b"Content-Length: 11\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nb\r\n",
        b"\r\n" + b"x" * 11,
    ):
        with pytest.raises(TooLarge):
            read(b"HTTP/1.1 200 OK\r\n" + told)


def test_headers_are_asked_for_in_any_case_and_joined() -> None:
    headers = read(
        b"HTTP/1.1 200 OK\r\nVary: a\r\nVARY: b\r\nX-Amz-Id-2: z\r\nContent-Length: 0\r\n\r\n"
    ).headers
    assert (headers["vary"], headers.get("x-amz-ID-2"), "Vary" in headers) == ("a, b", "z", True)


def test_a_line_break_makes_no_header() -> None:
    request = Request("GET", "store", "/b", "", {})
    with pytest.raises(ParamValidationError):
        written(request, {"x-amz-meta": "a\r\nAuthorization: mine"})


@dataclass
class Served:
    """``asked``: how many requests each connection had. ``hung_up`` is set when one was closed."""

    endpoint: str
    asked: list[int] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)

    def call(self) -> None:
        """Once, on the connections of this test."""
        assert self.client("GetBucketTagging", {"Bucket": "a-bucket"})["TagSet"] == []

    @cached_property
    def client(self) -> Call:
        return connected(Target(self.endpoint, "eu-west-1", Keys("id", "secret"), read=5.0))


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
