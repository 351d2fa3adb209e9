"""A deadline for a whole answer.

A read timeout starts anew with every byte: a server, or a box in between, that drips one every few seconds
kept a worker for as long as it liked.
"""

import http.client
import io
import time
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)


def bound(session: Any, seconds: float) -> None:
    """Let no answer to botocore's ``URLLib3Session`` take longer, headers and body together."""
    pools = {
        "http": _pool(AWSHTTPConnectionPool, AWSHTTPConnection, seconds),
        "https": _pool(AWSHTTPSConnectionPool, AWSHTTPSConnection, seconds),
    }
    session._pool_classes_by_scheme = session._manager.pool_classes_by_scheme = pools


def _pool(pool: type[Any], connection: type[Any], seconds: float) -> type[Any]:
    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            raw: Any = self.fp
            self.fp = io.BufferedReader(Bounded(raw.detach(), seconds))

    bounded = type(connection.__name__, (connection,), {"response_class": Response})
    return type(pool.__name__, (pool,), {"ConnectionCls": bounded})


class Bounded(io.RawIOBase):
    """A socket's bytes until the deadline. A single read is bounded by the socket's own timeout."""

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        self._raw, self._seconds, self._until = raw, seconds, time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._until:
            raise TimeoutError(f"the answer took longer than {self._seconds:g} seconds")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
