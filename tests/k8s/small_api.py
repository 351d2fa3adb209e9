"""A very small API server of these tests' own: it lists in pages, watches, writes, and fails when it is told to.

What a user would see is tested on a real one. This one is for what a real one cannot be made to do: fail at a listing's
second page, or go back in time.
"""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web

from imagestore.core.fencing import Permit, permitted
from imagestore.k8s.api.access import Access
from imagestore.k8s.api.client import Client

Json = dict[str, Any]
Fault = Callable[[web.Request], int | None]


@dataclass
class SmallApi:
    """Objects by the path of their collection and their name. ``page``: how many a list holds at most."""

    page: int = 2
    version: int = 100
    objects: dict[str, dict[str, Json]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    fault: Fault = lambda _: None
    everywhere: set[str] = field(
        default_factory=set
    )  # paths at which a kind's objects of all namespaces are listed
    ahead: float = 0.0  # seconds that its clock is ahead of ours
    ends_watches: bool = False  # at once, telling nothing, as some proxies do
    _watches: list[tuple[str, "asyncio.Queue[Json]"]] = field(default_factory=list)

    def put(self, collection: str, body: Json, event: str = "MODIFIED") -> Json:
        """Keep an object in its next version, and tell the watches."""
        self.version += 1
        name = body["metadata"]["name"]
        meta: Json = {"uid": f"uid-{name}", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
        made = {**body, "metadata": meta | body["metadata"] | {"resourceVersion": str(self.version)}}
        self.objects.setdefault(collection, {})[name] = made
        for path, queue in self._watches:
            if path == collection:
                queue.put_nowait({"type": event, "object": made})
        return made

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        self.asked.append((request.method, request.path_qs))
        status = self.fault(request)
        if status is not None:
            return _refusal(status)
        if request.method != "GET":
            return await self._write(request)
        if "watch" in request.query:
            return await self._watch(request)
        return self._read(request)

    def _read(self, request: web.Request) -> web.Response:
        if request.path in self.objects or "limit" in request.query:
            return self._list(request)
        collection, _, name = request.path.rpartition("/")
        found = self.objects.get(collection, {}).get(name)
        return web.json_response(found) if found else _refusal(404)

    def _list(self, request: web.Request) -> web.Response:
        items = list(self.objects.get(request.path, {}).values())
        if request.path in self.everywhere:
            items = [
                i for path, held in self.objects.items() if _is_in(path, request.path) for i in held.values()
            ]
        named = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        items = [i for i in items if named in ("", i["metadata"]["name"])]
        start = int(request.query.get("continue", "0"))
        end = start + self.page
        metadata = {"resourceVersion": str(self.version), "continue": str(end) if end < len(items) else ""}
        return web.json_response({"metadata": metadata, "items": items[start:end]})

    async def _write(self, request: web.Request) -> web.Response:
        """A PATCH replaces the status, or what it names of the metadata: more the operator does not ask for."""
        body = json.loads(await request.read())
        if request.method == "POST":
            return web.json_response(self.put(request.path, body, "ADDED"))
        collection, _, name = request.path.removesuffix("/status").rpartition("/")
        known = self.objects.get(collection, {}).get(name)
        if known is None:
            return _refusal(404)
        if request.method == "PATCH":
            part = {"status": body["status"]} if "status" in body else {}
            body = {**known, "metadata": known["metadata"] | body["metadata"], **part}
        return web.json_response(self.put(collection, body))

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response, queue = web.StreamResponse(), asyncio.Queue[Json]()
        await response.prepare(request)
        if self.ends_watches:
            return response
        entry = request.path, queue
        self._watches.append(entry)
        try:
            while True:
                event = await queue.get()
                # Like a real one: what a client says that it knows already is not told.
                if int(event["object"]["metadata"]["resourceVersion"]) > int(
                    request.query["resourceVersion"]
                ):
                    await response.write(json.dumps(event).encode() + b"\n")
        finally:
            self._watches.remove(entry)


def _is_in(path: str, collection: str) -> bool:
    """Whether a namespace's collection is a part of this one."""
    root, _, plural = collection.rpartition("/")
    return path == collection or (path.startswith(f"{root}/namespaces/") and path.endswith(f"/{plural}"))


def _refusal(status: int) -> web.Response:
    told = {
        "kind": "Status",
        "status": "Failure",
        "reason": "OnPurpose",
        "message": "on purpose",
        "code": status,
    }
    return web.json_response(told, status=status)


@asynccontextmanager
async def served(api: SmallApi) -> AsyncIterator[Access]:
    """It, on a port of its own, and how it is reached."""
    app = web.Application()

    async def dated(_: web.Request, answer: web.StreamResponse) -> None:
        answer.headers["Date"] = formatdate(time.time() + api.ahead, usegmt=True)

    app.on_response_prepare.append(dated)
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Access(f"http://127.0.0.1:{runner.addresses[0][1]}", ssl.create_default_context(), lambda: None)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def clients(api: SmallApi, permit: Permit = permitted) -> AsyncIterator[Client]:
    """A client of it."""
    async with served(api) as access:
        client = Client(access, permit=permit)
        try:
            yield client
        finally:
            await client.close()


async def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a state in this very loop."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
