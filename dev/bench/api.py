"""A small user of the Kubernetes API: fast enough not to be what is measured."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import yaml

from dev.cluster import Cluster
from imagestore.api.kinds import KINDS

KIND = {kind.name: kind for kind in KINDS}
GROUP = "/apis/imagestore.dev/v1alpha1"
AT_ONCE = 16
Json = dict[str, Any]


class Api:
    """One administrator."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session, self._server = session, server

    async def create(self, namespace: str, body: Json) -> None:
        """Make one object."""
        await self._send("POST", f"namespaces/{namespace}/{KIND[body['kind']].plural}", body)

    async def patch(self, namespace: str, name: str, spec: Json) -> int:
        """Edit one ImageBucket; its new generation."""
        answer = await self.merge("ImageBucket", namespace, name, {"spec": spec})
        return int(answer["metadata"]["generation"])

    async def merge(self, kind: str, namespace: str, name: str, body: Json) -> Json:
        """Merge it into an object."""
        return await self._send("PATCH", f"namespaces/{namespace}/{KIND[kind].plural}/{name}", body)

    async def delete(self, namespace: str, name: str) -> None:
        """Delete one, without waiting for it to be gone."""
        await self._send("DELETE", f"namespaces/{namespace}/imagebuckets/{name}", {})

    async def _send(self, method: str, path: str, body: Json) -> Json:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        url = f"{self._server}{GROUP}/{path}"
        headers = {"Content-Type": kind}
        async with self._session.request(method, url, data=json.dumps(body), headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]}")
            found: Json = json.loads(text)
            return found

    async def listed(self, kind: str = "ImageBucket") -> Json:
        """All of a kind."""
        async with self._session.get(f"{self._server}{GROUP}/{KIND[kind].plural}") as answer:
            found: Json = await answer.json()
            return found

    async def events(self, since: str) -> AsyncIterator[Json]:
        """Every change of an ImageBucket since then, until the server ends the watch."""
        query = {"watch": "true", "resourceVersion": since}
        timeout = aiohttp.ClientTimeout(total=None)
        url = f"{self._server}{GROUP}/imagebuckets"
        async with self._session.get(url, params=query, timeout=timeout) as answer:
            rest = b""
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield json.loads(line)


class Follower:
    """Remembers when each ImageBucket became Ready, for which generation, and when it went."""

    def __init__(self) -> None:
        self.ready: dict[str, tuple[int, float]] = {}
        self.gone: dict[str, float] = {}
        self._changed = asyncio.Event()

    def listed(self, items: Iterable[Json]) -> None:
        """All there is: what went while nobody watched is gone."""
        found = {item["metadata"]["name"]: item for item in items}
        for name in set(self.ready) - set(found):
            self.took({"type": "DELETED", "object": {"metadata": {"name": name}}})
        for item in found.values():
            self.took({"type": "MODIFIED", "object": item})

    def took(self, event: Json) -> None:
        """One event of a watch."""
        now, obj = time.monotonic(), event["object"]
        name = obj["metadata"]["name"]
        if event["type"] == "DELETED":
            self.gone[name] = now
            self.ready.pop(name, None)
        elif (generation := _ready(obj)) and self.ready.get(name, (0, 0.0))[0] != generation:
            self.ready[name] = (generation, now)
        self._changed.set()

    async def until(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._changed.clear()
                try:
                    async with asyncio.timeout(5):
                        await self._changed.wait()
                except TimeoutError:
                    print(
                        f"  still waiting: {what} ({len(self.ready)} ready, {len(self.gone)} gone)",
                        flush=True,
                    )


def _ready(obj: Json) -> int:
    """The generation that it is Ready for, 0 if it is not."""
    status, generation = obj.get("status") or {}, obj["metadata"]["generation"]
    if status.get("observedGeneration") != generation:
        return 0
    conditions = status.get("conditions") or ()
    return generation if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions) else 0


async def each(things: Iterable[Any], do: Callable[[Any], Awaitable[Any]], at_once: int = AT_ONCE) -> None:
    """Do it with everything, some at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(thing: Any) -> None:
        async with gate:
            await do(thing)

    async with asyncio.TaskGroup() as group:
        for thing in things:
            group.create_task(one(thing))


@asynccontextmanager
async def connected(cluster: Cluster) -> AsyncIterator[tuple[Api, Follower]]:
    """The administrator, and what it sees."""
    user = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]
    context = ssl.create_default_context(cafile=str(cluster.ca_file))
    context.load_cert_chain(user["client-certificate"], user["client-key"])
    connector = aiohttp.TCPConnector(ssl=context, limit=AT_ONCE * 2)
    async with aiohttp.ClientSession(connector=connector) as session:
        api, follower = Api(session, cluster.server), Follower()
        following = asyncio.create_task(_follow(api, follower))
        try:
            yield api, follower
        finally:
            following.cancel()


async def _follow(api: Api, follower: Follower) -> None:
    while True:
        known = await api.listed()
        follower.listed(known["items"])
        async for event in api.events(known["metadata"]["resourceVersion"]):
            if event["type"] == "ERROR":
                break
            follower.took(event)
