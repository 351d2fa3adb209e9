"""The receiver of notifications: who is heard, and what the others are answered."""

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import aiohttp
import pytest

from imagestore.backends.notices import ObjectNotice
from imagestore.controller import receiver
from imagestore.controller.receiver import Allowance, NotificationReceiver, is_authentic

TOKEN = b"correct-horse-battery"
GOOD = {"Authorization": f"Bearer {TOKEN.decode()}"}
RECORD = {"s3": {"bucket": {"name": "pics"}, "object": {"key": "secret-name.jpg"}}}
TOLD = json.dumps({"Records": [RECORD]}).encode()


@dataclass
class Stage:
    """A receiver, and what it has heard."""

    token: bytes | None = TOKEN
    working: bool = True
    concerned: bool = True
    heard: list[tuple[str, Sequence[ObjectNotice]]] = field(default_factory=list)

    def hear(self, backend: str, told: Sequence[ObjectNotice]) -> bool:
        self.heard.append((backend, told))
        return self.concerned

    def run(self, act: Callable[[aiohttp.ClientSession, str], Awaitable[None]]) -> None:
        async def whole() -> None:
            made = NotificationReceiver(
                lambda: self.token, lambda: self.working, self.hear, asyncio.get_running_loop().time
            )
            await made.start("127.0.0.1:0")
            try:
                async with aiohttp.ClientSession() as session:
                    await act(session, f"http://127.0.0.1:{made.port}")
            finally:
                await made.stop()

        asyncio.run(whole())

    def answer(
        self, body: bytes = TOLD, path: str = "/notifications/near", method: str = "POST", **headers: str
    ) -> int:
        """The status that one request is answered with."""
        found: list[int] = []

        async def ask(session: aiohttp.ClientSession, url: str) -> None:
            async with session.request(method, url + path, data=body, headers=GOOD | headers) as answer:
                found.append(answer.status)
                assert await answer.read() == b""

        self.run(ask)
        return found[0]


def test_a_store_with_the_token_is_heard() -> None:
    stage = Stage()
    assert stage.answer() == 200
    assert stage.heard == [("near", (ObjectNotice("pics", "secret-name.jpg"),))]


def test_what_concerns_no_policy_is_accepted() -> None:
    """Else the store sends it again and again."""
    assert Stage(concerned=False).answer() == 200


BASIC = base64.b64encode(b"ceph:" + TOKEN).decode()


@pytest.mark.parametrize(
    ("header", "authentic"),
    [
        ("Bearer correct-horse-battery", True),
        ("bearer correct-horse-battery", True),
        (f"Basic {BASIC}", True),
        ("Bearer correct-horse-batter", False),
        ("Bearer correct-horse-battery-staple", False),
        ("Bearer", False),
        ("Bearer ", False),
        ("correct-horse-battery", False),
        ("Basic correct-horse-battery", False),
        (f"Basic {BASIC[:-4]}", False),
        ("Basic ü", False),
        ("Bearer \udcff", False),
        ("Digest correct-horse-battery", False),
        ("", False),
    ],
)
def test_only_the_token_is_authentic(header: str, *, authentic: bool) -> None:
    assert is_authentic(header, TOKEN) is authentic


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic Og=="])
def test_without_a_token_nothing_is_authentic(header: str) -> None:
    assert not is_authentic(header, b"")


@pytest.mark.parametrize("token", [None, b"", b"another"])
def test_other_tokens_are_refused_and_heard_nothing_of(token: bytes | None) -> None:
    stage = Stage(token=token)
    assert stage.answer() == 401
    assert stage.heard == []


@pytest.mark.parametrize(
    ("status", "body", "path", "method"),
    [
        (400, b"garbage", "/notifications/near", "POST"),
        (400, b"", "/notifications/near", "POST"),
        (404, TOLD, "/", "POST"),
        (404, TOLD, "/metrics", "POST"),
        (405, b"", "/notifications/near", "GET"),
        (413, b"x" * (receiver.LARGEST + 1), "/notifications/near", "POST"),
    ],
)
def test_what_is_not_understood_is_answered_and_not_heard(
    status: int, body: bytes, path: str, method: str
) -> None:
    stage = Stage()
    assert stage.answer(body, path, method) == status
    assert stage.heard == []


def test_a_replica_that_stands_by_sends_the_store_to_another_connection() -> None:
    """A store keeps its connection: without that it would never reach the replica that works."""
    stage = Stage(working=False)

    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        async with session.post(f"{url}/notifications/near", data=TOLD, headers=GOOD) as answer:
            assert (answer.status, answer.headers["Connection"]) == (503, "close")

    stage.run(ask)
    assert stage.heard == []


def test_too_many_are_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "_BURST", 2.0)
    monkeypatch.setattr(receiver, "_RATE", 0.01)
    found: list[int] = []

    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        for _ in range(3):
            async with session.post(f"{url}/notifications/near", data=TOLD, headers=GOOD) as answer:
                found.append(answer.status)

    stage = Stage()
    stage.run(ask)
    assert found == [200, 200, 429]
    assert len(stage.heard) == 2


def test_an_allowance_fills_up_to_its_burst() -> None:
    now = [0.0]
    allowance = Allowance(2.0, 3.0, lambda: now[0])
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.5
    assert [allowance.take() for _ in range(2)] == [True, False]
    now[0] = 100.0
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "_PATIENCE", 0.05)

    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        head = f"POST /notifications/near HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN.decode()}\r\n"
        writer.write(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()

    stage = Stage()
    stage.run(ask)
    assert stage.heard == []


def test_a_connection_too_many_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that say nothing must not take the file descriptors that stores are reached with."""
    monkeypatch.setattr(receiver, "_CONNECTIONS", 2)

    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        port = int(url.rpartition(":")[2])
        ends = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        assert await asyncio.wait_for(ends[2][0].read(), 5) == b""
        for _, writer in ends:
            writer.close()

    Stage().run(ask)


def test_nothing_of_a_notification_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    Stage().answer()
    Stage().answer(b"secret-name.jpg")
    Stage(token=b"another").answer()
    assert "receiving notifications" in caplog.text
    for word in ("secret-name", "pics", TOKEN.decode()):
        assert word not in caplog.text


def test_a_missing_token_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        for _ in range(3):
            async with session.post(f"{url}/notifications/near", data=TOLD, headers=GOOD) as answer:
                assert answer.status == 401

    Stage(token=None).run(ask)
    assert caplog.text.count("has no key token") == 1
