"""A rate limiter that is fair between namespaces."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from imagestore.backends.guard.call import NAMESPACE, Call, Observer, Timing, Unobserved

_SHARE = 10  # a tenth of the burst is kept for reconciles


class Limiter:
    """A token bucket, fair between namespaces: who waits is served by turns, however many calls wait.

    Background calls, which move data, are served when no other call waits, and leave a tenth of ``burst`` in the
    bucket: a reconcile that comes while a transfer uses up the rate finds a token.
    """

    def __init__(self, rate: float, burst: int, timing: Timing, observer: Observer | None = None) -> None:
        self._whole, self._timing = (rate, burst), timing
        self._observer = observer or Unobserved()
        self._lock = threading.Lock()
        self._tokens, self._at = float(burst), timing.clock()
        self._use(rate, burst)
        self._first: _Queues = {}
        self._background: _Queues = {}

    def divide(self, share: float) -> None:
        """Give out this part of rate and burst from now on: other processes use the rest."""
        rate, burst = self._whole
        with self._lock:
            self._refill()
            self._use(rate * share, max(1, int(burst * share)))
            self._tokens = min(self._tokens, float(self._burst))

    def _use(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._kept = min(burst - 1, -(-burst // _SHARE))

    def limited(self, call: Call, *, background: bool = False) -> Call:
        """``call`` after a token has been taken."""

        def waiting(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
            self.take(NAMESPACE.get(), background=background)
            return call(operation, parameters)

        return waiting

    def take(self, namespace: str, *, background: bool = False) -> None:
        """Wait for one token."""
        if self._taken_at_once(background=background):
            return
        queues, ticket, began = (
            self._background if background else self._first,
            object(),
            self._timing.clock(),
        )
        with self._lock:
            queues.setdefault(namespace, deque()).append(ticket)
        try:
            while (pause := self._attempt(queues, namespace, ticket)) > 0:
                self._timing.sleep(pause)
        except BaseException:
            self._forget(queues, namespace, ticket)
            raise
        if (waited := self._timing.clock() - began) > 0:
            self._observer.waited(waited)

    def _taken_at_once(self, *, background: bool) -> bool:
        """Take a token that nothing waits for: of a store that is quicker than its limit, this is every call."""
        with self._lock:
            if self._first or (background and self._background):
                return False
            self._refill()
            there = self._tokens >= 1 + (self._kept if background else 0)
            self._tokens -= there
            return there

    def _attempt(self, queues: "_Queues", namespace: str, ticket: object) -> float:
        """0: taken. Otherwise the seconds until this ticket's turn, as things stand."""
        with self._lock:
            self._refill()
            ahead, kept = _ahead(queues, namespace, ticket), 0
            if queues is self._background:
                ahead, kept = ahead + sum(map(len, self._first.values())), self._kept
            if ahead == 0 and self._tokens >= 1 + kept:
                self._tokens -= 1
                _serve(queues, namespace)
                return 0.0
            return max(0.001, (ahead + 1 + kept - self._tokens) / self._rate)

    def _refill(self) -> None:
        now = self._timing.clock()
        self._tokens = min(float(self._burst), self._tokens + (now - self._at) * self._rate)
        self._at = now

    def _forget(self, queues: "_Queues", namespace: str, ticket: object) -> None:
        with self._lock:
            queue = queues.get(namespace, deque())
            if ticket in queue:
                queue.remove(ticket)
            if not queue:
                queues.pop(namespace, None)


Divide = Callable[[float], None]


def undivided(_share: float) -> None:
    """The ``divide`` of a store without limits."""


_Queues = dict[str, deque[object]]  # who waits, by namespace, in the order of turns


def _ahead(queues: _Queues, namespace: str, ticket: object) -> int:
    """How many are served before: a round takes one of each namespace."""
    rounds = queues[namespace].index(ticket)
    first = list(queues).index(namespace)
    return sum(min(len(queue), rounds + (i < first)) for i, queue in enumerate(queues.values()))


def _serve(queues: _Queues, namespace: str) -> None:
    """Take the first of this namespace out; its next turn comes after all others'."""
    queue = queues.pop(namespace)
    queue.popleft()
    if queue:
        queues[namespace] = queue
