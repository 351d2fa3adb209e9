"""A rate limiter that is fair between namespaces."""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from imagestore.backends.guard.call import NAMESPACE, Call, Observer, Timing, Unobserved


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
