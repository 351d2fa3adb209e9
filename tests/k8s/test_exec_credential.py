"""A token that a program prints: it may be slow, it may fail, and what it prints expires."""

import asyncio
import json
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiohttp import web

from imagestore.core.fencing import Fenced
from imagestore.k8s.api.access import Access
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.errors import AccessError
from imagestore.k8s.api.exec_credential import ExecToken
from imagestore.k8s.api.resources import NAMESPACES
from tests.k8s.replica import run
from tests.k8s.small_api import SmallApi, served, until
from tests.k8s.test_queue import Clock

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Program:
    """A shell script in a file, and how often it was run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.prints()

    def prints(self, bearer: str = "t", expires: datetime | None = None, first: str = "") -> None:
        status: dict[str, Any] = {"token": bearer}
        if expires is not None:
            status["expirationTimestamp"] = expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.does(f"{first}\necho '{json.dumps({'status': status})}'")

    def does(self, script: str) -> None:
        (self._folder / "script").write_text(f"echo x >>{self._folder}/runs\n{script}")

    @property
    def command(self) -> dict[str, Any]:
        return {
            "command": "sh",
            "args": [str(self._folder / "script")],
            "apiVersion": "client.authentication.k8s.io/v1",
        }

    @property
    def runs(self) -> int:
        return (self._folder / "runs").read_text().count("x")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_it_is_asked_again_before_what_it_printed_expires(program: Program) -> None:
    clock = Clock()
    program.prints("one", NOW + timedelta(minutes=15))
    token = ExecToken(program.command, clock, lambda: NOW)
    assert (token(), token()) == ("Bearer one", "Bearer one")
    clock.now += 13 * 60
    assert token.fresh()
    assert program.runs == 1
    clock.now += 61
    program.prints("two", NOW + timedelta(minutes=30))
    assert not token.fresh()
    assert token() == "Bearer two"


def test_one_that_fails_is_forgiven_until_the_token_expires(program: Program) -> None:
    clock = Clock()
    program.prints("one", NOW + timedelta(minutes=15))
    token = ExecToken(program.command, clock, lambda: NOW)
    token()
    program.does("exit 3")
    clock.now += 14.5 * 60
    assert token() == "Bearer one"
    clock.now += 30
    with pytest.raises(AccessError, match="sh, which the kubeconfig names, ended with 3"):
        token()


def test_a_token_that_seems_to_have_expired_is_no_reason_to_run_it_for_each_request(program: Program) -> None:
    """Of two machines' clocks one may be an hour late."""
    clock = Clock()
    program.prints("one", NOW - timedelta(minutes=45))
    token = ExecToken(program.command, clock, lambda: NOW)
    assert [token() for _ in range(5)] == ["Bearer one"] * 5
    assert program.runs == 1


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("sleep 60", "did not end within 0.2 s"),
        ("echo a-secret-that-is-no-json", "printed no ExecCredential with a token"),
        ("echo '{\"status\": {}}'", "printed no ExecCredential with a token"),
    ],
)
def test_what_is_wrong_is_a_sentence_without_what_it_printed(
    program: Program, script: str, said: str
) -> None:
    program.does(script)
    with pytest.raises(AccessError) as caught:
        ExecToken(program.command, patience=0.2)()
    assert str(caught.value) == f"sh, which the kubeconfig names, {said}"


def test_a_program_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(AccessError, match="cannot be run: No such file"):
        ExecToken({"command": "/no/such/program"})()


def test_it_is_told_in_which_version_it_is_asked(program: Program) -> None:
    """Some programs print nothing unless they are told."""
    program.does('test "$KUBERNETES_EXEC_INFO" && echo \'{"status": {"token": "t"}}\'')
    assert ExecToken(program.command)() == "Bearer t"


def test_a_failure_is_told_to_all_who_waited_for_it(program: Program) -> None:
    """Each of them ran it again, one after the other, and a replica did not end before the last had given up."""
    program.does("sleep 60")
    token = ExecToken(program.command, patience=1)

    def fails(_: int) -> bool:
        with pytest.raises(AccessError, match="did not end within 1 s"):
            token()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(fails, range(8)))
    assert program.runs < 8


def test_leave_to_write_is_asked_after_the_token(program: Program, tmp_path: Path) -> None:
    """A program took longer than the Lease lasted, and the write was sent with what was allowed before it."""
    program.prints(first=f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    api, lost = SmallApi(), list[str]()

    def permit() -> None:
        if lost:
            raise Fenced

    async def story() -> None:
        async with served(api) as access:
            client = Client(slow(access, ExecToken(program.command)), permit=permit)
            write = asyncio.create_task(client.request("PATCH", NAMESPACES, NAMESPACES.path(), {}))
            await until((tmp_path / "runs").exists)
            lost.append("now")
            (tmp_path / "go").touch()
            with pytest.raises(Fenced):
                await write
            await client.close()

    run(story())
    assert api.asked == []


def slow(access: Access, token: ExecToken) -> Access:
    return Access(access.server, ssl.create_default_context(), token, fresh=token.fresh)


def test_the_event_loop_goes_on_while_a_program_takes_its_time(program: Program, tmp_path: Path) -> None:
    """It was run in the loop: the Lease was not renewed meanwhile, nor was anybody answered."""
    program.prints(first=f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    api = SmallApi()
    heard = list[str | None]()

    def listens(request: web.Request) -> None:
        heard.append(request.headers.get("Authorization"))

    api.fault = listens

    async def story() -> None:
        async with served(api) as access:
            client = Client(slow(access, ExecToken(program.command)))
            asked = [asyncio.create_task(client.get(NAMESPACES, "", "shop")) for _ in range(3)]
            await until((tmp_path / "runs").exists)
            (tmp_path / "go").touch()
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert [getattr(a, "status", None) for a in answers] == [404] * 3
            await client.close()

    began = monotonic()
    run(story())
    assert monotonic() - began < 20
    assert heard == ["Bearer t"] * 3
    assert program.runs == 1, "once for all who ask"


def test_a_program_that_fails_is_a_call_that_fails(program: Program) -> None:
    """It was an exception that nobody expected: it ended the watch, and with it the operator."""
    program.does("exit 1")

    async def story() -> str:
        async with served(SmallApi()) as access:
            client = Client(slow(access, ExecToken(program.command)))
            with pytest.raises(ApiError) as caught:
                await client.request("GET", NAMESPACES, NAMESPACES.path(), tries=1)
            await client.close()
            return str(caught.value)

    assert "sh, which the kubeconfig names, ended with 1" in run(story())
