"""Sends requests and returns answers, whole or in blocks. Follows no redirect and repeats nothing."""

from collections.abc import Iterator
from io import BytesIO
from time import monotonic
from types import TracebackType

from imagestore.backends.http.connection import Connection
from imagestore.backends.http.errors import (
    AnswerCutOff,
    AnswerTooLarge,
    BadBody,
    BodyFailed,
    Broken,
    ConnectionClosed,
    CutOff,
    HttpError,
    ReadTimedOut,
)
from imagestore.backends.http.messages import HttpRequest, Response, head
from imagestore.backends.http.parser import AnswerParser
from imagestore.backends.http.pool import Pool
from imagestore.backends.http.route import HttpTarget, Route

_SMALL = 256 * 1024  # bytes: an answer that is read in one go
LARGEST_ANSWER = 64 * 1024 * 1024  # bytes; a listing of a thousand keys has less than ten million


class HttpClient:
    """Sends requests to one target, from any thread."""

    def __init__(self, target: HttpTarget) -> None:
        self._target, self._route = target, Route(target)
        self._pool = Pool(target.connections, self._route.connect)

    def send(self, request: HttpRequest) -> Response:
        """Return the whole answer, whatever its status; at most 64 MiB. Raises HttpErrors.

        From the request's end to its own the answer may take twice ``HttpTarget.read``. That timeout alone starts anew
        with every byte: a server that sent one every few seconds blocked a worker for as long as it liked.
        """
        with self.stream(request, 2 * self._target.read) as answer:
            return Response(answer.status, answer.headers, answer.read())

    def stream(self, request: HttpRequest, seconds: float | None = None) -> "StreamedResponse":
        """Return the answer once its headers are there. Read it to its end or close it. Raises HttpErrors.

        ``seconds``: how long the answer may take from the request's end to its own; None: as long as it goes on.
        """
        url, wire = f"{self._target.scheme}://{request.host}", self._head(request)
        connection, answer = self._pool.take(request.host), AnswerParser(request.method)
        try:
            self._target.leave(request.method)
            whole = connection.send(wire, request.body, answer)
            until = None if seconds is None else monotonic() + seconds
            while not answer.headed:
                answer.early += answer.feed(connection.receive(until))
        except BaseException as error:
            connection.close()
            if isinstance(error, _FAILURES):
                raise _told(url, answer, error) from error
            raise
        return StreamedResponse(self._pool, request.host, url, connection, answer, until=until, whole=whole)

    def _head(self, request: HttpRequest) -> bytes:
        proxy = self._route.forwards
        if proxy is None:
            return head(request, request.target, {})
        return head(request, f"{self._target.scheme}://{request.host}{request.target}", proxy.headers)


class StreamedResponse:
    """An answer that is read in blocks. Its connection goes back to the pool at the answer's end.

    After an error or an early close the connection is closed: the rest of the answer would be taken for the next one.
    """

    def __init__(
        self,
        pool: Pool,
        host: str,
        url: str,
        connection: Connection,
        answer: AnswerParser,
        *,
        until: float | None,
        whole: bool,
    ) -> None:
        self.status, self.headers, self.length = answer.status, answer.headers, answer.length
        self._pool, self._host, self._url = pool, host, url
        self._connection: Connection | None = connection
        self._answer, self._until, self._whole = answer, until, whole

    def __iter__(self) -> Iterator[bytes]:
        """The body's blocks, none of them empty. Raises HttpErrors, also where the answer ends too early."""
        answer = self._answer
        try:
            yield from answer.take_early()
            while not answer.complete:
                yield from answer.feed(self._open.receive(self._until))
            self._finish()
        except _FAILURES as error:
            raise _told(self._url, answer, error) from error
        finally:
            self.close()

    def read_into(self, buffer: memoryview) -> None:
        """Fill the buffer, which is as long as the body: nothing is copied twice. Raises HttpErrors."""
        answer, filled = self._answer, 0
        try:
            for block in answer.take_early():
                filled = _put(buffer, filled, block)
            while not answer.complete:
                if answer.left:
                    count = self._open.receive_into(buffer[filled : filled + answer.left])
                    answer.received(count)
                    filled += count
                else:
                    for block in answer.feed(self._open.receive(self._until)):
                        filled = _put(buffer, filled, block)
            if filled < len(buffer):
                raise CutOff("the body is shorter than was asked for")
            self._finish()
        except _FAILURES as error:
            raise _told(self._url, answer, error) from error
        finally:
            self.close()

    def read(self, largest: int | None = None) -> bytes:
        """All of the body, of at most ``largest`` bytes."""
        bound = LARGEST_ANSWER if largest is None else largest
        if self.length is not None and self.length <= min(_SMALL, bound):
            return self._read_small()
        try:
            self._check(self.length or 0, bound)
            found = BytesIO()  # joining a list of blocks takes twice the memory, and the time to get it
            for block in self:
                self._check(found.write(block) and found.tell(), bound)
        finally:
            self.close()
        return found.getvalue()

    def _read_small(self) -> bytes:
        """The same of what is small and of known length, without a step for each block."""
        answer = self._answer
        try:
            blocks = answer.take_early()
            while not answer.complete:
                blocks += answer.feed(self._open.receive(self._until))
            self._finish()
        except _FAILURES as error:
            raise _told(self._url, answer, error) from error
        finally:
            self.close()
        return b"".join(blocks)

    def close(self) -> None:
        """Close the connection, unless the answer was read to its end."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> "StreamedResponse":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, size: int, bound: int) -> None:
        if size > bound:
            raise AnswerTooLarge(self._url, f"it has more than {bound} bytes")

    @property
    def _open(self) -> Connection:
        if self._connection is None:
            raise Broken("the answer was closed before it was read")
        return self._connection

    def _finish(self) -> None:
        if self._connection is not None and self._whole and self._answer.reusable:
            self._pool.give(self._host, self._connection)
            self._connection = None


def _put(buffer: memoryview, filled: int, block: bytes) -> int:
    end = filled + len(block)
    if end > len(buffer):
        raise Broken("the body is longer than was asked for")
    buffer[filled:end] = block
    return end


_FAILURES = (OSError, Broken, BadBody)


def _told(url: str, answer: AnswerParser, error: Exception) -> HttpError:
    """The HttpError of what goes wrong on a connection."""
    if isinstance(error, TimeoutError):
        return ReadTimedOut(url, error)
    if isinstance(error, CutOff):
        return AnswerCutOff(url, error, answer.status, answer.headers)
    return BodyFailed(url, error) if isinstance(error, BadBody) else ConnectionClosed(url, error)
