"""A call to a store, and the time and the observer that all guards share.

A guard is given a ``call(operation, parameters)`` and is one itself. Time, sleep and chance are passed in, so that tests
have their own.
"""

import random
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

Call = Callable[[str, Mapping[str, Any]], dict[str, Any]]

NAMESPACE: ContextVar[str] = ContextVar("imagestore_namespace", default="")
"""The namespace for which calls are made. The shell sets it; the rate limiter is fair between its values."""


@dataclass(frozen=True)
class Timing:
    """Seconds, pauses and chance (0 to 1); how long (seconds) a connection and each piece of an answer may take."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    connect: float = 5.0
    read: float = 30.0


REAL_TIMING = Timing()


class Observer(Protocol):
    """Who counts calls. See ``metrics.StoreMetrics``."""

    def called(self, operation: str, outcome: str, seconds: float) -> None:
        """One attempt: ``outcome`` is ok or the error's class."""

    def waited(self, seconds: float) -> None:
        """The limiter kept a call back."""

    def circuit(self, *, opened: bool) -> None:
        """The breaker changed."""


class Unobserved:
    """Counts nothing."""

    def called(self, operation: str, outcome: str, seconds: float) -> None:
        """Nothing."""

    def waited(self, seconds: float) -> None:
        """Nothing."""

    def circuit(self, *, opened: bool) -> None:
        """Nothing."""
