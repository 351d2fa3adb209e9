"""What stores and what stands in front of them answer on bad days, as faults of the proxy."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.faults.proxy import Answer, Asked, Fault, Forward, Hang, Headers, Reset

HTML: Headers = (("Content-Type", "text/html"), ("Server", "nginx"))
PLAIN: Headers = (("Content-Type", "text/plain"),)
PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Hotel Wi-Fi<br></body></html>"
XHTML = b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body>Sign in</body></html>'


def always(status: int, body: bytes = b"", headers: Headers = PLAIN) -> Fault:
    """The same answer to everything, the store is not asked."""
    return lambda _asked, _forward: Answer(status, body, headers)


def error(status: int, code: str, message: str = "", *more: tuple[str, str]) -> Fault:
    """An S3 error document."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return always(status, body.encode(), (("Content-Type", "application/xml"), *more))


def hang(_asked: Asked, _forward: Forward) -> Answer:
    """Accepted, and nothing is answered."""
    raise Hang


def reset_before(_asked: Asked, _forward: Forward) -> Answer:
    """The store never hears of it."""
    raise Reset


def reset_after(asked: Asked, forward: Forward) -> Answer:
    """The store does it, the answer is lost."""
    forward(asked)
    raise Reset


def dripping(pause: float) -> Fault:
    """The right answer, byte by byte."""
    return lambda asked, forward: replace(forward(asked), pause=pause)


def truncated(asked: Asked, forward: Forward) -> Answer:
    """Half of the right body, then the connection ends."""
    answer = forward(asked)
    return replace(answer, cut=(len(answer.body) + 1) // 2)


def shortened(asked: Asked, forward: Forward) -> Answer:
    """Half of the right body, announced as if it were all."""
    answer = forward(asked)
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def emptied(asked: Asked, forward: Forward) -> Answer:
    """The right status without a body."""
    return replace(forward(asked), body=b"")


def forgetting(asked: Asked, forward: Forward) -> Answer:
    """A write is accepted and forgotten."""
    return Answer(200) if asked.writes else forward(asked)


def error_with_200(_asked: Asked, _forward: Forward) -> Answer:
    """An error document under a status that says all is well."""
    body = b"<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
    return Answer(200, body)


class Alternating:
    """Every second answer to a GET is the one that was recorded first."""

    def __init__(self) -> None:
        self.recorded: dict[str, Answer] = {}
        self._turn: dict[str, int] = {}

    def record(self, asked: Asked, forward: Forward) -> Answer:
        """Remember what is answered now."""
        answer = forward(asked)
        if asked.method == "GET":
            self.recorded[asked.target] = answer
        return answer

    def replay(self, asked: Asked, forward: Forward) -> Answer:
        """Old, new, old, new ..."""
        turn = self._turn[asked.target] = self._turn.get(asked.target, 0) + 1
        old = self.recorded.get(asked.target) if asked.method == "GET" and turn % 2 else None
        return old or forward(asked)


def counted(fault: Fault, times: int) -> Callable[[Asked, Forward], Answer]:
    """The fault for the first requests only."""
    left = iter(range(times))
    return lambda asked, forward: fault(asked, forward) if next(left, None) is not None else forward(asked)


_NOTHING: Mapping[str, Answer] = {
    "tagging": Answer(404, b"<Error><Code>NoSuchTagSet</Code></Error>"),
    "policy": Answer(404, b"<Error><Code>NoSuchBucketPolicy</Code></Error>"),
    "lifecycle": Answer(404, b"<Error><Code>NoSuchLifecycleConfiguration</Code></Error>"),
    "versioning": Answer(200, b"<VersioningConfiguration/>"),
}


class Lagging:
    """Every second answer about a setting is that of a bucket on which nothing was set yet."""

    def __init__(self, first: int) -> None:
        self._turn = first

    def __call__(self, asked: Asked, forward: Forward) -> Answer:
        """Old, new, old, new ..."""
        answer = forward(asked)
        if asked.method != "GET" or asked.sub not in _NOTHING or answer.status >= 400:
            return answer
        self._turn += 1
        return answer if self._turn % 2 else _NOTHING[asked.sub]


def late(sub: str) -> Fault:
    """Of one setting it always answers as of a bucket on which nothing was set yet."""

    def fault(asked: Asked, forward: Forward) -> Answer:
        answer = forward(asked)
        hides = asked.method == "GET" and asked.sub == sub and answer.status < 400
        return _NOTHING[sub] if hides else answer

    return fault
