"""A circuit breaker: a store that does not answer is asked no more for a while."""

import threading
from collections.abc import Mapping
from typing import Any

from imagestore.backends.guard.call import Call, Observer, Timing, Unobserved
from imagestore.core.errors import StoreError, Unavailable

ANSWERED = frozenset({"InternalError", "500"})
"""Codes of an Unavailable that the store itself answered: one operation is broken, not the store."""

OPEN = "CircuitOpen"  # the code of an Unavailable that no store answered


class Breaker:
    """Stop asking a store that does not answer.

    ``failures`` answers in a row that were none (Unavailable, an internal error of one operation aside)
    open it: calls then fail at once. After a pause, doubling up to ``longest`` seconds, one call is let
    through; its answer closes the breaker, even if the answer is a refusal.

    A call that is refused meanwhile is told the cause, not the message of the call that met it: that named another
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
            self._enter(operation)
            try:
                answer = call(operation, parameters)
            except Unavailable as error:
                self._answered() if error.code in ANSWERED else self._failed(error)
                raise
            except StoreError:
                self._answered()
                raise
            except BaseException:
                self._probing = False
                raise
            self._answered()
            return answer

        return guarding

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
