"""A small client of the Kubernetes API beside kopf's: one session, few retries, every call counted."""

import asyncio
import contextlib
import json
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from imagestore import metrics
from imagestore.controller.edges import WriteRefused
from imagestore.core.fencing import Permit, permitted
from imagestore.k8s.api.access import Access
from imagestore.k8s.api.errors import AccessError
from imagestore.k8s.api.resources import LEASES, RULES_REVIEW, Resource
from imagestore.k8s.api.server_clock import ServerClock

Json = Any
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"  # JSON is YAML
FIELD_MANAGER = "imagestore"
PAGE_SIZE = 500
_TRIES = 5
_AS_METADATA = "application/json;as=PartialObjectMetadata{};v=v1;g=meta.k8s.io,application/json"
_PASSING = frozenset({429, 500, 502, 503, 504})
_ANYBODYS = frozenset({LEASES, RULES_REVIEW})  # written also by a replica that does not hold the Lease


class ApiError(WriteRefused):
    """An answer that is not what was asked for."""

    by = "the API server"

    def __init__(self, status: int, body: Json, *, retry_after: float | None = None) -> None:
        self.status = status
        self.reason = str(body.get("reason", "")) if isinstance(body, dict) else ""
        self.causes = _causes(body)
        self.retry_after = retry_after
        message = body.get("message", "") if isinstance(body, dict) else str(body)[:300]
        super().__init__(f"{status} {self.reason}: {message}")


class NotReachable(ApiError):
    """The API server did not answer."""

    def __init__(self, error: Exception) -> None:
        super().__init__(0, {"reason": "NotReachable", "message": f"{type(error).__name__}: {error}"})


def _causes(body: Json) -> tuple[str, ...]:
    details = body.get("details") if isinstance(body, dict) else None
    return tuple(str(c.get("reason", "")) for c in (details or {}).get("causes") or ())


@dataclass(frozen=True)
class ListPage:
    """A list, or a part of one. ``items`` of a metadata-only list hold ``metadata`` only."""

    items: list[Json]
    resource_version: str


def session(access: Access, limit: int) -> aiohttp.ClientSession:
    """A bounded pool of connections whose token is fresh in every request."""

    async def authorize(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        try:
            now = access.fresh()
            header = access.authorization() if now else await asyncio.to_thread(access.authorization)
        except AccessError as error:  # the caller, kopf too, gets a connection that failed
            raise aiohttp.ClientConnectionError(str(error)) from error
        if header:
            request.headers["Authorization"] = header
        return await handler(request)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit, ssl=access.ssl, keepalive_timeout=60),
        middlewares=(authorize,),
        timeout=aiohttp.ClientTimeout(total=30, sock_connect=5),
        headers={"User-Agent": "imagestore"},
    )


