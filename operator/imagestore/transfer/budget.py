"""How many bytes of bodies are in memory at once."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class ByteBudget:
    """A semaphore of ``total`` bytes, first come, first served: a large body is not passed for ever by small ones."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._left, self._waiting = total, deque[object]()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Wait for this many bytes, and hold them. More than there are at all waits for all of them."""
        size = min(size, self.total)
        self._take(size)
        try:
            yield
        finally:
            self._give(size)

    def _take(self, size: int) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._waiting[0] is ticket and self._left >= size)
            self._waiting.popleft()
            self._left -= size
            self._changed.notify_all()

    def _give(self, size: int) -> None:
        with self._changed:
            self._left += size
            self._changed.notify_all()
