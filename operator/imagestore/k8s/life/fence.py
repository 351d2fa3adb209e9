"""Whether this replica may write: only for as long as it surely holds the Lease.

A leader that was frozen wrote once more when it went on, though another replica had taken over. It cannot know how long it
was away, except by a clock that went on meanwhile: so that clock is read before each write to a store and to the API server.
"""

import time
from collections.abc import Callable
from math import inf

from imagestore.core.fencing import Fenced


def elapsed() -> float:
    """Seconds of a clock that is never set, and that goes on while the machine is suspended, where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Fence:
    """Closed until the Lease is taken, and for good once it is lost. Asked from any thread, extended by the Lease."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until, self._closed = -inf, False

    def open(self) -> None:
        """There is one replica, for certain."""
        self._until = inf

    def extend(self, until: float) -> None:
        """The Lease was taken or renewed: no other replica may take it before then."""
        self._until = until

    def close(self) -> None:
        """The Lease is lost or given back. A renewal whose answer comes late does not open it again."""
        self._closed = True

    def check(self) -> None:
        """Raises Fenced unless this replica may write now."""
        if self._closed or self._clock() >= self._until:
            raise Fenced("this replica does not hold the Lease for certain, and another one may be at work")