class Client:
    """The calls that the operator makes. ``permit`` is asked before each write to what belongs to an object. ``clock``: the API
    server's.
    """

    def __init__(self, access: Access, limit: int = 64, permit: Permit = permitted) -> None:
        self._access, self._session, self._permit = access, session(access, limit), permit
        self.clock = ServerClock()

    async def close(self) -> None:
        """Give the connections back."""
        await self._session.close()

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """One object."""
        return await self.request("GET", resource, resource.path(namespace, name))

    async def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        """Make an object. Not repeated when the answer was lost."""
        return await self.request("POST", resource, resource.path(namespace), body, tries=1)

    async def delete(self, resource: Resource, namespace: str, name: str, uid: str) -> None:
        """Ask for an object's deletion; of a namesake it is refused (409)."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        await self.request("DELETE", resource, resource.path(namespace, name), body)

    async def replace(self, resource: Resource, namespace: str, name: str, body: Json) -> Json:
        """Put an object in place of the one whose resourceVersion it carries."""
        return await self.request("PUT", resource, resource.path(namespace, name), body, tries=1)

    async def patch(self, resource: Resource, namespace: str, name: str, body: Json) -> Json:
        """Merge ``body`` into an object."""
        return await self.request("PATCH", resource, resource.path(namespace, name), body, content=MERGE)

    async def delete_wholly(self, resource: Resource, namespace: str, name: str) -> None:
        """Delete an object once all that it owns is gone. One that is not there is no error."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
        try:
            await self.request("DELETE", resource, resource.path(namespace, name), body)
        except ApiError as error:
            if error.status != 404:
                raise

    async def apply_status(self, resource: Resource, namespace: str, name: str, body: Json) -> Json:
        """Server-side apply of the status: a field that we leave out and owned is removed."""
        path = f"{resource.path(namespace, name)}/status"
        params = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self.request("PATCH", resource, path, body, params=params, content=APPLY)

    async def pages(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        metadata: bool = False,
        params: Mapping[str, str] | None = None,
    ) -> AsyncIterator[ListPage]:
        """All objects, page by page."""
        accept = _AS_METADATA.format("List") if metadata else None
        query = {"limit": str(PAGE_SIZE), **(params or {})}
        while True:
            answer = await self.request(
                "GET", resource, resource.path(namespace), params=query, accept=accept
            )
            meta = answer.get("metadata", {})
            yield ListPage(answer.get("items") or [], meta.get("resourceVersion", ""))
            if not meta.get("continue"):
                return
            query["continue"] = meta["continue"]

    async def watch(
        self,
        resource: Resource,
        namespace: str,
        since: str,
        *,
        metadata: bool = False,
        params: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Json]:
        """Events until the server ends the watch or is silent for longer than between two bookmarks."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": since,
            "timeoutSeconds": "290",
        }
        headers = {"Accept": _AS_METADATA.format("")} if metadata else {}
        timeout = aiohttp.ClientTimeout(total=330, sock_connect=10, sock_read=90)
        url = self._access.server + resource.path(namespace)
        async with self._session.get(
            url, params={**query, **(params or {})}, headers=headers, timeout=timeout
        ) as answer:
            _count("WATCH", resource, answer.status)
            if answer.status >= 400:
                raise await _error(answer)
            async for line in _lines(answer):
                yield _event(line)

    async def request(
        self, method: str, resource: Resource, path: str, body: Json = None, *,
        params: Mapping[str, str] | None = None, content: str = "application/json", accept: str | None = None,
        tries: int = _TRIES,
    ) -> Json:  # fmt: skip
        """One call; what passes is tried again. A write that is repeated after a lost answer gets a 409."""
        headers = {"Content-Type": content} | ({"Accept": accept} if accept else {})
        data = None if body is None else as_sent(body)
        for attempt in range(1, tries + 1):
            if method != "GET" and resource not in _ANYBODYS:
                await self._have_a_token()
                self._permit()
            try:
                return await self._once(method, resource, path, data, dict(params or {}), headers)
            except ApiError as error:
                if attempt == tries or error.status not in _PASSING | {0}:
                    raise
                await asyncio.sleep(error.retry_after or _pause(attempt))
        raise AssertionError("unreachable")

    async def _have_a_token(self) -> None:
        """A program may take longer to print one than a Lease lasts: leave to write is asked after it."""
        if not self._access.fresh():
            with contextlib.suppress(AccessError):  # the request itself tells of it
                await asyncio.to_thread(self._access.authorization)

    async def _once(
        self,
        method: str,
        resource: Resource,
        path: str,
        data: bytes | None,
        params: dict[str, str],
        headers: dict[str, str],
    ) -> Json:
        url, sent = self._access.server + path, time.time()
        try:
            async with self._session.request(
                method, url, params=params, data=data, headers=headers
            ) as answer:
                _count(method, resource, answer.status)
                self.clock.heard(answer.headers.get("Date", ""), sent, time.time())
                if answer.status >= 400:
                    raise await _error(answer)
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:  # ValueError: no JSON
            _count(method, resource, 0)
            raise NotReachable(error) from error


_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def as_sent(body: Json) -> bytes:
    """JSON that is YAML as well, as the API server reads an apply: in YAML a pair of surrogates is no character.

    A status that named an object with an emoji was refused for ever. Control characters stay escaped.
    """
    return _PAIR.sub(_character, json.dumps(body)).encode()


def _character(found: re.Match[str]) -> str:
    high, low = (int(found[n], 16) for n in (2, 3))
    return found[1] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def pause_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row, up to 30.

    The power has a bound of its own: after 8 hours without an API server it was no float any more, and the watch ended.
    """
    return min(30.0, 0.5 * float(2 ** min(failures, 10))) * random.uniform(0.5, 1.0)  # noqa: S311


def _pause(attempt: int) -> float:
    return min(5.0, 0.2 * float(2**attempt)) * random.uniform(0.5, 1.0)  # noqa: S311


def _count(verb: str, resource: Resource, code: int) -> None:
    metrics.API_CALLS.labels(verb, resource.plural, str(code)).inc()


async def _error(answer: aiohttp.ClientResponse) -> ApiError:
    text = await answer.text()
    try:
        body = json.loads(text)
    except ValueError:
        body = text
    after = answer.headers.get("Retry-After", "")
    return ApiError(answer.status, body, retry_after=min(60.0, float(after)) if after.isdecimal() else None)


def _event(line: bytes) -> Json:
    """One event of a watch. A proxy's page in its place is no answer of the API server's."""
    try:
        event = json.loads(line)
        if isinstance(event["object"], dict) and isinstance(event["type"], str):
            return event
        raise TypeError(type(event["object"]).__name__)
    except (ValueError, KeyError, TypeError) as error:
        raise NotReachable(error) from error


async def _lines(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Whole lines of any length: aiohttp's own reader refuses objects above its limit."""
    rest = b""
    async for chunk in answer.content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line
