"""All guards in their order.

From outside in: ``retried(breaker(limited(measured(raw))))``: each attempt is limited and counted, and an open breaker is
asked before anything waits.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from imagestore.api.limits import Limits
from imagestore.backends.guard.breaker import Breaker
from imagestore.backends.guard.call import Call, Observer, Timing
from imagestore.backends.guard.limiter import Limiter
from imagestore.backends.guard.measured import measured
from imagestore.backends.guard.retry import retried

T = TypeVar("T")


@dataclass(frozen=True)
class Guard:
    """One limiter and one breaker, which all calls to a store share: those of reconciles and those that move data."""

    limiter: Limiter
    breaker: Breaker
    timing: Timing
    observer: Observer

    @classmethod
    def of(cls, limits: Limits | None, timing: Timing, observer: Observer) -> Self:
        """The guard of a new connection."""
        rate, burst = (limits.requests_per_second, limits.burst) if limits else (100, 200)
        # A Secret that is put right connects anew: the last connection's open circuit would be told for ever.
        observer.circuit(opened=False)
        return cls(
            Limiter(rate, burst, timing, observer), Breaker(timing, observer=observer), timing, observer
        )

    def around(self, raw: Call, once: Collection[str] = frozenset(), *, background: bool = False) -> Call:
        """``raw`` behind all guards. ``once``: see ``retried``; ``background``: see ``Limiter``."""
        limited = self.limiter.limited(measured(raw, self.observer, self.timing), background=background)
        return retried(self.breaker.guarded(limited), self.timing, once=once)

    def perform(self, once: Collection[str] = frozenset(), *, background: bool = False) -> "Perform":
        """What performs any attempt behind all guards; in the background after every reconcile that waits."""
        call = self.around(_performed, once, background=background)

        def performing(operation: str, attempt: Callable[[], T]) -> T:
            answer: T = call(operation, {"attempt": attempt})["answer"]
            return answer

        return performing


class Perform(Protocol):
    """Return an attempt's answer; an attempt that fails in passing is repeated."""

    def __call__(self, operation: str, attempt: Callable[[], T], /) -> T:
        """``operation`` is for messages and metrics."""


def _performed(_: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"answer": parameters["attempt"]()}


def guarded(
    raw: Call, limits: Limits | None, timing: Timing, observer: Observer, once: Collection[str] = frozenset()
) -> Call:
    """``raw`` behind guards of its own."""
    return Guard.of(limits, timing, observer).around(raw, once)
