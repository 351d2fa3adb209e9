"""Transient errors tried again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from imagestore.backends.guard.breaker import OPEN
from imagestore.backends.guard.call import Call, Timing
from imagestore.core.errors import Throttled, Transient


@dataclass(frozen=True)
class Patience:
    """How often and how long (seconds) a transient error is tried again before the caller hears of it.

    A worker sleeps meanwhile: more than a few seconds are better spent in the queue.
    """

    attempts: int = 4
    base: float = 0.2
    longest: float = 5.0


DEFAULT_PATIENCE = Patience()


def retried(
    call: Call, timing: Timing, patience: Patience = DEFAULT_PATIENCE, once: Collection[str] = frozenset()
) -> Call:
    """Try transient errors again, after full jitter or as long as ``Retry-After`` says.

    ``once``: operations that are repeated only where the store was too busy to begin: after an answer that was lost, the
    repetition would be told that it is done already.

    Not when the breaker is open, and not when the store asks for more than ``patience.longest``: then the
    error goes up with its ``retry_after``.
    """

    def trying(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        for attempt in range(1, patience.attempts):
            try:
                return call(operation, parameters)
            except Transient as error:
                pause = _pause(error, attempt, timing, patience)
                if pause > patience.longest or not _again(error, operation, once):
                    raise
                timing.sleep(pause)
        return call(operation, parameters)

    return trying


def _again(error: Transient, operation: str, once: Collection[str]) -> bool:
    return error.code != OPEN and (operation not in once or isinstance(error, Throttled))


def _pause(error: Transient, attempt: int, timing: Timing, patience: Patience) -> float:
    jitter = timing.chance() * min(patience.longest, patience.base * float(2**attempt))
    return jitter if error.retry_after is None else error.retry_after + jitter * 0.1
