"""Where stores tell that objects have changed: one small server, off unless it is asked for.

A notification is a hint and never a proof: it does nothing but bring forward the next run of the policies on that bucket. So a lost one
costs an interval, and a forged one a listing. Nothing of what it says reaches a log or a status.
"""

import asyncio
import base64
import binascii
import hmac
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus

from aiohttp import web

from imagestore import metrics
from imagestore.backends.notices import NoNotice, ObjectNotice, notices

log = logging.getLogger(__name__)
RECEIVED_AT = "/notifications/"  # and then the name of the StorageBackend
LARGEST = 1024 * 1024  # bytes of one notification; SeaweedFS puts small objects into it
_PATIENCE = 10.0  # seconds for the body of one
_CONNECTIONS = 256  # at once; what comes then is closed unread
_RATE, _BURST = 500.0, 1000.0  # notifications in a second, and at once
_AGAIN = {"Retry-After": "1"}

Hear = Callable[[str, Sequence[ObjectNotice]], bool]
"""Act on what the store of a StorageBackend tells; whether it concerns any policy."""


@dataclass
class Allowance:
    """So many in a second, and a burst of more. ``clock``: seconds."""

    rate: float
    burst: float
    clock: Callable[[], float]
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._at = self.burst, self.clock()

    def take(self) -> bool:
        """Whether one more is allowed now."""
        now = self.clock()
        self._left, self._at = min(self.burst, self._left + (now - self._at) * self.rate), now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def is_authentic(header: str, token: bytes) -> bool:
    """Whether an Authorization header has the token: as bearer, or as the password of Basic, for stores that know only URLs.

    Takes as long for a token that is nearly right.
    """
    scheme, _, given = header.strip().partition(" ")
    said = given.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() == "basic":
        said = _password(said)
    elif scheme.lower() != "bearer":
        said = b""
    return bool(token) and hmac.compare_digest(sha256(said).digest(), sha256(token).digest())


def _password(coded: bytes) -> bytes:
    try:
        return base64.b64decode(coded, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


class _Refused(Exception):
    """A request that is not heard: the answer, and a word for the metric."""

    def __init__(self, status: HTTPStatus, result: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(result)
        self.status, self.result, self.headers = status, result, headers or {}


class _Full(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class NotificationReceiver:
    """``token``: the secret that stores send; None or empty: nothing is heard. ``working``: whether this replica works."""

    def __init__(
        self,
        token: Callable[[], bytes | None],
        working: Callable[[], bool],
        hear: Hear,
        clock: Callable[[], float],
    ) -> None:
        self._token, self._working, self._hear = token, working, hear
        self._allowance = Allowance(_RATE, _BURST, clock)
        self._server = web.Server(self._answered, access_log=None, keepalive_timeout=30.0)
        self._listening: asyncio.Server | None = None
        self._told = False  # that there is no token
        self.port = 0

    async def start(self, listen: str) -> None:
        """Serve on ``host:port``; port 0 takes a free one."""
        host, _, port = listen.rpartition(":")
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._connected, host.strip("[]") or None, int(port))
        self.port = self._listening.sockets[0].getsockname()[1]
        log.info("receiving notifications on port %d", self.port)

    async def stop(self) -> None:
        """Close it."""
        if self._listening is not None:
            self._listening.close()
            await self._server.shutdown(1.0)

    def _connected(self) -> asyncio.BaseProtocol:
        return self._server() if len(self._server.connections) < _CONNECTIONS else _Full()

    async def _answered(self, request: web.BaseRequest) -> web.Response:
        try:
            result = await self._heard(request)
        except _Refused as refused:
            metrics.STORE_NOTIFICATIONS.labels(refused.result).inc()
            answer = web.Response(status=refused.status, headers=refused.headers)
            answer.force_close()  # the body was not read; the next connection may lead to the replica that works
            return answer
        metrics.STORE_NOTIFICATIONS.labels(result).inc()
        return web.Response()

    async def _heard(self, request: web.BaseRequest) -> str:
        backend = self._admitted(request)
        try:
            told = notices(await _body(request))
        except NoNotice:
            raise _Refused(HTTPStatus.BAD_REQUEST, "malformed") from None
        return "heard" if self._hear(backend, told) else "ignored"

    def _admitted(self, request: web.BaseRequest) -> str:
        """The StorageBackend that a request is about, before anything of its body is read."""
        if not self._working():
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, "standby", _AGAIN)
        token = self._token() or b""
        if not token and not self._told:
            log.error("no notification is accepted: the Secret of the notifications has no key token")
        self._told = not token
        if not is_authentic(request.headers.get("Authorization", ""), token):
            raise _Refused(HTTPStatus.UNAUTHORIZED, "unauthorized", {"WWW-Authenticate": "Bearer"})
        if not request.path.startswith(RECEIVED_AT):
            raise _Refused(HTTPStatus.NOT_FOUND, "malformed")
        if request.method != "POST":
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "malformed", {"Allow": "POST"})
        if not self._allowance.take():
            raise _Refused(HTTPStatus.TOO_MANY_REQUESTS, "throttled", _AGAIN)
        return request.path.removeprefix(RECEIVED_AT)


async def _body(request: web.BaseRequest) -> bytes:
    """The body, bounded in size and time."""
    read = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.content.iter_any():
                read += chunk
                if len(read) > LARGEST:
                    raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "malformed")
    except TimeoutError:
        raise _Refused(HTTPStatus.REQUEST_TIMEOUT, "malformed") from None
    return bytes(read)
