"""Waiting for a condition with a deadline, instead of sleeping for a guess."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    predicate: Callable[[], T],
    timeout: float,
    describe: str | Callable[[], str],
    *,
    interval: float = 0.05,
    retry_on: tuple[type[Exception], ...] = (),
) -> T:
    """The first truthy answer of `predicate`, asked every `interval` seconds for at most `timeout` seconds.

    An exception named in `retry_on` counts as "not yet". `describe` says what was waited for; it may be a
    callable, so that the message tells the state at the end. Raises TimeoutError.
    """
    deadline = time.monotonic() + timeout
    while True:
        last: object
        try:
            answer = predicate()
            if answer:
                return answer
            last = answer
        except retry_on as error:
            last = error
        if time.monotonic() >= deadline:
            what = describe() if callable(describe) else describe
            raise TimeoutError(f"not within {timeout:g} s: {what} (last answer: {last!r})")
        time.sleep(interval)
