"""What stands in front of every call to a store, errors included: retries, a breaker, a rate limit, counts.

Each is a plain function or object that takes ``call(operation, parameters)`` and is one. From outside in:
``retried(breaker(limited(measured(raw))))``: each attempt is limited and counted, and an open breaker is
asked before anything waits. Time, sleep and chance are passed in, so that tests have their own.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from imagestore.core.errors import StoreError, Throttled, Transient, Unavailable
from imagestore.core.fencing import Fenced

Call = Callable[[str, Mapping[str, Any]], dict[str, Any]]

NAMESPACE: ContextVar[str] = ContextVar("imagestore_namespace", default="")
"""For whom calls are made; the shell sets it, the limiter is fair between its values."""

ANSWERED = frozenset({"InternalError", "500"})
"""Codes of an Unavailable that the store itself answered: one operation is broken, not the store."""

OPEN = "CircuitOpen"  # the code of an Unavailable that no store answered


@dataclass(frozen=True)
class Timing:
    """Seconds, pauses and chance (0 to 1); how long (seconds) a connection and each piece of an answer may take."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    connect: float = 5.0
    read: float = 30.0


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


def measured(call: Call, observer: Observer, timing: Timing) -> Call:
    """Tell the observer of every attempt."""

    def counting(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        began, outcome = timing.clock(), "ok"
        try:
            return call(operation, parameters)
        except (StoreError, Fenced) as error:
            outcome = type(error).__name__
            raise
        finally:
            observer.called(operation, outcome, timing.clock() - began)

    return counting


@dataclass(frozen=True)
class Patience:
    """How often and how long (seconds) a transient error is tried again before the caller hears of it.

    A worker sleeps meanwhile: more than a few seconds are better spent in the queue.
    """

    attempts: int = 4
    base: float = 0.2
    longest: float = 5.0


# Repeated after an answer that was lost, it would be told that the name is taken, by itself. Before it answers for a
# remote tier, MinIO tries the other store for as long as that takes.
NOT_TWICE = frozenset({"CreateBucket", "admin:AddTier", "admin:EditTier"})


REAL = Timing()
PATIENCE = Patience()


def retried(call: Call, timing: Timing, patience: Patience = PATIENCE) -> Call:
    """Try transient errors again, after full jitter or as long as ``Retry-After`` says.

    Not when the breaker is open, and not when the store asks for more than ``patience.longest``: then the
    error goes up with its ``retry_after``.
    """

    def trying(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        for attempt in range(1, patience.attempts):
            try:
                return call(operation, parameters)
            except Transient as error:
                pause = _pause(error, attempt, timing, patience)
                if pause > patience.longest or not _again(error, operation):
                    raise
                timing.sleep(pause)
        return call(operation, parameters)

    return trying


def _again(error: Transient, operation: str) -> bool:
    return error.code != OPEN and (operation not in NOT_TWICE or isinstance(error, Throttled))


def _pause(error: Transient, attempt: int, timing: Timing, patience: Patience) -> float:
    jitter = timing.chance() * min(patience.longest, patience.base * float(2**attempt))
    return jitter if error.retry_after is None else error.retry_after + jitter * 0.1


class Limiter:
    """A token bucket, fair between namespaces: who waits is served by turns, however many calls wait."""

    def __init__(self, rate: float, burst: int, timing: Timing, observer: Observer | None = None) -> None:
        self._rate, self._burst, self._timing = rate, burst, timing
        self._observer = observer or Unobserved()
        self._lock = threading.Lock()
        self._tokens, self._at = float(burst), timing.clock()
        self._waiting: dict[str, deque[object]] = {}  # in the order of turns

    def limited(self, call: Call) -> Call:
        """``call`` after a token has been taken."""

        def waiting(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
            self.take(NAMESPACE.get())
            return call(operation, parameters)

        return waiting

    def take(self, namespace: str) -> None:
        """Wait for one token."""
        ticket, began = object(), self._timing.clock()
        with self._lock:
            self._waiting.setdefault(namespace, deque()).append(ticket)
        try:
            while (pause := self._attempt(namespace, ticket)) > 0:
                self._timing.sleep(pause)
        except BaseException:
            self._forget(namespace, ticket)
            raise
        if (waited := self._timing.clock() - began) > 0:
            self._observer.waited(waited)

    def _attempt(self, namespace: str, ticket: object) -> float:
        """0: taken. Otherwise the seconds until this ticket's turn, as things stand."""
        with self._lock:
            self._refill()
            ahead = self._ahead(namespace, ticket)
            if ahead == 0 and self._tokens >= 1:
                self._tokens -= 1
                self._serve(namespace)
                return 0.0
            return max(0.001, (ahead + 1 - self._tokens) / self._rate)

    def _refill(self) -> None:
        now = self._timing.clock()
        self._tokens = min(float(self._burst), self._tokens + (now - self._at) * self._rate)
        self._at = now

    def _ahead(self, namespace: str, ticket: object) -> int:
        """How many are served before: a round takes one of each namespace."""
        rounds = self._waiting[namespace].index(ticket)
        first = list(self._waiting).index(namespace)
        sizes = [len(q) for q in self._waiting.values()]
        return sum(min(size, rounds + (i < first)) for i, size in enumerate(sizes))

    def _serve(self, namespace: str) -> None:
        """Take the first of this namespace out; its next turn comes after all others'."""
        queue = self._waiting.pop(namespace)
        queue.popleft()
        if queue:
            self._waiting[namespace] = queue

    def _forget(self, namespace: str, ticket: object) -> None:
        with self._lock:
            queue = self._waiting.get(namespace, deque())
            if ticket in queue:
                queue.remove(ticket)
            if not queue:
                self._waiting.pop(namespace, None)


class Breaker:
    """Stop asking a store that does not answer.

    ``failures`` answers in a row that were none (Unavailable, an internal error of one operation aside)
    open it: calls then fail at once. After a pause, doubling up to ``longest`` seconds, one call is let
    through; its answer closes the breaker, even if the answer is a refusal.

    Whoever is refused meanwhile hears the cause, not the message of the call that met it: that named another
    namespace's bucket in its URL.
    """

    def __init__(
        self, timing: Timing, *, failures: int = 5, pause: float = 2.0, longest: float = 60.0,
        observer: Observer | None = None,
    ) -> None:  # fmt: skip
        self._timing, self._limit, self._first, self._longest = timing, failures, pause, longest
        self._observer = observer or Unobserved()
        self._lock = threading.Lock()
        self._failures, self._pause, self._until = 0, pause, 0.0
        self._last, self._probing = "", False

    @property
    def open(self) -> bool:
        """Whether calls fail at once."""
        return self._failures >= self._limit

    def guarded(self, call: Call) -> Call:
        """``call`` unless the breaker is open."""

        def guarding(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
            with self._passage(operation):
                return call(operation, parameters)

        return guarding

    @contextmanager
    def _passage(self, operation: str) -> Iterator[None]:
        self._enter(operation)
        try:
            yield
        except Unavailable as error:
            self._answered() if error.code in ANSWERED else self._failed(error)
            raise
        except StoreError:
            self._answered()
            raise
        except BaseException:
            self._probing = False
            raise
        else:
            self._answered()

    def _enter(self, operation: str) -> None:
        with self._lock:
            if not self.open:
                return
            left = self._until - self._timing.clock()
            if left > 0 or self._probing:
                message = f"{operation} was not tried: the store has not answered {self._failures} times{self._last}"
                raise Unavailable(message, code=OPEN, operation=operation, retry_after=max(left, 1.0))
            self._probing = True

    def _failed(self, error: StoreError) -> None:
        with self._lock:
            was = self.open
            self._failures, self._probing = self._failures + 1, False
            self._last = f", at last with: {error.cause}" if error.cause else ""
            if self.open:
                self._until = self._timing.clock() + self._pause
                self._pause = min(self._longest, self._pause * 2)
                if not was:
                    self._observer.circuit(opened=True)

    def _answered(self) -> None:
        with self._lock:
            was = self.open
            self._failures, self._pause, self._probing = 0, self._first, False
            if was:
                self._observer.circuit(opened=False)
