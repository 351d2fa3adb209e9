"""A proxy between operator and API server that speaks TLS on both sides, and spoils what passes, on a switch."""

import asyncio
import json
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from dev.cluster import Cluster
from dev.cluster.certificates import Authority
from dev.ports import free_port

Event = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str

    @property
    def watches(self) -> bool:
        """Whether events are wanted."""
        return "watch=true" in self.target

    @property
    def lists(self) -> bool:
        """Whether a list is wanted."""
        return self.method == "GET" and not self.watches

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    def of(self, plural: str) -> bool:
        """Whether it is about this resource."""
        return f"/{plural}" in self.target.partition("?")[0]


@dataclass(frozen=True)
class Answer:
    """What the operator gets instead of the API server's answer."""

    status: int
    reason: str = ""
    message: str = "on purpose"
    retry_after: int | None = None
    body: bytes | None = None

    def response(self) -> web.Response:
        """As the API server words it."""
        told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": self.reason,
                "message": self.message, "code": self.status}  # fmt: skip
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}
        body = self.body if self.body is not None else json.dumps(told).encode()
        return web.Response(status=self.status, body=body, content_type="application/json", headers=headers)


Fault = Callable[[Asked], Answer | None]
Mangle = Callable[[Asked, Event], list[Event]]


@dataclass
class Times:
    """Answers so many of certain requests itself, and counts them."""

    left: int
    which: Callable[[Asked], bool]
    answer: Answer
    met: int = 0

    def __call__(self, asked: Asked) -> Answer | None:
        """The answer, or None to let it pass."""
        if self.left <= 0 or not self.which(asked):
            return None
        self.left, self.met = self.left - 1, self.met + 1
        return self.answer


@dataclass
class ApiProxy:
    """Faults and mangles may be put in and taken out while it runs."""

    target: str
    upstream: ssl.SSLContext
    port: int = field(default_factory=free_port)
    faults: list[Fault] = field(default_factory=list)
    mangles: list[Mangle] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    ca_file: Path = Path()
    _loop: Any = None
    _end: Any = None
    _watches: set["asyncio.Task[Any]"] = field(default_factory=set)
    _session: Any = None

    @contextmanager
    def spoiled(self, *faults: Fault, mangle: Mangle | None = None) -> Iterator[None]:
        """These faults for as long as the block lasts."""
        before = self.faults, self.mangles
        self.faults, self.mangles = [*faults, *self.faults], [*self.mangles, *([mangle] if mangle else [])]
        try:
            yield
        finally:
            self.faults, self.mangles = before

    def cut(self) -> None:
        """End every watch: the operator connects again."""
        self._loop.call_soon_threadsafe(lambda: [t.cancel() for t in self._watches])

    async def serve(self, context: ssl.SSLContext, ready: threading.Event) -> None:
        """Until it is stopped; what is under way then is cancelled."""
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        connector = aiohttp.TCPConnector(ssl=self.upstream, limit=0)
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        async with aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout()
        ) as self._session:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=context).start()
            ready.set()
            await self._end.wait()
            await runner.cleanup()

    def stop(self) -> None:
        """For good."""
        self._loop.call_soon_threadsafe(self._end.set)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(request.method, request.raw_path)
        self.asked.append(asked)
        for fault in self.faults:
            answer = fault(asked)
            if answer is not None:
                return answer.response()
        try:
            return await self._forward(asked, request)
        except aiohttp.ClientError as error:
            return Answer(503, "ServiceUnavailable", f"no API server: {type(error).__name__}").response()

    async def _forward(self, asked: Asked, request: web.Request) -> web.StreamResponse:
        kept = {"Authorization", "Content-Type", "Accept", "User-Agent"}
        headers = {k: v for k, v in request.headers.items() if k in kept}
        url = URL(self.target + asked.target, encoded=True)
        body = await request.read()
        async with self._session.request(asked.method, url, data=body or None, headers=headers) as answer:
            if asked.watches and answer.status == 200:
                return await self._stream(asked, request, answer)
            shown = {k: v for k, v in answer.headers.items() if k in {"Content-Type", "Retry-After"}}
            return web.Response(status=answer.status, body=await answer.read(), headers=shown)

    async def _stream(
        self, asked: Asked, request: web.Request, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self._watches.add(task)
        try:
            async for line in _lines(answer):
                for event in self._mangled(asked, json.loads(line)):
                    await response.write(json.dumps(event).encode() + b"\n")
        except aiohttp.ClientError:
            if request.transport is not None:
                request.transport.abort()  # as the API server's own connection was
        finally:
            self._watches.discard(task)
        return response

    def _mangled(self, asked: Asked, event: Event) -> list[Event]:
        events = [event]
        for mangle in self.mangles:
            events = [made for each in events for made in mangle(asked, each)]
        return events


async def _lines(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in answer.content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line


@contextmanager
def api_proxy(cluster: Cluster, directory: Path) -> Iterator[ApiProxy]:
    """In front of this cluster's API server, with a certificate of its own authority."""
    authority = Authority(directory / "proxy-pki")
    pair = authority.server("proxy", ["127.0.0.1", "localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    proxy = ApiProxy(cluster.server, ssl.create_default_context(cafile=str(cluster.ca_file)))
    proxy.ca_file = authority.file
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(proxy.serve(context, ready)), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join(5)
