"""What may go wrong between a request and its answer. No message holds more of an address than scheme and host."""

from collections.abc import Mapping
from types import MappingProxyType


class HttpError(Exception):
    """No whole answer came. ``where``: scheme and host; ``met``: the error underneath, or what was wrong."""

    words = "The request failed"

    def __init__(self, where: str, met: Exception | str | None = None) -> None:
        super().__init__(where, met)
        self.where, self.met = where, met

    def __str__(self) -> str:
        return f'{self.words}: "{self.where}"' + (f": {self.met}" if self.met else "")


class NotConnected(HttpError):
    """The server's address does not resolve, or nothing listens there."""

    words = "Could not connect to the endpoint URL"


class ConnectTimedOut(HttpError):
    """No connection within the time for it."""

    words = "Connect timeout on endpoint URL"


class NotTrusted(HttpError):
    """TLS failed: mostly, its certificate is not signed by an authority that is trusted."""

    words = "SSL validation failed for"


class ProxyFailed(HttpError):
    """The proxy could not be reached, or refused. ``where`` is the proxy, without name and password."""

    words = "Failed to connect to proxy URL"


class ReadTimedOut(HttpError):
    """The answer, or a part of it, did not come in time; or the server stopped taking the request's body."""

    words = "Read timeout on endpoint URL"


class ConnectionClosed(HttpError):
    """The connection ended before the answer did, or what came is not HTTP."""

    words = "Connection was closed before we received a valid response from endpoint URL"


class AnswerCutOff(HttpError):
    """The connection ended in the middle of the answer's body. ``status`` and ``headers`` came whole before it."""

    words = "The answer was cut off, from"

    def __init__(
        self,
        where: str,
        met: Exception | str | None = None,
        status: int = 0,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(where, met)
        self.status, self.headers = status, headers


class AnswerTooLarge(HttpError):
    """The answer has more bytes than the caller wants to hold."""

    words = "The answer is too large, from"


class BodyFailed(HttpError):
    """The request's body could not be read, or is not as long as was announced. The server got no whole request."""

    words = "The body could not be sent whole to"


class Unsendable(HttpError):
    """The request would not be one request: a line break in a header."""

    words = "The request cannot be sent"


class Broken(Exception):
    """The connection ended early, or what came is not HTTP. ``client`` makes a ConnectionClosed of it."""


class CutOff(Broken):
    """It ended in the middle of the body. ``client`` makes an AnswerCutOff of it."""


class BadBody(Exception):
    """The caller's body. ``client`` makes a BodyFailed of it."""
