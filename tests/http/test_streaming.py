"""Bodies go both ways in bounded memory, and no answer that ends early is taken for a whole one."""

import io
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path

import pytest

from dev.cluster.certificates import Authority
from imagestore.backends.http.errors import AnswerCutOff, BodyFailed, ConnectionClosed, ReadTimedOut
from imagestore.backends.http.messages import Body, BodyStream
from imagestore.backends.http.route import HttpTarget, Route
from tests.http.streaming import BLOCK, Answer, Heard, Streaming, echo, sends, served, tls_context

MB = 1024 * 1024
SIZE = 200 * MB
ROOT = Path(__file__).resolve().parents[2]

Serve = Callable[[Answer], AbstractContextManager[Streaming]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(params=["plain", "tls"])
def serve(request: pytest.FixtureRequest, authority: Authority) -> Serve:
    """A server with and without TLS."""
    if request.param == "plain":
        return served
    return lambda answer: served(answer, tls_context(authority), str(authority.file))


def blocks(size: int) -> Iterator[bytes]:
    for begin in range(0, size, BLOCK):
        yield b"y" * min(BLOCK, size - begin)


def as_announced(heard: Heard) -> None:
    """As many bytes back as came, framed as they were."""
    heard.take()
    if "content-length" in heard.headers:
        heard.say(f"HTTP/1.1 200 X\r\nContent-Length: {heard.taken}\r\n\r\n".encode(), *blocks(heard.taken))
        return
    heard.say(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    heard.say(*(b"%x\r\n%b\r\n" % (len(b), b) for b in blocks(heard.taken)), b"0\r\n\r\n")


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_two_hundred_megabytes_go_up_and_down_in_less_than_thirty(serve: Serve, framing: str) -> None:
    with serve(as_announced) as server:
        where = [server.scheme, server.authority, server.ca_file or "", str(SIZE), framing]
        program = [sys.executable, "-m", "tests.http.streaming_memory", *where]
        told = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        read, grown = map(int, told.split())
        assert (read, server.asked[-1].taken, server.connections) == (SIZE, SIZE, 1)
    assert grown < 30, f"{grown} MB"


@pytest.mark.parametrize("length", [0, 1, BLOCK, 3 * BLOCK + 1])
@pytest.mark.parametrize("kind", ["bytes", "length", "chunked", "reader"])
def test_a_body_arrives_as_it_was(serve: Serve, kind: str, length: int) -> None:
    content = bytes(range(256)) * (length // 256) + b"e" * (length % 256)
    bodies: dict[str, Body] = {
        "bytes": content,
        "length": BodyStream([content[:1000], b"", content[1000:]], length),
        "chunked": BodyStream([content[:1000], b"", content[1000:]], None),
        "reader": BodyStream.of(io.BytesIO(content), length),
    }
    body = bodies[kind]
    with serve(echo) as server:
        for _ in range(2 if kind == "bytes" else 1):
            assert server.client.send(server.request("PUT", body)).body == str(length).encode()
        assert server.asked[-1].digest == sha256(content).hexdigest()
        assert "expect" not in server.asked[-1].headers
        assert server.connections == 1


@pytest.mark.parametrize(("told", "words"), [(10, "more than 10 bytes"), (30, "20 of 30 bytes")])
def test_a_body_of_another_length_than_announced_is_an_error(serve: Serve, told: int, words: str) -> None:
    with serve(echo) as server:
        with pytest.raises(BodyFailed, match=words):
            server.client.stream(server.request("PUT", BodyStream(blocks(20), told)))
        server.client.send(server.request())
        assert server.connections == 2, "half a request is still on the first connection"


def test_a_source_that_fails_is_not_taken_for_the_server(serve: Serve) -> None:
    def failing() -> Iterator[bytes]:
        yield b"x"
        raise TimeoutError("the disk")

    with serve(echo) as server, pytest.raises(BodyFailed, match="the disk"):
        server.client.send(server.request("PUT", BodyStream(failing(), 20)))


CUT: dict[str, Answer] = {
    "length": sends(10 * BLOCK, announced=10 * BLOCK + 1),
    "chunked": lambda heard: _cut(heard, b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"),
    "half a chunk": lambda heard: _cut(heard, b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
}


def _cut(heard: Heard, told: bytes) -> None:
    heard.say(b"HTTP/1.1 200 X\r\n" + told)
    raise EOFError


@pytest.mark.parametrize("answer", CUT.values(), ids=list(CUT))
def test_an_answer_that_ends_early_is_an_error_and_never_a_short_body(serve: Serve, answer: Answer) -> None:
    with serve(answer) as server:
        with (
            server.client.stream(server.request()) as found,
            pytest.raises(AnswerCutOff, match="cut off"),
        ):
            list(found)
        with pytest.raises(AnswerCutOff, match="cut off"):
            server.client.send(server.request())


def test_what_an_answer_said_before_it_was_cut_off_is_kept(serve: Serve) -> None:
    """A proxy that is overloaded says for how long, and ends in the middle of the page that explains it."""

    def throttled(heard: Heard) -> None:
        heard.say(b"HTTP/1.1 429 X\r\nRetry-After: 7\r\nContent-Length: 99\r\n\r\nabc")
        raise EOFError

    with serve(throttled) as server:
        with pytest.raises(AnswerCutOff) as raised:
            server.client.send(server.request())
        assert (raised.value.status, raised.value.headers.get("retry-after")) == (429, "7")


def test_a_reader_that_stops_early_does_not_poison_the_pool(serve: Serve) -> None:
    answers = [sends(50 * BLOCK), echo]
    with serve(lambda heard: answers.pop(0)(heard)) as server:
        with server.client.stream(server.request()) as found:
            assert next(iter(found))
        assert server.client.send(server.request("PUT", b"abc")).body == b"3"
        assert server.connections == 2
        with pytest.raises(ConnectionClosed, match="closed before it was read"):
            list(found)


def test_an_answer_that_is_never_read_does_not_poison_the_pool(serve: Serve) -> None:
    with serve(sends(3)) as server:
        server.client.stream(server.request()).close()
        assert server.client.send(server.request()).body == b"xxx"
        assert server.connections == 2


def test_a_read_answer_gives_its_connection_back(serve: Serve) -> None:
    with serve(sends(3 * BLOCK)) as server:
        for _ in range(3):
            with server.client.stream(server.request()) as found:
                assert (found.status, found.length, sum(map(len, found))) == (200, 3 * BLOCK, 3 * BLOCK)
        assert server.connections == 1


def test_what_comes_behind_an_answer_is_nobodys(serve: Serve) -> None:
    """What was read behind the end of an answer was dropped, and the connection used again: half of it was still to come."""
    extra = b"HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n"
    answers: list[Answer] = [
        lambda heard: heard.say(b"HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\na" + extra),
        echo,
    ]
    with serve(lambda heard: answers.pop(0)(heard)) as server:
        assert server.client.send(server.request()).body == b"a"
        assert server.client.send(server.request()).status == 200
        assert server.connections == 2


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_server_that_answers_before_the_body_is_sent_is_heard(serve: Serve, *, hangs_up: bool) -> None:
    """It takes no more: whoever goes on sending waits for ever, or hears only that the connection was reset."""
    enough = threading.Event()

    def refuse(heard: Heard) -> None:
        heard.answer(b"<Error><Code>EntityTooLarge</Code></Error>", status=413)
        if hangs_up:
            raise EOFError
        enough.wait(20)

    with serve(refuse) as server:
        began = time.monotonic()
        answer = server.client.send(server.request("PUT", BodyStream(blocks(SIZE), SIZE)))
        assert (answer.status, b"EntityTooLarge" in answer.body) == (413, True)
        assert time.monotonic() - began < 4
        enough.set()
        server.answer = echo
        assert server.client.send(server.request()).status == 200
        assert server.connections == 2, "the rest of the body would have been taken for a request"


def test_what_is_sent_is_not_held_back_for_more() -> None:
    """With Nagle's algorithm a head and its body in two writes took 40 ms for each other's acknowledgement."""
    with served(echo) as server:
        connection = Route(HttpTarget("http", server.authority)).connect(server.authority)
        assert connection._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connection.close()


def test_go_on_is_no_answer_yet(serve: Serve) -> None:
    def go_on(heard: Heard) -> None:
        heard.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        echo(heard)

    with serve(go_on) as server:
        answer = server.client.send(server.request("PUT", BodyStream(blocks(5 * MB), 5 * MB)))
        assert (answer.status, answer.body) == (200, b"%d" % (5 * MB))


def test_a_server_that_takes_no_body_is_given_up(serve: Serve) -> None:
    done = threading.Event()

    def takes_nothing(_: Heard) -> None:
        done.wait(20)

    with serve(takes_nothing) as server:
        client = server.connected(read=0.5)
        with pytest.raises(ReadTimedOut):
            client.send(server.request("PUT", BodyStream(blocks(SIZE), SIZE)))
        done.set()


def test_a_body_in_memory_is_taken_within_one_deadline(serve: Serve) -> None:
    """A server that took a little every half a second kept a worker for as long as it liked."""
    done = threading.Event()

    def takes_a_little(heard: Heard) -> None:
        while not done.wait(0.1) and heard.connection.recv(50_000):
            pass

    with serve(takes_a_little) as server:
        began = time.monotonic()
        with pytest.raises(ReadTimedOut):
            server.connected(read=0.5).send(server.request("PUT", bytes(60 * MB)))
        assert time.monotonic() - began < 5
        done.set()


def _drips(heard: Heard) -> None:
    heard.say(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        heard.say(b"x")
        time.sleep(0.05)


def test_an_answer_has_a_deadline_where_one_is_given(serve: Serve) -> None:
    with serve(_drips) as server:
        client = server.connected(read=0.3)
        began = time.monotonic()
        with pytest.raises(ReadTimedOut, match="took too long"):
            client.send(server.request())
        with (
            client.stream(server.request(), 0.3) as found,
            pytest.raises(ReadTimedOut, match="took too long"),
        ):
            list(found)
        assert time.monotonic() - began < 3


def test_without_one_it_may_go_on_for_as_long_as_it_goes_on(serve: Serve) -> None:
    def slow(heard: Heard) -> None:
        heard.say(b"HTTP/1.1 200 X\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            heard.say(b"x")
            time.sleep(0.05)

    with serve(slow) as server, server.connected(read=0.4).stream(server.request()) as found:
        assert len(b"".join(found)) == 20
